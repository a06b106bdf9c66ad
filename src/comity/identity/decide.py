"""Rules of identity, as pure functions."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

from comity.core.caller import UserType
from comity.core.permissions import Permission, with_implied
from comity.identity.errors import PasswordUnfit, PermissionUnknown, SigningKeyYoung
from comity.identity.model import KeyState, SigningKey
from comity.identity.refusals import ConsentMissing, ResourceUnknown, ScopeInvalid
from comity.identity.roles import EVERYTHING, PERMISSIONS, find_role

GRAPH_URI: Final = "https://graph.microsoft.com"
GRAPH_APP_ID: Final = "00000003-0000-0000-c000-000000000000"
"""Graph's own ids, which clients name as resource and find as audience, wherever Graph is served."""

TOKEN_LIFETIME_S: Final = 3600
KEYS_FRESH_S: Final = 60
"""How long a process relies on the signing keys it read."""
PUBLISHED_BEFORE_USE: Final = timedelta(hours=1)
"""Whoever verifies our tokens elsewhere may cache the published keys this long."""
KEPT_AFTER_USE: Final = timedelta(seconds=TOKEN_LIFETIME_S + KEYS_FRESH_S + 300)
"""The last token of a retired key: another process may sign with it while its view is fresh."""

PASSWORD_LENGTH_MIN: Final = 8
PASSWORD_LENGTH_MAX: Final = 256

OIDC_SCOPES: Final = frozenset({"openid", "profile", "email", "offline_access"})

NOT_FOR_APPS: Final = frozenset({Permission.CHAT, Permission.INSTALLATION})
"""A chat has a person at either end; the installation is its operator's."""

APPLICATION_PERMISSIONS: Final = tuple(each.value for each in Permission if each not in NOT_FOR_APPS)
"""Every permission that an app of its own can hold, by its Graph name."""

DELEGATED_PERMISSIONS: Final = (
    "User.Read",
    "Directory.AccessAsUser.All",
    *(each.value for each in Permission if each is not Permission.INSTALLATION),
)
"""Every permission that an app can use on behalf of a person, by its Graph name."""

MEMBER: Final = frozenset(
    {
        Permission.ORGANIZATION_READ, Permission.USER_READ, Permission.GROUP_READ, Permission.MTO_READ,
        Permission.POLICY_READ, Permission.PEOPLE_READ, Permission.CHAT, Permission.DOMAIN_READ,
        Permission.APPLICATION_READ, Permission.ROLE_READ, Permission.TENANT_LOOKUP,
    }
)  # fmt: skip
"""What every member of a tenant may do without a role (provisioning §11, column Member)."""

GUEST: Final = frozenset(
    {Permission.CHAT, Permission.USER_READ_BASIC, Permission.GROUP_READ_BASIC, Permission.DOMAIN_READ}
)
"""What a guest may do: read herself, which needs no permission, whom and which group she can name, and talk."""

RESTRICTED_GUEST: Final = frozenset({Permission.CHAT, Permission.DOMAIN_READ})
"""What a restricted guest may do: read herself, and talk (provisioning §11)."""

GUEST_LEVELS: Final = {
    UUID("a0b1b346-4d3e-4e8b-98f8-753987be4970"): MEMBER,
    UUID("10dae51f-b6af-4016-8d66-8c2a99b929b3"): GUEST,
    UUID("2af84b1e-32c8-42b7-82bc-daa82404023b"): RESTRICTED_GUEST,
}
"""By the tenant's `guestUserRoleId`."""

_LIMITED: Final = UUID("10dae51f-b6af-4016-8d66-8c2a99b929b3")

PERSONAL: Final = frozenset({Permission.PEOPLE_READ, Permission.CHAT})
"""What a personal account may do: look up an exact address, and talk; the realm is no directory (design §4.9)."""


def check_application_permissions(names: Iterable[str]) -> tuple[str, ...]:
    """The names, each once, in order.

    Raises:
        PermissionUnknown: lists those there are.
    """
    return _checked(names, APPLICATION_PERMISSIONS)


def check_delegated_permissions(names: Iterable[str]) -> tuple[str, ...]:
    """The names, each once, in order.

    Raises:
        PermissionUnknown: lists those there are.
    """
    return _checked(names, DELEGATED_PERMISSIONS)


def app_permissions(names: Iterable[str]) -> frozenset[Permission]:
    """What an app of its own may do; a stored name that means nothing to this code gives nothing."""
    return frozenset(Permission(each) for each in names if each in APPLICATION_PERMISSIONS)


def person_permissions(
    user_type: UserType, roles: Iterable[str], *, guest_level: UUID | None = None, reads_others: bool = True
) -> frozenset[Permission]:
    """What a person may do: as member or guest, and by directory roles on top.

    `guest_level` is the tenant's `guestUserRoleId`; `reads_others` its `allowedToReadOtherUsers`, which is about
    members.
    """
    granted = MEMBER if user_type is UserType.MEMBER else GUEST_LEVELS.get(guest_level or _LIMITED, RESTRICTED_GUEST)
    if not reads_others:
        granted -= {Permission.USER_READ, Permission.PEOPLE_READ}
    known = (find_role(each) for each in roles)
    return granted.union(*(PERMISSIONS[each] for each in known if each is not None))


