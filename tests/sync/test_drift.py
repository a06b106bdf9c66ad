"""Drift: accounts that somebody changed in the target; shown with who it was, repaired only where that is on."""

from __future__ import annotations

import pytest

from comity.core.ids import JobId
from comity.db.database import Database
from comity.directory import service as directory
from comity.directory.model import Attribute, User
from comity.directory.store import find_by_home
from comity.sync import plans
from comity.sync.controlling import set_drift_repair
from comity.sync.drain import drain
from comity.sync.planned import DriftRepairOff, PlanKind, StoredPlan, Tally
from comity.sync.viewing import Shift, view
from tests.support.drains import accept, share
from tests.support.world import Org


@pytest.fixture
async def job(contoso: Org, fabrikam: Org) -> JobId:
    """Annie, Bob and Charlie stand in Fabrikam, in line."""
    people = [await contoso.add_person(name, city="Bonn") for name in ("annie", "bob", "charlie")]
    await accept(fabrikam, people_of=contoso)
    job = await share(contoso, *people, to=fabrikam)
    await drain(contoso.db, contoso.id)
    return job


async def drift(org: Org, job: JobId) -> StoredPlan:
    async with org.db.tenant(org.id) as tx:
        plan_id = await plans.ask(tx, org.operator, job_id=job, kind=PlanKind.DRIFT)
    return await plans.make(org.db, org.operator, plan_id)


async def write_in_target(org: Org, home: User, **values: object) -> None:
    async with org.db.tenant(org.id) as tx:
        account = await find_by_home(tx, home.tenant_id, home.id)
        assert account is not None
        named = {Attribute[name.upper()]: value for name, value in values.items()}
        await directory.update_user(tx, org.operator, account.id, named)


async def test_drift_names_attribute_expected_and_found_value_and_who_it_was(
    contoso: Org, fabrikam: Org, job: JobId, db: Database
):
    """Bob's change at home is no drift, though it is not synced yet."""
    await write_in_target(fabrikam, contoso.people["annie"], city="Köln", company_name="not mapped")
    await contoso.change(contoso.people["bob"], city="Berlin")
    made = await drift(contoso, job)
    assert made.tally == Tally(update=1)
    (shown,) = (await view(db, contoso.operator, made.id)).shown
    assert shown.source_id == contoso.people["annie"].id
    assert shown.shifts == (Shift("city", "Köln", "Bonn"),)
    assert shown.changed_by is not None and shown.changed_by.startswith("tester, ")


async def test_whoever_was_deleted_in_the_target_is_named_and_left(
    contoso: Org, fabrikam: Org, job: JobId, db: Database
):
    """D-4: only that administrator brings them back."""
    async with db.tenant(fabrikam.id) as tx:
        account = await find_by_home(tx, contoso.id, contoso.people["annie"].id)
        assert account is not None
        await directory.delete_users(tx, fabrikam.operator, [account.id])
    made = await drift(contoso, job)
    (shown,) = (await view(db, contoso.operator, made.id)).shown
    assert (made.tally, shown.reason) == (Tally(skip=1), "TargetDeletedByAdmin")


async def test_drift_is_repaired_only_where_that_is_on(contoso: Org, fabrikam: Org, job: JobId, db: Database):
    """Off at first; then a plan like any other."""
    await write_in_target(fabrikam, contoso.people["annie"], city="Köln")
    made = await drift(contoso, job)
    with pytest.raises(DriftRepairOff):
        await plans.apply(db, contoso.operator, made.id)
    async with db.tenant(contoso.id) as tx:
        await set_drift_repair(tx, contoso.operator, job, on=True)
    assert (await plans.apply(db, contoso.operator, made.id)).plan.tally == Tally(update=1, applied=1)
    async with db.tenant(fabrikam.id) as tx:
        account = await find_by_home(tx, contoso.id, contoso.people["annie"].id)
    assert account is not None and account.city == "Bonn"
    assert (await drift(contoso, job)).tally == Tally()
