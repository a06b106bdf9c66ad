"""One transaction of one tenant: the only way to a connection.

Application code never commits; the boundary that opened the transaction does. What must be
written last (raised access versions, feed positions) registers a hook and runs in a fixed order
just before the commit (design §4.5, §4.7, §4.12).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from copy import copy
from datetime import datetime
from enum import IntEnum
from typing import Any, LiteralString, TypeVar
from uuid import UUID

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.rows import args_row, tuple_row

from comity.core.ids import PERSONAL_REALM, CauseId, TenantId, UserId

T = TypeVar("T")
Row = tuple[Any, ...]
Hook = Callable[["Transaction"], Awaitable[None]]


class LastWords(IntEnum):
    """The order of what is written just before the commit."""

    ACCESS = 1
    """Exclusive access lock, then the raised version."""
    FEED = 2
    """The feed's counter row: the very last statement, so that order of positions is order of commits."""


class Transaction:
    """A running transaction as the application role, bound to one tenant.

    `now` is the business clock's instant at its begin; `cause` is what set it off (the audit id of
    the first administrative change in it, unless an earlier cause was handed in). `flushed` is False for a
    drain's batch, which may be lost with the server until somebody flushes after it (design §4.2).
    """

    def __init__(
        self,
        connection: psycopg.AsyncConnection[Any],
        tenant_id: TenantId,
        person: UserId | None,
        now: datetime,
        *,
        flushed: bool = True,
    ) -> None:
        self._connection = connection
        self.tenant_id = tenant_id
        self.person = person
        self.now = now
        self.flushed = flushed
        self.cause: CauseId | None = None
        self.memory: dict[str, Any] = {}
        self._last_words: dict[tuple[LastWords, TenantId, str], tuple[UserId | None, Hook]] = {}
        self.after_commit: list[Callable[[], None]] = []
        self.statements = 0

    async def execute(self, query: LiteralString, /, **parameters: object) -> int:
        """Run a statement; return how many rows it touched. `%(tenant_id)s` is the transaction's tenant."""
        self.statements += 1
        cursor = await self._connection.execute(query, {"tenant_id": self.tenant_id, **parameters})
        return cursor.rowcount

    async def rows(self, query: LiteralString, /, **parameters: object) -> list[Row]:
        """Run a query; return all rows as tuples."""
        self.statements += 1
        async with self._connection.cursor(row_factory=tuple_row) as cursor:
            await cursor.execute(query, {"tenant_id": self.tenant_id, **parameters})
            return await cursor.fetchall()

    async def row(self, query: LiteralString, /, **parameters: object) -> Row | None:
        """Run a query of at most one row."""
        self.statements += 1
        async with self._connection.cursor(row_factory=tuple_row) as cursor:
            await cursor.execute(query, {"tenant_id": self.tenant_id, **parameters})
            return await cursor.fetchone()

    async def all(self, make: Callable[..., T], query: LiteralString, /, **parameters: object) -> list[T]:
        """Run a query; make a value of each row from its columns in order."""
        self.statements += 1
        async with self._connection.cursor(row_factory=args_row(make)) as cursor:
            await cursor.execute(query, {"tenant_id": self.tenant_id, **parameters})
            return await cursor.fetchall()

    async def one(self, make: Callable[..., T], query: LiteralString, /, **parameters: object) -> T | None:
        """Run a query of at most one row; make a value of it."""
        self.statements += 1
        async with self._connection.cursor(row_factory=args_row(make)) as cursor:
            await cursor.execute(query, {"tenant_id": self.tenant_id, **parameters})
            return await cursor.fetchone()

    async def stream(self, query: LiteralString, /, *, size: int = 1000, **parameters: object) -> AsyncIterator[Row]:
        """Read a long result row by row, `size` rows at a time from the server."""
        self.statements += 1
        async with self._connection.cursor(name="stream", row_factory=tuple_row) as cursor:
            cursor.itersize = size
            await cursor.execute(query, {"tenant_id": self.tenant_id, **parameters})
            async for row in cursor:
                yield row

    async def explain(self, query: LiteralString, /, **parameters: object) -> str:
        """The plan the server would choose, as text; for guards on hot statements."""
        rows = await self.rows("explain (costs off) " + query, **parameters)
        return "\n".join(str(row[0]) for row in rows)

    async def copy_in(self, statement: LiteralString, rows: Iterable[Sequence[object]]) -> None:
        """Feed rows to a COPY … FROM STDIN; for `db.bulk` only."""
        self.statements += 1
        async with self._connection.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                await copy.write_row(row)

    async def copy_text(self, statement: LiteralString, chunks: Iterable[str | bytes]) -> None:
        """Feed ready-made COPY text to a COPY … FROM STDIN; for `db.bulk` only."""
        self.statements += 1
        async with self._connection.cursor() as cursor, cursor.copy(statement) as copy:
            for chunk in chunks:
                await copy.write(chunk)

    async def copy_out(self, statement: LiteralString, /, **parameters: object) -> str:
        """Run a COPY … TO STDOUT; return its text, a newline behind each row."""
        self.statements += 1
        async with (
            self._connection.cursor() as cursor,
            cursor.copy(statement, {"tenant_id": self.tenant_id, **parameters}) as copy,
        ):
            return b"".join([bytes(chunk) async for chunk in copy]).decode()

    def finish_with(self, rank: LastWords, hook: Hook) -> None:
        """Run `hook` just before the commit, once per rank and tenant; the first registered stays.

        In the personal realm once per person: each is a world of her own there (design §4.9).
        """
        person = self.person if self.tenant_id == PERSONAL_REALM else None
        self._last_words.setdefault((rank, self.tenant_id, str(person or "")), (person, hook))

    async def say_last_words(self) -> None:
        """Run the hooks in their order, each as the tenant that registered it; tenants in id order.

        A hook may register another, also its own once more: a raised version is itself a change.
        """
        while self._last_words:
            key = min(self._last_words)
            person, hook = self._last_words.pop(key)
            async with self.become(key[1], person):
                await hook(self)

    @asynccontextmanager
    async def become(self, tenant_id: TenantId, person: UserId | None = None) -> AsyncIterator[None]:
        """Be another tenant for a while; for `db.crossings` and the last words only (a test holds that)."""
        if (tenant_id, person) == (self.tenant_id, self.person):
            yield
            return
        before = (self.tenant_id, self.person)
        await self._bind(tenant_id, person)
        try:
            yield
        except BaseException:
            # After a failed statement the server goes back to `before` by itself, at the latest with the
            # rollback. After any other exception it has to be told: the caller may catch it and go on.
            self.tenant_id, self.person = before
            if self._connection.info.transaction_status == TransactionStatus.INTRANS:
                await self._bind(*before)
            raise
        await self._bind(*before)

    async def _bind(self, tenant_id: TenantId, person: UserId | None) -> None:
        self.statements += 1
        await self._connection.execute(
            "select set_config('comity.tenant', %s, true), set_config('comity.person', %s, true)",
            (str(tenant_id), str(person) if person else ""),
        )
        self.tenant_id, self.person = tenant_id, person

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """A part that may fail alone: rolled back to here on an exception, which goes on.

        What was noted for the end in that part (last words, the cause, staging tables) is forgotten with it.
        """
        noted = (self.cause, _copied(self.memory), dict(self._last_words), list(self.after_commit))
        try:
            async with self._connection.transaction():
                yield
        except BaseException:
            self.cause, self.memory, self._last_words, self.after_commit = noted
            raise


def _copied(memory: dict[str, Any]) -> dict[str, Any]:
    """Collections are copied, so that what is added to them later can be forgotten."""
    return {key: copy(each) if isinstance(each, list | set | dict) else each for key, each in memory.items()}


def as_uuid(text: str) -> UUID | None:
    """The text as a UUID, or None if it is none."""
    try:
        return UUID(text)
    except ValueError:
        return None
