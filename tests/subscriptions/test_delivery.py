"""Telling subscribers: at least once, in order, to those who still may know (graph-api §6.5, design §7)."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from comity.audit.service import list_for_object
from comity.core.answers import AddressRefused
from comity.core.ids import AppId, TenantId, new_id
from comity.core.permissions import Permission
from comity.db.queries import Queries
from comity.directory import service as directory
from comity.directory.model import Attribute, User
from comity.events.feed import append, load_position, trim
from comity.events.model import Change, ChangeKind
from comity.identity import service as identity_service
from comity.jobs.model import Order, Task
from comity.subscriptions import handlers
from comity.subscriptions.delivering import ENVELOPE_MAX, READ_MAX, Postman
from comity.subscriptions.model import Family, SubscriptionUnknown, Topic, ValidationFailed
from comity.subscriptions.service import DELIVER
from tests.subscriptions.desk import Desk
from tests.support.receiver import Received


async def rename(desk: Desk, *people: User) -> None:
    async with desk.org.db.tenant(desk.org.id) as tx:
        append(tx, [Change(ChangeKind.USER_UPDATED, each.id, changed=Attribute.CITY.bit) for each in people])


def refusing(_: Received) -> tuple[int, str, bytes]:
    return 503, "text/plain", b""


async def test_an_address_has_to_want_our_calls(desk: Desk):
    """The handshake: a token in the query, given back as plain text; kept apart from the address's own query."""

    def agreeing(asked: Received) -> tuple[int, str, bytes]:
        return 200, "text/plain", asked.query["validationToken"].encode()

    desk.receiver.answering = agreeing
    await desk.service.validate(f"{desk.receiver.url}?code=a%26b", None)
    (asked,) = desk.receiver.received
    assert (asked.method, asked.body, asked.query["code"]) == ("POST", b"", "a&b")
    assert asked.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize(
    "answer", [(200, "text/plain", b"something else"), (200, "text/html", None), (202, "text/plain", None)]
)
async def test_an_address_that_does_not_is_refused(desk: Desk, answer: tuple[int, str, bytes | None]):
    status, media_type, body = answer
    desk.receiver.answering = lambda asked: (status, media_type, body or asked.query["validationToken"].encode())
    with pytest.raises(ValidationFailed):
        await desk.service.validate(desk.receiver.url)


async def test_changes_are_told_in_their_order_with_what_the_subscriber_gave_along(desk: Desk):
    """Creation, change, soft delete and restore of one person, in envelopes that name the subscription."""
    subscription = await desk.subscribe()
    annie = await desk.org.add_person("annie")
    await rename(desk, annie)
    async with desk.org.db.tenant(desk.org.id) as tx:
        await directory.delete_users(tx, desk.org.operator, [annie.id])

    assert await desk.deliver(subscription) == subscription.expires_at - timedelta(minutes=30)

    assert desk.told == [("updated", str(annie.id))] * 3
    (letter,) = desk.receiver.received
    assert letter.json()["value"][0] == {
        "subscriptionId": str(subscription.id),
        "subscriptionExpirationDateTime": subscription.expires_at.isoformat().replace("+00:00", "Z"),
        "clientState": "known to us two",
        "tenantId": str(desk.org.id),
        "changeType": "updated",
        "resource": f"Users/{annie.id}",
        "resourceData": {"@odata.type": "#Microsoft.Graph.User", "@odata.id": f"Users/{annie.id}", "id": str(annie.id)},
    }
    await desk.deliver(subscription)
    assert len(desk.receiver.received) == 1


async def test_only_what_was_asked_for_is_told(desk: Desk):
    """One person, not the other; nothing from before."""
    annie, alan = await desk.org.add_person("annie"), await desk.org.add_person("alan")
    subscription = await desk.subscribe(f"users/{annie.id}")
    await rename(desk, alan, annie, alan)
    await desk.deliver(subscription)
    assert desk.told == [("updated", str(annie.id))]


