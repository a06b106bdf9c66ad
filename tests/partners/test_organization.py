"""Joining an organisation prepares partner entries between all its tenants (provisioning §1.5, §1.6)."""

import asyncio
from dataclasses import replace

import pytest

from comity.audit import service as audit
from comity.core.errors import PermissionMissing
from comity.core.ids import TenantId
from comity.core.permissions import Permission
from comity.events.model import ChangeKind
from comity.partners import changes, service
from comity.partners.model import Partner, PartnerSettings, SyncPolicy, TemplateLevel, Templates
from comity.partners.organization import join_organization
from comity.partners.templates import change_templates, get_templates
from tests.support.organizations import add, entries, form, join, leave, unite
from tests.support.world import Org

OPEN = PartnerSettings(redeem_inbound=True, redeem_outbound=True)


async def partners(org: Org) -> dict[TenantId, Partner]:
    """The tenant's entries by partner."""
    async with org.db.tenant(org.id) as tx:
        return {each.tenant_id: each for each in await service.list_partners(tx, org.operator)}


async def set_templates(org: Org, templates: Templates) -> None:
    async with org.db.tenant(org.id) as tx:
        await change_templates(tx, org.operator, lambda _: templates)


async def test_every_pair_gets_unconfigured_entries_both_ways(contoso, fabrikam, tailspin):
    await unite(contoso, fabrikam, tailspin)

    everybody = {contoso.id, fabrikam.id, tailspin.id}
    for org in (contoso, fabrikam, tailspin):
        found = await partners(org)
        assert set(found) == everybody - {org.id}
        for each in found.values():
            assert (each.settings, each.sync, each.in_organization) == (PartnerSettings(), SyncPolicy(), True)


async def test_tenants_that_join_at_the_same_time_meet_too(contoso, fabrikam, tailspin):
    await form(contoso)
    await add(contoso, fabrikam)
    await add(contoso, tailspin)

    await asyncio.gather(join(fabrikam, contoso), join(tailspin, contoso))

    assert set(await partners(fabrikam)) == {contoso.id, tailspin.id}
    assert set(await partners(tailspin)) == {contoso.id, fabrikam.id}


async def test_pending_tenants_get_no_entries(contoso, fabrikam, tailspin):
    await unite(contoso, fabrikam)
    await add(contoso, tailspin)

    assert tailspin.id not in await partners(contoso)
    assert await partners(tailspin) == {}


async def test_what_was_declared_before_stays(contoso, fabrikam):
    """Creating what is absent changes no behaviour (§1.6)."""
    async with contoso.db.tenant(contoso.id) as tx:
        await service.accept_users(tx, contoso.operator, fabrikam.id)
    before = (await partners(contoso))[fabrikam.id]

    await unite(contoso, fabrikam)

    assert (await partners(contoso))[fabrikam.id] == replace(before, in_organization=True)


async def test_joining_as_the_admin_center_does_opens_both_directions(contoso, fabrikam):
    """Three template values become true on either side (§1.6, last point)."""
    await unite(contoso, fabrikam, admin_center=True)

    for org, other in ((contoso, fabrikam), (fabrikam, contoso)):
        entry = (await partners(org))[other.id]
        assert entry.settings == OPEN
        assert entry.sync is not None
        assert entry.sync.user_sync is True


async def test_each_side_goes_by_its_own_templates(contoso, fabrikam):
    await form(contoso)
    await add(contoso, fabrikam)
    await join(fabrikam, contoso, admin_center=True)

    assert (await partners(fabrikam))[contoso.id].settings == OPEN
    assert (await partners(contoso))[fabrikam.id].settings == PartnerSettings()


@pytest.mark.parametrize(
    ("level", "new", "existing"),
    [
        (TemplateLevel.NONE, None, None),
        (TemplateLevel.NEW, True, None),
        (TemplateLevel.EXISTING, None, True),
        (TemplateLevel.NEW | TemplateLevel.EXISTING, True, True),
    ],
)
async def test_templates_reach_new_and_existing_entries_as_their_level_says(
    contoso, fabrikam, tailspin, level, new, existing
):
    await set_templates(contoso, Templates(partner=PartnerSettings(redeem_inbound=True), partner_level=level))
    async with contoso.db.tenant(contoso.id) as tx:
        await service.create_partner(tx, contoso.operator, tailspin.id)

    await unite(contoso, fabrikam, tailspin)

    found = await partners(contoso)
    assert found[fabrikam.id].settings.redeem_inbound is new
    assert found[tailspin.id].settings.redeem_inbound is existing


