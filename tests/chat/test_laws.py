"""Laws that hold while people write at the same time (design §4.7, §4.8; chat §3.1)."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable

import pytest

from comity.access.errors import AccessRefused
from comity.chat.model import MessageTextInvalid
from comity.core.ids import PERSONAL_REALM, new_id
from tests.chat.conftest import Chatter, change
from tests.support.personal import make_personal


async def test_two_who_write_at_once_share_one_gapless_order(annie, bob):
    """The server decides the order: total, dense, and the same for both."""
    chat = (await annie.start(bob)).chat
    await bob.accept(chat.id)
    before = (await annie.chat(chat.id)).chat.last_change

    await asyncio.gather(*(each.post(chat.id, f"{each.caller.name} {n}") for n in range(20) for each in (annie, bob)))

    seen = await annie.messages(chat.id)
    assert seen == await bob.messages(chat.id)
    assert [each.id for each in seen] == list(range(before + 1, before + 41))
    assert len({each.body.content for each in seen}) == 40


async def test_retries_at_once_are_one_message(annie, alan):
    """A client that does not know whether its send arrived sends again, even before the answer."""
    chat = (await annie.start(alan)).chat
    sends = [(f"text {n}", new_id()) for n in range(5)]
    retries = sends * 4
    random.Random(7).shuffle(retries)

    answers = await asyncio.gather(*(annie.post(chat.id, text, client_id) for text, client_id in retries))

    stored = await alan.messages(chat.id)
    assert [each.id for each in stored] == [1, 2, 3, 4, 5]
    assert {each.body.content for each in stored} == {text for text, _ in sends}
    assert {(each.client_id, each.id) for each in answers} == {(each.client_id, each.id) for each in stored}


async def test_the_same_client_id_of_two_senders_is_two_messages(annie, alan):
    """The id is the sender's own (design §4.8)."""
    chat = (await annie.start(alan)).chat
    client_id = new_id()

    one, other = await annie.post(chat.id, "a", client_id), await alan.post(chat.id, "b", client_id)

    assert (one.id, other.id) == (1, 2)


async def test_a_retry_is_answered_even_when_it_would_be_refused_by_now(contoso, annie, bob):
    """It was stored while it was allowed; the client only asks again."""
    chat = (await annie.start(bob)).chat
    client_id = new_id()
    message = await annie.post(chat.id, "hello", client_id)
    await change(contoso, AllowFederatedUsers=False)

    assert await annie.post(chat.id, "hello", client_id) == message
    with pytest.raises(AccessRefused):
        await annie.post(chat.id, "hello", new_id())


async def test_who_begin_with_each_other_at_once_have_one_chat(annie, bob):
    """No second thread, no collision: one of the two begins, the other joins in or waits to accept."""
    started = await asyncio.gather(*(each.start(other) for each, other in [(annie, bob), (bob, annie)] * 3))

    assert len({each.chat.id for each in started}) == 1
    assert [each.created for each in started].count(True) == 1
    assert [len(await each.chats()) for each in (annie, bob)] == [1, 1]


async def test_a_refused_message_changes_nothing(annie, alan):
    """The counter stands where it stood: no gap tells of what was not said."""
    chat = (await annie.start(alan)).chat
    with pytest.raises(MessageTextInvalid):
        await annie.post(chat.id, "\x00")

    assert (await annie.post(chat.id, "fine")).id == 1


