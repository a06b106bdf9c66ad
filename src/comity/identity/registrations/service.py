"""Applications as Graph's clients know them: one row is the application object and its service principal.

Whoever holds the permission manages any application; a member registers her own unless the tenant says otherwise,
and manages what she owns (provisioning §11).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from comity.audit.service import Record, record
from comity.core.caller import Caller
from comity.core.ids import NOWHERE, PrincipalId, UserId
from comity.core.permissions import Permission
from comity.db.queries import Queries
from comity.db.transaction import Transaction
from comity.db.values import jsonb
from comity.directory import groups
from comity.directory.finding import Q as OWNERS
from comity.identity import store
from comity.identity.decide import check_application_permissions, check_delegated_permissions
from comity.identity.errors import ApplicationNameEmpty, ApplicationUnknown
from comity.identity.model import Application
from comity.identity.roles import DirectoryRole, find_role
from comity.identity.service import register_application
from comity.tenancy.settings import load_settings

Q: Final = Queries("comity.identity.registrations")
SYNC_TEMPLATE: Final = UUID("518e5f48-1fc8-4c48-9387-9fdf28b0dfe7")
"""Entra's gallery template of cross-tenant synchronisation."""
CUSTOM_TEMPLATE: Final = UUID("8adf8e6e-67b2-4cf2-a259-e3dc5476c621")
"""Entra's template of an application that stands in no gallery."""
APPLICATIONS_MAX: Final = 5000
_OTHER_HALF: Final = (1 << 48) - 1


@dataclass(frozen=True, slots=True)
class Registration:
    """An application with what its clients keep with it. Nothing here acts on `document`."""

    application: Application
    template_id: UUID | None = None
    document: Mapping[str, Any] = field(default_factory=dict)

    @property
    def object_id(self) -> UUID:
        """The id of the application object: the service principal's, with its last bits turned."""
        return turned(self.application.id)


def turned(object_id: UUID) -> UUID:
    """From the service principal's id to the application object's, and back."""
    return UUID(int=object_id.int ^ _OTHER_HALF)


async def list_registrations(tx: Transaction, caller: Caller) -> list[Registration]:
    """The tenant's applications by id.

    Raises:
        PermissionMissing.
    """
    caller.check(Permission.APPLICATION_READ)
    found = await store.list_applications(tx, after=NOWHERE, at_most=APPLICATIONS_MAX)
    return await _with_extras(tx, found)


async def get_registration(tx: Transaction, caller: Caller, principal: UUID) -> Registration:
    """An application by its service principal's id.

    Raises:
        ApplicationUnknown, PermissionMissing.
    """
    caller.check(Permission.APPLICATION_READ)
    return await _get(tx, principal)


async def register(
    tx: Transaction,
    caller: Caller,
    *,
    name: str,
    document: Mapping[str, Any] | None = None,
    template_id: UUID | None = None,
    is_public: bool = False,
) -> Registration:
    """Register an application; a person who does so without a role owns it.

    Raises:
        ApplicationNameEmpty, PermissionMissing.
    """
    acting = caller
    if not caller.may(Permission.APPLICATION_WRITE):
        hers = caller.may_for_herself(Permission.APPLICATION_WRITE)
        if not (hers and (await load_settings(tx)).members_create_apps):
            caller.check(Permission.APPLICATION_WRITE)
        acting = replace(caller, permissions=caller.permissions | {Permission.APPLICATION_WRITE})
    application = await register_application(tx, acting, name=name, is_public=is_public)
    if template_id is not None:
        await tx.execute(Q.make_from_template, id=application.id, template_id=template_id)
    if document:
        await _save(tx, application, document)
    if acting is not caller and caller.user_id is not None:
        await tx.execute(OWNERS.add_owner, id=application.id, owner_id=caller.user_id, at=tx.now)
    return Registration(application, template_id, document or {})


async def change(
    tx: Transaction,
    caller: Caller,
    principal: UUID,
    *,
    name: str | None = None,
    document: Mapping[str, Any] | None = None,
    enabled: bool | None = None,
) -> Registration:
    """Change an application's name, whether it may sign in, and what clients keep with it; None stays.

    Raises:
        ApplicationUnknown, ApplicationNameEmpty, PermissionMissing.
    """
    before = await _manage(tx, caller, principal)
    application = before.application
    if name is not None:
        if not name.strip():
            raise ApplicationNameEmpty
        application = replace(application, display_name=name.strip())
    if enabled is not None:
        application = replace(application, disabled_at=None if enabled else application.disabled_at or tx.now)
    merged = {**before.document, **(document or {})}
    after = Registration(
        application, before.template_id, {name: each for name, each in merged.items() if each is not None}
    )
    if after == before:
        return before
    await _save(tx, application, after.document)
    was, now = _facts(before, after), _facts(after, before)
    await record(tx, caller, Record("Update application", "application", application.id, before=was, after=now))
    return after


async def delete(tx: Transaction, caller: Caller, principal: UUID) -> None:
    """Delete an application: its tokens open nothing from now on.

    Raises:
        ApplicationUnknown, PermissionMissing.
    """
    found = await _manage(tx, caller, principal)
    await tx.execute(Q.drop, id=principal)
    await tx.execute(Q.drop_row, id=principal)
    await tx.execute(OWNERS.drop_owners, id=principal)
    facts = {"displayName": found.application.display_name, "appId": found.application.app_id}
    await record(tx, caller, Record("Delete application", "application", principal, before=facts))


