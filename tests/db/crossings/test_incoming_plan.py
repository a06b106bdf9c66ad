"""A target reads what a plan of its partner would do to its accounts, and what this crossing can not see."""

from __future__ import annotations

from comity.core.ids import PlanId
from comity.db.crossings.incoming_plan import IncomingPlan, read_incoming_plan
from comity.sync import plans
from comity.sync.planned import Proposal
from tests.support.drains import accept, share
from tests.support.world import Org


async def read(reader: Org, source: Org, plan_id: PlanId) -> IncomingPlan | None:
    async with reader.db.tenant(reader.id) as tx:
        found = await read_incoming_plan(tx, source.id, plan_id, after=0, at_most=10)
        assert tx.tenant_id == reader.id
    return found


async def test_whoever_is_not_there_yet_is_a_count_and_no_value_comes_along(contoso: Org, fabrikam: Org):
    """Ids of people of the source never leave it."""
    annie = await contoso.add_person("annie")
    await accept(fabrikam, people_of=contoso)
    job = await share(contoso, annie, to=fabrikam)
    async with contoso.db.tenant(contoso.id) as tx:
        plan_id = await plans.ask(tx, contoso.operator, job_id=job)
    await plans.make(contoso.db, contoso.operator, plan_id)
    assert await read(fabrikam, contoso, plan_id) == IncomingPlan([], {1: 1})


async def test_a_plan_that_leads_elsewhere_is_none(contoso: Org, fabrikam: Org, tailspin: Org):
    """Neither another target's, nor one's own, nor that of a job that is only proposed."""
    annie = await contoso.add_person("annie")
    await accept(fabrikam, people_of=contoso)
    job = await share(contoso, annie, to=fabrikam)
    async with contoso.db.tenant(contoso.id) as tx:
        plan_id = await plans.ask(tx, contoso.operator, job_id=job)
        proposed = await plans.ask(tx, contoso.operator, proposal=Proposal(opens=tailspin.id, add_users=(annie.id,)))
    await plans.make(contoso.db, contoso.operator, plan_id)
    assert await read(tailspin, contoso, plan_id) is None
    assert await read(tailspin, contoso, proposed) is None
    assert await read(contoso, contoso, plan_id) is None
