"""The nouns of background work: an order, and the work that carries out orders of one kind."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from comity.core.errors import ComityError, Unavailable
from comity.core.ids import CauseId, TenantId

NO_KEY: Final = UUID(int=0)
"""The key of orders of which a tenant has one."""


@dataclass(frozen=True, slots=True)
class Order:
    """A standing order: do this kind of work for this tenant; `key` tells several of one kind apart.

    Ids only, never data: what there is to do is read when the work begins.
    """

    kind: str
    tenant_id: TenantId
    key: UUID = NO_KEY

    @property
    def name(self) -> str:
        """One text that no other order has."""
        return f"{self.kind}:{self.tenant_id}:{self.key}"


@dataclass(frozen=True, slots=True)
class Task:
    """One run of an order: which attempt it is since the last success, and what set it off."""

    order: Order
    run: UUID
    attempt: int
    cause: CauseId | None


Handler = Callable[[Task], Awaitable[datetime | None]]
"""Does the work; must be safe to run twice. Returns when it wants to run again (business clock), or None."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What a room offers to do in the background.

    `spacing` lies at least between the beginnings of two runs of one order, on the machine clock.
    """

    kind: str
    handler: Handler
    spacing: timedelta = timedelta(0)


class QueueUnavailable(Unavailable):
    """The queue does not answer."""

    code = "queue-unavailable"


class QueueNewer(ComityError):
    """The queue's tables were made by a newer version of the queue library."""

    code = "queue-newer"
