"""Stop is true: it halts between batches, from any process, and nothing wakes what rests (design D8, §3.5)."""

from __future__ import annotations

import asyncio

import pytest

from comity.core.ids import JobId
from comity.db.database import Database
from comity.directory import service as directory
from comity.sync import plan_store, plans
from comity.sync import service as sync
from comity.sync.configuring import JobChanged
from comity.sync.controlling import Reset, ResetInvalid, read_resets, restart, stop
from comity.sync.drain import Phase, Progress, drain
from comity.sync.model import JobState
from comity.sync.planned import PlanOutdated, PlanState, Proposal
from tests.support.books import wrong_accounts, wrong_entries
from tests.support.drains import accept, share, standing
from tests.support.world import Org


async def halt(org: Org, job: JobId) -> None:
    async with org.db.tenant(org.id) as tx:
        await stop(tx, org.operator, job)


async def start(org: Org, job: JobId) -> None:
    async with org.db.tenant(org.id) as tx:
        await sync.start(tx, org.operator, job)


@pytest.fixture
async def crowd(contoso: Org, fabrikam: Org) -> JobId:
    """Contoso shares 60 people with Fabrikam, which accepts; nothing is synced yet."""
    people = await contoso.add_many(60)
    await accept(fabrikam, people_of=contoso)
    return await share(contoso, *people, to=fabrikam)


async def test_a_stop_from_elsewhere_halts_a_drain_before_its_next_page(
    contoso: Org, fabrikam: Org, crowd: JobId, db: Database
):
    """What was begun is finished with its books; the rest waits, and goes on where it stood."""
    stopping: list[asyncio.Task[None]] = []

    def watch(progress: Progress) -> None:
        if progress.phase is Phase.APPLIED and not stopping:
            stopping.append(asyncio.create_task(halt(contoso, crowd)))

    drained = await drain(db, contoso.id, watch=watch, page_size=5)
    await stopping[0]
    assert 0 < drained.total.created < 60
    (now,) = await standing(contoso)
    assert (now.job.state, now.job.state_reason, now.job.watermark) == (JobState.PAUSED, "stopped", None)
    assert now.last_run is not None and now.last_run.state.value == "Stopped"
    assert await wrong_entries(db, contoso.id, [fabrikam.id]) == []
    assert (await drain(db, contoso.id)).total.changed == 0  # nothing wakes it

    await start(contoso, crowd)
    await drain(db, contoso.id)
    assert await wrong_accounts(db, contoso, fabrikam, crowd) == []


async def test_a_stop_takes_effect_at_the_next_page_of_full_size(contoso: Org, fabrikam: Org, db: Database):
    """How many seconds that is the benchmark says (bench/plan.py); here only that not everybody is done."""
    people = await contoso.add_many(20_000)
    await accept(fabrikam, people_of=contoso)
    job = await share(contoso, *people, to=fabrikam)
    begun = asyncio.Event()
    draining = asyncio.create_task(drain(db, contoso.id, watch=lambda each: begun.set() if each.looked_at else None))
    await begun.wait()
    await halt(contoso, job)
    drained = await draining
    assert drained.total.created < 20_000
    assert drained.left == {job}


async def test_a_plan_being_applied_is_stopped_and_goes_on(contoso: Org, fabrikam: Org, crowd: JobId, db: Database):
    """Between two batches; applying it again does the rest, and nothing twice."""
    await halt(contoso, crowd)
    async with db.tenant(contoso.id) as tx:
        plan_id = await plans.ask(tx, contoso.operator, job_id=crowd)
    await plans.make(db, contoso.operator, plan_id)
    stopping: list[asyncio.Task[None]] = []

    def watch(_: object) -> None:
        if not stopping:
            stopping.append(asyncio.create_task(halt(contoso, crowd)))

    first = await plans.apply(db, contoso.operator, plan_id, watch=watch, page_size=5)
    await stopping[0]
    assert first.stopped
    assert first.plan.state is PlanState.INTERRUPTED
    assert 0 < first.plan.tally.applied < 60
    assert await wrong_entries(db, contoso.id, [fabrikam.id]) == []
    rest = await plans.apply(db, contoso.operator, plan_id)
    assert (rest.plan.state, rest.plan.tally.applied) == (PlanState.APPLIED, 60)
    assert await wrong_entries(db, contoso.id, [fabrikam.id]) == []
    assert await wrong_accounts(db, contoso, fabrikam, crowd) == []


