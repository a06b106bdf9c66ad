"""When a drain is due: at once after what concerns a job, and in 40 minutes in any case (design D8)."""

from __future__ import annotations

from datetime import timedelta

from comity.core.clock import BusinessClock
from comity.core.ids import CauseId, new_id
from comity.db.crossings.cycle import claim
from comity.db.database import Database
from comity.jobs.model import Order, Task
from comity.partners import service as partners
from comity.sync import service as sync
from comity.sync.handlers import BUSY, offered
from comity.sync.orders import DRAIN
from comity.sync.service import Principals
from tests.support.world import Org


def task(org: Org) -> Task:
    return Task(Order(DRAIN, org.id), run=new_id(), attempt=1, cause=CauseId(new_id()))


async def share_somebody(org: Org, *, to: Org) -> None:
    annie = await org.add_person("annie")
    async with to.db.tenant(to.id) as tx:
        await partners.accept_users(tx, to.operator, org.id)
    async with org.db.tenant(org.id) as tx:
        await sync.share_with(tx, org.operator, Principals(users=[annie.id]), to.id)


async def test_after_a_drain_the_next_is_due_in_40_minutes(
    fabrikam: Org, contoso: Org, db: Database, clock: BusinessClock
):
    """The reference product's interval stays, as the safety net behind the wake-ups."""
    await share_somebody(fabrikam, to=contoso)

    before = clock.now()
    again_at = await offered(db).handler(task(fabrikam))

    assert again_at is not None
    assert timedelta(minutes=40) <= again_at - before <= timedelta(minutes=40) + (clock.now() - before)


async def test_a_tenant_that_shares_nothing_is_left_in_peace(fabrikam: Org, db: Database):
    """Its order rests until a change puts it again."""
    assert await offered(db).handler(task(fabrikam)) is None


async def test_a_tenant_that_is_being_drained_is_looked_at_again_soon(
    fabrikam: Org, contoso: Org, db: Database, clock: BusinessClock
):
    """What came while the other drain was past it would otherwise wait for the interval."""
    await share_somebody(fabrikam, to=contoso)

    async with claim(db, fabrikam.id) as ours:
        before = clock.now()
        again_at = await offered(db).handler(task(fabrikam))

    assert ours
    assert again_at is not None
    assert BUSY <= again_at - before <= BUSY + (clock.now() - before)
