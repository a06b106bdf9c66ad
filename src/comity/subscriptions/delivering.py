"""Telling subscribers: at least once, in the order of the feed, one address never waiting for another's.

A delivery reads what lies behind the subscription's position, sends it in envelopes, and moves the position
after each that was accepted. Nobody answering, it comes back later and later; after four hours, or below the
feed's floor, the changes count as missed, which is itself told.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from comity.core.answers import AddressRefused, AnswerMissing
from comity.core.clock import Clock
from comity.core.errors import ComityError
from comity.core.ids import TenantId, new_id
from comity.core.logs import get_logger
from comity.core.outbound import Outbound
from comity.db.database import Database
from comity.db.transaction import Transaction
from comity.events import feed
from comity.events.model import Entry, FeedExpired
from comity.identity.callers import load_caller
from comity.identity.errors import TokenRefused
from comity.subscriptions import store
from comity.subscriptions.decide import GIVEN_UP_AFTER, NEEDED, REMINDED_BEFORE, backoff, plan_notices
from comity.subscriptions.model import Lifecycle, Notice, Subscription

log = get_logger()

ENVELOPE_MAX: Final = 100
"""Notices in one call."""
READ_MAX: Final = 1000
"""Entries of the feed in one look."""
LOOKS_PER_TURN: Final = 10
"""Then somebody else's turn comes."""
ANSWER_S: Final = 3.0
"""So long a subscriber has to take an envelope."""

Envelope = Callable[[Subscription, Sequence[Notice]], bytes]
"""Writes notices as the door that took the subscription speaks; lent by `app`."""
Card = Callable[[Subscription, Lifecycle], bytes]
"""Writes a lifecycle event in the same manner."""


@dataclass(frozen=True, slots=True)
class Postman:
    """What deliveries need."""

    db: Database
    rows: store.Store
    outbound: Outbound
    machine: Clock
    envelope: Envelope
    card: Card

    async def deliver(self, tenant_id: TenantId, subscription_id: UUID) -> datetime | None:
        """Tell one subscriber what there is; returns when to look again (machine clock), None if it has ended."""
        for _ in range(LOOKS_PER_TURN):
            look = await self._look(tenant_id, subscription_id)
            if look is None:
                return None
            if not look.has_something:
                return self._next_word(look.subscription)
            if not await self._tell(look):
                return await self._come_back(look.subscription)
            if look.subscription.pending is Lifecycle.SUBSCRIPTION_REMOVED:
                await self._forget(look.subscription)
                return None
        return self.machine.now()

    async def _look(self, tenant_id: TenantId, subscription_id: UUID) -> _Look | None:
        """What is to be told; what has to be said about the subscription itself is noted first."""
        async with self.db.tenant(tenant_id) as tx:
            found = await self.rows.get(tx, subscription_id)
            if found is None:
                return None
            if found.expires_at <= self.machine.now():
                await store.remove(tx, found.id)
                return None
            if found.pending is None and (event := await self._event(tx, found)) is not None:
                position = await feed.load_position(tx) if event is not Lifecycle.REAUTHORIZATION_REQUIRED else 0
                await store.owe(tx, found.id, event, position=position)
                found = await self.rows.get(tx, subscription_id) or found
            if found.pending is not None:
                return _Look(found, [])
            return _Look(found, await feed.read(tx, after=found.position, at_most=READ_MAX))

    async def _event(self, tx: Transaction, found: Subscription) -> Lifecycle | None:
        """Is there something to be said about the subscription itself?"""
        if not await self._may_still(tx, found):
            return Lifecycle.SUBSCRIPTION_REMOVED
        failing = found.failing_since
        if failing is not None and failing + GIVEN_UP_AFTER <= self.machine.now():
            return Lifecycle.MISSED
        try:
            await feed.read(tx, after=found.position, at_most=1)
        except FeedExpired:
            return Lifecycle.MISSED
        if not found.reminded and self._reminder(found) <= self.machine.now():
            return Lifecycle.REAUTHORIZATION_REQUIRED
        return None

    async def _may_still(self, tx: Transaction, found: Subscription) -> bool:
        """May its owner still read what would be told? Asked of the rows, as with every request."""
        try:
            caller = await load_caller(tx, found.owner, request_id=new_id())
        except TokenRefused:
            return False
        return caller.may(NEEDED[found.topic.family])

    async def _tell(self, look: _Look) -> bool:
        """Send everything of one look; False where nobody took it."""
        found = look.subscription
        if found.pending is not None:
            if found.lifecycle_url is not None and not await self._post(
                found, found.lifecycle_url, self.card(found, found.pending)
            ):
                return False
            await self._told(found, found.position)
            return True
        notices = plan_notices(found, look.entries)
        for start in range(0, len(notices), ENVELOPE_MAX):
            some = notices[start : start + ENVELOPE_MAX]
            if not await self._post(found, found.notification_url, self.envelope(found, some)):
                return False
            await self._told(found, some[-1].position)
        await self._told(found, look.entries[-1].position)
        return True

    async def _post(self, found: Subscription, url: str, body: bytes) -> bool:
        try:
            answer = await self.outbound.post(url, body, media_type="application/json", timeout_s=ANSWER_S)
        except (AnswerMissing, AddressRefused) as fault:
            return self._said_no(found, fault)
        return 200 <= answer.status < 300 or self._said_no(found, None, status=answer.status)

    def _said_no(self, found: Subscription, fault: ComityError | None, **facts: object) -> bool:
        log.info("subscription-not-taken", subscription=found.id, code=fault.code if fault else None, **facts)
        return False

    async def _told(self, found: Subscription, position: int) -> None:
        async with self.db.tenant(found.tenant_id) as tx:
            await store.note_told(tx, found.id, position=position)

    async def _forget(self, found: Subscription) -> None:
        async with self.db.tenant(found.tenant_id) as tx:
            await store.remove(tx, found.id)

    async def _come_back(self, found: Subscription) -> datetime:
        now = self.machine.now()
        async with self.db.tenant(found.tenant_id) as tx:
            await store.note_failed(tx, found.id, at=now)
        if found.pending is not None and (found.failing_since or now) + GIVEN_UP_AFTER <= now:
            # Whoever does not take this either is not asked for ever.
            await self._told(found, found.position)
            if found.pending is Lifecycle.SUBSCRIPTION_REMOVED:
                await self._forget(found)
        return now + backoff(found.attempts + 1)

    def _next_word(self, found: Subscription) -> datetime:
        """When something is to be done even if nothing changes: the reminder, and the end."""
        return found.expires_at if found.reminded else min(self._reminder(found), found.expires_at)

    @staticmethod
    def _reminder(found: Subscription) -> datetime:
        return found.expires_at - REMINDED_BEFORE


@dataclass(frozen=True, slots=True)
class _Look:
    subscription: Subscription
    entries: list[Entry]

    @property
    def has_something(self) -> bool:
        return bool(self.entries) or self.subscription.pending is not None
