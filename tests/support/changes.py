"""Writers that change one directory at the same time, and a reader that follows it by its change feed.

The reader keeps a replica: it reads entries behind its cursor and fetches the rows that they name, as they
are now. If it missed nothing, its replica ends as the directory itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from comity.core.errors import Conflict, NotFound
from comity.core.ids import GroupId, TenantId, UserId, new_id
from comity.db.database import Database
from comity.db.transaction import LastWords, Transaction
from comity.directory import service as directory
from comity.directory.model import Attribute, User
from comity.directory.store import load_users
from comity.events import feed
from comity.events.model import ChangeKind, Entry
from tests.support.world import Org

Begin = Callable[[Transaction], Awaitable[None]]
"""Called with each new transaction of a writer, before it writes."""

GROUPS: Final = 3
AFTER_ALL_OTHERS: Final = TenantId(UUID(int=(1 << 128) - 1))
"""Last words are said in the order of tenants: this one's come when the positions are taken already."""


Hold = Callable[[random.Random], Awaitable[None]]
"""Awaited where a commit may be held back; draws from the writer's own numbers."""


async def as_it_is(_: Transaction) -> None:
    """Begin a transaction as the application does."""


async def at_random(numbers: random.Random) -> None:
    """Hold a commit back for some turns of the event loop, for up to five milliseconds, or not at all."""
    how = numbers.random()
    if how < 0.3:
        for _ in range(numbers.randrange(20)):
            await asyncio.sleep(0)
    elif how < 0.4:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.Event().wait(), numbers.uniform(0, 0.005))


