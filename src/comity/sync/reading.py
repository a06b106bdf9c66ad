"""What one page of people says in the source: who they are, who is offered, who is linked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from comity.core.ids import JobId, UserId
from comity.db.transaction import Transaction
from comity.sync import plan_store, store
from comity.sync.decide import can_be_offered
from comity.sync.mapping_rows import AttributeMapping
from comity.sync.model import Action, Computed, Job, Person, Receipt, ScopeMode
from comity.sync.planned import Proposal
from comity.sync.scope_filter import Sifted, compiled_filter, sift

NOBODY: Final[frozenset[UserId]] = frozenset()


@dataclass(frozen=True, slots=True)
class Reading:
    """One page as read in the source, for all jobs that look at it."""

    people: list[Person]
    in_scope: dict[JobId, set[UserId]]
    links: dict[JobId, dict[UserId, UserId]]
    managers: dict[JobId, dict[UserId, UserId]]
    running: frozenset[JobId]
    """Jobs that ran as they had begun when the page was read: a stop is seen at the next page."""
    sifted: dict[JobId, Sifted] = field(default_factory=dict)
    """What the jobs' filters say of those whom the assignment offers."""
    computed: dict[AttributeMapping, dict[UserId, Computed]] = field(default_factory=dict)
    """What expressions made of people already: once for all jobs of the same mapping."""

    def note(self, job_id: JobId, receipts: Iterable[Receipt]) -> None:
        """What one job has just done, for the next one of the same pair that looks at this page."""
        for receipt in receipts:
            if receipt.action in (Action.DELETE, Action.UNLINK):
                self.links[job_id].pop(receipt.source_id, None)
            else:
                self.links[job_id][receipt.source_id] = receipt.target_id

    def managed_elsewhere(self, job: Job, jobs: Iterable[Job]) -> frozenset[UserId]:
        """People whom another job of the same pair has linked, and offers still, be it at work or at rest."""
        found: set[UserId] = set()
        for other in jobs:
            if other.target_tenant_id == job.target_tenant_id and other.id != job.id:
                found |= self.links[other.id].keys() & self.in_scope[other.id]
        if not found:
            return NOBODY
        # Whoever is deleted at home is assigned still, and would be left by each job to the other.
        return frozenset(each.id for each in self.people if each.id in found and can_be_offered(each))


async def read_page(
    tx: Transaction,
    jobs: Sequence[Job],
    known: Sequence[Job],
    ids: Sequence[UserId],
    *,
    proposal: Proposal | None = None,
) -> Reading:
    """Read one page as the source, for these jobs.

    `known` are all jobs of the tenant: what one lets go, another of the same pair may still manage. `proposal`
    is what would be assigned otherwise, if there is only one job.
    """
    concerned = siblings(jobs, known)
    assigned = [each.id for each in concerned if each.scope_mode is not ScopeMode.ALL]
    running = await running_jobs(tx, jobs)
    people = await store.load_people(tx, ids)
    in_scope = await store.load_in_scope(tx, assigned, ids) if assigned else {}
    if proposal is not None and proposal.assigns and jobs[0].id in assigned:
        in_scope[jobs[0].id] = await plan_store.load_in_scope_proposed(tx, jobs[0].id, proposal, ids)
    links = await store.load_links(tx, [each.id for each in concerned], ids)
    wanted = {person.manager_id for person in people if person.manager_id is not None}
    managers = await store.load_links(tx, [each.id for each in jobs], list(wanted)) if wanted else {}
    everyone = set(ids)
    sifted: dict[JobId, Sifted] = {}
    for each in concerned:
        in_scope.setdefault(each.id, everyone)
        by = compiled_filter(each.filter)
        sifted[each.id] = sift(people, in_scope[each.id], by)
        if by is not None:
            in_scope[each.id] = in_scope[each.id] - sifted[each.id].out
    return Reading(people, in_scope, links, managers, running, sifted)


async def running_jobs(tx: Transaction, jobs: Iterable[Job]) -> frozenset[JobId]:
    """Which of these jobs run still, as they did when they began?"""
    begun = {each.id: each.state for each in jobs}
    return frozenset(
        each.id for each in await store.list_jobs(tx) if each.state.runs and each.state is begun.get(each.id)
    )


def siblings(jobs: Sequence[Job], known: Sequence[Job]) -> list[Job]:
    """These jobs and all others of the same pairs; a job among `jobs` stands for itself as it is there."""
    ours = {each.id: each for each in jobs}
    targets = {each.target_tenant_id for each in jobs}
    return [*jobs, *(each for each in known if each.target_tenant_id in targets and each.id not in ours)]
