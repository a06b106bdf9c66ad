"""New people of one page on their way into one target, and into the source's books."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import UUID

from comity.core.ids import CauseId, RunId, UserId, new_ids
from comity.db.database import Database
from comity.db.errors import Duplicate, ValueRefused
from comity.db.transaction import Transaction
from comity.sync import store as books
from comity.sync.books import project
from comity.sync.escrow import store as escrow
from comity.sync.groups.walk import owe_groups, syncs_groups
from comity.sync.lanes import Lane
from comity.sync.model import Counts, Receipt
from comity.sync.newcomers.decide import arrival_of, choose, sift
from comity.sync.newcomers.model import Arrival, Newcomers
from comity.sync.newcomers.store import note
from comity.sync.plain import Plain
from comity.sync.references import wake_reports


def open_to_newcomers(lane: Lane) -> Plain | None:
    """The mapping by which the lane takes newcomers just so; None if each has to be looked at.

    They are where nothing but their own standing can stand in the way: values are taken as they are, nothing is
    filtered, and new accounts may be made.
    """
    may_create = lane.job.actions.add and lane.invitations_allowed and lane.job.filter is None
    return lane.mapping.plain if may_create and lane.target.admits_text and not lane.settling else None


def alike(lanes: Sequence[Lane]) -> list[tuple[Plain, list[Lane]]]:
    """Lanes that are open to newcomers, those of one mapping together: they share a reading."""
    found: dict[Plain, list[Lane]] = {}
    for lane in lanes:
        if (plain := open_to_newcomers(lane)) is not None:
            found.setdefault(plain, []).append(lane)
    return list(found.items())


async def welcome(
    lane: Lane,
    newcomers: Newcomers,
    cause: CauseId,
    *,
    planning: Callable[[], None],
    applying: Callable[[], None],
) -> tuple[Arrival | None, set[UserId]]:
    """Make accounts in one transaction of the target; return them, and who is left for a closer look.

    What the database refuses is left as a whole: going one by one is what single people's way is for.

    Raises:
        InboundSyncOff: the target has closed its door.
    """
    chosen = choose(newcomers.rows, newcomers.in_scope[lane.job.id], lane.target_domain)
    arrival: Arrival | None = None
    left = chosen.left
    if chosen.candidates:
        try:
            async with lane.target.visit(flushed=False, cause=cause) as visit:
                planning()
                fit = sift(chosen, await visit.meet(chosen.candidates))
                left = fit.left
                if fit.candidates:
                    arrival = arrival_of(
                        fit.candidates,
                        new_ids(len(fit.candidates)),
                        newcomers.managers[lane.job.id],
                        plan_id=lane.plan_id,
                        job_id=lane.job.id,
                        cause=cause,
                        first_step=lane.take_numbers(len(fit.candidates)),
                    )
                    await visit.admit(arrival)
                applying()
        except (Duplicate, ValueRefused):
            arrival, left = None, chosen.left | {each.row.id for each in chosen.candidates}
    if arrival is not None:
        lane.unresolved.update((each, cause) for each in arrival.unresolved)
    return arrival, {UserId(UUID(each)) for each in left}


async def note_arrival(db: Database, lane: Lane, arrival: Arrival, run_id: RunId, *, seconds: float) -> Counts:
    """Enter the new accounts in the source's books; return the figures."""
    counts = Counts(created=len(arrival.pairs))
    try:
        # Written unflushed like the batch itself: the watermark after it is committed flushed.
        async with db.tenant(lane.job.tenant_id, cause=arrival.cause, flushed=False, many_rows=True) as tx:
            await note(tx, arrival, run_id)
            await _tell_others(tx, lane, arrival)
            await books.count_runs(tx, {run_id: counts}, seconds=seconds)
    except Duplicate:
        # Somebody was linked beside us, by a look at her alone: the projection by keys knows which link counts.
        receipts = await _receipts(lane, arrival)
        async with db.tenant(lane.job.tenant_id, cause=arrival.cause, flushed=False, many_rows=True) as tx:
            await project(tx, lane.job, {arrival.cause: run_id}, receipts, [])
            await _tell_others(tx, lane, arrival)
            await books.count_runs(tx, {run_id: counts}, seconds=seconds)
    return counts


async def _tell_others(tx: Transaction, lane: Lane, arrival: Arrival) -> None:
    """Whoever of them was in escrow, reports who waited for them, groups that have them as members; rarely anybody."""
    if lane.someone_failed:
        await escrow.leave(tx, lane.job.id, (UUID(source_id) for source_id, _ in arrival.pairs))
    if lane.someone_waits or syncs_groups(lane):
        moved = {UserId(UUID(source_id)): arrival.cause for source_id, _ in arrival.pairs}
        await wake_reports(tx, lane, moved)
        await owe_groups(tx, lane, moved)


async def _receipts(lane: Lane, arrival: Arrival) -> list[Receipt]:
    last = arrival.first_step + len(arrival.pairs) - 1
    async with lane.target.visit(flushed=False) as visit:
        found: list[Receipt] = []
        while not found or found[-1].step < last:
            found += await visit.receipts(arrival.plan_id, after=found[-1].step if found else arrival.first_step - 1)
    return [each for each in found if each.step <= last]
