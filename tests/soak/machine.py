"""What the machine does between the deeds of administrators: drains, plans, stops, undoes; disturbed at any point."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from comity.core.clock import BusinessClock
from comity.core.errors import Conflict, Throttled
from comity.core.ids import JobId, UserId
from comity.sync import configuring, plans
from comity.sync import service as sync
from comity.sync.controlling import Reset, restart, stop
from comity.sync.demand import provision
from comity.sync.drain import Drained, Phase, Progress, Watch, drain
from comity.sync.model import Actions
from comity.sync.planned import Proposal
from comity.sync.undoing import ask_undo
from tests.soak.admins import ANYWHERE, AT_HOME, Admins
from tests.soak.firm import Firm, Share
from tests.support.drains import Killed, accept, kill_at
from tests.support.elsewhere import Elsewhere

UNDER_WAY: Final = tuple(each for each in Phase if each is not Phase.FINISHED)

Moment = tuple[Phase, int]
"""When a run enters a phase for that time."""
A_DAY: Final = timedelta(hours=25)
"""Within it, everybody who failed is tried again (provisioning §9)."""


@dataclass(frozen=True)
class Machine:
    """The engine of all tenants; `here` and `there` are administrators in two processes."""

    here: Admins
    there: Admins
    elsewhere: Elsewhere
    clock: BusinessClock

    @property
    def firm(self) -> Firm:
        return self.here.firm

    @property
    def numbers(self) -> random.Random:
        return self.here.numbers

    async def work(self) -> None:
        """One piece of work."""
        task = self.numbers.choice(TASKS)
        self.firm.story.append(f"{task.__name__}: {await task(self)}")

    # ── drains ───────────────────────────────────────────────────────────────────────────────────

    async def drain(self) -> object:
        return (await self._drain(self._home())).total

    async def drain_disturbed(self) -> object:
        """A source's administrators act while the run stands between read, plan and apply."""
        moments: set[Moment] = {(self.numbers.choice(UNDER_WAY), self.numbers.randint(1, 4)) for _ in range(3)}
        home = self._home()
        # Those of the source only: others may have to wait for what stands still with the run.
        there = replace(self.there, homes=(home,))
        watch = self._at(moments, lambda: self.elsewhere.do(lambda: there.act(AT_HOME)))
        return (await self._drain(home, watch=watch)).total

    async def drain_both_ways(self) -> object:
        """A→B and B→A at once."""
        done = await asyncio.gather(self._drain("A"), self._drain("B"))
        return [each.total for each in done]

    async def die(self) -> object:
        phase, count = self.numbers.choice(UNDER_WAY), self.numbers.randint(1, 4)
        try:
            return (await self._drain(self._home(), watch=kill_at(phase, count))).total
        except Killed:
            return phase.value

    async def stop_midway(self) -> object:
        share = self._share()
        home = self.there.at(share.pair[0])

        async def halt() -> None:
            async with home.db.tenant(home.id) as tx:
                await stop(tx, home.operator, share.id)

        moment = (self.numbers.choice(UNDER_WAY), self.numbers.randint(1, 3))
        watch = self._at({moment}, lambda: self.elsewhere.do(halt))
        return (await self._drain(share.pair[0], watch=watch)).total

    async def _drain(self, home: str, watch: Watch = lambda _: None) -> Drained:
        org = self.here.at(home)
        return await drain(org.db, org.id, page_size=self.numbers.choice([1, 2, 3, 5, 8, 100]), watch=watch)

    def _at(self, moments: set[Moment], act: Callable[[], object]) -> Watch:
        entered = dict.fromkeys(Phase, 0)

        def watch(progress: Progress) -> None:
            entered[progress.phase] += 1
            if (progress.phase, entered[progress.phase]) in moments:
                act()

        return watch

    # ── plans ────────────────────────────────────────────────────────────────────────────────────

    async def plan_and_apply(self) -> object:
        """As it stands or as proposed; what changes meanwhile is applied, dropped or held (design D7)."""
        share = self._share()
        home = self.here.at(share.pair[0])
        proposal = self._proposal(share)
        async with home.db.tenant(home.id) as tx:
            plan_id = await plans.ask(tx, home.operator, job_id=share.id, proposal=proposal)
        try:
            await plans.make(home.db, home.operator, plan_id)
            for _ in range(self.numbers.choice([0, 0, 1, 2])):
                await self.here.act(ANYWHERE)
            applied = await plans.apply(home.db, home.operator, plan_id, page_size=self.numbers.randint(1, 8))
        except Conflict as refused:
            return share.id, refused.code
        if proposal is not None:
            share.people.update(proposal.add_users)
            share.people.difference_update(UserId(each) for each in proposal.remove)
        return share.id, proposal, applied.plan.tally

    def _proposal(self, share: Share) -> Proposal | None:
        if self.numbers.random() < 0.4:
            return None
        people = [each.id for each in self.firm.of(share.pair[0])]
        new = self.numbers.sample(people, min(2, len(people)))
        gone = [each for each in sorted(share.people)[:2] if each not in new]
        return Proposal(add_users=tuple(new), remove=tuple(gone))

    async def undo(self) -> object:
        """Take a job's last run back, in every target of it."""
        share = self._share()
        home = self.here.at(share.pair[0])
        async with home.db.tenant(home.id) as tx:
            runs = {each.job.id: each.last_run for each in await sync.list_standing(tx, home.operator)}
        run = runs[share.id]
        if run is None or not run.counts.changed:
            return None
        tallies = []
        try:
            async with home.db.tenant(home.id) as tx:
                plan_ids = await ask_undo(tx, home.operator, run.id)
            for plan_id in plan_ids:
                await plans.make(home.db, home.operator, plan_id)
                applied = await plans.apply(home.db, home.operator, plan_id, page_size=self.numbers.randint(1, 8))
                tallies.append(applied.plan.tally)
        except Conflict as refused:
            return run.id, refused.code
        return run.id, tallies

    async def provision(self) -> object:
        share = self._share()
        home = self.here.at(share.pair[0])
        person = self.numbers.choice(self.firm.of(share.pair[0]))
        try:
            done = await provision(home.db, home.operator, share.id, person.id)
        except (Conflict, Throttled) as refused:
            return person.id, refused.code
        return person.id, done.action, done.code

    async def restart(self) -> object:
        share = self._share()
        resets = self.numbers.choice([{Reset.WATERMARK}, {Reset.ESCROWS}, set[Reset]()])
        home = self.here.at(share.pair[0])
        async with home.db.tenant(home.id) as tx:
            await restart(tx, home.operator, share.id, resets)
        return share.id, resets

    # ── and when all is said ─────────────────────────────────────────────────────────────────────

    async def become_quiet(self) -> list[Drained]:
        """Doors open, jobs running, nobody spared, nothing held, squatters gone, drift overwritten, a day later: what
        is left to do is done."""
        for home, to in self.firm.pairs():
            await accept(self.here.at(to), people_of=self.here.at(home))
        for share in self.firm.shares.values():
            await self._settle(share.pair[0], share.id)
            await self.here.allow_everything(share)
        await self.here.evict()
        self.clock.offset += A_DAY
        for _, person_id in sorted(self.firm.drifted):
            if self.firm.people[person_id].is_alive:
                await self.here.touch(self.firm.people[person_id])
        done = [await self._drain(home) for home in ("A", "B")]
        self.firm.story.append("quiet")
        return done

    async def _settle(self, home: str, job_id: JobId) -> None:
        org = self.here.at(home)
        async with org.db.tenant(org.id) as tx:
            await configuring.set_actions(tx, org.operator, job_id, Actions())
            await sync.start(tx, org.operator, job_id)

    def _home(self) -> str:
        return self.numbers.choice(["A", "A", "B"])

    def _share(self) -> Share:
        return self.firm.shares[self.numbers.choice(list(self.firm.shares))]


Task = Callable[[Machine], Awaitable[object]]
TASKS: Final[Sequence[Task]] = [
    *[Machine.drain] * 4, *[Machine.drain_disturbed] * 5, *[Machine.drain_both_ways] * 2, Machine.die, Machine.die,
    Machine.stop_midway, *[Machine.plan_and_apply] * 2, *[Machine.undo] * 2, Machine.provision, Machine.restart,
]  # fmt: skip