@pytest.mark.parametrize(("whom", "setting"), [("Dana", "AllowTeamsConsumer"), ("Bob", "AllowFederatedUsers")])
async def test_after_the_commit_of_a_switch_nothing_refused_is_stored(contoso, annie, bob, dana, whom, setting):
    """While two people write at full speed, a hundred switches: off means off from its commit on, and not before;
    on means on again from its commit (design §4.7). The two are Annie of the tenant whose switch it is, and
    somebody outside: Dana with her personal account, and Bob of another tenant.
    """
    other = dana if whom == "Dana" else bob
    chat = (await annie.start(other)).chat
    await other.accept(chat.id)
    stop = asyncio.Event()
    outcomes = {"stored": 0, "refused": 0}
    # Counts the commits of switches. A send that began after the n-th and ended before the next one was even
    # asked for saw nothing but what the n-th left: even is on, odd is off.
    asked, done = 0, 0

    async def write(who: Chatter, lane: str) -> None:
        number = 0
        while not stop.is_set():
            number += 1
            begun = done
            try:
                await who.post(chat.id, f"{lane} {number}")
                outcomes["stored"] += 1
                undisturbed, wrong = asked == begun, begun % 2 == 1
            except AccessRefused:
                outcomes["refused"] += 1
                undisturbed, wrong = asked == begun, begun % 2 == 0
            assert not (undisturbed and wrong), f"after switch {begun}"

    async def last_change() -> int:
        return int((await annie.chat(chat.id)).chat.last_change)

    async def turn(*, on: bool) -> None:
        nonlocal asked, done
        asked += 1
        await change(contoso, **{setting: on})
        done += 1

    async def switch() -> None:
        try:
            for _ in range(50):
                await reach(last_change, await last_change() + 3)
                await turn(on=False)
                at_commit = await last_change()
                refused = outcomes["refused"]
                while outcomes["refused"] < refused + 6:
                    assert await last_change() == at_commit
                await turn(on=True)
        finally:
            stop.set()

    writers = [write(who, f"{name} {lane}") for lane in "12" for who, name in ((annie, "annie"), (other, "other"))]
    async with asyncio.timeout(120):
        await asyncio.gather(*writers, switch())

    assert done == 100
    assert outcomes["refused"] >= 300
    assert len(await annie.messages(chat.id, at_most=10_000)) == outcomes["stored"]


async def reach(read: Callable[[], Awaitable[int]], position: int) -> None:
    """Until the chat has come that far: before the commit of a switch nothing is refused."""
    while await read() < position:
        pass


async def test_a_tenant_without_a_seat_sees_no_row(annie, bob, tailspin, dana):
    """Content is visible through a seat and through nothing else, not even by id (design D4)."""
    chat = (await annie.start(bob, "hello")).chat
    other = await dana.chats()

    for transaction in (tailspin.db.tenant(tailspin.id), dana.transaction(), dana.db.tenant(PERSONAL_REALM)):
        async with transaction as tx:
            for table in ("chat", "chat_member", "message", "seat"):
                assert await tx.rows(f"select from {table} where chat_id = %(chat_id)s", chat_id=chat.id) == []
            assert await tx.execute("update chat set last_change = 99 where chat_id = %(id)s", id=chat.id) == 0
            assert await tx.execute("delete from message where chat_id = %(id)s", id=chat.id) == 0
    assert other == []


async def test_two_personal_accounts_see_nothing_of_each_other(annie, dana, db):
    """The realm is no directory: each sees his own chats, though all share a tenant id (design §4.9)."""
    account = await make_personal(db, "eve")
    eve = Chatter(db, account.caller, account.person)
    chat = (await annie.start(dana, "for Dana")).chat
    own = (await annie.start(eve, "for Eve")).chat

    async with eve.transaction() as tx:
        for table in ("chat", "chat_member", "message", "seat"):
            rows = await tx.rows(f"select chat_id from {table}")
            assert {row[0] for row in rows} == {own.id}
        assert await tx.rows("select id from users where tenant_id = %(tenant_id)s") == [(eve.person.user_id,)]
    assert [each.chat.id for each in await dana.chats()] == [chat.id]


async def test_personal_accounts_talk_to_each_other(dana, db):
    """Nobody administers them; the stranger still asks first (external-access §6, §11)."""
    account = await make_personal(db, "eve")
    eve = Chatter(db, account.caller, account.person)
    chat = (await dana.start(eve, "hello")).chat
    await eve.accept(chat.id)
    await eve.post(chat.id, "hi")

    assert await dana.texts(chat.id) == ["hello", "hi"]
