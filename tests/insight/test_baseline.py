"""Baselines over every effective policy, and where published tools are wrong (access notes §4)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from comity.access import policies, service
from comity.access.assignments import service as assignments
from comity.core.catalogue import sentence
from comity.core.errors import PermissionMissing
from comity.core.ids import UserId
from comity.directory import service as directory
from comity.insight.baseline.model import Affected, CheckId, Result, Verdict
from comity.insight.baseline.service import check
from comity.tenancy.model import Cloud
from comity.tenancy.service import create_tenant
from tests.chat.conftest import chatter
from tests.support.world import Org

OPEN, INBOUND, CONSUMER = (
    (CheckId.SCUBA_2_1, CheckId.CIS_8_2_1), (CheckId.SCUBA_2_2, CheckId.CIS_8_2_3),
    (CheckId.SCUBA_2_3, CheckId.CIS_8_2_2),
)  # fmt: skip


async def checked(org: Org) -> dict[CheckId, Result]:
    async with org.db.tenant(org.id) as tx:
        return {each.id: each for each in await check(tx, org.operator)}


async def verdicts(org: Org, *ids: CheckId) -> list[Verdict]:
    found = await checked(org)
    return [found[each].verdict for each in ids]


async def set_(org: Org, **changes: Any) -> None:
    async with org.db.tenant(org.id) as tx:
        await service.set_configuration(tx, org.operator, changes)


async def give(org: Org, user_id: UserId, name: str, **settings: Any) -> None:
    async with org.db.tenant(org.id) as tx:
        await policies.new_policy(tx, org.operator, name, settings)
        await policies.grant_policy(tx, org.operator, user_id, name)


async def test_a_tenant_as_shipped_fails_what_is_open_by_default(contoso):
    """Every check has an id of its source, a title and a weight."""
    found = await checked(contoso)

    assert list(found) == list(CheckId)
    assert {each for each, result in found.items() if result.verdict is Verdict.FAIL} == {*OPEN, *INBOUND, *CONSUMER}
    assert {each for each, result in found.items() if result.verdict is Verdict.NOT_APPLICABLE} == {
        CheckId.CIS_8_2_X, CheckId.CIS_8_2_3_B2B,
    }  # fmt: skip
    assert found[CheckId.SCUBA_2_1].weight == "SHALL"
    assert all("baseline-" not in sentence(f"baseline-{each}", {}) for each in CheckId)


async def test_an_empty_allow_list_is_nobody_and_passes(contoso):
    """Tools that count entries report it as open."""
    await set_(contoso, AllowedDomains=None)
    assert await verdicts(contoso, *OPEN) == [Verdict.PASS] * 2


async def test_a_custom_policy_that_opens_again_is_found_with_its_people(contoso):
    """Tools that look at Global only pass it."""
    annie = await contoso.add_person("annie")
    await contoso.add_person("alan")
    async with contoso.db.tenant(contoso.id) as tx:
        await policies.set_policy(tx, contoso.operator, {"EnableTeamsConsumerAccess": False})
    assert await verdicts(contoso, *CONSUMER, *INBOUND) == [Verdict.PASS] * 4

    await give(contoso, annie.id, "Lucky", EnableTeamsConsumerInbound=False)
    found = await checked(contoso)

    assert [found[each].verdict for each in (*CONSUMER, *INBOUND)] == [Verdict.FAIL] * 2 + [Verdict.PASS] * 2
    assert found[CheckId.CIS_8_2_2].people == (Affected(annie.user_principal_name, "Tag:Lucky"),)
    assert found[CheckId.CIS_8_2_2].policies == ("Tag:Lucky",)


async def test_a_tenant_wide_grant_counts_even_before_anybody_is_there(contoso):
    """Whoever comes next has it."""
    async with contoso.db.tenant(contoso.id) as tx:
        await policies.set_policy(tx, contoso.operator, {"EnableTeamsConsumerAccess": False})
        await policies.new_policy(tx, contoso.operator, "Open", {})
        await assignments.grant_tenant(tx, contoso.operator, "Open")
    found = await checked(contoso)

    assert (found[CheckId.SCUBA_2_3].verdict, found[CheckId.SCUBA_2_3].policies) == (Verdict.FAIL, ("Tag:Open",))


async def test_a_family_that_is_off_is_off_inbound_too(contoso):
    """Although the inbound switches still say True."""
    await set_(contoso, AllowTeamsConsumer=False)
    assert await verdicts(contoso, *CONSUMER, *INBOUND) == [Verdict.PASS] * 4


async def test_trial_tenants_are_checked_by_their_own_setting(contoso):
    """Not by AllowTeamsConsumer."""
    await set_(contoso, AllowTeamsConsumer=False, ExternalAccessWithTrialTenants="Allowed")
    assert await verdicts(contoso, CheckId.CIS_8_2_4) == [Verdict.FAIL]


async def test_government_clouds_have_no_consumer_family(db, contoso):
    """Not applicable is a verdict of its own."""
    tenant = await create_tenant(
        db, contoso.operator, name="Gov", domain=f"gov-{contoso.id.hex[-12:]}.example", cloud=Cloud.GCCHIGH
    )
    found = await verdicts(Org(db, tenant), *INBOUND, *CONSUMER, *OPEN)

    assert found == [Verdict.NOT_APPLICABLE] * 4 + [Verdict.FAIL] * 2


async def test_policies_that_wait_for_a_switch_need_a_look(contoso):
    """CustomizeFederation is off, and somebody has domain rules that would open the border."""
    annie = await contoso.add_person("annie")
    await give(contoso, annie.id, "Waiting", CommunicationWithExternalOrgs="AllowAllExternalDomains")
    await set_(contoso, AllowedDomains={"mode": "AllowList", "domains": ["a.example"]})
    found = await checked(contoso)
    assert [found[each].verdict for each in OPEN] == [Verdict.MANUAL] * 2
    assert (found[CheckId.POLICIES_INERT].verdict, found[CheckId.POLICIES_INERT].policies) == (
        Verdict.FAIL, ("Tag:Waiting",),
    )  # fmt: skip

    await set_(contoso, CustomizeFederation=True)
    found = await checked(contoso)
    assert found[CheckId.SCUBA_2_1].people == (Affected(annie.user_principal_name, "Tag:Waiting"),)
    assert found[CheckId.POLICIES_INERT].verdict is Verdict.PASS


async def test_settings_that_do_nothing_are_named(contoso):
    """Hygiene: ignored, idle and unexplained entries."""
    await set_(
        contoso, AllowedDomains={"mode": "AllowList", "domains": ["a.example"]}, BlockedDomains=["b.example"],
        AllowedTrialTenantDomains=["c.example"],
    )  # fmt: skip
    async with contoso.db.tenant(contoso.id) as tx:
        await service.set_blocked_individuals(tx, contoso.operator, {"BlockedUsers": ["x@d.example"]})
        explained = {"AllowedTrialTenantDomains": {"Add": ["e.example"]}}
        await service.set_configuration(tx, replace(contoso.operator, reason="Ticket 1"), explained)
    found = await checked(contoso)

    assert found[CheckId.BLOCK_LIST_IGNORED].entries == ("b.example",)
    assert found[CheckId.BLOCKED_NOT_IN_FORCE].entries == ("x@d.example",)
    assert found[CheckId.TRIAL_REASONS].entries == ("c.example",)
    assert found[CheckId.ALLOWED_UNUSED].entries == ("a.example",)

    await set_(contoso, BlockedDomains=[], BlockAllSubdomains=True)
    assert await verdicts(contoso, CheckId.SUBDOMAINS_OF_NOTHING, CheckId.BLOCK_LIST_IGNORED) == [
        Verdict.FAIL, Verdict.PASS,
    ]  # fmt: skip


async def test_a_domain_counts_as_used_for_90_days(contoso, fabrikam, clock):
    """By chats with its people."""
    annie, bob = await chatter(contoso, "annie"), await chatter(fabrikam, "bob")
    await set_(contoso, AllowedDomains={"mode": "AllowList", "domains": [fabrikam.domain]})
    await annie.start(bob, "hello")

    used = await checked(contoso)
    clock.offset += timedelta(days=91)
    later = await checked(contoso)

    assert used[CheckId.ALLOWED_UNUSED].entries == ()
    assert later[CheckId.ALLOWED_UNUSED].entries == (fabrikam.domain,)


async def test_a_group_all_of_whose_members_have_another_policy_is_shadowed(contoso):
    """By direct assignments, or by a better rank."""
    annie, alan = await contoso.add_person("annie"), await contoso.add_person("alan")
    await give(contoso, annie.id, "Own")
    async with contoso.db.tenant(contoso.id) as tx:
        groups = [await directory.create_group(tx, contoso.operator, name=name) for name in ("one", "two", "three")]
        await directory.add_members(tx, contoso.operator, groups[0].id, [annie.id])
        await directory.add_members(tx, contoso.operator, groups[1].id, [annie.id, alan.id])
        await directory.add_members(tx, contoso.operator, groups[2].id, [alan.id])
        for each in groups:
            await assignments.assign_group(tx, contoso.operator, each.id, "Own")
    found = await checked(contoso)

    assert set(found[CheckId.GROUPS_SHADOWED].entries) == {str(groups[0].id), str(groups[2].id)}


async def test_only_readers_of_external_access_check(contoso):
    """The names of the affected are no member's business."""
    annie = await contoso.add_person("annie")
    async with contoso.db.tenant(contoso.id) as tx:
        with pytest.raises(PermissionMissing):
            await check(tx, contoso.as_user(annie))
