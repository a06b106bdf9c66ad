"""The change feed: appended by writers as their last words, read by cursors.

The position is dense per tenant and taken by the transaction's last statement, so a reader at *n*
has missed nothing below *n* (design §4.5). The feed is the outbox: sync, search, delta and
webhooks are cursors over it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from comity.core.ids import PERSONAL_REALM, CauseId, TenantId
from comity.db.queries import Queries
from comity.db.transaction import LastWords, Transaction
from comity.db.values import array_text
from comity.events.model import EXTERNAL_BIT, Change, ChangeKind, Entry, FeedExpired

Q: Final = Queries("comity.events")
PAGE_SIZE_MAX: Final = 5000

Observer = Callable[[Transaction, Sequence[Change]], Awaitable[None]]
"""Called inside the transaction, before positions are taken: to make work due with the change."""

Committed = Callable[[TenantId], None]
"""Called after the commit of a transaction that wrote entries: to give a hint."""


class Feed:
    """How this process writes feeds; `app` wires who wants to know."""

    def __init__(self) -> None:
        self.observers: list[Observer] = []
        self.realm_observers: list[Observer] = []
        """Told of changes to personal accounts, which no feed keeps."""
        self.committed: list[Committed] = []


_unwired = Feed()


def append(tx: Transaction, changes: Iterable[Change]) -> None:
    """Note changes of this transaction; positions are taken just before the commit.

    The personal realm has no feed (design §4.9): there, its observers are told, and nothing is kept.
    """
    noted: list[Change] = tx.memory.setdefault(f"feed:{tx.tenant_id}", [])
    noted.extend(changes)
    if noted:
        tx.finish_with(LastWords.FEED, _flush)


def append_arrivals(tx: Transaction, objects: Sequence[str], *, changed: int, cause: CauseId) -> None:
    """Note that these B2B identities are new here, by their ids as text; positions follow those of single changes.

    Observers are told of the first only: what is new nobody waits for by its id.
    """
    if objects:
        tx.memory.setdefault(f"feed-arrivals:{tx.tenant_id}", []).append(_Arrivals(objects, changed, cause))
        tx.finish_with(LastWords.FEED, _flush)


def wire(tx: Transaction, feed: Feed) -> None:
    """Let `feed`'s observers see what this transaction appends."""
    tx.memory["feed"] = feed


class _Arrivals(NamedTuple):
    """B2B identities that came together."""

    objects: Sequence[str]
    changed: int
    cause: CauseId

    @property
    def first(self) -> Change:
        return Change(
            ChangeKind.USER_CREATED, UUID(self.objects[0]), changed=self.changed, external=True, cause=self.cause
        )


async def _flush(tx: Transaction) -> None:
    changes: list[Change] = tx.memory.pop(f"feed:{tx.tenant_id}", [])
    arrivals: list[_Arrivals] = tx.memory.pop(f"feed-arrivals:{tx.tenant_id}", [])
    feed: Feed = tx.memory.get("feed", _unwired)
    in_realm = tx.tenant_id == PERSONAL_REALM
    for observer in feed.realm_observers if in_realm else feed.observers:
        await observer(tx, [*changes, *(each.first for each in arrivals)] if arrivals else changes)
    if in_realm:
        return
    if changes:
        await _write(tx, changes)
    for each in arrivals:
        await tx.execute(
            Q.append_arrivals,
            kind=ChangeKind.USER_CREATED.value, objects=array_text(each.objects), changed=each.changed | EXTERNAL_BIT,
            cause=each.cause, at=tx.now, flushed=tx.flushed,
        )  # fmt: skip
    tenant_id = tx.tenant_id
    tx.after_commit.extend(lambda tell=tell: tell(tenant_id) for tell in feed.committed)  # type: ignore[misc]


async def _write(tx: Transaction, changes: Sequence[Change]) -> None:
    await tx.execute(
        Q.append,
        kinds=array_text(each.kind.value for each in changes),
        objects=array_text(each.object_id for each in changes),
        relateds=array_text(each.related_id for each in changes),
        changes=array_text(each.changed | (EXTERNAL_BIT if each.external else 0) for each in changes),
        causes=array_text(each.cause or tx.cause for each in changes),
        at=tx.now,
        flushed=tx.flushed,
    )


async def load_position(tx: Transaction) -> int:
    """How far the tenant's feed reaches; 0 if nothing ever happened. As certain as what `read` returns."""
    row = await tx.row(Q.position)
    if row is None:
        return 0
    await _settle(tx, int(row[0]), settled=int(row[2]))
    return int(row[0])


async def read(tx: Transaction, *, after: int, at_most: int = PAGE_SIZE_MAX) -> list[Entry]:
    """Read entries behind `after`, in order, at most `at_most`.

    Once the transaction is committed, they survive the server: nobody may be told of a position that is given
    out again (design §4.2).

    Raises:
        FeedExpired: entries behind `after` were cut off already.
    """
    entries = await tx.all(_entry, Q.read, after=after, at_most=at_most)
    # Asked afterwards: entries may be cut off between two statements, and then these begin with a gap.
    row = await tx.row(Q.position)
    if row is not None and after < row[1]:
        raise FeedExpired(position=after, floor=row[1])
    if entries and row is not None:
        await _settle(tx, entries[-1].position, settled=row[2])
    return entries


async def read_own(tx: Transaction, *, after: int, at_most: int = PAGE_SIZE_MAX) -> tuple[list[Entry], int]:
    """Read entries behind `after` that do not concern B2B identities, and up to which position that was all.

    What others have brought here is nearly everything that a feed in a large mesh holds, and never shared on. As
    certain as `read`.

    Raises:
        FeedExpired: entries behind `after` were cut off already.
    """
    row = await tx.row(Q.position)
    if row is None:
        return [], after
    # Asked before the entries: what is committed in between belongs to the next reading.
    up_to = max(int(row[0]), after)
    entries = await tx.all(_entry, Q.read_own, after=after, up_to=up_to, at_most=at_most)
    row = await tx.row(Q.position)
    if row is not None and after < row[1]:
        raise FeedExpired(position=after, floor=row[1])
    if len(entries) == at_most:
        up_to = entries[-1].position
    if row is not None and up_to > after:
        await _settle(tx, up_to, settled=row[2])
    return entries, up_to


async def _settle(tx: Transaction, position: int, *, settled: int) -> None:
    """Have the commit of who reads flush what a drain's batch has left to later."""
    if position > settled:
        await tx.rows(Q.settle)


async def load_cursor(tx: Transaction, consumer: str) -> int:
    """How far `consumer` has read; 0 at first."""
    row = await tx.row(Q.cursor, consumer=consumer)
    return int(row[0]) if row else 0


async def advance(tx: Transaction, consumer: str, position: int) -> None:
    """Note that `consumer` has read up to `position`; never backwards."""
    await tx.execute(Q.advance, consumer=consumer, position=position)


async def trim(tx: Transaction, *, before: datetime) -> int:
    """Cut entries older than `before`; return the new floor."""
    row = await tx.row(Q.floor_at, before=before)
    floor = int(row[0]) if row else 0
    if floor:
        await tx.execute(Q.trim_entries, floor=floor)
        await tx.execute(Q.raise_floor, floor=floor)
    return floor


def _entry(
    position: int, kind: int, object_id: UUID, related_id: UUID | None, changed: int, cause: Any, at: datetime
) -> Entry:
    return Entry(
        position,
        ChangeKind(kind),
        object_id,
        related_id,
        changed & ~EXTERNAL_BIT,
        bool(changed & EXTERNAL_BIT),
        cause,
        at,
    )
