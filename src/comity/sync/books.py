"""The source's books: log, links and runs, projected from receipts (design §4.6)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from comity.core.ids import CauseId, PlanId, RunId, UserId, new_id
from comity.db.transaction import Transaction
from comity.db.values import jsonb, text_array
from comity.sync import store
from comity.sync.attributes import names_of
from comity.sync.escrow import store as escrow
from comity.sync.held.store import drop as drop_held
from comity.sync.interests import mapping_of
from comity.sync.model import Action, Counts, Job, JobState, Reason, Receipt, RunState, Skip, Status
from comity.sync.quarantine.model import QuarantineReason, Trouble
from comity.sync.quarantine.service import impose
from comity.sync.quarantine.store import move
from comity.sync.redaction import redact, redacted_bits

_COUNTED: Final = {
    Action.CREATE: "created",
    Action.UPDATE: "updated",
    Action.ADOPT: "updated",
    Action.DELETE: "deleted",
    Action.RESTORE: "restored",
    Action.UNLINK: "updated",
}

NumberedSkip = tuple[int, Skip, PlanId, CauseId]
"""Somebody left alone: the step's number, who and why, the plan, and what set it off."""


async def open_runs(
    tx: Transaction, job: Job, causes: Iterable[CauseId], plan_id: PlanId | None, *, kind: str | None = None
) -> dict[CauseId, RunId]:
    """The job's runs of these causes, which the plan adds to."""
    kind = kind or ("initial" if job.watermark is None else "incremental")
    return await store.open_runs(tx, job.id, {each: RunId(new_id()) for each in causes}, kind, plan_id)


async def project(
    tx: Transaction,
    job: Job,
    runs: Mapping[CauseId, RunId],
    receipts: Sequence[Receipt],
    skips: Sequence[NumberedSkip],
    *,
    codes: Mapping[int, str] = MappingProxyType({}),
    kept: Mapping[int, int] = MappingProxyType({}),
    waiting: Collection[UserId] = frozenset(),
) -> None:
    """Write the log lines of these receipts and skips, and bring the links up to date.

    `codes` are what has to be said of steps that were done, `kept` the attributes (bits) that were left to the target,
    `waiting` people whose manager is not there yet. What the mapping redacts is not written.
    """
    said = dict.fromkeys(kept, Reason.TARGET_OWNED.value) | dict(codes)
    bits = redacted_bits(mapping_of(job))
    shown = [_redacted(each, bits) for each in receipts] if bits else receipts
    rows: list[tuple[object, ...]] = [
        (r.plan_id, r.step, job.id, runs[r.cause], r.source_id, r.target_id, r.action.value,
         Status.SUCCESS.value, said.get(r.step), r.changed,
         None if r.before is None else text_array(r.before), text_array(r.after), r.kind,
         _details(r, kept, waiting) if kept or waiting else None, r.version_after)
        for r in shown
    ]  # fmt: skip
    rows += [
        (plan_id, number, job.id, runs[cause], skip.source_id, skip.target_id,
         (Action.STAGED_DELETE if skip.reason is Reason.TOO_MANY_DELETES else Action.NONE).value,
         (Status.FAILURE if skip.failed else Status.SKIPPED).value, skip.reason.value, 0, None, None,
         skip.kind, jsonb(skip.details), 0)
        for number, skip, plan_id, cause in skips
    ]  # fmt: skip
    if rows:
        await store.project(tx, rows, at=tx.now)


def _details(receipt: Receipt, kept: Mapping[int, int], waiting: Collection[UserId]) -> object:
    """What the log says beside a step that was done."""
    facts: dict[str, object] = {}
    if receipt.step in kept:
        facts["attributes"] = names_of(kept[receipt.step])
    if receipt.source_id in waiting:
        facts["manager"] = "waiting"
    return jsonb(facts) if facts else None


def _redacted(receipt: Receipt, bits: int) -> Receipt:
    """A group's attributes are copied, never computed: nothing of them is hidden."""
    if receipt.kind is not None:
        return receipt
    before, after = (redact(each, receipt.action, receipt.changed, bits) for each in (receipt.before, receipt.after))
    return receipt._replace(before=None if before is None else list(before), after=list(after or ()))


async def project_missing(
    tx: Transaction,
    job: Job,
    plan_id: PlanId,
    receipts: Sequence[Receipt],
    *,
    after: int,
    kind: str | None = None,
    codes: Mapping[int, str] = MappingProxyType({}),
    kept: Mapping[int, int] = MappingProxyType({}),
) -> None:
    """Project those of these receipts that the log does not hold; somebody else may be at the same plan."""
    await store.lock_plan(tx, plan_id)
    logged = await store.logged_steps(tx, plan_id, after=after, up_to=receipts[-1].step)
    missing = [each for each in receipts if each.step not in logged]
    counted = count(missing, [])
    runs = await open_runs(tx, job, counted, plan_id, kind=kind)
    await project(tx, job, runs, missing, [], codes=codes, kept=kept)
    await drop_held(tx, job.id, [each.source_id for each in missing])
    await escrow.leave(tx, job.id, (each.source_id for each in missing))
    await store.count_runs(tx, {runs[each]: counted[each] for each in counted}, seconds=0)


async def refuse(tx: Transaction, job: Job, cause: CauseId, runs: Iterable[RunId], code: str) -> None:
    """Note that a job may not run, and why: it goes into quarantine, unless it has never run.

    Who shares before the other side has accepted waits for that; nothing is broken (provisioning §2).
    """
    opened = await open_runs(tx, job, [cause], None)
    await store.end_runs(tx, [*opened.values(), *runs], RunState.FAILED, error=code)
    if job.watermark is None:
        await move(tx, job.id, JobState.ACTIVE, code)
    else:
        await impose(tx, job, Trouble(QuarantineReason.EXCEPTION, code))


def count(receipts: Iterable[Receipt], skips: Iterable[NumberedSkip]) -> dict[CauseId, Counts]:
    """Figures per cause; a run without effect has an entry too, if anybody was skipped or failed."""
    figures: dict[CauseId, dict[str, int]] = {}
    for receipt in receipts:
        row = figures.setdefault(receipt.cause, {})
        row[_COUNTED[receipt.action]] = row.get(_COUNTED[receipt.action], 0) + 1
    for _, skip, _, cause in skips:
        row = figures.setdefault(cause, {})
        name = "failed" if skip.failed else "skipped"
        row[name] = row.get(name, 0) + 1
    return {cause: Counts(**row) for cause, row in figures.items()}
