"""Rows of people who are new: read in the source, made in the target, noted in the source again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from comity.core.ids import JobId, RunId, TenantId, UserId
from comity.db.bulk import bulk_text
from comity.db.queries import Queries
from comity.db.transaction import Transaction
from comity.db.values import array_text, text_array
from comity.directory.decide import TEXT_LENGTH_MAX
from comity.directory.model import Attribute
from comity.events.feed import append_arrivals
from comity.sync.model import ALL_CARRIED, Job, ScopeMode
from comity.sync.newcomers.model import HEAD, NULL, Arrival, Candidate, Met, Newcomers, Row
from comity.sync.newcomers.staging import STAGED_NEWCOMERS, TAIL
from comity.sync.plain import Plain
from comity.sync.reading import running_jobs, siblings

Q: Final = Queries("comity.sync.newcomers")


async def read_newcomers(
    tx: Transaction, jobs: Sequence[Job], known: Sequence[Job], ids: Sequence[UserId], plain: Plain, *, at_least: int
) -> tuple[Newcomers | None, list[UserId]]:
    """Read those of a page whom no job of these pairs has in its books, as the source, and who the others are.

    `known` are all jobs of the tenant. None if fewer than `at_least` are new.
    """
    all_ids = array_text(ids)
    concerned = [each.id for each in siblings(jobs, known)]
    noted = {UserId(UUID(row[0])) for row in await tx.rows(Q.noted, jobs=array_text(concerned), ids=all_ids)}
    if len(ids) - len(noted) < at_least:
        return None, list(ids)
    running = await running_jobs(tx, jobs)
    new = array_text(each for each in ids if each not in noted) if noted else all_ids
    assigned = [each.id for each in jobs if each.scope_mode is not ScopeMode.ALL]
    in_scope: dict[JobId, set[str] | None] = {each.id: None for each in jobs} | {each: set() for each in assigned}
    if assigned:
        for job_id, texts in await tx.rows(Q.in_scope, jobs=array_text(assigned), ids=new):
            in_scope[job_id] = set(texts.split(","))
    text = await tx.copy_out(Q.people, ids=new, longest=TEXT_LENGTH_MAX, **_columns(plain))
    rows = [Row(*line.split("\t", HEAD)) for line in text.split("\n")[:-1]]  # other separators may stand in a name
    managers = await _managers(tx, jobs, {row.manager_id for row in rows} - {NULL})
    return Newcomers(rows, in_scope, managers, running), [each for each in ids if each in noted]


async def _managers(tx: Transaction, jobs: Sequence[Job], ids: set[str]) -> dict[JobId, dict[str, str]]:
    found: dict[JobId, dict[str, str]] = {each.id: {} for each in jobs}
    if ids:
        job_ids = array_text(found)
        for job_id, source_id, target_id in await tx.rows(Q.managers, jobs=job_ids, ids=array_text(sorted(ids))):
            found[job_id][source_id] = target_id
    return found


def _columns(plain: Plain) -> dict[str, object]:
    """What the statement has to know of a mapping."""
    takes = {f"takes_{each.column}": each in plain.takes for each in (*TAIL, Attribute.MANAGER_ID)}
    constants = dict(plain.constants)
    return takes | {each.column: constants.get(each) for each in TAIL}


async def meet(tx: Transaction, source: TenantId, candidates: Sequence[Candidate]) -> Met:
    """What of them stands in the transaction's tenant already."""
    met: dict[str, set[str]] = {"home": set(), "name": set(), "mail": set()}
    for kind, text in await tx.rows(
        Q.met,
        source=source,
        ids=array_text(each.row.id for each in candidates),
        names=text_array([each.upn_key for each in candidates]),
        mails=text_array([each.row.mail_key for each in candidates if each.row.mail_key != NULL]),
    ):
        met[kind].add(text)
    return Met(met["home"], met["name"], met["mail"])


async def admit(tx: Transaction, source: TenantId, arrival: Arrival) -> None:
    """Make the accounts in the transaction's tenant, with a receipt each, and tell its feed."""
    await bulk_text(tx, STAGED_NEWCOMERS, ["".join(arrival.lines)])
    await tx.execute(Q.create, source=source, at=tx.now)
    await tx.execute(
        Q.receipts,
        plan_id=arrival.plan_id, job_id=arrival.job_id, source=source, changed=ALL_CARRIED, cause=arrival.cause,
        at=tx.now,
    )  # fmt: skip
    append_arrivals(tx, [new_id for _, new_id in arrival.pairs], changed=ALL_CARRIED, cause=arrival.cause)


async def note(tx: Transaction, arrival: Arrival, run_id: RunId) -> None:
    """Write log lines and links of these accounts, as the source.

    Raises:
        Duplicate: at the boundary, if one of them has a link by now.
    """
    await bulk_text(tx, STAGED_NEWCOMERS, ["".join(arrival.lines)])
    await tx.execute(
        Q.log,
        plan_id=arrival.plan_id, job_id=arrival.job_id, run_id=run_id, changed=ALL_CARRIED, at=tx.now,
        waiting=array_text(arrival.unresolved),
    )  # fmt: skip
    await tx.execute(Q.links, plan_id=arrival.plan_id, job_id=arrival.job_id)
