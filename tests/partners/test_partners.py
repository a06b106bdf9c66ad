"""A tenant declares what holds toward another, and the gate reads it (provisioning §2)."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, TypeVar

import pytest

from comity.audit import service as audit
from comity.core.errors import PermissionMissing
from comity.core.ids import PERSONAL_REALM, TenantId, new_id
from comity.core.permissions import Permission
from comity.db.transaction import Transaction
from comity.events.model import ChangeKind
from comity.partners import changes, service
from comity.partners.decide import decide_sync_gate
from comity.partners.model import (
    Gate,
    InboundTrust,
    PartnerExists,
    PartnerHasSync,
    PartnerInvalid,
    PartnerSettings,
    PartnerSyncExists,
    PartnerSyncUnknown,
    PartnerUnknown,
    Shortfall,
    SyncPolicy,
)
from tests.support.organizations import entries
from tests.support.world import Org

T = TypeVar("T")

CHANGED = ChangeKind.PARTNER_CHANGED


async def at(org: Org, act: Callable[..., Awaitable[T]], *arguments: Any, **options: Any) -> T:
    """Run a use case in a transaction of the tenant."""
    async with org.db.tenant(org.id) as tx:
        return await act(tx, org.operator, *arguments, **options)


async def actions(org: Org) -> list[str]:
    """What the tenant's audit says was done to partners, sorted: entries of one instant have no order."""
    async with org.db.tenant(org.id) as tx:
        written = await audit.list_latest(tx, org.operator)
    return sorted(each.action for each in written if each.object_kind == changes.OBJECT)


async def gate(source: Org, target: Org) -> Gate:
    """The gate as a drain reads it: one half after the other, each as its own tenant."""
    async with source.db.tenant(source.id) as tx:
        ours = await service.load_outbound_half(tx, target.id)
    async with target.db.tenant(target.id) as tx:
        theirs = await service.load_inbound_half(tx, source.id)
    return decide_sync_gate(ours, theirs)


async def is_waited_for(tx: Transaction) -> bool:
    """Does another transaction wait for a lock of this one?"""
    row = await tx.row(
        "select true from pg_locks where not granted and pg_backend_pid() = any (pg_blocking_pids(pid)) limit 1"
    )
    return row is not None


async def test_a_partner_may_lie_outside_the_installation(contoso):
    outside = TenantId(new_id())

    created = await at(contoso, service.create_partner, outside, PartnerSettings(redeem_outbound=True))

    assert created == await at(contoso, service.get_partner, outside)
    assert created.settings == PartnerSettings(redeem_outbound=True)
    assert (created.sync, created.in_organization) == (None, False)


async def test_every_setting_is_kept(contoso, fabrikam):
    settings = PartnerSettings(
        redeem_inbound=False, redeem_outbound=True, trust=InboundTrust(mfa=True, hybrid_joined_device=False)
    )
    await at(contoso, service.create_partner, fabrikam.id, settings)

    assert (await at(contoso, service.get_partner, fabrikam.id)).settings == settings


async def test_a_second_partner_entry_is_refused(contoso, fabrikam):
    """409 Request_MultipleObjectsWithSameKeyValue (§2)."""
    await at(contoso, service.create_partner, fabrikam.id)

    with pytest.raises(PartnerExists):
        await at(contoso, service.create_partner, fabrikam.id)


async def test_of_two_entries_made_at_the_same_time_one_stands(contoso, fabrikam):
    outcomes = await asyncio.gather(
        *(at(contoso, service.create_partner, fabrikam.id) for _ in range(2)), return_exceptions=True
    )

    assert sorted(type(each).__name__ for each in outcomes) == ["Partner", "PartnerExists"]


async def test_what_is_not_there_is_not_changed(contoso, fabrikam):
    """404 Directory_ObjectNotFound (§2)."""
    absent = fabrikam.id
    for act in (service.get_partner, service.delete_partner, service.withdraw_acceptance, service.delete_sync_policy):
        with pytest.raises(PartnerUnknown):
            await at(contoso, act, absent)
    with pytest.raises(PartnerUnknown):
        await at(contoso, service.update_partner, absent, lambda settings: settings)
    with pytest.raises(PartnerUnknown):
        await at(contoso, service.create_sync_policy, absent, SyncPolicy())
    with pytest.raises(PartnerUnknown):
        await at(contoso, service.update_sync_policy, absent, lambda policy: policy)


async def test_nobody_is_a_partner_of_oneself_or_of_the_personal_realm(contoso):
    for act in (service.create_partner, service.accept_users, service.offer_users):
        for wrong in (contoso.id, PERSONAL_REALM):
            with pytest.raises(PartnerInvalid):
                await at(contoso, act, wrong)


