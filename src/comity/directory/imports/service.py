"""Import people from a file: bad rows are turned away with a reason, the rest is imported."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final

from comity.audit.service import Record, record, record_many
from comity.core.caller import Caller
from comity.core.catalogue import sentence
from comity.core.errors import ComityError
from comity.core.folding import address_key
from comity.core.ids import CauseId, UserId, new_id
from comity.core.permissions import Permission
from comity.db.database import Database
from comity.db.transaction import Transaction
from comity.directory import store
from comity.directory.decide import facts_changed, facts_of
from comity.directory.imports.batches import batched, work_through
from comity.directory.imports.csv_rows import CsvRows, bounded_lines
from comity.directory.imports.decide import BatchPlan, Known, Seen, decide_batch
from comity.directory.imports.json_rows import json_array, json_lines
from comity.directory.imports.managers import MANAGER, Managed, ManagedFile, ManagerChanges, load_changes
from comity.directory.imports.model import (
    Candidate,
    Form,
    ImportReport,
    ManagerMissing,
    Progress,
    RawRow,
    Reason,
    Rejection,
    Tell,
)
from comity.directory.imports.parse import parse_row
from comity.directory.imports.rejected import RejectedFile
from comity.directory.imports.source import Source, open_source
from comity.directory.model import Attribute, User, bits
from comity.directory.service import UserChanged
from comity.events.feed import append
from comity.events.model import Change, ChangeKind
from comity.tenancy.service import list_domains

BATCH_ROWS: Final = 2000
"""Rows per transaction."""
WAITING_MAX: Final = 20_000
"""Rows that may wait for others to give up a UPN; beyond that, they are decided as things stand."""
REJECTIONS_SHOWN_MAX: Final = 20
MISSING_SHOWN_MAX: Final = 20
ANALYZE_FROM: Final = 1000
ANALYZE_GROWTH: Final = 4
"""The planner is told after so many new people, then whenever there are so many times more."""
_ADDRESSED: Final = frozenset({Attribute.USER_PRINCIPAL_NAME, Attribute.MAIL})
"""What stands in the installation's address index."""


async def import_users(
    db: Database,
    caller: Caller,
    source: Path | BinaryIO,
    *,
    name: str | None = None,
    rejected_file: Path | None = None,
    tell: Tell | None = None,
) -> ImportReport:
    """Import the people of a file into the caller's tenant.

    Read as a stream and written in batches of `BATCH_ROWS`, each one transaction; running it again
    changes nothing. Rejected rows go to `rejected_file` (default: beside a file of its own name, and
    nowhere for a stream), with sentences in the caller's language. `name` is what audit calls the file;
    `tell` hears how far it is after each batch.

    Raises:
        ImportUnreadable, ImportEmpty, ImportFormUnknown, ImportColumnRepeated: nothing is imported.
        ImportBroken, RejectedFileUnwritable: what stands before that is imported.
        PermissionMissing.
    """
    caller.check(Permission.USER_WRITE)
    if isinstance(source, Path):
        rejected_file = rejected_file or source.with_name(source.name + ".rejected.csv")
        name = name or source.name
    with open_source(source) as opened, ManagedFile() as managed:
        rows, columns, separator = _rows(opened)
        explain = partial(sentence, language=caller.language)
        with RejectedFile(rejected_file, explain, columns=columns, separator=separator) as rejects:
            domains, cause = await _begin(db, caller, name or "stream")
            work = _Import(db, caller, cause, rejects, managed)
            count = 0
            for batch in batched(rows, BATCH_ROWS):
                await work.take(batch, domains)
                count += len(batch)
                if tell is not None:
                    tell(Progress(count, opened.position(), opened.size))
            await work.finish()
        return work.report(rejects.written)


def _rows(opened: Source) -> tuple[Iterator[RawRow | Rejection], Sequence[str] | None, str]:
    """The file's rows; a CSV's columns and separator."""
    match opened.form:
        case Form.CSV:
            rows = CsvRows(bounded_lines(opened.text))
            return iter(rows), rows.names, rows.separator
        case Form.JSON:
            return json_array(opened.text), None, ","
        case Form.JSON_LINES:
            return json_lines(opened.text), None, ","


