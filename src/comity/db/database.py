"""The database of one process: a pool, tenant transactions, and a direct connection where one is needed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import psycopg
from psycopg import errors as pg
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from comity.core.clock import Clock
from comity.core.ids import CauseId, TenantId, UserId
from comity.db.errors import (
    Collided,
    DatabaseUnavailable,
    Duplicate,
    PoolExhausted,
    RetriesExhausted,
    StatementTooSlow,
    ValueRefused,
)
from comity.db.transaction import Transaction

T = TypeVar("T")

RETRIES_MAX: Final = 3
RETRYABLE: Final = (pg.SerializationFailure, pg.DeadlockDetected, pg.LockNotAvailable)

SESSION: Final = {
    "statement_timeout": "60s",
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "60s",
}
"""Limits of a transaction (design §4.12); longer work says so in its own transaction."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where the database is.

    `url` may lead to a transaction pooler; `direct_url` never does (LISTEN, migrations, session
    locks, the queue).
    """

    url: str
    direct_url: str

    @property
    def pooled(self) -> bool:
        """Is there a pooler in between? Then nothing may be kept on a session."""
        return self.url != self.direct_url


class Database:
    """Opens tenant transactions; one per process, made by `app`.

    Use as an async context manager: the pool opens on entry and closes on exit. `renew` is asked for the
    address before each new connection, so that a server of our own can be started again.
    """

    def __init__(
        self,
        address: Address,
        *,
        clock: Clock,
        size: int = 10,
        wait_s: float = 5.0,
        renew: Callable[[], Awaitable[Address]] | None = None,
    ) -> None:
        self.address = address
        self.clock = clock
        self.on_begin: list[Callable[[Transaction], None]] = []
        """Called with every new transaction; `app` wires the feed's observers here."""
        self._wait_s = wait_s
        self._renew = renew
        self._mending: asyncio.Task[None] | None = None
        self._pool: AsyncConnectionPool[psycopg.AsyncConnection[Any]] = AsyncConnectionPool(
            self.url,
            min_size=1,
            max_size=size,
            timeout=wait_s,
            open=False,
            kwargs={"autocommit": True, "prepare_threshold": None if address.pooled else 5},
        )

    async def __aenter__(self) -> Database:
        try:
            await self._pool.open(wait=True, timeout=max(self._wait_s, 10.0))
        except (PoolTimeout, psycopg.OperationalError) as fault:
            await self._pool.close()
            raise DatabaseUnavailable(detail=_reason(fault)) from fault
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._mending is not None:
            self._mending.cancel()
        await self._pool.close()

    async def url(self) -> str:
        """Where to connect now; the embedded server is seen to, and started again if it was killed."""
        return (await self._whereabouts()).url

    async def direct_url(self) -> str:
        """Where to connect past any pooler; the embedded server is seen to, as by `url`."""
        return (await self._whereabouts()).direct_url

    async def _whereabouts(self) -> Address:
        if self._renew is not None:
            self.address = await self._renew()
        return self.address

    def waiting(self) -> dict[str, int]:
        """The pool's own figures, for /metrics."""
        return dict(self._pool.get_stats())

    @asynccontextmanager
    async def tenant(
        self,
        tenant_id: TenantId,
        *,
        person: UserId | None = None,
        cause: CauseId | None = None,
        flushed: bool = True,
        many_rows: bool = False,
    ) -> AsyncIterator[Transaction]:
        """One transaction as `tenant_id`; committed at the end, rolled back on any exception.

        `person` opens a personal account's own rows. `flushed=False` may be used by batches of a
        drain only, whose watermark is committed flushed after them (design §4.2). `many_rows` has every
        statement planned for the sizes at hand: a plan kept from when a table was small reads all of it.

        Raises:
            PoolExhausted: no connection came free in time.
            DatabaseUnavailable: the database does not answer.
            Collided: another transaction was at the same rows; `run` tries again.
            StatementTooSlow: a statement took longer than it may.
            Duplicate: a rule of uniqueness refused a row.
            ValueRefused: the database cannot hold a value.
        """
        with self._in_our_words():
            async with (
                self._pool.connection() as connection,
                self._bound(connection, tenant_id, person, flushed=flushed, many_rows=many_rows) as tx,
            ):
                tx.cause = cause
                for greet in self.on_begin:
                    greet(tx)
                yield tx
        for act in tx.after_commit:
            act()

    @contextmanager
    def _in_our_words(self) -> Iterator[None]:
        """What the driver reports, as facts that somebody can act on; the rest is a bug, and stays one."""
        try:
            yield
        except PoolTimeout as fault:
            raise PoolExhausted from fault
        except (pg.AdminShutdown, pg.CrashShutdown, pg.CannotConnectNow) as fault:
            self._mend()
            raise DatabaseUnavailable(detail=_reason(fault)) from fault
        except RETRYABLE as fault:
            raise Collided(detail=_reason(fault)) from fault
        except (pg.QueryCanceled, pg.IdleInTransactionSessionTimeout) as fault:
            raise StatementTooSlow(detail=_reason(fault)) from fault
        except (pg.UniqueViolation, pg.ExclusionViolation) as fault:
            raise Duplicate(constraint=fault.diag.constraint_name) from fault
        except (psycopg.DataError, pg.ProgramLimitExceeded, UnicodeEncodeError) as fault:
            raise ValueRefused(detail=_reason(fault)) from fault
        except psycopg.OperationalError as fault:
            if fault.sqlstate is None:  # the connection broke, not a statement
                self._mend()
                raise DatabaseUnavailable(detail=_reason(fault)) from fault
            raise

    @asynccontextmanager
    async def _bound(
        self,
        connection: psycopg.AsyncConnection[Any],
        tenant_id: TenantId,
        person: UserId | None,
        *,
        flushed: bool,
        many_rows: bool,
    ) -> AsyncIterator[Transaction]:
        # One round trip: begin, role, limits and tenant. UUIDs print as hex and dashes only, so
        # writing them into the text is safe; the simple protocol takes several statements at once.
        limits = "; ".join(f"set local {name} = '{value}'" for name, value in SESSION.items())
        await connection.execute(
            "begin isolation level read committed; set local role comity_app; "
            f"{limits}; set local synchronous_commit = {'on' if flushed else 'off'}; "
            f"{'set local plan_cache_mode = force_custom_plan; ' if many_rows else ''}"
            f"select set_config('comity.tenant', '{tenant_id}', true), "
            f"set_config('comity.person', '{person or ''}', true)"
        )
        tx = Transaction(connection, tenant_id, person, self.clock.now(), flushed=flushed)
        try:
            yield tx
            await tx.say_last_words()
            await connection.execute("commit")
        except BaseException:
            if not connection.closed:
                try:
                    await connection.execute("rollback")
                except psycopg.Error:
                    await connection.close()  # the pool replaces it; the first exception is the one to tell
            raise

    async def run(
        self,
        tenant_id: TenantId,
        work: Callable[[Transaction], Awaitable[T]],
        *,
        person: UserId | None = None,
        cause: CauseId | None = None,
    ) -> T:
        """Run a repeatable use case: collisions are retried, at most three times.

        Raises:
            RetriesExhausted: it collided each time.
        """
        fault: Collided | None = None
        for _ in range(RETRIES_MAX):
            try:
                async with self.tenant(tenant_id, person=person, cause=cause) as tx:
                    return await work(tx)
            except Collided as collision:
                fault = collision
        raise RetriesExhausted from fault

    def _mend(self) -> None:
        """One connection broke: look at the idle ones, so that not each costs a request of its own."""
        if self._mending is None or self._mending.done():
            self._mending = asyncio.create_task(self._pool.check())

    @asynccontextmanager
    async def direct(self) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
        """A session of one's own, past any pooler: LISTEN, session locks, migrations.

        Raises:
            DatabaseUnavailable: it could not be opened, or broke.
        """
        try:
            connection = await psycopg.AsyncConnection.connect(await self.direct_url(), autocommit=True)
            try:
                yield connection
            finally:
                await connection.close()
        except psycopg.OperationalError as fault:
            raise DatabaseUnavailable(detail=_reason(fault)) from fault


def _reason(fault: BaseException) -> str:
    """The fault's first line: libpq repeats itself over several."""
    return (str(fault).strip().splitlines() or [type(fault).__name__])[0]
