"""What of a lane's deletions goes through, within one stretch of the feed (design D8).

Counted are those of the last 40 minutes, those that wait, and those that are planned; once that is more than the
threshold, everything that the stretch would still delete is held. Held ones wait for a word, or for the reason to go
away; they are looked at like everybody else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final
from uuid import UUID

from comity.core.ids import CauseId, UserId
from comity.db.transaction import Transaction
from comity.jobs.due import put
from comity.jobs.model import Order
from comity.sync.held import store
from comity.sync.held.decide import leaving, limit_of, links_that_matter
from comity.sync.held.model import WINDOW, HeldCount, HeldState
from comity.sync.model import Action, Job, Plan, Reason, Skip
from comity.sync.orders import HELD
from comity.sync.reading import Reading

SETTLING: Final = timedelta(seconds=5)
"""So long after the first deletion was held people are told: by then it is known how many it is."""
NOT_DONE: Final = frozenset({Reason.TOO_MANY_DELETES, Reason.DELETE_REJECTED})
"""Why a deletion that was decided is not done."""


@dataclass(slots=True)
class Guard:
    """The deletions of one job in one stretch. Two pages may be at work with it."""

    job: Job
    held: HeldCount
    """As it stood when the stretch began."""
    has_links: bool
    """Did the job keep any account in line when the stretch began? Else there is nothing to delete."""
    waiting: int
    is_holding: bool = False
    """Everything that would be deleted from now on is held."""
    recent: int | None = None
    """Deletions within the window; None until there is one more."""
    limit: int = 0
    knows_links: bool = False
    states: dict[UserId, HeldState] = field(default_factory=dict)
    passing: set[UserId] = field(default_factory=set)
    """Deletions of this stretch that went through."""
    loading: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def prepare(
        self, tx: Transaction, reading: Reading, known: Iterable[Job], looked_at: Collection[UserId]
    ) -> None:
        """Load what is needed to judge the deletions of a page, in the source's own transaction."""
        await self.recall(tx, looked_at)
        await self.exceeds(tx, leaving_of(reading, self.job, known))

    async def recall(self, tx: Transaction, ids: Collection[UUID]) -> None:
        """Who of these is held already, and what was said of it."""
        if self.held != HeldCount() or self.states:
            self.states |= await store.load_states(tx, self.job.id, ids)

    async def exceeds(self, tx: Transaction, gone: Iterable[UserId]) -> bool:
        """Would deleting these as well be more than the threshold allows? Who is held already counts once."""
        fresh = {each for each in gone if each not in self.states}
        if not fresh or not self.job.threshold.is_on:
            return False
        async with self.loading:
            if self.recent is None:
                self.recent = await store.count_recent(tx, self.job.id, since=tx.now - WINDOW)
                self.limit = limit_of(self.job.threshold, 0)
            if self._total(fresh) > self.limit and not self.knows_links:
                # Counted only now: with a million links that takes longer than all the rest of a small drain.
                links = await store.count_links(tx, self.job.id, at_most=links_that_matter(self.job.threshold))
                self.limit, self.knows_links = limit_of(self.job.threshold, links + self.recent), True
        return self._total(fresh) > self.limit

    def hold(self, plan: Plan) -> Plan:
        """What of a decision goes through: deletions that do not are skipped, with the reason."""
        words = self.words_on([step.source_id for step in plan.steps if step.action is Action.DELETE])
        if not words:
            return plan
        steps = tuple(step for step in plan.steps if step.source_id not in words)
        held = (
            Skip(step.source_id, step.target_id, words[step.source_id], failed=False)
            for step in plan.steps
            if step.source_id in words
        )
        return replace(plan, steps=steps, skips=(*plan.skips, *held))

    def words_on(self, gone: Sequence[UserId]) -> dict[UserId, Reason]:
        """Why these are not to be deleted now; whoever may be is missing."""
        words: dict[UserId, Reason] = {}
        fresh: list[UserId] = []
        for each in gone:
            match self.states.get(each):
                case HeldState.WAITING:
                    words[each] = Reason.TOO_MANY_DELETES
                case HeldState.REJECTED:
                    words[each] = Reason.DELETE_REJECTED
                case HeldState.ALLOWED:
                    continue
                case None:
                    fresh.append(each)
        if fresh and self.job.threshold.is_on:
            self.is_holding = self.is_holding or self._total(fresh) > self.limit
            if self.is_holding:
                words |= dict.fromkeys(fresh, Reason.TOO_MANY_DELETES)
            else:
                self.passing.update(fresh)
        return words

    async def note(
        self, tx: Transaction, skips: Sequence[Skip], looked_at: Iterable[UserId], causes: Mapping[UserId, CauseId]
    ) -> None:
        """Write down who is held from now on, and who no longer is: done, offered again, or gone otherwise."""
        fresh = [
            each
            for each in skips
            if each.reason is Reason.TOO_MANY_DELETES and self.states.get(each.source_id) is not HeldState.WAITING
        ]
        open_still = {each.source_id for each in skips if each.failed or each.reason in NOT_DONE}
        over = [each for each in looked_at if each in self.states and each not in open_still]
        if over:
            await store.drop(tx, self.job.id, over)
            self.waiting -= sum(self.states.pop(each) is HeldState.WAITING for each in over)
        if fresh:
            await store.add(tx, self.job.id, fresh, causes)
            if not self.waiting:
                await put(tx, Order(HELD, tx.tenant_id, key=self.job.id), at=tx.now + SETTLING)
            self.waiting += len(fresh)
            self.states |= dict.fromkeys((each.source_id for each in fresh), HeldState.WAITING)

    def _total(self, fresh: Iterable[UserId]) -> int:
        return (self.recent or 0) + self.waiting + len(self.passing.union(fresh))


def leaving_of(reading: Reading, job: Job, known: Iterable[Job]) -> Set[UserId]:
    """Who of a page the job would delete in the target, as far as the source can tell."""
    if not job.actions.delete:
        return frozenset()
    sifted = reading.sifted.get(job.id)
    return leaving(
        reading.people,
        linked=reading.links[job.id],
        offered=reading.in_scope[job.id],
        set_aside=sifted.set_aside if sifted else (),
        elsewhere=reading.managed_elsewhere(job, known),
    )