async def _begin(db: Database, caller: Caller, name: str) -> tuple[frozenset[str], CauseId]:
    """The tenant's domains, and the audit entry that everything else refers to as its cause."""
    async with db.tenant(caller.tenant_id) as tx:
        domains = frozenset(each.name for each in await list_domains(tx))
        audit_id = await record(tx, caller, Record("Import users", "tenant", caller.tenant_id, after={"file": name}))
        return domains, caller.cause or CauseId(audit_id)


@dataclass
class _Import:
    """One import under way: what is counted, and what later batches need to know of earlier ones."""

    db: Database
    caller: Caller
    cause: CauseId
    rejects: RejectedFile
    managed: ManagedFile
    seen: Seen = field(default_factory=Seen)
    waiting: list[Candidate] = field(default_factory=list)
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    rejections: list[Rejection] = field(default_factory=list)
    managers_missing: int = 0
    missing: list[ManagerMissing] = field(default_factory=list)
    _held: list[Rejection] = field(default_factory=list)
    _analyze_at: int = ANALYZE_FROM

    async def take(self, batch: Sequence[RawRow | Rejection], domains: frozenset[str]) -> None:
        """Import the next rows of the file."""
        parsed = [parse_row(each, domains=domains) if isinstance(each, RawRow) else each for each in batch]
        self._held = [each for each in parsed if isinstance(each, Rejection)]
        await self._write([each for each in parsed if isinstance(each, Candidate)], last=False)
        if self.created >= self._analyze_at:
            self._analyze_at = self.created * ANALYZE_GROWTH
            async with self.db.tenant(self.caller.tenant_id) as tx:
                await store.analyze_people(tx)
        if len(self.waiting) > WAITING_MAX:
            await self._settle_waiting()
        self._reject_held()

    async def finish(self) -> None:
        """Import the rows that waited for others, then set managers."""
        await self._settle_waiting()
        self._reject_held()
        for batch in batched(self.managed, BATCH_ROWS):
            await work_through(batch, self._set_managers, self._manager_refused)

    def report(self, rejected_file: str | None) -> ImportReport:
        """What came of it."""
        return ImportReport(
            created=self.created, updated=self.updated, unchanged=self.unchanged, rejected=self.rejected,
            rejected_file=rejected_file, cause=self.cause, rejections=tuple(self.rejections),
            managers_missing=self.managers_missing, missing=tuple(self.missing),
        )  # fmt: skip

    async def _settle_waiting(self) -> None:
        waiting = sorted(self.waiting, key=lambda row: row.line)
        self.waiting = []
        self.seen.upns_waited_for.clear()
        self.seen.people_waiting.clear()
        await self._write(waiting, last=True)

    async def _write(self, rows: Sequence[Candidate], *, last: bool) -> None:
        async def attempt(part: Sequence[Candidate]) -> None:
            async def apply(tx: Transaction) -> BatchPlan:
                plan = decide_batch(
                    part, known=await _known(tx, part), seen=self.seen, tenant_id=tx.tenant_id, at=tx.now,
                    make_id=lambda: UserId(new_id()), last=last,
                )  # fmt: skip
                await _apply(tx, self.caller, plan)
                return plan

            self._count(await self.db.run(self.caller.tenant_id, apply, cause=self.cause))

        await work_through(rows, attempt, self._refused)

    async def _set_managers(self, part: Sequence[Managed]) -> None:
        async def apply(tx: Transaction) -> ManagerChanges:
            changes = await load_changes(tx, part)
            await _update(tx, self.caller, [(before, after, MANAGER) for _, before, after in changes.changed])
            return changes

        changes = await self.db.run(self.caller.tenant_id, apply, cause=self.cause)
        promoted = sum(each.unchanged for each, _, _ in changes.changed)
        self.unchanged -= promoted
        self.updated += promoted
        for each in changes.missing:
            self._miss(each)

    def _count(self, plan: BatchPlan) -> None:
        """Note what is committed."""
        self.created += len(plan.creates)
        self.updated += len(plan.updates)
        self.unchanged += len(plan.unchanged)
        self._held += plan.rejected
        self.waiting += plan.waiting
        self.seen.upns_waited_for.update(row.upn_key for row in plan.waiting)
        self.seen.people_waiting.update(row.user_id for row in plan.waiting if row.user_id)
        settled = [
            *((each.row, each.user.id, False) for each in plan.creates),
            *((each.row, each.before.id, False) for each in plan.updates),
            *((each.row, each.user_id, True) for each in plan.unchanged),
        ]
        for row, user_id, unchanged in settled:
            self.seen.people.add(user_id)
            if row.manager is not None:
                self.managed.add(Managed(row.line, user_id, row.manager, unchanged))

    def _refused(self, row: Candidate, fault: ComityError) -> None:
        detail = fault.parameters.get("detail") or fault.parameters.get("constraint") or fault.code
        self._held.append(row.rejected(Reason.REFUSED, detail=str(detail)))

    def _manager_refused(self, managed: Managed, fault: ComityError) -> None:
        self._miss(ManagerMissing(managed.line, managed.manager))

    def _miss(self, missing: ManagerMissing) -> None:
        self.managers_missing += 1
        if len(self.missing) < MISSING_SHOWN_MAX:
            self.missing.append(missing)

    def _reject_held(self) -> None:
        """Write the rejections of a batch in the order of the file."""
        for each in sorted(self._held, key=lambda rejection: rejection.line):
            self.rejects.add(each)
            self.rejected += 1
            if len(self.rejections) < REJECTIONS_SHOWN_MAX:
                self.rejections.append(each)
        self._held = []


