"""Several jobs of one pair: none takes away what another offers, and nobody stays because of both (D-2)."""

from __future__ import annotations

import pytest

from comity.core.caller import UserType
from comity.core.ids import JobId, RunId
from comity.db.database import Database
from comity.directory import service as directory
from comity.directory.model import User
from comity.sync import configuring, plans
from comity.sync import service as sync
from comity.sync.controlling import Reset, restart
from comity.sync.drain import drain
from comity.sync.planned import Tally
from comity.sync.service import Principals
from comity.sync.undoing import ask_undo
from tests.support.drains import accept, is_alive, last_run, share, standing
from tests.support.organizations import unite
from tests.support.world import Org


@pytest.fixture
async def annie(contoso: Org, fabrikam: Org, db: Database) -> User:
    """She is shared with Fabrikam twice: pairwise, and with the whole organisation."""
    await unite(contoso, fabrikam)
    found = await contoso.add_person("annie", city="Köln")
    await accept(fabrikam, people_of=contoso)
    await share(contoso, found, to=fabrikam)
    async with db.tenant(contoso.id) as tx:
        await sync.share_with_all(tx, contoso.operator, Principals([found.id]))
    await drain(db, contoso.id)
    assert await is_alive(fabrikam, found)
    return found


async def test_who_is_deleted_at_home_goes(contoso: Org, fabrikam: Org, annie: User, db: Database):
    """She is assigned to both jobs still; neither may leave it to the other."""
    async with db.tenant(contoso.id) as tx:
        await directory.delete_users(tx, contoso.operator, [annie.id])
    await drain(db, contoso.id)
    assert not await is_alive(fabrikam, annie)


async def test_who_becomes_a_guest_at_home_goes(contoso: Org, fabrikam: Org, annie: User, db: Database):
    """Nobody can offer her any more (provisioning §3.2)."""
    await contoso.change(annie, user_type=UserType.GUEST)
    await drain(db, contoso.id)
    assert not await is_alive(fabrikam, annie)


@pytest.mark.parametrize("other_rests", [False, True])
async def test_who_leaves_one_of_them_stays(contoso: Org, fabrikam: Org, annie: User, db: Database, other_rests: bool):
    """Also while the other job rests: started again, it would find nothing that tells it of her."""
    async with db.tenant(contoso.id) as tx:
        first, other = [each.job.id for each in await sync.list_standing(tx, contoso.operator)]
        if other_rests:
            await sync.pause(tx, contoso.operator, other)
    await let_pass(contoso, first, city="Bonn")
    await drain(db, contoso.id)
    async with db.tenant(contoso.id) as tx:
        await sync.start(tx, contoso.operator, other)
    await drain(db, contoso.id)
    assert await is_alive(fabrikam, annie)

    await let_pass(contoso, other, city="Bonn")
    await drain(db, contoso.id)
    assert not await is_alive(fabrikam, annie)


async def test_whom_one_takes_over_the_other_lets_go_without_a_deletion(contoso: Org, fabrikam: Org, db: Database):
    """Both look at her on the same page, the one that takes her over first: the other must know of it by then."""
    await unite(contoso, fabrikam)
    annie, bob = await contoso.add_person("annie"), await contoso.add_person("bob")
    await accept(fabrikam, people_of=contoso)
    taking = await share(contoso, bob, to=fabrikam)
    async with db.tenant(contoso.id) as tx:
        (shared,) = await sync.share_with_all(tx, contoso.operator, Principals([annie.id]))
    await drain(db, contoso.id)
    assert taking < shared.job.id

    await share(contoso, annie, to=fabrikam)
    await let_pass(contoso, shared.job.id, city="Bonn")
    async with db.tenant(contoso.id) as tx:
        await restart(tx, contoso.operator, taking, {Reset.WATERMARK})
    await drain(db, contoso.id)
    assert await is_alive(fabrikam, annie)


async def test_an_undo_leaves_whom_the_other_manages(contoso: Org, fabrikam: Org, db: Database):
    """The run of one created her, the other took her over: nothing would tell the other that she is gone."""
    await unite(contoso, fabrikam)
    annie = await contoso.add_person("annie")
    await accept(fabrikam, people_of=contoso)
    await share(contoso, annie, to=fabrikam)
    await drain(db, contoso.id)
    run = (await last_run(contoso)).id
    async with db.tenant(contoso.id) as tx:
        await sync.share_with_all(tx, contoso.operator, Principals([annie.id]))
    await drain(db, contoso.id)

    assert await undo(contoso, run) == [Tally(refuse=1)]
    assert await is_alive(fabrikam, annie)


async def test_an_undo_of_what_both_did_takes_all_of_it_back(contoso: Org, fabrikam: Org, annie: User):
    """One cause, two jobs, two plans; neither keeps her for the other's sake."""
    await undo(contoso, (await standing(contoso))[0].last_run.id)  # type: ignore[union-attr]
    assert not await is_alive(fabrikam, annie)


async def undo(org: Org, run: RunId) -> list[Tally]:
    """Take a run back; the figures of its plans as they were made."""
    async with org.db.tenant(org.id) as tx:
        asked = await ask_undo(tx, org.operator, run)
    tallies = [(await plans.make(org.db, org.operator, each)).tally for each in asked]
    for each in asked:
        await plans.apply(org.db, org.operator, each)
    return tallies


async def let_pass(org: Org, job: JobId, *, city: str) -> None:
    """Only people of a city pass the job's filter."""
    clause = {"sourceOperandName": "city", "operatorName": "EQUALS", "targetOperand": {"values": [city]}}
    async with org.db.tenant(org.id) as tx:
        await configuring.set_filter(tx, org.operator, job, {"groups": [{"name": "city", "clauses": [clause]}]})