def scope_permissions(scopes: Collection[str]) -> frozenset[Permission]:
    """What an app's scopes stand for, whoever uses it."""
    if "Directory.AccessAsUser.All" in scopes:
        return EVERYTHING
    return with_implied(frozenset(Permission(each) for each in scopes if each in EVERYTHING))


def delegated_permissions(person: frozenset[Permission], scopes: Collection[str]) -> frozenset[Permission]:
    """What an app may do on behalf of a person: what both may (never more than either)."""
    if "Directory.AccessAsUser.All" in scopes:
        return with_implied(person)
    app = {Permission(each) for each in scopes if each in EVERYTHING}
    if "User.Read" in scopes:
        app.add(Permission.ORGANIZATION_READ)  # graph-api, appendix A: GET /organization
    return with_implied(frozenset(app)) & with_implied(person)


def own_resource(resource: str, *, origin: str) -> bool:
    """Does this name our Graph: by Graph's own names, or by our origin with or without its port?"""
    wanted = resource.rstrip("/").lower()
    parts = urlsplit(origin.lower())
    bare = (
        f"{parts.scheme}://[{parts.hostname}]"
        if ":" in (parts.hostname or "")
        else f"{parts.scheme}://{parts.hostname}"
    )
    return wanted in {GRAPH_URI, GRAPH_APP_ID, origin.lower(), bare}


def check_app_scope(scope: str, *, origin: str) -> None:
    """An app of its own asks for all it was given at once: `{resource}/.default`.

    Raises:
        ScopeInvalid, ResourceUnknown.
    """
    resource, slash, name = scope.strip().rpartition("/")
    if not slash or name != ".default" or " " in resource:
        raise ScopeInvalid(scope=scope)
    if not own_resource(resource, origin=origin):
        raise ResourceUnknown(resource=resource)


def grant_scopes(wanted: str, *, registered: Sequence[str], origin: str) -> tuple[str, ...]:
    """The delegated permissions that a client gets of those it asks for, in the app's spelling, sorted.

    `{resource}/.default` asks for all that the app was registered with.

    Raises:
        ResourceUnknown, ScopeInvalid, ConsentMissing: names the permission.
    """
    known = {each.lower(): each for each in registered}
    granted: set[str] = set()
    for each in wanted.split():
        resource, _, name = each.rpartition("/")
        if each.lower() in OIDC_SCOPES:
            granted.add(each.lower())
        elif resource and not own_resource(resource, origin=origin):
            raise ResourceUnknown(resource=resource)
        elif name == ".default" and resource:
            granted.update(registered)
        elif name.lower() in known:
            granted.add(known[name.lower()])
        else:
            raise ConsentMissing(scope=each)
    if not granted:
        raise ScopeInvalid(scope=wanted)
    return tuple(sorted(granted))


def check_password(text: str) -> None:
    """A new password is of a bearable length; what it is made of is people's own choice (NIST SP 800-63B).

    Raises:
        PasswordUnfit.
    """
    if not PASSWORD_LENGTH_MIN <= len(text) <= PASSWORD_LENGTH_MAX:
        raise PasswordUnfit(shortest=PASSWORD_LENGTH_MIN, longest=PASSWORD_LENGTH_MAX)


@dataclass(frozen=True, slots=True)
class Rotation:
    """What a rotation does, in this order: retire, promote, publish a new next one, forget."""

    retire: str | None
    promote: str | None
    forget: tuple[str, ...]


def plan_rotation(keys: Sequence[SigningKey], *, now: datetime, at_once: bool) -> Rotation:
    """Decide which key signs from now on, and which ones have had their day.

    `at_once` uses the next key however young it is: for a key that has become known to others.

    Raises:
        SigningKeyYoung: the next key has not been published for an hour; says from when it may be used.
    """
    by_state = {each.state: each for each in keys if each.state is not KeyState.RETIRED}
    following, current = by_state.get(KeyState.NEXT), by_state.get(KeyState.CURRENT)
    if following and current and not at_once and now < following.created_at + PUBLISHED_BEFORE_USE:
        raise SigningKeyYoung(usable_from=following.created_at + PUBLISHED_BEFORE_USE)
    forget = (each.kid for each in keys if each.retired_at and each.retired_at + KEPT_AFTER_USE <= now)
    return Rotation(current.kid if current else None, following.kid if following else None, tuple(forget))


def _checked(names: Iterable[str], known: Sequence[str]) -> tuple[str, ...]:
    wanted = tuple(dict.fromkeys(names))
    for each in wanted:
        if each not in known:
            raise PermissionUnknown(permission=each, known=list(known))
    return wanted