async def _known(tx: Transaction, rows: Sequence[Candidate]) -> Known:
    """What the directory holds of the people in these rows; at most three queries, nobody is read twice."""
    ids = sorted({row.user_id for row in rows if row.user_id is not None})
    by_id = await store.load_users(tx, ids) if ids else {}
    by_upn = {address_key(each.user_principal_name): each for each in by_id.values() if each.deleted_at is None}
    unknown = sorted({row.upn_key for row in rows} - by_upn.keys())
    if unknown:
        by_upn |= await store.find_by_upn_keys(tx, unknown)
    lost = [each for each in ids if each not in by_id]
    return Known(by_id, by_upn, await store.find_purged(tx, lost) if lost else frozenset())


async def _apply(tx: Transaction, caller: Caller, plan: BatchPlan) -> None:
    """Write a batch: changes first, since they may give up the UPNs that new people get."""
    await _update(tx, caller, [(each.before, each.after, each.changed) for each in plan.updates])
    users = sorted((each.user for each in plan.creates), key=lambda user: user.id)
    if users:
        await store.insert_users(tx, users)
        await store.replace_addresses(tx, users)
        await record_many(tx, caller, [Record("Add user", "user", each.id, after=facts_of(each)) for each in users])
        append(tx, [Change(ChangeKind.USER_CREATED, each.id, external=each.is_external) for each in users])


async def _update(tx: Transaction, caller: Caller, changes: Sequence[tuple[User, User, frozenset[Attribute]]]) -> None:
    """Write changed users.

    Raises:
        UserChanged: somebody else changed one of them meanwhile.
    """
    if not changes:
        return
    written = await store.update_users(tx, [after for _, after, _ in changes])
    if len(written) < len(changes):
        missed = next(after for _, after, _ in changes if after.id not in written)
        raise UserChanged(user=missed.user_principal_name)
    await store.replace_addresses(tx, [after for _, after, changed in changes if changed & _ADDRESSED])
    records = []
    for before, after, changed in changes:
        old, new = facts_changed(before, after, changed)
        records.append(Record("Update user", "user", after.id, before=old, after=new))
    await record_many(tx, caller, records)
    append(
        tx,
        [
            Change(ChangeKind.USER_UPDATED, after.id, changed=bits(changed), external=after.is_external)
            for _, after, changed in changes
        ],
    )
