"""Declare what holds toward a partner; accept its people, withdraw that, offer ours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from comity.audit.service import Record, record
from comity.core.caller import Caller
from comity.core.ids import NOWHERE, TenantId
from comity.core.permissions import Permission
from comity.db.transaction import Transaction
from comity.events.feed import append
from comity.events.model import Change, ChangeKind
from comity.partners import store
from comity.partners.changes import (
    DELETED,
    OBJECT,
    SYNC_DELETED,
    Made,
    change_entries,
    entry_facts,
    make_entries,
    sync_facts,
)
from comity.partners.decide import accepting, check_partner, offering, withdrawing
from comity.partners.model import (
    InboundHalf,
    OutboundHalf,
    Partner,
    PartnerExists,
    PartnerHasSync,
    PartnerSettings,
    PartnerSyncExists,
    PartnerSyncUnknown,
    PartnerUnknown,
    SyncPolicy,
)
from comity.tenancy.organizations.service import load_membership


async def get_partner(tx: Transaction, caller: Caller, partner: TenantId) -> Partner:
    """What we declare toward a partner.

    Raises:
        PartnerUnknown, PermissionMissing.
    """
    caller.check(Permission.POLICY_READ)
    return (await _seen(tx, [await _find(tx, partner)]))[0]


async def list_partners(
    tx: Transaction, caller: Caller, *, after: TenantId | None = None, at_most: int = 100
) -> list[Partner]:
    """What we declare toward each partner, by the partners' ids behind `after`."""
    caller.check(Permission.POLICY_READ)
    return await _seen(tx, await store.list_partners(tx, after=after or NOWHERE, at_most=at_most))


async def create_partner(
    tx: Transaction, caller: Caller, partner: TenantId, settings: PartnerSettings | None = None
) -> Partner:
    """Declare something toward a tenant, which may lie outside the installation.

    Raises:
        PartnerExists, PartnerInvalid, PermissionMissing.
    """
    caller.check(Permission.CROSS_TENANT_WRITE)
    check_partner(tx.tenant_id, partner)
    made = await make_entries(tx, [partner], with_sync=False)
    if not made.entries:
        raise PartnerExists(partner=str(partner))
    return await _change_one(
        tx, caller, partner, lambda entry: replace(entry, settings=settings or entry.settings), made=made
    )


async def update_partner(
    tx: Transaction, caller: Caller, partner: TenantId, change: Callable[[PartnerSettings], PartnerSettings]
) -> Partner:
    """Change settings toward a partner; `change` gets them as they are under lock, and is pure.

    Raises:
        PartnerUnknown, PermissionMissing.
    """
    caller.check(Permission.CROSS_TENANT_WRITE)
    return await _change_one(tx, caller, partner, lambda entry: replace(entry, settings=change(entry.settings)))


async def delete_partner(tx: Transaction, caller: Caller, partner: TenantId) -> None:
    """Declare nothing toward a partner any more; who came from there stays.

    Raises:
        PartnerUnknown, PartnerHasSync, PermissionMissing.
    """
    caller.check(Permission.CROSS_TENANT_WRITE)
    entry = await _lock(tx, partner)
    if entry.sync is not None:
        raise PartnerHasSync(partner=str(partner))
    await store.drop_partner(tx, partner)
    await record(tx, caller, Record(DELETED, OBJECT, partner, before=entry_facts(entry.settings)))
    append(tx, [Change(ChangeKind.PARTNER_CHANGED, partner)])


async def create_sync_policy(tx: Transaction, caller: Caller, partner: TenantId, policy: SyncPolicy) -> Partner:
    """Say what a partner's sync may do here.

    Raises:
        PartnerUnknown, PartnerSyncExists, PermissionMissing.
    """
    caller.check(Permission.CROSS_TENANT_WRITE)
    await _lock(tx, partner)
    made = Made(syncs=await store.ensure_syncs(tx, [partner]))
    if not made.syncs:
        raise PartnerSyncExists(partner=str(partner))
    return await _change_one(
        tx, caller, partner, lambda entry: replace(entry, sync=_renewed(entry.sync, policy)), made=made
    )