async def test_a_change_touches_what_it_names(contoso, fabrikam):
    await at(contoso, service.create_partner, fabrikam.id, PartnerSettings(redeem_inbound=True))

    changed = await at(
        contoso, service.update_partner, fabrikam.id, lambda settings: replace(settings, redeem_outbound=True)
    )

    assert changed.settings == PartnerSettings(redeem_inbound=True, redeem_outbound=True)
    assert changed.version == 3


async def test_two_changes_at_the_same_time_both_hold(contoso, fabrikam):
    """The second is decided on what the first left, not on what stood when it began."""
    await at(contoso, service.create_partner, fabrikam.id)
    decided = asyncio.Event()

    def outbound(settings: PartnerSettings) -> PartnerSettings:
        decided.set()
        return replace(settings, redeem_outbound=True)

    async with contoso.db.tenant(contoso.id) as tx:
        await service.update_partner(tx, contoso.operator, fabrikam.id, lambda each: replace(each, redeem_inbound=True))
        second = asyncio.create_task(at(contoso, service.update_partner, fabrikam.id, outbound))
        while not (decided.is_set() or second.done() or await is_waited_for(tx)):
            pass  # asking lets the other one run
    await second

    both = PartnerSettings(redeem_inbound=True, redeem_outbound=True)
    assert (await at(contoso, service.get_partner, fabrikam.id)).settings == both


async def test_setting_a_value_back_to_none_inherits_again(contoso, fabrikam):
    await at(contoso, service.create_partner, fabrikam.id, PartnerSettings(redeem_outbound=True))

    await at(contoso, service.update_partner, fabrikam.id, lambda _: PartnerSettings())

    async with contoso.db.tenant(contoso.id) as tx:
        assert not (await service.load_outbound_half(tx, fabrikam.id)).redeem


async def test_partners_are_listed_page_by_page(contoso):
    ids = sorted(TenantId(new_id()) for _ in range(5))
    for each in ids:
        await at(contoso, service.create_partner, each)

    first = await at(contoso, service.list_partners, at_most=3)
    second = await at(contoso, service.list_partners, after=first[-1].tenant_id, at_most=3)

    assert [each.tenant_id for each in (*first, *second)] == ids


async def test_a_partner_goes_after_its_sync_policy(contoso, fabrikam):
    """The entry cannot be deleted while an identity-sync policy hangs on it (§2)."""
    await at(contoso, service.create_partner, fabrikam.id)
    await at(contoso, service.create_sync_policy, fabrikam.id, SyncPolicy(user_sync=True))
    with pytest.raises(PartnerHasSync):
        await at(contoso, service.delete_partner, fabrikam.id)

    await at(contoso, service.delete_sync_policy, fabrikam.id)
    await at(contoso, service.delete_partner, fabrikam.id)

    with pytest.raises(PartnerUnknown):
        await at(contoso, service.get_partner, fabrikam.id)
    assert await actions(contoso) == sorted([changes.ADDED, changes.SYNC_ADDED, changes.SYNC_DELETED, changes.DELETED])
    assert len(await entries(contoso, CHANGED)) == 4


async def test_a_partner_has_one_sync_policy(contoso, fabrikam):
    """A second one is 409, changing or deleting none is 404 (§2)."""
    await at(contoso, service.create_partner, fabrikam.id)
    with pytest.raises(PartnerSyncUnknown):
        await at(contoso, service.update_sync_policy, fabrikam.id, lambda policy: policy)
    with pytest.raises(PartnerSyncUnknown):
        await at(contoso, service.delete_sync_policy, fabrikam.id)

    await at(contoso, service.create_sync_policy, fabrikam.id, SyncPolicy(display_name="Fabrikam", group_sync=True))

    with pytest.raises(PartnerSyncExists):
        await at(contoso, service.create_sync_policy, fabrikam.id, SyncPolicy())
    kept = (await at(contoso, service.get_partner, fabrikam.id)).sync
    assert kept is not None
    assert (kept.display_name, kept.user_sync, kept.group_sync) == ("Fabrikam", None, True)


async def test_a_new_policy_after_a_deleted_one_shows_in_the_versions(contoso, fabrikam):
    """A plan that was guarded by the old one must not take the new one for it (design D7)."""
    await at(contoso, service.accept_users, fabrikam.id)
    async with contoso.db.tenant(contoso.id) as tx:
        before = await service.load_inbound_half(tx, fabrikam.id)
    await at(contoso, service.delete_sync_policy, fabrikam.id)
    await at(contoso, service.accept_users, fabrikam.id)

    async with contoso.db.tenant(contoso.id) as tx:
        after = await service.load_inbound_half(tx, fabrikam.id)
    assert before is not None
    assert after is not None
    assert (before.version, before.sync_version) != (after.version, after.sync_version)


