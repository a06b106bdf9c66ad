"""Rules of the directory, as pure functions."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from typing import Final

from comity.core.domains import normalize_domain
from comity.core.errors import Invalid
from comity.directory.extensions import check_extensions
from comity.directory.model import TEXT_ATTRIBUTES, Attribute, UpnInvalid, User

TEXT_LENGTH_MAX: Final = 1024
EXTERNAL_MARK: Final = "#EXT#@"
"""What stands between the address of somebody from elsewhere and the tenant's own domain."""
LOCAL_LENGTH_MAX: Final = 200
"""A mangled UPN carries a whole address in its local part."""

_LOCAL: Final = re.compile(r"""^(?!\.)(?!.*\.\.)(?!.*\.$)[^\s@\x00-\x1f\x7f"(),:;<>\[\\\]]+$""")

_STORED: Final = tuple(each for each in Attribute if each not in {Attribute.IS_DELETED, Attribute.HOME_IDENTITY})


class TextInvalid(Invalid):
    """A text attribute is too long or holds a character that cannot be stored."""

    code = "text-invalid"


def changed_attributes(before: User, after: User) -> frozenset[Attribute]:
    """Which attributes differ."""
    return frozenset(each for each in _STORED if getattr(before, each.column) != getattr(after, each.column))


def split_address(text: str) -> tuple[str, str] | None:
    """Local part and normalised domain of an address, or None if it is none."""
    local, at, domain = text.strip().rpartition("@")
    if not at or len(local) > LOCAL_LENGTH_MAX or not _LOCAL.match(local) or _has_unseen(local):
        return None
    name = normalize_domain(domain)
    return (local, name) if name else None


def check_upn(upn: str, *, domains: AbstractSet[str]) -> None:
    """The UPN is an address in one of the tenant's own domains.

    Raises:
        UpnInvalid: says which of the two fails.
    """
    parts = split_address(upn)
    if parts is None:
        raise UpnInvalid(upn=upn, fault="no-address")
    if parts[1] not in domains:
        raise UpnInvalid(upn=upn, fault="foreign-domain", domain=parts[1])


def check_text(user: User) -> None:
    """Every text can be stored and is of a bearable length.

    Raises:
        TextInvalid, ExtensionInvalid: names the attribute.
    """
    for attribute in TEXT_ATTRIBUTES:
        value = getattr(user, attribute.column)
        if value is not None and (fault := text_fault(value)):
            raise TextInvalid(attribute=attribute.column, fault=fault)
    check_extensions(user.extensions)


def text_fault(value: str) -> str | None:
    """Why this text cannot be stored, or None: `nul`, `surrogate` or `too-long`."""
    if len(value) > TEXT_LENGTH_MAX:
        return "too-long"
    if "\x00" in value:
        return "nul"
    if not value.isascii() and any("\ud800" <= each <= "\udfff" for each in value):
        return "surrogate"
    return None


def is_mangled(upn: str) -> bool:
    """Is it the UPN of somebody from elsewhere, as resource tenants write it?"""
    return EXTERNAL_MARK in upn.upper()


def mangled_upn(upn: str, initial_domain: str) -> str:
    """How a resource tenant names somebody from elsewhere (provisioning §5.2).

    alice@fabrikam.com becomes alice_fabrikam.com#EXT#@contoso.example.
    """
    local, _, domain = upn.rpartition("@")
    return f"{local}_{domain}{EXTERNAL_MARK}{initial_domain}"


def plain_upn(upn: str) -> str:
    """The address behind a mangled UPN; any other UPN stays as it is."""
    if not is_mangled(upn):
        return upn
    local, _, domain = upn[: upn.upper().index(EXTERNAL_MARK)].rpartition("_")
    return f"{local}@{domain}"


def basics_of(user: User) -> User:
    """What a guest, or an app that may read no more, sees of somebody: names, addresses, member or guest."""
    return User(
        tenant_id=user.tenant_id, id=user.id, version=user.version, display_name=user.display_name,
        given_name=user.given_name, surname=user.surname, user_principal_name=user.user_principal_name, mail=user.mail,
        user_type=user.user_type, created_at=user.created_at,
    )  # fmt: skip


def facts_of(user: User) -> dict[str, object]:
    """Every attribute that has a value: what audit shows of a new user."""
    return {each.column: value for each in _STORED if (value := getattr(user, each.column)) is not None}


def facts_changed(
    before: User, after: User, changed: Iterable[Attribute]
) -> tuple[dict[str, object], dict[str, object]]:
    """The changed attributes before and after: what audit shows of a change."""
    columns = [each.column for each in sorted(changed)]
    return {each: getattr(before, each) for each in columns}, {each: getattr(after, each) for each in columns}


def _has_unseen(local: str) -> bool:
    """Does it hold characters that nobody sees, so that two addresses would look alike?"""
    return not local.isascii() and any(unicodedata.category(each) in {"Cc", "Cf", "Cs"} for each in local)
