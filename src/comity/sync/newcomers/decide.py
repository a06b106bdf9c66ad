"""Who of a page is created just so; no I/O, no clock.

Only the plainest verdict is given here. Whoever is left over, for whatever reason, is decided by the planner of
single people, which this module never contradicts: both ways end in the same accounts (a property test holds that).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final
from uuid import UUID

from comity.core.folding import address_key
from comity.core.ids import CauseId, JobId, PlanId, UserId
from comity.directory.decide import mangled_upn
from comity.sync.newcomers.model import NULL, Arrival, Candidate, Chosen, Met, Row

_WELL: Final = ("Member", "t", "f", "f", "t")
"""An own, active member, not deleted, whose values fit: what the planner asks before it creates somebody."""


def choose(rows: Iterable[Row], in_scope: Collection[str] | None, target_domain: str) -> Chosen:
    """Who would be created, as far as the source alone knows. Whoever is out of scope is nobody's concern."""
    candidates: list[Candidate] = []
    left: set[str] = set()
    mails: set[str] = set()
    for row in rows:
        if in_scope is not None and row.id not in in_scope:
            continue
        # What COPY had to escape is not read here; of two with one mail the second is looked at when the first is in.
        if row[1:6] != _WELL or "\\" in row.user_principal_name or row.mail_key in mails:
            left.add(row.id)
            continue
        if row.mail_key != NULL:
            mails.add(row.mail_key)
        upn = mangled_upn(row.user_principal_name, target_domain)
        candidates.append(Candidate(row, upn, address_key(upn)))
    return Chosen(candidates, left)


def sift(chosen: Chosen, met: Met) -> Chosen:
    """Without those whom the target knows, or whose name or mail is taken, or whose manager is left over himself."""
    candidates, left = chosen.candidates, set(chosen.left)
    if met.homes or met.names or met.mails:
        known = {
            each.row.id
            for each in candidates
            if each.row.id in met.homes or each.upn_key in met.names or each.row.mail_key in met.mails
        }
        candidates, left = [each for each in candidates if each.row.id not in known], left | known
    while left:
        waiting = {each.row.id for each in candidates if each.row.manager_id in left}
        if not waiting:
            break
        candidates, left = [each for each in candidates if each.row.id not in waiting], left | waiting
    return Chosen(candidates, left)


def arrival_of(
    candidates: Sequence[Candidate],
    ids: Sequence[str],
    managers: Mapping[str, str],
    *,
    plan_id: PlanId,
    job_id: JobId,
    cause: CauseId,
    first_step: int,
) -> Arrival:
    """The accounts of these candidates, with these new ids; managers are their reports' on the same page, too."""
    pairs = [(each.row.id, new_id) for each, new_id in zip(candidates, ids, strict=True)]
    there = {**managers, **dict(pairs)}
    lines: list[str] = []
    unresolved: list[UserId] = []
    for step, ((row, upn, upn_key), new_id) in enumerate(zip(candidates, ids, strict=True), start=first_step):
        manager = NULL
        if row.manager_id != NULL:
            manager = there.get(row.manager_id, NULL)
            if manager is NULL:
                unresolved.append(UserId(UUID(row.id)))
        lines.append(f"{step}\t{new_id}\t{row.id}\t{upn}\t{upn_key}\t{manager}\t{row.tail}\n")
    return Arrival(plan_id, job_id, cause, first_step, lines, pairs, unresolved)
