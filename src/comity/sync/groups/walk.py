"""From a stretch of the feed to the groups that it concerns, one after the other into the target."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Final
from uuid import UUID

from comity.core.ids import CauseId, GroupId, JobId, UserId
from comity.db.database import Database
from comity.db.queries import Queries
from comity.db.transaction import Transaction
from comity.db.values import array_text
from comity.events.model import ChangeKind, Entry
from comity.sync.groups.model import GROUP, SourceGroup
from comity.sync.held.store import load_leaving_groups
from comity.sync.lanes import Lane
from comity.sync.model import Action, Reason, Receipt, ScopeMode, Skip

Q: Final = Queries("comity.sync.groups")

_OF_GROUP: Final = frozenset(
    {
        ChangeKind.GROUP_CREATED, ChangeKind.GROUP_UPDATED, ChangeKind.GROUP_DELETED, ChangeKind.GROUP_RESTORED,
        ChangeKind.MEMBER_ADDED, ChangeKind.MEMBER_REMOVED,
    }
)  # fmt: skip
_ASSIGNMENT: Final = frozenset({ChangeKind.ASSIGNMENT_ADDED, ChangeKind.ASSIGNMENT_REMOVED})
_LINKING: Final = frozenset({Action.CREATE, Action.DELETE, Action.RESTORE, Action.ADOPT})

Outcome = Receipt | Skip


def syncs_groups(lane: Lane) -> bool:
    """Do both ends let groups go, and does the job offer assigned ones only? (provisioning §5.6)"""
    return lane.job.groups and lane.groups_allowed and lane.job.scope_mode is ScopeMode.ASSIGNED


def moved_by(receipts: Iterable[Receipt]) -> dict[UserId, CauseId]:
    """Who came or went, and why."""
    return {each.source_id: each.cause for each in receipts if each.action in _LINKING}


async def owe_groups(tx: Transaction, lane: Lane, moved: Mapping[UserId, CauseId]) -> None:
    """People came or went: their groups will be looked at, by the next drain if this one is cut off."""
    if not syncs_groups(lane):
        return
    if moved and not lane.moved:
        await tx.execute(Q.owe, id=lane.job.id)
    lane.moved.update(moved)


async def find_groups(
    tx: Transaction, lane: Lane, entries: Sequence[Entry] | None, fallback: CauseId
) -> dict[GroupId, CauseId]:
    """The groups to look at, and what set that off; `entries` is None for a look at everything."""
    known = {GroupId(row[1]) for row in await tx.rows(Q.concerned, jobs=[lane.job.id])}
    owed = await tx.row(Q.is_owed, id=lane.job.id)
    if entries is None or _full(entries, lane.job.id) or (owed and owed[0] and not lane.moved):
        return dict.fromkeys(sorted(known), fallback)
    found: dict[GroupId, CauseId] = {}
    for entry in entries:
        changed = entry.kind in _OF_GROUP and syncs_groups(lane)  # of others it was said when they were assigned
        group_id = entry.object_id if changed else _assigned(entry, lane.job.id)
        if group_id is not None and group_id in known and not entry.external:
            found[GroupId(group_id)] = entry.cause or fallback
    if syncs_groups(lane) and lane.moved:
        for member, group_id in await tx.rows(Q.assigned_to, job_id=lane.job.id, ids=array_text(lane.moved)):
            found.setdefault(GroupId(group_id), lane.moved[UserId(member)])
    return found


async def pass_groups(
    db: Database, lane: Lane, groups: dict[GroupId, CauseId], going: Callable[[], bool]
) -> list[tuple[Outcome, CauseId]]:
    """Bring these groups in line, each in a transaction of its own; ends early once `going` says no.

    Raises:
        InboundSyncOff: the target has closed its door.
    """
    outcomes: list[tuple[Outcome, CauseId]] = []
    withheld = await _withheld(db, lane, groups)
    for group_id in sorted(groups):
        if not going():
            break
        async with db.tenant(lane.job.tenant_id, many_rows=True) as tx:
            group = await tx.one(SourceGroup, Q.source_group, job_id=lane.job.id, id=group_id)
            # Thousands of rows, which only those read who pass the group on.
            rows = await tx.rows(Q.linked_members, job_id=lane.job.id, group_id=group_id) if syncs_groups(lane) else []
        if group is None:
            continue
        if not syncs_groups(lane):
            if group.is_assigned and not group.is_deleted:
                facts = {"groups": "on" if lane.job.groups else "off", "target": lane.groups_allowed}
                skip = Skip(UserId(group_id), None, Reason.NOT_ELIGIBLE, failed=False, details=facts, kind=GROUP)
                outcomes.append((skip, groups[group_id]))
            continue
        async with lane.target.visit(flushed=False, cause=groups[group_id]) as visit:
            outcome = await visit.pass_group(
                group,
                [UserId(row[0]) for row in rows],
                lane.job.actions,
                withheld=withheld.get(UserId(group_id)),
                plan_id=lane.plan_id,
                job_id=lane.job.id,
                cause=groups[group_id],
                take_number=lambda: lane.take_numbers(1),
            )
        if outcome is not None:
            outcomes.append((outcome, groups[group_id]))
    return outcomes


async def _withheld(db: Database, lane: Lane, groups: Collection[GroupId]) -> dict[UserId, Reason]:
    """Which of these groups are not to be taken away now: groups count like people (provisioning §8.1)."""
    if not syncs_groups(lane) or not lane.job.actions.delete:
        return {}
    async with db.tenant(lane.job.tenant_id) as tx:
        leaving = sorted(await load_leaving_groups(tx, lane.job.id, groups))
        await lane.guard.recall(tx, groups)
        await lane.guard.exceeds(tx, leaving)
    return lane.guard.words_on(leaving)


async def settle_groups(tx: Transaction, job_id: JobId) -> None:
    """Every group that was to be looked at has been; noted with the watermark."""
    await tx.execute(Q.settle, id=job_id)


def _full(entries: Iterable[Entry], job_id: JobId) -> bool:
    return any(each.kind is ChangeKind.JOB_CHANGED and each.object_id == job_id for each in entries)


def _assigned(entry: Entry, job_id: JobId) -> UUID | None:
    return entry.related_id if entry.kind in _ASSIGNMENT and entry.object_id == job_id else None