async def test_many_changes_go_in_several_envelopes(desk: Desk):
    """None is lost or doubled between envelopes and looks."""
    subscription = await desk.subscribe()
    people = await desk.org.add_many(READ_MAX + ENVELOPE_MAX // 2)
    await desk.deliver(subscription)
    assert desk.told == [("updated", str(each.id)) for each in people]
    assert all(len(letter.json()["value"]) <= ENVELOPE_MAX for letter in desk.receiver.received)


async def test_who_does_not_take_an_envelope_gets_it_again(desk: Desk):
    """From where it stopped: what was accepted before is not told twice."""
    subscription = await desk.subscribe()
    people = await desk.org.add_many(ENVELOPE_MAX + 1)
    letters = iter([202, 500, 202])
    desk.receiver.answering = lambda _: (next(letters), "text/plain", b"")

    again = await desk.deliver(subscription)
    assert again is not None
    assert again > desk.now
    failing = await desk.load(subscription)
    assert failing is not None
    assert (failing.attempts, failing.failing_since is None) == (1, False)
    await desk.deliver(subscription)

    expected = [("updated", str(each.id)) for each in people]
    assert desk.told == [*expected[:ENVELOPE_MAX], expected[-1], expected[-1]]
    mended = await desk.load(subscription)
    assert mended is not None
    assert (mended.attempts, mended.failing_since) == (0, None)


async def test_after_four_hours_the_changes_count_as_missed(desk: Desk):
    """The subscriber is told that, and of later changes as before."""
    subscription = await desk.subscribe(lifecycle_url=desk.receiver.url)
    annie = await desk.org.add_person("annie")
    desk.receiver.answering = refusing
    await desk.deliver(subscription)
    desk.receiver.received.clear()
    desk.identity.machine.offset += timedelta(hours=4, seconds=1)
    desk.receiver.answering = lambda _: (202, "text/plain", b"")

    await desk.deliver(subscription)
    assert (desk.events, desk.told) == (["missed"], [])
    await rename(desk, annie)
    await desk.deliver(subscription)
    assert desk.told == [("updated", str(annie.id))]


async def test_below_the_floor_of_the_feed_changes_are_missed(desk: Desk):
    """Whoever was away for 30 days starts over with delta."""
    subscription = await desk.subscribe(lifecycle_url=desk.receiver.url, expires_at=desk.now + timedelta(days=29))
    await desk.org.add_person("annie")
    async with desk.org.db.tenant(desk.org.id) as tx:
        await trim(tx, before=tx.now + timedelta(days=1))
        end = await load_position(tx)
    await desk.deliver(subscription)
    assert desk.events == ["missed"]
    found = await desk.load(subscription)
    assert found is not None
    assert (found.position, found.pending) == (end, None)


async def test_a_subscriber_is_reminded_once_and_then_forgotten(desk: Desk):
    """Half an hour before the end; renewing begins anew."""
    subscription = await desk.subscribe(lifecycle_url=desk.receiver.url)
    desk.identity.machine.offset += timedelta(hours=23, minutes=40)
    assert await desk.deliver(subscription) == subscription.expires_at
    await desk.deliver(subscription)
    assert desk.events == ["reauthorizationRequired"]

    caller = await desk.caller()
    async with desk.org.db.tenant(desk.org.id) as tx:
        renewed = await desk.service.renew(
            tx, caller, desk.owner, subscription.id, expires_at=desk.now + timedelta(hours=2)
        )
    assert await desk.deliver(renewed) == renewed.expires_at - timedelta(minutes=30)
    desk.identity.machine.offset += timedelta(hours=3)
    assert await desk.deliver(renewed) is None
    assert await desk.load(renewed) is None


async def test_who_may_no_longer_read_is_no_longer_told(desk: Desk):
    """The rights are asked for at each delivery, not when it was subscribed (design §7)."""
    subscription = await desk.subscribe(lifecycle_url=desk.receiver.url)
    await desk.org.add_person("annie")
    async with desk.org.db.tenant(desk.org.id) as tx:
        await identity_service.disable_application(tx, desk.org.operator, desk.application.id)
    assert await desk.deliver(subscription) is None
    assert (desk.events, desk.told) == (["subscriptionRemoved"], [])
    assert await desk.load(subscription) is None


async def test_the_right_to_read_is_needed(desk: Desk):
    """The permission of what one would be told of."""
    caller = replace(await desk.caller(), permissions=frozenset({Permission.USER_READ}))
    desk.service.check(caller, desk.wanted("users"))
    with pytest.raises(Exception, match=r"Group\.Read\.All"):
        desk.service.check(caller, desk.wanted("groups"))
    with pytest.raises(AddressRefused):
        desk.service.check(caller, desk.wanted("users", notification_url="http://8.8.8.8/"))


async def test_another_apps_subscription_does_not_exist(desk: Desk):
    """Also for an app of the same tenant."""
    subscription = await desk.subscribe()
    other = replace(desk.owner, app_id=AppId(new_id()))
    async with desk.org.db.tenant(desk.org.id) as tx:
        assert await desk.service.list(tx, other) == []
        with pytest.raises(SubscriptionUnknown):
            await desk.service.end(tx, desk.org.operator, other, subscription.id)
        assert [each.id for each in await desk.service.list(tx, desk.owner)] == [subscription.id]


async def test_a_change_makes_the_deliveries_due_that_it_concerns(desk: Desk):
    """And no other one."""
    annie = await desk.org.add_person("annie")
    told = await desk.subscribe(f"users/{annie.id}")
    concerned, other = replace(told, id=new_id()), replace(told, id=new_id(), topic=Topic(Family.GROUPS))
    async with desk.org.db.tenant(desk.org.id) as tx:
        for each in (concerned, other):
            await desk.postman.rows.add(tx, each)
        await handlers.observe(tx, [Change(ChangeKind.USER_UPDATED, annie.id, changed=Attribute.CITY.bit)])
        rows = await tx.rows("select key from due_list(%(kind)s) where tenant_id = %(tenant_id)s", kind=DELIVER)
    assert {row[0] for row in rows} == {told.id, concerned.id}


async def test_slow_subscribers_do_not_fill_the_worker(desk: Desk):
    """Deliveries beyond the limit give their place back at once and come again."""
    begun, answered = asyncio.Semaphore(0), asyncio.Event()

    class Waiting(Postman):
        async def deliver(self, tenant_id: TenantId, subscription_id: UUID) -> datetime | None:
            begun.release()
            await answered.wait()
            return None

    p = desk.postman
    waiting = Waiting(p.db, p.rows, p.outbound, p.machine, p.envelope, p.card)
    work = handlers.offered(waiting, business=desk.org.db.clock)
    tasks = [Task(Order(DELIVER, desk.org.id, new_id()), run=new_id(), attempt=1, cause=None) for _ in range(3)]
    slow = [asyncio.ensure_future(work.handler(each)) for each in tasks[: handlers.AT_ONCE]]
    for _ in slow:
        await begun.acquire()

    again = await work.handler(tasks[-1])
    assert again is not None
    assert timedelta(0) < again - desk.org.db.clock.now() <= handlers.FULL
    answered.set()
    assert await asyncio.gather(*slow) == [None, None]
    assert await work.handler(tasks[-1]) is None


async def test_the_client_state_is_sealed_at_rest(desk: Desk):
    """A copy of the database forges no notice (design §7); audit keeps neither it nor the address's query."""
    subscription = await desk.subscribe(notification_url=f"{desk.receiver.url}?code=hidden")
    async with desk.org.db.tenant(desk.org.id) as tx:
        row = await tx.row(Queries("comity.subscriptions").get, id=subscription.id)
        entries = await list_for_object(tx, desk.org.operator, subscription.id)
    assert b"known to us" not in str(row).encode()
    assert "hidden" not in str(entries)
    assert "known to us" not in str(entries)
    found = await desk.load(subscription)
    assert found is not None
    assert found.client_state == "known to us two"
