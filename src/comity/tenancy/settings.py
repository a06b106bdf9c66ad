"""What a tenant lets its members and guests do without a role, and how it can be reached (provisioning §11)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from comity.audit.service import Record, record
from comity.core.caller import Caller
from comity.core.errors import Invalid
from comity.core.permissions import Permission
from comity.db.transaction import Transaction
from comity.db.values import jsonb
from comity.events.feed import append
from comity.events.model import Change, ChangeKind
from comity.tenancy import store

GUEST_LEVELS: Final = {
    UUID("a0b1b346-4d3e-4e8b-98f8-753987be4970"): "like members",
    UUID("10dae51f-b6af-4016-8d66-8c2a99b929b3"): "limited",
    UUID("2af84b1e-32c8-42b7-82bc-daa82404023b"): "restricted",
}
"""Graph's `guestUserRoleId`, and what it means."""


class InvitesFrom(StrEnum):
    """Who may invite guests (Graph `allowInvitesFrom`)."""

    NONE = "none"
    INVITERS = "adminsAndGuestInviters"
    MEMBERS = "adminsGuestInvitersAndAllMembers"
    EVERYONE = "everyone"


class TenantSettingInvalid(Invalid):
    """A setting of the tenant takes other values; names them."""

    code = "tenant-setting-invalid"


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantSettings:
    """Graph's `authorizationPolicy`, as far as it decides something here, and the organisation's addresses."""

    guest_level: UUID
    invites_from: InvitesFrom
    members_create_apps: bool
    members_create_groups: bool
    members_read_users: bool
    contacts: Mapping[str, Any] = field(default_factory=dict)


async def load_settings(tx: Transaction) -> TenantSettings:
    """The settings of the transaction's tenant, for rooms whose rules rest on them."""
    found = await store.load_settings(tx)
    return TenantSettings(
        guest_level=found[0], invites_from=InvitesFrom(found[1]), members_create_apps=found[2],
        members_create_groups=found[3], members_read_users=found[4], contacts=found[5] or {},
    )  # fmt: skip


async def read_settings(tx: Transaction, caller: Caller) -> TenantSettings:
    """The settings, for somebody.

    Raises:
        PermissionMissing.
    """
    caller.check(Permission.POLICY_READ)
    return await load_settings(tx)


async def change_settings(
    tx: Transaction, caller: Caller, change: Callable[[TenantSettings], TenantSettings]
) -> TenantSettings:
    """Change what members and guests may do.

    Raises:
        TenantSettingInvalid, PermissionMissing.
    """
    caller.check(Permission.AUTHORIZATION_WRITE)
    return await _save(tx, caller, change, "Update authorization policy", "authorizationPolicy")


async def change_contacts(tx: Transaction, caller: Caller, contacts: Mapping[str, Any]) -> TenantSettings:
    """Say how the organisation can be reached; what is not named stays.

    Raises:
        PermissionMissing.
    """
    caller.check(Permission.ORGANIZATION_WRITE)

    def merge(now: TenantSettings) -> TenantSettings:
        return _with(now, contacts={**now.contacts, **contacts})

    return await _save(tx, caller, merge, "Set Company Information", "tenant")


async def _save(
    tx: Transaction,
    caller: Caller,
    change: Callable[[TenantSettings], TenantSettings],
    action: str,
    kind: str,
) -> TenantSettings:
    before = await load_settings(tx)
    after = change(before)
    if after.guest_level not in GUEST_LEVELS:
        raise TenantSettingInvalid(setting="guestUserRoleId", wanted=", ".join(map(str, GUEST_LEVELS)))
    if after == before:
        return after
    await store.save_settings(
        tx,
        guest_role=after.guest_level,
        invites_from=after.invites_from.value,
        invitations_allowed=after.invites_from is not InvitesFrom.NONE,
        create_apps=after.members_create_apps,
        create_groups=after.members_create_groups,
        read_users=after.members_read_users,
        contacts=jsonb(dict(after.contacts) or None),
    )
    facts = [{name: _plain(value) for name, value in asdict(each).items()} for each in (before, after)]
    changed = sorted(name for name in facts[0] if facts[0][name] != facts[1][name])
    was, now = ({name: each[name] for name in changed} for each in facts)
    await record(tx, caller, Record(action, kind, tx.tenant_id, before=was, after=now))
    append(tx, [Change(ChangeKind.ACCESS_CHANGED, tx.tenant_id)])
    return after


def _with(settings: TenantSettings, **changes: Any) -> TenantSettings:
    return TenantSettings(**{**{name: getattr(settings, name) for name in settings.__slots__}, **changes})


def _plain(value: object) -> object:
    return str(value) if isinstance(value, UUID | StrEnum) else value
