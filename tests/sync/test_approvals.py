"""Approved now, applied in the background, in the approver's name (mission M17; design D5, D7)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from comity.audit.service import list_for_object
from comity.core.ids import JobId, PlanId, new_id
from comity.core.permissions import Permission
from comity.directory.store import find_by_home
from comity.jobs.model import Order, Task
from comity.sync import approvals, plans
from comity.sync.handlers import offered_approvals
from comity.sync.orders import APPLY
from comity.sync.planned import PlanExpired, PlanState, PlanUnknown
from tests.support.drains import accept, share
from tests.support.world import Org


@pytest.fixture
async def planned(contoso: Org, fabrikam: Org) -> tuple[JobId, PlanId]:
    """Contoso shares Annie with Fabrikam, which accepts; what that would do is planned."""
    annie = await contoso.add_person("annie")
    await accept(fabrikam, people_of=contoso)
    job = await share(contoso, annie.id, to=fabrikam)
    async with contoso.db.tenant(contoso.id) as tx:
        plan_id = await plans.ask(tx, contoso.operator, job_id=job)
    await plans.make(contoso.db, contoso.operator, plan_id)
    return job, plan_id


async def work(org: Org, plan_id: PlanId) -> None:
    await offered_approvals(org.db).handler(Task(Order(APPLY, org.id, plan_id), run=new_id(), attempt=1, cause=None))


async def state(org: Org, plan_id: PlanId) -> PlanState:
    async with org.db.tenant(org.id) as tx:
        return (await plans.get_plan(tx, org.operator, plan_id)).state


async def test_an_approved_plan_is_applied_in_the_approvers_name(contoso, fabrikam, planned):
    """With the rights that she had; the audit names her and her reason."""
    _, plan_id = planned
    admin = await contoso.add_person("admin")
    rights = frozenset({Permission.SYNC_WRITE, Permission.CROSS_TENANT_WRITE})
    async with contoso.db.tenant(contoso.id) as tx:
        await approvals.approve(tx, contoso.as_user(admin, permissions=rights, reason="merger"), plan_id)

    await work(contoso, plan_id)

    assert await state(contoso, plan_id) is PlanState.APPLIED
    async with fabrikam.db.tenant(fabrikam.id) as tx:
        assert await find_by_home(tx, contoso.id, contoso.people["annie"].id) is not None
    async with contoso.db.tenant(contoso.id) as tx:
        (entry,) = await list_for_object(tx, contoso.operator, plan_id)
    assert (entry.actor_name, entry.reason) == (admin.user_principal_name, "merger")


async def test_what_has_changed_meanwhile_is_kept_for_the_approver(contoso, fabrikam, planned):
    """The plan is refused; who approved it reads why where she approved it."""
    _, plan_id = planned
    async with contoso.db.tenant(contoso.id) as tx:
        await approvals.approve(tx, contoso.operator, plan_id)
    bob = await contoso.add_person("bob")
    await share(contoso, bob.id, to=fabrikam)

    await work(contoso, plan_id)

    async with contoso.db.tenant(contoso.id) as tx:
        approval = await approvals.get_approval(tx, contoso.operator, plan_id)
    assert approval is not None
    assert (approval.fault, await state(contoso, plan_id)) == ("sync-plan-outdated", PlanState.REFUSED)
    assert approval.facts


async def test_an_expired_plan_is_not_approved(contoso, clock, planned):
    """Nor one that nobody has."""
    _, plan_id = planned
    clock.offset += timedelta(days=8)
    async with contoso.db.tenant(contoso.id) as tx:
        with pytest.raises(PlanExpired):
            await approvals.approve(tx, contoso.operator, plan_id)
        with pytest.raises(PlanUnknown):
            await approvals.approve(tx, contoso.operator, PlanId(new_id()))