async def list_owners(tx: Transaction, caller: Caller, principal: UUID) -> list[UserId]:
    """Who answers for an application.

    Raises:
        ApplicationUnknown, PermissionMissing.
    """
    caller.check(Permission.APPLICATION_READ)
    await _get(tx, principal)
    return [UserId(row[0]) for row in await tx.rows(Q.owners, id=principal)]


async def add_owner(tx: Transaction, caller: Caller, principal: UUID, owner: UserId) -> None:
    """Let somebody answer for an application.

    Raises:
        ApplicationUnknown, MemberExists, MemberMissing, PermissionMissing.
    """
    await _manage(tx, caller, principal)
    await groups.give_owner(tx, caller, principal, owner, "application")


async def remove_owner(tx: Transaction, caller: Caller, principal: UUID, owner: UserId) -> None:
    """Let somebody answer for an application no longer.

    Raises:
        ApplicationUnknown, OwnerMissing, PermissionMissing.
    """
    await _manage(tx, caller, principal)
    await groups.take_owner(tx, caller, principal, owner, "application")


async def set_permissions(tx: Transaction, caller: Caller, principal: UUID, names: Collection[str]) -> Registration:
    """Give an application exactly these application permissions.

    Raises:
        ApplicationUnknown, PermissionUnknown, PermissionMissing: also for what the caller may not herself.
    """
    caller.check(Permission.APP_ROLE_WRITE)
    before = await _get(tx, principal)
    wanted = check_application_permissions(names)
    for each in set(wanted) - set(before.application.permissions):
        caller.check(Permission(each))  # nobody gives away more than she has
    await tx.execute(Q.set_permissions, id=principal, permissions=list(wanted))
    was, now = {"permissions": before.application.permissions}, {"permissions": wanted}
    await record(tx, caller, Record("Update application permissions", "application", principal, before=was, after=now))
    return replace(before, application=replace(before.application, permissions=wanted))


async def set_scopes(tx: Transaction, caller: Caller, principal: UUID, names: Collection[str]) -> Registration:
    """Let an application act for people with exactly these permissions.

    Raises:
        ApplicationUnknown, PermissionUnknown, PermissionMissing.
    """
    caller.check(Permission.GRANT_WRITE)
    before = await _get(tx, principal)
    wanted = check_delegated_permissions(names)
    await tx.execute(Q.set_scopes, id=principal, scopes=list(wanted))
    was, now = {"scopes": before.application.scopes}, {"scopes": wanted}
    await record(tx, caller, Record("Update delegated permissions", "application", principal, before=was, after=now))
    return replace(before, application=replace(before.application, scopes=wanted))


async def list_role_members(
    tx: Transaction, caller: Caller, role: DirectoryRole | None = None
) -> list[tuple[DirectoryRole, UUID]]:
    """Who has which directory role, or one of them.

    Raises:
        PermissionMissing.
    """
    caller.check(Permission.ROLE_READ)
    rows = await tx.rows(Q.role_members, role=None if role is None else role.value)
    found = [(find_role(name), principal) for name, principal in rows]
    return [(each, principal) for each, principal in found if each is not None]


async def _get(tx: Transaction, principal: UUID) -> Registration:
    application = await store.get_application(tx, PrincipalId(principal))
    if application is None:
        raise ApplicationUnknown(application=str(principal))
    return (await _with_extras(tx, [application]))[0]


async def _with_extras(tx: Transaction, applications: list[Application]) -> list[Registration]:
    rows = await tx.rows(Q.extras, ids=[each.id for each in applications])
    extras = {row[0]: (row[1], row[2] or {}) for row in rows}
    return [Registration(each, *extras.get(each.id, (None, {}))) for each in applications]


async def _manage(tx: Transaction, caller: Caller, principal: UUID) -> Registration:
    """The application, if the caller may manage it: any, or one of her own."""
    if caller.may(Permission.APPLICATION_WRITE):
        return await _get(tx, principal)
    if not caller.may_for_herself(Permission.APPLICATION_WRITE):
        caller.check(Permission.APPLICATION_WRITE)
    found = await _get(tx, principal)
    if caller.user_id not in [row[0] for row in await tx.rows(Q.owners, id=principal)]:
        caller.check(Permission.APPLICATION_WRITE)
    return found


async def _save(tx: Transaction, application: Application, document: Mapping[str, Any]) -> None:
    disabled: datetime | None = application.disabled_at
    await tx.execute(
        Q.save, id=application.id, display_name=application.display_name, document=jsonb(dict(document) or None),
        disabled_at=disabled,
    )  # fmt: skip


def _facts(one: Registration, other: Registration) -> dict[str, Any]:
    """What audit shows of a registration beside another state of it."""
    facts = {
        "displayName": one.application.display_name,
        "enabled": one.application.disabled_at is None,
        **one.document,
    }
    enabled = other.application.disabled_at is None
    theirs = {"displayName": other.application.display_name, "enabled": enabled, **other.document}
    return {name: value for name, value in facts.items() if theirs.get(name) != value}
