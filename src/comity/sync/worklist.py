"""From feed entries to the people whom a drain has to look at."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from comity.core.ids import CauseId, GroupId, JobId, UserId
from comity.events.model import ChangeKind, Entry

_USER: Final = frozenset(
    {ChangeKind.USER_CREATED, ChangeKind.USER_DELETED, ChangeKind.USER_RESTORED, ChangeKind.USER_PURGED}
)
_MEMBER: Final = frozenset({ChangeKind.MEMBER_ADDED, ChangeKind.MEMBER_REMOVED})
_GROUP: Final = frozenset({ChangeKind.GROUP_DELETED, ChangeKind.GROUP_RESTORED})
_ASSIGNMENT: Final = frozenset({ChangeKind.ASSIGNMENT_ADDED, ChangeKind.ASSIGNMENT_REMOVED})

WAKING: Final = (
    _USER
    | _MEMBER
    | _GROUP
    | _ASSIGNMENT
    | {
        ChangeKind.USER_UPDATED,
        ChangeKind.GROUP_UPDATED,
        ChangeKind.JOB_CHANGED,
        ChangeKind.PARTNER_CHANGED,
        ChangeKind.ORGANIZATION_CHANGED,
    }
)
"""Kinds of entries that a drain may have to act on."""


@dataclass(slots=True)
class Worklist:
    """Whom to look at for which jobs, and what set it off.

    `people` holds single people, `groups` groups whose direct members are looked at, `full` jobs that look
    at everybody they concern.
    """

    people: dict[JobId, dict[UserId, CauseId]] = field(default_factory=dict)
    groups: dict[GroupId, tuple[set[JobId], CauseId]] = field(default_factory=dict)
    full: dict[JobId, CauseId] = field(default_factory=dict)
    wasted: int = 0
    """Entries that concerned nobody; a figure for the benchmarks."""

    def shared(self) -> list[tuple[frozenset[JobId], dict[UserId, CauseId]]]:
        """Single people grouped by the jobs that look at them, so that each is read once for all."""
        jobs_of: dict[UserId, set[JobId]] = {}
        causes: dict[UserId, CauseId] = {}
        for job_id, people in self.people.items():
            for user_id, cause in people.items():
                jobs_of.setdefault(user_id, set()).add(job_id)
                causes[user_id] = cause
        grouped: dict[frozenset[JobId], dict[UserId, CauseId]] = {}
        for user_id, jobs in jobs_of.items():
            grouped.setdefault(frozenset(jobs), {})[user_id] = causes[user_id]
        return list(grouped.items())


def read_entries(
    entries: Iterable[Entry],
    *,
    read_bits: Mapping[JobId, int],
    assigned_groups: Mapping[GroupId, set[JobId]],
    everybody: frozenset[JobId],
    linked: Mapping[JobId, Container[UserId]],
    fallback: CauseId,
) -> Worklist:
    """Whom these entries concern.

    `read_bits` holds the attributes that each job's mapping reads; `everybody` the jobs that offer all
    users, for whom groups do not matter. `linked` says who of those that left a group stands in the
    target: the group may not be assigned any more, and then nothing else leads to them. `fallback` is
    the cause of entries that carry none.
    """
    work = Worklist(people={job_id: {} for job_id in read_bits})
    for entry in entries:
        if not _note(entry, work, read_bits, assigned_groups, everybody, linked, entry.cause or fallback):
            work.wasted += 1
    return work


def _note(
    entry: Entry,
    work: Worklist,
    read_bits: Mapping[JobId, int],
    assigned_groups: Mapping[GroupId, set[JobId]],
    everybody: frozenset[JobId],
    linked: Mapping[JobId, Container[UserId]],
    cause: CauseId,
) -> bool:
    """Enter one entry into the worklist; False if it concerns nobody."""
    if entry.kind in _USER or entry.kind is ChangeKind.USER_UPDATED:
        jobs: Sequence[JobId] = [] if entry.external else [
            job_id for job_id, bits in read_bits.items() if entry.kind in _USER or entry.changed & bits
        ]  # fmt: skip
        return _look_at(work, jobs, entry.object_id, cause)
    if entry.kind in _MEMBER and entry.related_id is not None:
        concerned = assigned_groups.get(GroupId(entry.object_id), set()) - everybody
        concerned |= {each for each, people in linked.items() if entry.related_id in people}
        return _look_at(work, sorted(concerned), entry.related_id, cause)
    if entry.kind in _GROUP:
        return _look_at_members(
            work, assigned_groups.get(GroupId(entry.object_id), set()) - everybody, entry.object_id, cause
        )
    if entry.kind in _ASSIGNMENT and entry.related_id is not None and JobId(entry.object_id) in read_bits:
        # The principal may be a person or a group; whichever it is not finds nobody.
        job_id = JobId(entry.object_id)
        _look_at(work, [job_id], entry.related_id, cause)
        return _look_at_members(work, {job_id}, entry.related_id, cause)
    if entry.kind is ChangeKind.JOB_CHANGED and JobId(entry.object_id) in read_bits:
        work.full[JobId(entry.object_id)] = cause
        return True
    return False


def _look_at(work: Worklist, jobs: Sequence[JobId], user_id: UUID, cause: CauseId) -> bool:
    for job_id in jobs:
        work.people[job_id][UserId(user_id)] = cause
    return bool(jobs)


def _look_at_members(work: Worklist, jobs: set[JobId], group_id: UUID, cause: CauseId) -> bool:
    if jobs:
        known, _ = work.groups.get(GroupId(group_id), (set(), cause))
        work.groups[GroupId(group_id)] = (known | jobs, cause)
    return bool(jobs)
