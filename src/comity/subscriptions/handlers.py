"""What change notifications do within a change, and in the background."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from comity.core.clock import Clock
from comity.db.transaction import Transaction
from comity.events.model import Change
from comity.jobs.due import put
from comity.jobs.model import Order, Task, Work
from comity.subscriptions.decide import concerns
from comity.subscriptions.delivering import Postman
from comity.subscriptions.service import DELIVER
from comity.subscriptions.store import load_topics

AT_ONCE: Final = 2
"""Deliveries in work in one process: subscribers who answer slowly must not keep the drains waiting."""
FULL: Final = timedelta(seconds=1)
"""When to come back if that many are under way."""


async def observe(tx: Transaction, changes: Sequence[Change]) -> None:
    """Make a delivery due, in the transaction of the change, to each subscriber whom it concerns."""
    if not changes:
        return
    for subscription_id, topic, types in await load_topics(tx):
        if any(concerns(topic, types, each.kind, each.object_id) for each in changes):
            await put(tx, Order(DELIVER, tx.tenant_id, subscription_id))


def offered(postman: Postman, *, business: Clock) -> Work:
    """Deliveries as background work: one order for each subscriber."""
    under_way = 0

    async def handle(task: Task) -> datetime | None:
        nonlocal under_way
        if under_way >= AT_ONCE:
            return business.now() + FULL
        under_way += 1
        try:
            again = await postman.deliver(task.order.tenant_id, task.order.key)
        finally:
            under_way -= 1
        # Orders are due on the business clock, leases end on the machine's.
        return None if again is None else business.now() + (again - postman.machine.now())

    return Work(kind=DELIVER, handler=handle)
