"""Two clocks: the business clock, which a lab may move, and the machine clock, which never moves.

The business clock dates schedules, retention, soft deletes, audit and messages. The machine
clock is for tokens, sessions, leases, rate limits and TLS. Both are arguments everywhere; this
file is the only one that asks the operating system.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Says what time it is, in UTC."""

    def now(self) -> datetime:
        """The present instant, timezone-aware, in UTC."""
        ...


class MachineClock:
    """The operating system's clock."""

    def now(self) -> datetime:
        """The present instant, in UTC."""
        return datetime.now(UTC)

    def monotonic_s(self) -> float:
        """Seconds since an arbitrary start; never goes backwards."""
        return time.monotonic()


@dataclass(slots=True)
class BusinessClock:
    """The machine clock plus the installation's offset (zero unless a lab moved it).

    `offset` is re-read from the installation's row by the process that owns this clock.
    """

    machine: Clock = field(default_factory=MachineClock)
    offset: timedelta = timedelta(0)

    def now(self) -> datetime:
        """The installation's present instant, in UTC."""
        return self.machine.now() + self.offset


@dataclass(slots=True)
class FixedClock:
    """A clock that stands still until told otherwise; for tests and rehearsals."""

    at: datetime

    def now(self) -> datetime:
        """The instant it was set to."""
        return self.at

    def advance(self, by: timedelta) -> None:
        """Move forward by `by`."""
        self.at += by
