"""Shares, changes and moves at random while drains are killed: after quiet, everybody stands where she should."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from comity.core.caller import UserType
from comity.core.errors import Conflict, NotFound
from comity.core.ids import GroupId, JobId, UserId, new_id
from comity.db.database import Database
from comity.directory import service as directory
from comity.directory.model import Attribute
from comity.directory.store import find_by_home
from comity.partners import service as partners
from comity.sync import service as sync
from comity.sync.drain import Phase, Watch, drain
from comity.sync.model import Counts
from tests.support.books import wrong_accounts, wrong_entries
from tests.support.changes import at_random
from tests.support.drains import Killed, accept, kill_at, share, unguard, unshare
from tests.support.soak import seeds
from tests.support.world import Org

pytestmark = pytest.mark.soak

BURSTS = 8
CHANGES = 20
"""Of each source in each burst: few enough that what one change spoils the next does not mend."""
PEOPLE = 20
GROUPS = 3


@pytest.mark.parametrize("seed", seeds(short=5, long=100))
async def test_after_quiet_everybody_stands_where_she_should(
    contoso: Org, fabrikam: Org, tailspin: Org, db: Database, seed: int
):
    """Each shared person has one living account in each accepting tenant, in line with her home; nobody out of
    scope lives; and the books of every step balance (design §4.5, §4.6)."""
    sources = [await Source.open(contoso, fabrikam, tailspin), await Source.open(fabrikam, tailspin)]
    numbers = random.Random(seed)

    for _ in range(BURSTS):
        changing = asyncio.gather(*(each.change_at_random(numbers) for each in sources))
        await asyncio.gather(changing, *(drain_badly(each.org, numbers, until=changing.done) for each in sources))
        for each in sources:
            await each.become_quiet()
            assert await each.complaints() == []
            assert (await drain(db, each.org.id)).total == Counts()


async def drain_badly(org: Org, numbers: random.Random, *, until: Callable[[], bool]) -> None:
    """Drain again and again, with pages of a few people; most drains are killed."""
    while not until():
        try:
            await drain(org.db, org.id, page_size=numbers.randint(1, 8), watch=dying(numbers))
        except (Killed, Conflict):
            continue
        await asyncio.sleep(0)


def dying(numbers: random.Random) -> Watch:
    """A watcher that kills at some phase, soon or late."""
    phase = numbers.choice([each for each in Phase if each is not Phase.FINISHED])
    return kill_at(phase, numbers.choice([1, 2, 3, 5, 8, 20]))


@dataclass
class Source:
    """A tenant that shares with others, and what its administrators do."""

    org: Org
    jobs: dict[JobId, Org] = field(default_factory=dict)
    people: list[UserId] = field(default_factory=list)
    groups: list[GroupId] = field(default_factory=list)

    @classmethod
    async def open(cls, org: Org, *targets: Org) -> Source:
        source = cls(org, people=[each.id for each in await org.add_many(PEOPLE)])
        async with org.db.tenant(org.id) as tx:
            for number in range(GROUPS):
                source.groups.append((await directory.create_group(tx, org.operator, name=f"Group {number}")).id)
        for target in targets:
            await accept(target, people_of=org)
            source.jobs[await share(org, source.people[0], to=target)] = target
        await unguard(org)
        return source

    async def change_at_random(self, numbers: random.Random) -> None:
        """Many changes, one after the other, with pauses of all lengths."""
        for _ in range(CHANGES):
            try:
                await numbers.choice(_CHANGES)(self, numbers)
            except (NotFound, Conflict):
                continue  # such as a change of somebody who is deleted, or whom a drain has just changed
            await at_random(numbers)

    async def become_quiet(self) -> None:
        """All doors open, all jobs active; one more drain, which nobody kills."""
        for job, target in self.jobs.items():
            await accept(target, people_of=self.org)
            async with self.org.db.tenant(self.org.id) as tx:
                await sync.start(tx, self.org.operator, job)
        done = await drain(self.org.db, self.org.id)
        assert done.claimed
        assert (done.refused, done.left, done.total.failed) == ([], set(), 0)

    async def complaints(self) -> list[str]:
        """What is not as it should be."""
        db, jobs = self.org.db, self.jobs.items()
        found = await wrong_entries(db, self.org.id, [target.id for _, target in jobs])
        return found + [each for job, target in jobs for each in await wrong_accounts(db, self.org, target, job)]

    async def share(self, numbers: random.Random) -> None:
        await share(self.org, *self._some(numbers), groups=self._some_groups(numbers), to=self._target(numbers))

    async def unshare(self, numbers: random.Random) -> None:
        await unshare(self.org, *self._some(numbers), groups=self._some_groups(numbers), to=self._target(numbers))

    async def rename(self, numbers: random.Random) -> None:
        upn = f"u{new_id().hex}@{self.org.domain}"
        await self._update(numbers, {Attribute.USER_PRINCIPAL_NAME: upn})

    async def move(self, numbers: random.Random) -> None:
        await self._update(numbers, {Attribute.CITY: numbers.choice(["Köln", "Bonn", "Aachen"])})

    async def set_manager(self, numbers: random.Random) -> None:
        await self._update(numbers, {Attribute.MANAGER_ID: numbers.choice(self.people)})

    async def switch(self, numbers: random.Random) -> None:
        await self._update(numbers, {Attribute.ACCOUNT_ENABLED: numbers.random() < 0.6})

    async def change_type(self, numbers: random.Random) -> None:
        kind = numbers.choice([UserType.MEMBER, UserType.MEMBER, UserType.GUEST])
        await self._update(numbers, {Attribute.USER_TYPE: kind})

    async def delete(self, numbers: random.Random) -> None:
        async with self.org.db.tenant(self.org.id) as tx:
            await directory.delete_users(tx, self.org.operator, self._some(numbers))

    async def restore(self, numbers: random.Random) -> None:
        async with self.org.db.tenant(self.org.id) as tx:
            await directory.restore_user(tx, self.org.operator, numbers.choice(self.people))

    async def join(self, numbers: random.Random) -> None:
        async with self.org.db.tenant(self.org.id) as tx:
            await directory.add_members(tx, self.org.operator, numbers.choice(self.groups), self._some(numbers))

    async def leave(self, numbers: random.Random) -> None:
        async with self.org.db.tenant(self.org.id) as tx:
            await directory.remove_members(tx, self.org.operator, numbers.choice(self.groups), self._some(numbers))

    async def dissolve(self, numbers: random.Random) -> None:
        """Take a group back and let people leave it, in either order, before a drain may see the one or the other."""
        group, some = numbers.choice(self.groups), self._some(numbers)
        async with self.org.db.tenant(self.org.id) as tx:
            if numbers.random() < 0.5:
                await directory.remove_members(tx, self.org.operator, group, some)
            for target in self.jobs.values():
                await sync.unshare(tx, self.org.operator, sync.Principals(groups=[group]), target=target.id)
            await directory.remove_members(tx, self.org.operator, group, some)

    async def replace_group(self, numbers: random.Random) -> None:
        gone = numbers.randrange(GROUPS)
        async with self.org.db.tenant(self.org.id) as tx:
            await directory.delete_group(tx, self.org.operator, self.groups[gone])
            new = await directory.create_group(tx, self.org.operator, name=f"Group {new_id()}")
            await directory.add_members(tx, self.org.operator, new.id, self._some(numbers))
        self.groups[gone] = new.id

    async def pause(self, numbers: random.Random) -> None:
        async with self.org.db.tenant(self.org.id) as tx:
            await sync.pause(tx, self.org.operator, numbers.choice(sorted(self.jobs)))

    async def start(self, numbers: random.Random) -> None:
        async with self.org.db.tenant(self.org.id) as tx:
            await sync.start(tx, self.org.operator, numbers.choice(sorted(self.jobs)))

    async def close_door(self, numbers: random.Random) -> None:
        target = self._target(numbers)
        async with self.org.db.tenant(target.id) as tx:
            await partners.withdraw_acceptance(tx, target.operator, self.org.id)

    async def open_door(self, numbers: random.Random) -> None:
        await accept(self._target(numbers), people_of=self.org)

    async def edit_there(self, numbers: random.Random) -> None:
        """The target's administrator changes an account that stands for somebody: the plan's guard sees it."""
        target = self._target(numbers)
        async with self.org.db.tenant(target.id) as tx:
            there = await find_by_home(tx, self.org.id, numbers.choice(self.people))
            if there is not None:
                changes = {Attribute.COMPANY_NAME: str(numbers.random())}
                await directory.update_user(tx, target.operator, there.id, changes)

    async def _update(self, numbers: random.Random, changes: dict[Attribute, object]) -> None:
        async with self.org.db.tenant(self.org.id) as tx:
            await directory.update_user(tx, self.org.operator, numbers.choice(self.people), changes)

    def _some(self, numbers: random.Random) -> list[UserId]:
        return sorted(numbers.sample(self.people, numbers.randint(1, 4)))

    def _some_groups(self, numbers: random.Random) -> tuple[GroupId, ...]:
        return tuple(numbers.sample(self.groups, numbers.choice([0, 1, 1, 2])))

    def _target(self, numbers: random.Random) -> Org:
        return numbers.choice(list(self.jobs.values()))


_Change = Callable[[Source, random.Random], Awaitable[None]]
_CHANGES: list[_Change] = [
    *[Source.share] * 6, *[Source.unshare] * 5, *[Source.move] * 4, *[Source.join] * 5, *[Source.leave] * 5,
    Source.rename, Source.set_manager, Source.switch, Source.switch, Source.change_type, Source.delete,
    Source.restore, Source.restore, Source.dissolve, Source.dissolve, Source.replace_group, Source.pause, Source.start,
    Source.start, Source.close_door, Source.open_door, Source.open_door, Source.edit_there, Source.edit_there,
]  # fmt: skip