async def update_sync_policy(
    tx: Transaction, caller: Caller, partner: TenantId, change: Callable[[SyncPolicy], SyncPolicy]
) -> Partner:
    """Change what a partner's sync may do here; switched off, it stops, and who is here stays.

    Raises:
        PartnerUnknown, PartnerSyncUnknown, PermissionMissing.
    """
    caller.check(Permission.CROSS_TENANT_WRITE)
    current = (await _lock(tx, partner)).sync
    if current is None:
        raise PartnerSyncUnknown(partner=str(partner))
    return await _change_one(
        tx, caller, partner, lambda entry: replace(entry, sync=_renewed(entry.sync, change(current)))
    )


async def delete_sync_policy(tx: Transaction, caller: Caller, partner: TenantId) -> None:
    """Take the sync policy off a partner: its sync stops, and who is here stays.

    Raises:
        PartnerUnknown, PartnerSyncUnknown, PermissionMissing.
    """
    caller.check(Permission.CROSS_TENANT_WRITE)
    entry = await _lock(tx, partner)
    if entry.sync is None:
        raise PartnerSyncUnknown(partner=str(partner))
    await store.drop_sync(tx, partner)
    await record(tx, caller, Record(SYNC_DELETED, OBJECT, partner, before=sync_facts(entry.sync)))
    append(tx, [Change(ChangeKind.PARTNER_CHANGED, partner)])


async def accept_users(tx: Transaction, caller: Caller, partner: TenantId, *, redeem: bool = True) -> Partner:
    """Let a partner's people in: allow inbound user sync and, unless declined, inbound automatic redemption.

    Makes the entry and its sync policy if need be; accepting twice changes nothing.

    Raises:
        PartnerInvalid, PermissionMissing.
    """
    caller.check(Permission.CROSS_TENANT_WRITE)
    check_partner(tx.tenant_id, partner)
    made = await make_entries(tx, [partner], with_sync=True)
    return await _change_one(tx, caller, partner, lambda entry: accepting(entry, redeem=redeem), made=made)


async def withdraw_acceptance(tx: Transaction, caller: Caller, partner: TenantId) -> Partner:
    """Let no more of a partner's people in: its sync stops; who is here stays, and redemption is left alone.

    Raises:
        PartnerUnknown, PermissionMissing.
    """
    caller.check(Permission.CROSS_TENANT_WRITE)
    return await _change_one(tx, caller, partner, withdrawing)


async def offer_users(tx: Transaction, caller: Caller, partner: TenantId) -> Partner:
    """The source's side of a share: switch on outbound automatic redemption, making the entry if need be.

    Raises:
        PartnerInvalid, PermissionMissing.
    """
    caller.check(Permission.CROSS_TENANT_WRITE)
    check_partner(tx.tenant_id, partner)
    made = await make_entries(tx, [partner], with_sync=False)
    return await _change_one(tx, caller, partner, offering, made=made)


async def load_outbound_half(tx: Transaction, partner: TenantId) -> OutboundHalf:
    """The gate's source half, read in the source's own transaction; one query."""
    return await store.load_outbound_half(tx, partner)


async def load_inbound_half(tx: Transaction, partner: TenantId) -> InboundHalf | None:
    """The gate's target half, read in the target's own transaction; None outside the installation; one query."""
    return await store.load_inbound_half(tx, partner)


async def _change_one(
    tx: Transaction,
    caller: Caller,
    partner: TenantId,
    decide: Callable[[Partner], Partner],
    *,
    made: Made | None = None,
) -> Partner:
    found = await change_entries(tx, caller, [partner], decide, made=made or Made())
    if partner not in found:
        raise PartnerUnknown(partner=str(partner))
    return (await _seen(tx, [found[partner]]))[0]


async def _find(tx: Transaction, partner: TenantId) -> Partner:
    entry = (await store.load_partners(tx, [partner])).get(partner)
    if entry is None:
        raise PartnerUnknown(partner=str(partner))
    return entry


async def _lock(tx: Transaction, partner: TenantId) -> Partner:
    entry = (await store.lock_partners(tx, [partner])).get(partner)
    if entry is None:
        raise PartnerUnknown(partner=str(partner))
    return entry


async def _seen(tx: Transaction, partners: list[Partner]) -> list[Partner]:
    """The entries, with those marked that are active in our organisation."""
    membership = await load_membership(tx)
    others = {each.tenant_id for each in membership.others} if membership else set()
    return [replace(each, in_organization=each.tenant_id in others) for each in partners]


def _renewed(current: SyncPolicy | None, wanted: SyncPolicy) -> SyncPolicy:
    """The policy as wanted, with the version that it has."""
    return replace(wanted, version=current.version if current else 1)
