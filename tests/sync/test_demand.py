"""Provision on demand: one person at once, in five steps, beside whatever else goes on (provisioning §7.1)."""

from __future__ import annotations

import asyncio

import pytest

from comity.core.ids import JobId
from comity.db.database import Database
from comity.directory import service as directory
from comity.partners import service as partners
from comity.sync import service as sync
from comity.sync.controlling import stop
from comity.sync.demand import NotToBePicked, TooManyDemands, provision
from comity.sync.drain import Phase, Progress, drain
from comity.sync.model import Status
from tests.support.books import wrong_accounts, wrong_entries
from tests.support.drains import accept, is_alive, share, standing, unshare
from tests.support.world import Org


@pytest.fixture
async def job(contoso: Org, fabrikam: Org) -> JobId:
    """Annie and Bob are shared with Fabrikam, which accepts; nothing is synced, and the job is paused."""
    people = [await contoso.add_person(name) for name in ("annie", "bob")]
    await accept(fabrikam, people_of=contoso)
    job = await share(contoso, *people, to=fabrikam)
    async with contoso.db.tenant(contoso.id) as tx:
        await stop(tx, contoso.operator, job)
    return job


async def test_one_person_of_a_paused_job_is_provisioned_in_five_steps(
    contoso: Org, fabrikam: Org, job: JobId, db: Database
):
    """Graph's step types in their order, and what was written; nobody else is touched."""
    annie, bob = contoso.people["annie"], contoso.people["bob"]
    done = await provision(db, contoso.operator, job, annie.id)
    assert [each.type.value for each in done.steps] == [
        "import", "scoping", "matching", "referenceResolution", "export",
    ]  # fmt: skip
    assert {each.status for each in done.steps} == {Status.SUCCESS}
    assert (done.action, done.code) == ("create", None)
    assert {(each.attribute, each.old, each.new) for each in done.modified} >= {("displayName", None, "Annie")}
    assert [await is_alive(fabrikam, each) for each in (annie, bob)] == [True, False]
    assert await wrong_entries(db, contoso.id, [fabrikam.id]) == []
    (now,) = await standing(contoso)
    assert now.last_run is not None and (now.last_run.id, now.last_run.counts.created) == (done.run_id, 1)


async def test_whoever_is_in_line_is_a_redundant_export(contoso: Org, job: JobId, db: Database):
    await provision(db, contoso.operator, job, contoso.people["annie"].id)
    again = await provision(db, contoso.operator, job, contoso.people["annie"].id)
    assert (again.action, again.code, again.modified) == ("none", "RedundantExport", ())
    assert again.steps[-1].status is Status.SKIPPED


async def test_whoever_was_unassigned_is_soft_deleted(contoso: Org, fabrikam: Org, job: JobId, db: Database):
    """And comes back with the same id when she is shared again, unlike in the reference product."""
    annie = contoso.people["annie"]
    created = await provision(db, contoso.operator, job, annie.id)
    await unshare(contoso, annie, to=fabrikam)
    gone = await provision(db, contoso.operator, job, annie.id)
    assert (gone.action, gone.steps[1].status) == ("delete", Status.SKIPPED)
    await share(contoso, annie, to=fabrikam)
    back = await provision(db, contoso.operator, job, annie.id)
    assert (back.action, back.target_id) == ("restore", created.target_id)


async def test_whoever_is_deleted_or_disabled_at_home_cannot_be_picked(contoso: Org, job: JobId, db: Database):
    async with db.tenant(contoso.id) as tx:
        await directory.delete_users(tx, contoso.operator, [contoso.people["annie"].id])
    await contoso.change(contoso.people["bob"], account_enabled=False)
    for name in ("annie", "bob"):
        with pytest.raises(NotToBePicked):
            await provision(db, contoso.operator, job, contoso.people[name].id)


async def test_a_closed_target_shows_in_the_first_step_alone(contoso: Org, fabrikam: Org, job: JobId, db: Database):
    """A failed import stands for the connection that could not be made."""
    async with db.tenant(fabrikam.id) as tx:
        await partners.withdraw_acceptance(tx, fabrikam.operator, contoso.id)
    done = await provision(db, contoso.operator, job, contoso.people["annie"].id)
    assert [(each.name, each.status) for each in done.steps] == [("EntryImport", Status.FAILURE)]
    assert done.code == "sync-target-not-accepted"


async def test_six_people_within_ten_seconds_are_one_too_many(contoso: Org, job: JobId, db: Database):
    """5 requests per 10 s; on the machine clock, which the lab's offset does not move."""
    annie = contoso.people["annie"]
    for _ in range(5):
        await provision(db, contoso.operator, job, annie.id)
    with pytest.raises(TooManyDemands):
        await provision(db, contoso.operator, job, annie.id)


async def test_one_person_is_provisioned_beside_a_running_drain(contoso: Org, fabrikam: Org, job: JobId, db: Database):
    """The same person in both, at every phase of the drain: no account twice, the books balance, links are right."""
    async with db.tenant(contoso.id) as tx:
        await sync.start(tx, contoso.operator, job)
    annie = contoso.people["annie"]
    demands: dict[Phase, asyncio.Task[object]] = {}

    def watch(progress: Progress) -> None:
        if progress.phase not in demands and len(demands) < 5:
            demands[progress.phase] = asyncio.create_task(provision(db, contoso.operator, job, annie.id))

    await drain(db, contoso.id, watch=watch, page_size=1)
    await asyncio.gather(*demands.values())
    await drain(db, contoso.id)
    assert await wrong_accounts(db, contoso, fabrikam, job) == []
    assert await wrong_entries(db, contoso.id, [fabrikam.id]) == []