async def test_offering_and_accepting_opens_the_gate(contoso, fabrikam):
    assert (await gate(contoso, fabrikam)).shortfalls == (
        Shortfall.OUTBOUND_REDEMPTION,
        Shortfall.INBOUND_SYNC,
        Shortfall.INBOUND_REDEMPTION,
    )

    await at(contoso, service.offer_users, fabrikam.id)
    await at(fabrikam, service.accept_users, contoso.id)

    assert (await gate(contoso, fabrikam)).may_create
    assert not (await gate(fabrikam, contoso)).is_open


async def test_accepting_without_redemption_leaves_the_gate_shut(contoso, fabrikam):
    await at(contoso, service.offer_users, fabrikam.id)
    await at(fabrikam, service.accept_users, contoso.id, redeem=False)

    assert (await gate(contoso, fabrikam)).shortfalls == (Shortfall.INBOUND_REDEMPTION,)


async def test_withdrawing_shuts_the_gate_and_accepting_opens_it_again(contoso, fabrikam):
    await at(contoso, service.offer_users, fabrikam.id)
    await at(fabrikam, service.accept_users, contoso.id)

    withdrawn = await at(fabrikam, service.withdraw_acceptance, contoso.id)
    assert (await gate(contoso, fabrikam)).shortfalls == (Shortfall.INBOUND_SYNC,)
    assert withdrawn.settings.redeem_inbound is True

    await at(fabrikam, service.accept_users, contoso.id)
    assert (await gate(contoso, fabrikam)).may_create


async def test_blocked_invitations_are_read_with_the_gate(contoso, fabrikam):
    await at(contoso, service.offer_users, fabrikam.id)
    await at(fabrikam, service.accept_users, contoso.id)
    async with fabrikam.db.tenant(fabrikam.id) as tx:
        await tx.execute("update tenant_setting set invitations_allowed = false where tenant_id = %(tenant_id)s")

    assert (await gate(contoso, fabrikam)).shortfalls == (Shortfall.INVITATIONS,)


async def test_a_tenant_outside_the_installation_has_no_half(contoso):
    async with contoso.db.tenant(TenantId(new_id())) as tx:
        assert await service.load_inbound_half(tx, contoso.id) is None


async def test_accepting_twice_changes_nothing(contoso, fabrikam):
    once = await at(contoso, service.accept_users, fabrikam.id)
    twice = await at(contoso, service.accept_users, fabrikam.id)

    assert once == twice
    assert await actions(contoso) == [changes.ADDED, changes.SYNC_ADDED]
    assert len(await entries(contoso, CHANGED)) == 1


async def test_the_feed_names_the_partner_and_shares_the_audits_cause(contoso, fabrikam):
    await at(contoso, service.offer_users, fabrikam.id)

    (entry,) = await entries(contoso, CHANGED)
    async with contoso.db.tenant(contoso.id) as tx:
        (written,) = await audit.list_for_object(tx, contoso.operator, fabrikam.id)
    assert entry.object_id == fabrikam.id
    assert entry.cause == written.cause
    assert written.after == {"redeem_outbound": True}


async def test_what_one_tenant_declares_the_other_does_not_read(contoso, fabrikam):
    await at(contoso, service.accept_users, fabrikam.id)

    assert await at(fabrikam, service.list_partners) == []


@pytest.mark.parametrize("rights", [frozenset(), frozenset({Permission.POLICY_READ})], ids=["none", "read"])
async def test_declaring_takes_the_write_permission(contoso, fabrikam, rights):
    caller = contoso.as_user(await contoso.add_person("annie"), permissions=rights)
    async with contoso.db.tenant(contoso.id) as tx:
        for act in (
            service.create_partner(tx, caller, fabrikam.id),
            service.update_partner(tx, caller, fabrikam.id, lambda settings: settings),
            service.delete_partner(tx, caller, fabrikam.id),
            service.create_sync_policy(tx, caller, fabrikam.id, SyncPolicy()),
            service.update_sync_policy(tx, caller, fabrikam.id, lambda policy: policy),
            service.delete_sync_policy(tx, caller, fabrikam.id),
            service.accept_users(tx, caller, fabrikam.id),
            service.withdraw_acceptance(tx, caller, fabrikam.id),
            service.offer_users(tx, caller, fabrikam.id),
        ):
            with pytest.raises(PermissionMissing):
                await act


async def test_reading_takes_the_read_permission(contoso, fabrikam):
    await at(contoso, service.create_partner, fabrikam.id)
    annie = await contoso.add_person("annie")
    reader = contoso.as_user(annie, permissions=frozenset({Permission.POLICY_READ}))
    async with contoso.db.tenant(contoso.id) as tx:
        assert len(await service.list_partners(tx, reader)) == 1
        with pytest.raises(PermissionMissing):
            await service.list_partners(tx, contoso.as_user(annie))
        with pytest.raises(PermissionMissing):
            await service.get_partner(tx, contoso.as_user(annie), fabrikam.id)