async def test_resuming_a_stopped_job_shows_the_plan_first(contoso: Org, fabrikam: Org, crowd: JobId, db: Database):
    """The plan of a paused job says what its next drain would do."""
    await halt(contoso, crowd)
    async with db.tenant(contoso.id) as tx:
        plan_id = await plans.ask(tx, contoso.operator, job_id=crowd)
    assert (await plans.make(db, contoso.operator, plan_id)).tally.create == 60
    assert await living(fabrikam) == 0


@pytest.mark.parametrize(
    ("text", "resets"),
    [
        ("", {Reset.QUARANTINE, Reset.WATERMARK, Reset.ESCROWS}),
        ("None", set()),
        ("watermark, ForceDeletes", {Reset.WATERMARK, Reset.FORCE_DELETES}),
        ("Full", {Reset.WATERMARK, Reset.ESCROWS, Reset.QUARANTINE, Reset.CONNECTOR}),
        ("Full,ForceDeletes", set(Reset) - {Reset.NONE, Reset.FULL}),
    ],
)
def test_reset_scopes_mean_what_graph_says(text: str, resets: set[Reset]):
    """provisioning §3.5: an empty one is the portal's button, Full never forces deletes (D-5)."""
    assert read_resets(text) == resets


def test_an_unknown_reset_scope_lists_those_there_are():
    with pytest.raises(ResetInvalid) as fault:
        read_resets("Watermark,Everything")
    assert fault.value.parameters["given"] == "everything"


@pytest.mark.parametrize("reset", [Reset.WATERMARK, Reset.CONNECTOR])
async def test_a_restart_looks_at_everybody_again(
    contoso: Org, fabrikam: Org, crowd: JobId, db: Database, reset: Reset
):
    """An account that was changed in the target is brought back in line, or matched anew."""
    await drain(db, contoso.id)
    async with db.tenant(fabrikam.id) as tx:
        await tx.execute(
            "update users set city = 'Elsewhere', show_in_address_list = false, version = version + 1 "
            "where tenant_id = %(tenant_id)s and home_tenant_id = %(source)s",
            source=contoso.id,
        )
    assert (await drain(db, contoso.id)).total.changed == 0
    async with db.tenant(contoso.id) as tx:
        await restart(tx, contoso.operator, crowd, {reset})
    assert (await drain(db, contoso.id)).total.updated == 60


async def test_a_restart_without_resets_only_resumes(contoso: Org, crowd: JobId, db: Database):
    """`None` resumes a paused job where it stood."""
    await drain(db, contoso.id)
    await halt(contoso, crowd)
    async with db.tenant(contoso.id) as tx:
        await restart(tx, contoso.operator, crowd, read_resets("None"))
    (now,) = await standing(contoso)
    assert now.job.state is JobState.ACTIVE
    assert (await drain(db, contoso.id)).entries == 0


async def test_a_proposal_does_not_outlive_a_job_that_was_opened_meanwhile(contoso: Org, fabrikam: Org, db: Database):
    """Two administrators share with the same tenant at once: one job, and one of them is told."""
    annie = await contoso.add_person("annie")
    await accept(fabrikam, people_of=contoso)
    async with db.tenant(contoso.id) as tx:
        plan_id = await plans.ask(tx, contoso.operator, proposal=Proposal(opens=fabrikam.id, add_users=(annie.id,)))
    await plans.make(db, contoso.operator, plan_id)
    await share(contoso, annie, to=fabrikam)
    with pytest.raises((JobChanged, PlanOutdated)):
        await plans.apply(db, contoso.operator, plan_id)
    async with db.tenant(contoso.id) as tx:
        assert (await plan_store.get(tx, plan_id)).state is not PlanState.APPLIED
    assert len(await standing(contoso)) == 1


async def living(org: Org) -> int:
    """How many accounts live in a tenant."""
    async with org.db.tenant(org.id) as tx:
        return len(await directory.list_users(tx, org.operator, at_most=1000))
