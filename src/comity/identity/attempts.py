"""Wrong passwords lock a name, and too many tries a place; the machine clock counts (design §4.10, §7).

Counted is the name that was typed, whether anybody has it or not: otherwise a lock would tell who exists.
A lock lasts a minute at first and doubles with each further round, up to an hour; whoever is locked out is not even
looked at, so the right password is refused as well.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Final

from comity.core.clock import MachineClock
from comity.core.folding import address_key
from comity.core.ids import PERSONAL_REALM, TenantId
from comity.db.database import Database
from comity.db.queries import Queries
from comity.identity.errors import TooManyAttempts
from comity.identity.refusals import AccountLocked

Q: Final = Queries("comity.identity", "attempts.sql")

FAILURES_MAX: Final = 10
"""Entra's default threshold."""
LOCK_FIRST: Final = timedelta(minutes=1)
LOCK_MAX: Final = timedelta(hours=1)
FORGOTTEN_AFTER: Final = timedelta(hours=24)
STALE_AFTER: Final = timedelta(days=2)


def locked_for(failures: int, last_at: datetime, *, now: datetime) -> timedelta:
    """How long a name stays locked: nothing below the threshold, longer with every failure beyond it."""
    if failures < FAILURES_MAX:
        return timedelta(0)
    doubled: int = 1 << min(failures - FAILURES_MAX, 10)
    lock = min(LOCK_FIRST * doubled, LOCK_MAX)
    return max(timedelta(0), last_at + lock - now)


@dataclass(frozen=True, slots=True)
class Attempts:
    """Counts; over the database, so that all processes count together."""

    db: Database
    machine: MachineClock

    async def check_account(self, tenant_id: TenantId, name: str) -> int:
        """May somebody try to sign in under this name? How often it went wrong of late.

        Raises:
            AccountLocked: says for how many seconds.
        """
        async with self.db.tenant(PERSONAL_REALM) as tx:
            row = await tx.row(Q.get, key=_key("account", str(tenant_id), address_key(name)))
        if row is None:
            return 0
        if left := locked_for(row[0], row[1], now=self.machine.now()):
            raise AccountLocked(seconds=ceil(left.total_seconds()))
        return int(row[0])

    async def failed(self, tenant_id: TenantId, name: str) -> None:
        """A wrong password under this name."""
        await self._add(_key("account", str(tenant_id), address_key(name)), FORGOTTEN_AFTER)

    async def passed(self, tenant_id: TenantId, name: str) -> None:
        """The right password: earlier failures are forgotten."""
        async with self.db.tenant(PERSONAL_REALM) as tx:
            await tx.execute(Q.clear, key=_key("account", str(tenant_id), address_key(name)))

    async def check(self, what: str, who: str, *, most: int, within: timedelta) -> None:
        """Has it gone wrong too often of late, for somebody or from somewhere?

        Raises:
            TooManyAttempts.
        """
        async with self.db.tenant(PERSONAL_REALM) as tx:
            row = await tx.row(Q.get, key=_key(what, who))
        if row is not None and row[0] >= most and (left := row[1] + within - self.machine.now()) > timedelta(0):
            raise TooManyAttempts(retry_after_s=ceil(left.total_seconds()))

    async def count(self, what: str, who: str, *, within: timedelta) -> None:
        """It went wrong once more."""
        await self._add(_key(what, who), within)

    async def spend(self, what: str, who: str, *, most: int, within: timedelta) -> None:
        """One more try of this kind, by somebody or from somewhere; `most` until nothing came for `within`.

        Raises:
            TooManyAttempts.
        """
        if await self._add(_key(what, who), within) > most:
            raise TooManyAttempts(retry_after_s=ceil(within.total_seconds()))

    async def _add(self, key: bytes, within: timedelta) -> int:
        now = self.machine.now()
        async with self.db.tenant(PERSONAL_REALM) as tx:
            row = await tx.row(Q.add, key=key, at=now, since=now - within, stale_before=now - STALE_AFTER)
        assert row is not None
        return int(row[0])


def _key(*parts: str) -> bytes:
    return hashlib.sha256("\x00".join(parts).encode()).digest()
