"""Read the provisioning log: filtered, page by page, with names and values as the reader may see them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, Final
from uuid import UUID

from comity.core.caller import Caller
from comity.core.ids import JobId, PlanId
from comity.core.permissions import Permission
from comity.db.queries import Queries
from comity.db.transaction import Transaction, as_uuid
from comity.db.values import array_text
from comity.sync import store
from comity.sync.interests import mapping_of
from comity.sync.log.model import ACTIONS, RESULTS, Line, LogFilter, LogFilterInvalid, LogPage, Summary
from comity.sync.log.render import Around, Named, render
from comity.sync.model import Action, Status
from comity.sync.redaction import redacted_bits

Q: Final = Queries("comity.sync.log")

PAGE_MAX: Final = 1000
_LAST: Final[Line] = (PlanId(UUID(int=(1 << 128) - 1)), 0)
_ACTIONS: Final = {
    "create": {Action.CREATE},
    "update": {Action.UPDATE, Action.ADOPT, Action.RESTORE},
    "delete": {Action.DELETE},
    "stagedDelete": {Action.STAGED_DELETE},
    "disable": set[Action](),
    "other": {Action.NONE, Action.UNLINK},
}


async def read_summaries(
    tx: Transaction, caller: Caller, which: LogFilter, *, before: str | None = None, at_most: int = 100
) -> LogPage:
    """The provisioning log, newest first, behind the line `before`.

    Raises:
        LogFilterInvalid, PermissionMissing.
    """
    caller.check(Permission.PROVISIONING_LOG_READ)
    at_most = min(at_most, PAGE_MAX)
    before_plan, before_step = _LAST if before is None else read_line_id(before)
    actions = None if which.actions is None else _numbers(which.actions)
    rows = await tx.rows(
        Q.lines,
        job_id=which.job_id, run_id=which.run_id, source_id=which.source_id, since=which.since,
        actions=actions, disables="disable" in (which.actions or ()), statuses=_status_numbers(which.statuses),
        before_plan=before_plan, before_step=before_step, at_most=at_most,
    )  # fmt: skip
    lines = await _render(tx, rows, caller.language)
    return LogPage(lines, lines[-1].id if len(lines) == at_most else None)


async def get_summary(tx: Transaction, caller: Caller, line: str) -> Summary | None:
    """One line by its id; None if there is none.

    Raises:
        LogFilterInvalid, PermissionMissing.
    """
    caller.check(Permission.PROVISIONING_LOG_READ)
    plan_id, step = read_line_id(line)
    rows = await tx.rows(Q.line, plan_id=plan_id, step=step)
    found = await _render(tx, rows, caller.language)
    return found[0] if found else None


def read_line_id(text: str) -> Line:
    """Where the line of that id stands.

    Raises:
        LogFilterInvalid.
    """
    plan, _, step = text.partition(".")
    plan_id = as_uuid(plan)
    if plan_id is None or not step.isdecimal() or len(step) > 9:
        raise LogFilterInvalid(given=text, known="the id of a line")
    return PlanId(plan_id), int(step)


async def load_names(tx: Transaction, caller: Caller, ids: Collection[UUID]) -> dict[UUID, Named]:
    """What people and groups of the source are called; whoever is gone for good is missing.

    Raises:
        PermissionMissing.
    """
    caller.check(Permission.SYNC_READ)
    return await _names(tx, ids)


async def _names(tx: Transaction, ids: Collection[UUID]) -> dict[UUID, Named]:
    return {row[0]: Named(row[1], row[2]) for row in await tx.rows(Q.names, ids=array_text(ids))} if ids else {}


async def _render(tx: Transaction, rows: Collection[tuple[Any, ...]], language: str) -> list[Summary]:
    jobs = {each.id: each for each in await store.list_jobs(tx)} if rows else {}
    redacted = {job_id: redacted_bits(mapping_of(job)) for job_id, job in jobs.items()}
    names = await _names(tx, {row[4] for row in rows})
    return [
        render(
            store.log_entry(*columns),
            Around(jobs[JobId(columns[2])], redacted[JobId(columns[2])], _milliseconds(seconds, of), names, language),
        )
        for *columns, seconds, of in rows
        if columns[2] in jobs
    ]


def _milliseconds(seconds: float | None, of: int | None) -> int:
    """The mean of the run, at least one."""
    return max(round(1000 * (seconds or 0) / of), 1) if of else 1


def _numbers(words: Iterable[str]) -> list[int]:
    if unknown := [each for each in words if each not in _ACTIONS]:
        raise LogFilterInvalid(given=", ".join(unknown), known=", ".join(ACTIONS))
    return sorted({each.value for word in words for each in _ACTIONS[word]})


def _status_numbers(words: Iterable[str] | None) -> list[int] | None:
    if words is None:
        return None
    known = {each.name.lower(): each.value for each in Status}
    if unknown := [each for each in words if each not in known]:
        raise LogFilterInvalid(given=", ".join(unknown), known=", ".join(RESULTS))
    return [known[each] for each in words]