class Gate:
    """Holds a commit back until it is opened."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.opened = asyncio.Event()

    async def __call__(self, _: random.Random) -> None:
        self.reached.set()
        await self.opened.wait()


# ── the directory that changes ───────────────────────────────────────────────────────────────────


@dataclass
class Hall:
    """What the writers of one tenant change together: its people and groups by id, whatever became of them."""

    org: Org
    people: list[UserId] = field(default_factory=list)
    groups: list[GroupId] = field(default_factory=list)

    @classmethod
    async def open(cls, org: Org, *, people: int = 20) -> Hall:
        """A tenant with some people and groups."""
        hall = cls(org, [each.id for each in await org.add_many(people)])
        async with org.db.tenant(org.id) as tx:
            for number in range(GROUPS):
                group = await directory.create_group(tx, org.operator, name=f"Group {number}")
                hall.groups.append(group.id)
        return hall


class Writer:
    """Changes the hall at random, by its own seed, and holds some commits back.

    A commit may be held back before its positions are taken, and after that.
    """

    def __init__(
        self,
        db: Database,
        hall: Hall,
        seed: str,
        *,
        begin: Begin = as_it_is,
        hold: Hold = at_random,
        changes: Sequence[Callable[[Writer, Transaction], Awaitable[bool]]] = (),
    ) -> None:
        self._db = db
        self._hall = hall
        self._random = random.Random(seed)
        self._begin = begin
        self._hold = hold
        self._changes = changes or _CHANGES
        self.refused = 0

    async def commit(self, transactions: int) -> None:
        """Commit that many transactions; refused ones, which are rolled back, come on top."""
        committed = 0
        while committed < transactions:
            try:
                committed += await self._db.run(self._hall.org.id, self._change)
            except (NotFound, Conflict):
                self.refused += 1  # such as a change of somebody who is deleted: rolled back, never to be read

    async def _change(self, tx: Transaction) -> bool:
        """One transaction; True if it changes anything."""
        await self._begin(tx)
        changed = False
        for _ in range(1 if len(self._changes) == 1 else self._random.choice([1, 1, 1, 2])):
            changed |= await self._random.choice(self._changes)(self, tx)
        await self._hold(self._random)
        async with tx.become(AFTER_ALL_OTHERS):
            tx.finish_with(LastWords.FEED, lambda _: self._hold(self._random))
        return changed

    async def create(self, tx: Transaction) -> bool:
        org = self._hall.org
        user_id = UserId(new_id())
        upn = f"p{user_id.hex}@{org.domain}"
        user = User(
            tenant_id=org.id, id=user_id, display_name="Somebody", user_principal_name=upn, mail=upn, created_at=tx.now
        )
        await directory.create_user(tx, org.operator, user)
        self._hall.people.append(user_id)
        return True

    async def update(self, tx: Transaction) -> bool:
        changes = {Attribute.CITY: str(new_id())}
        await directory.update_user(tx, self._hall.org.operator, self._somebody(), changes)
        return True

    async def delete(self, tx: Transaction) -> bool:
        return bool(await directory.delete_users(tx, self._hall.org.operator, [self._somebody()]))

    async def restore(self, tx: Transaction) -> bool:
        await directory.restore_user(tx, self._hall.org.operator, self._somebody())
        return True

    async def purge(self, tx: Transaction) -> bool:
        return bool(await directory.purge_users(tx, self._hall.org.operator, [self._somebody()]))

    async def add_members(self, tx: Transaction) -> bool:
        people = sorted({self._somebody(), self._somebody()})
        return bool(await directory.add_members(tx, self._hall.org.operator, self._some_group(), people))

    async def remove_member(self, tx: Transaction) -> bool:
        leaver = self._somebody()
        return bool(await directory.remove_members(tx, self._hall.org.operator, self._some_group(), [leaver]))

    def _somebody(self) -> UserId:
        return self._random.choice(self._hall.people)

    def _some_group(self) -> GroupId:
        return self._random.choice(self._hall.groups)


_CHANGES: Final = (
    *[Writer.create] * 3, *[Writer.update] * 6, *[Writer.delete] * 4, *[Writer.restore] * 4, Writer.purge,
    *[Writer.add_members] * 8, *[Writer.remove_member] * 6,
)  # fmt: skip
"""What writers do, as often as it stands here."""


# ── the reader ───────────────────────────────────────────────────────────────────────────────────


@dataclass
class Directory:
    """A directory as far as a reader knows it."""

    users: dict[UserId, User] = field(default_factory=dict)
    """Everybody but the purged, whoever is in the recycle bin included."""
    groups: dict[UUID, tuple[Any, ...]] = field(default_factory=dict)
    members: set[tuple[UUID, UUID]] = field(default_factory=set)


class Reader:
    """Follows one tenant's feed from its beginning."""

    def __init__(self, tenant_id: TenantId) -> None:
        self._tenant_id = tenant_id
        self.cursor = 0
        self.read: list[Entry] = []
        self.replica = Directory()

    async def follow(self, db: Database, *, until: Callable[[], bool]) -> None:
        """Poll without a pause; end when `until` held already before a poll that found nothing."""
        while True:
            enough = until()
            if not await self.poll(db) and enough:
                return

    async def poll(self, db: Database, *, at_most: int = feed.PAGE_SIZE_MAX) -> int:
        """Read what is new and fetch the rows it names; return how many entries there were."""
        async with db.tenant(self._tenant_id) as tx:
            entries = await feed.read(tx, after=self.cursor, at_most=at_most)
            await self._fetch(tx, entries)
        if entries:
            self.read += entries
            self.cursor = entries[-1].position
        return len(entries)

    async def _fetch(self, tx: Transaction, entries: list[Entry]) -> None:
        people = {UserId(each.object_id) for each in entries if each.kind.name.startswith("USER_")}
        groups = {each.object_id for each in entries if each.kind.name.startswith("GROUP_")}
        pairs = {(each.object_id, each.related_id) for each in entries if each.kind.name.startswith("MEMBER_")}
        if people:
            present = await load_users(tx, sorted(people))
            _bring(self.replica.users, people, present)
        if groups:
            _bring(self.replica.groups, groups, {row[0]: row for row in await _groups(tx) if row[0] in groups})
        if pairs:
            involved = sorted({group for group, _ in pairs})
            present_pairs = {(row[0], row[1]) for row in await _members(tx) if row[0] in involved}
            self.replica.members = (self.replica.members - pairs) | (present_pairs & pairs)
        # Who is purged is a member of nothing: that entry says it for all groups.
        purged = {each.object_id for each in entries if each.kind is ChangeKind.USER_PURGED}
        if purged:
            self.replica.members = {each for each in self.replica.members if each[1] not in purged}


async def look(db: Database, tenant_id: TenantId) -> tuple[Directory, list[Entry]]:
    """The directory itself and its whole feed, past any cursor."""
    async with db.tenant(tenant_id) as tx:
        ids = [UserId(row[0]) for row in await tx.rows("select id from users where tenant_id = %(tenant_id)s")]
        users = await load_users(tx, ids)
        groups = {row[0]: row for row in await _groups(tx)}
        members = {(row[0], row[1]) for row in await _members(tx)}
        entries: list[Entry] = []
        while page := await feed.read(tx, after=entries[-1].position if entries else 0):
            entries += page
    return Directory(users, groups, members), entries


async def _groups(tx: Transaction) -> list[tuple[Any, ...]]:
    return await tx.rows("select id, version, display_name, deleted_at from groups where tenant_id = %(tenant_id)s")


async def _members(tx: Transaction) -> list[tuple[Any, ...]]:
    return await tx.rows("select group_id, member_id from group_member where tenant_id = %(tenant_id)s")


def _bring(replica: dict[Any, Any], touched: set[Any], present: dict[Any, Any]) -> None:
    for each in touched:
        replica.pop(each, None)
    replica |= present