async def test_templates_never_act_afterwards(contoso, fabrikam):
    await unite(contoso, fabrikam)

    await set_templates(contoso, Templates(partner=OPEN, user_sync=True))

    assert (await partners(contoso))[fabrikam.id].settings == PartnerSettings()


async def test_templates_are_kept_and_reset(contoso):
    """Unconfigured: all null, both levels (graph-api §4.3)."""
    configured = Templates(
        partner=OPEN, partner_level=TemplateLevel.NONE, user_sync=False, sync_level=TemplateLevel.EXISTING
    )
    async with contoso.db.tenant(contoso.id) as tx:
        assert await get_templates(tx, contoso.operator) == Templates()
        await change_templates(tx, contoso.operator, lambda _: configured)
    async with contoso.db.tenant(contoso.id) as tx:
        assert await get_templates(tx, contoso.operator) == configured
        await change_templates(tx, contoso.operator, lambda _: Templates())
        assert await get_templates(tx, contoso.operator) == Templates()


async def test_entries_made_by_a_join_are_audited_and_fed_on_both_sides(contoso, fabrikam):
    """One cause runs through both tenants: the join."""
    await form(contoso)
    await add(contoso, fabrikam)
    await join(fabrikam, contoso)

    causes = set()
    for org, other in ((contoso, fabrikam), (fabrikam, contoso)):
        (entry,) = await entries(org, ChangeKind.PARTNER_CHANGED)
        async with org.db.tenant(org.id) as tx:
            written = await audit.list_for_object(tx, org.operator, other.id)
        assert entry.object_id == other.id
        assert {each.action for each in written} == {changes.ADDED, changes.SYNC_ADDED}
        causes |= {entry.cause, *(each.cause for each in written)}
        by = {each.after.get("byTenant") for each in written if each.after is not None}
        assert by == ({str(fabrikam.id)} if org is contoso else {None})
    assert len(causes) == 1


async def test_leaving_leaves_partner_settings_as_they_are(contoso, fabrikam):
    """Nothing is cleaned up (§1.5); the entry is only no longer one of the organisation."""
    await unite(contoso, fabrikam, admin_center=True)
    before = await partners(contoso)

    await leave(fabrikam)

    after = await partners(contoso)
    assert after == {fabrikam.id: replace(before[fabrikam.id], in_organization=False)}


async def test_coming_back_makes_nothing_twice(contoso, fabrikam):
    await unite(contoso, fabrikam)
    before = (await partners(contoso))[fabrikam.id]
    await leave(fabrikam)
    await add(contoso, fabrikam)
    await join(fabrikam, contoso)

    assert (await partners(contoso))[fabrikam.id] == before
    assert len(await entries(contoso, ChangeKind.PARTNER_CHANGED)) == 1


async def test_joining_as_the_admin_center_does_takes_both_permissions(contoso, fabrikam):
    """Templates are a cross-tenant access policy; whoever may only join leaves them alone."""
    annie = await fabrikam.add_person("annie")
    joiner = fabrikam.as_user(annie, permissions=frozenset({Permission.MTO_WRITE}))
    await form(contoso)
    await add(contoso, fabrikam)

    with pytest.raises(PermissionMissing):
        async with fabrikam.db.tenant(fabrikam.id) as tx:
            await join_organization(tx, joiner, inviter=contoso.id, admin_center=True)
    async with fabrikam.db.tenant(fabrikam.id) as tx:
        joined = await join_organization(tx, joiner, inviter=contoso.id)

    assert joined.me.is_active


async def test_a_join_takes_as_many_statements_per_tenant_however_many_there_are(db, contoso, fabrikam, tailspin):
    """Own entries are written at once; each other tenant costs the same small number."""
    await form(contoso)
    statements = []
    for org in (fabrikam, tailspin):
        await add(contoso, org)
        async with db.tenant(org.id) as tx:
            await join_organization(tx, org.operator, inviter=contoso.id)
            statements.append(tx.statements)

    assert statements[1] - statements[0] <= 20
