"""Who sees what of a plan: names and values with the reader's rights, `[Redact]` and counts for the rest (D7)."""

from __future__ import annotations

from typing import Any

import pytest

from comity.core.ids import JobId, PlanId
from comity.core.permissions import Permission
from comity.db.database import Database
from comity.sync import plans
from comity.sync.controlling import stop
from comity.sync.drain import drain
from comity.sync.mapping_document import read_mapping, write_mapping
from comity.sync.planned import PlanUnknown, Proposal, Verdict
from comity.sync.redaction import REDACTED
from comity.sync.viewing import Shift, view, view_incoming
from tests.support.drains import accept, share
from tests.support.world import Org

READER: Any = {"permissions": frozenset({Permission.SYNC_READ, Permission.USER_READ})}
BLIND: Any = {"permissions": frozenset({Permission.SYNC_READ})}


@pytest.fixture
async def job(contoso: Org, fabrikam: Org) -> JobId:
    """Annie and Bob stand in Fabrikam; the job rests."""
    people = [await contoso.add_person(name, city="Bonn") for name in ("annie", "bob")]
    await accept(fabrikam, people_of=contoso)
    job = await share(contoso, *people, to=fabrikam)
    await drain(contoso.db, contoso.id)
    async with contoso.db.tenant(contoso.id) as tx:
        await stop(tx, contoso.operator, job)
    return job


async def planned(contoso: Org, fabrikam: Org, job: JobId) -> PlanId:
    """Annie moves, Bob is unshared, Charlie comes."""
    charlie = await contoso.add_person("charlie")
    await contoso.change(contoso.people["annie"], city="Köln")
    await share(contoso, charlie, to=fabrikam)
    async with contoso.db.tenant(contoso.id) as tx:
        plan_id = await plans.ask(
            tx, contoso.operator, job_id=job, proposal=Proposal(remove=(contoso.people["bob"].id,))
        )
    await plans.make(contoso.db, contoso.operator, plan_id)
    return plan_id


async def test_a_reader_of_the_source_sees_names_and_old_and_new_values(
    contoso: Org, fabrikam: Org, job: JobId, db: Database
):
    """Of a creation what the account would have, of a deletion who it is."""
    plan_id = await planned(contoso, fabrikam, job)
    reader = contoso.as_user(contoso.people["annie"], **READER)
    seen = await view(db, reader, plan_id)
    shown = {each.display_name: each for each in seen.shown}
    assert seen.hidden == {}
    assert (shown["Annie"].verdict, shown["Annie"].shifts) == (Verdict.UPDATE, (Shift("city", "Bonn", "Köln"),))
    assert (shown["Bob"].verdict, shown["Bob"].shifts) == (Verdict.DELETE, ())
    assert Shift("displayName", None, "Charlie") in shown["Charlie"].shifts
    assert not any(each.changed_since for each in seen.shown)


async def test_whoever_may_not_read_people_sees_how_many(contoso: Org, fabrikam: Org, job: JobId, db: Database):
    plan_id = await planned(contoso, fabrikam, job)
    seen = await view(db, contoso.as_user(contoso.people["annie"], **BLIND), plan_id)
    assert (seen.shown, seen.hidden) == ([], {"create": 1, "update": 1, "delete": 1})


async def test_a_reader_of_the_target_sees_his_accounts_and_no_value_of_the_source(
    contoso: Org, fabrikam: Org, job: JobId, db: Database
):
    """Old values are his own, new ones [Redact]; whoever is not there yet is a count."""
    plan_id = await planned(contoso, fabrikam, job)
    dana = await fabrikam.add_person("dana")
    seen = await view_incoming(db, fabrikam.as_user(dana, **READER), contoso.id, plan_id)
    shown = {each.display_name: each for each in seen.shown}
    assert set(shown) == {"Annie", "Bob"}
    assert shown["Annie"].shifts == (Shift("city", "Bonn", REDACTED),)
    assert shown["Annie"].source_id is None
    assert seen.hidden == {"create": 1}
    blind = await view_incoming(db, fabrikam.as_user(dana, **BLIND), contoso.id, plan_id)
    assert (blind.shown, blind.hidden) == ([], {"create": 1, "update": 1, "delete": 1})


async def test_nobody_else_sees_the_plan(contoso: Org, fabrikam: Org, tailspin: Org, job: JobId, db: Database):
    """A third tenant is told what it would be told of a plan that is not there."""
    plan_id = await planned(contoso, fabrikam, job)
    with pytest.raises(PlanUnknown):
        await view_incoming(db, tailspin.operator, contoso.id, plan_id)
    with pytest.raises(PlanUnknown):
        await view(db, tailspin.operator, plan_id)


async def test_a_redacted_value_is_shown_to_nobody(contoso: Org, job: JobId, db: Database):
    """`Redact()` in the mapping: old and new value stay hidden, also from the operator."""
    document = write_mapping(read_mapping(None))
    (row,) = [each for each in document["attributeMappings"] if each["targetAttributeName"] == "department"]
    row["source"] = {"type": "Function", "expression": "Redact([department])"}
    await contoso.change(contoso.people["annie"], department="Board")
    async with db.tenant(contoso.id) as tx:
        plan_id = await plans.ask(tx, contoso.operator, job_id=job, proposal=Proposal(mapping=document))
    await plans.make(db, contoso.operator, plan_id)
    (annie,) = (await view(db, contoso.operator, plan_id)).shown
    assert annie.shifts == (Shift("department", REDACTED, REDACTED),)


async def test_an_item_says_when_it_is_older_than_its_person(contoso: Org, fabrikam: Org, job: JobId, db: Database):
    """What is shown is decided again when it is applied."""
    plan_id = await planned(contoso, fabrikam, job)
    await contoso.change(contoso.people["annie"], city="Berlin")
    seen = await view(db, contoso.operator, plan_id)
    shown = {each.display_name: each for each in seen.shown}
    assert shown["Annie"].changed_since
    assert not shown["Charlie"].changed_since


async def test_a_plan_is_read_in_pages(contoso: Org, fabrikam: Org, job: JobId, db: Database):
    plan_id = await planned(contoso, fabrikam, job)
    first = await view(db, contoso.operator, plan_id, at_most=2)
    assert first.after is not None
    rest = await view(db, contoso.operator, plan_id, after=first.after, at_most=2)
    assert rest.after is None
    assert len({each.step for each in [*first.shown, *rest.shown]}) == 3
