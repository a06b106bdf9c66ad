"""Beginning a 1:1, across a border and within: request, accept, block (external-access §9, §11)."""

from __future__ import annotations

import pytest

from comity.access import service as access
from comity.access.errors import AccessRefused, PermitMissing, PersonUnreachable, RequestPending
from comity.access.model import AddressedBy, Decision, Person, Purpose, Rule
from comity.access.permits import Permit
from comity.chat import sending, service
from comity.chat.model import Body, BodyType, ChatUnknown, ChatWithSelf, NothingToBlock, Request, RequestGone
from comity.core.errors import PermissionMissing
from comity.core.ids import UserId, new_id
from tests.chat.conftest import change


async def test_there_is_one_chat_per_pair_whoever_begins(annie, bob):
    """Starting again opens the existing thread (chat §1.1)."""
    first = await annie.start(bob, "hello")
    await bob.accept(first.chat.id)
    second = await bob.start(annie, "hi")
    third = await annie.start(bob)

    assert [first.created, second.created, third.created] == [True, False, False]
    assert first.chat.id == second.chat.id == third.chat.id
    assert await annie.texts(first.chat.id) == await bob.texts(first.chat.id) == ["hello", "hi"]


async def test_colleagues_simply_talk(annie, alan):
    """Within a tenant nobody asks and nobody accepts."""
    chat = (await annie.start(alan, "lunch?")).chat

    await alan.post(chat.id, "yes")

    assert [each.request for each in chat.members] == [Request.NONE, Request.NONE]
    assert await annie.texts(chat.id) == ["lunch?", "yes"]


@pytest.mark.parametrize("by", AddressedBy)
async def test_work_and_personal_accounts_talk_once_accepted(annie, dana, by):
    """Annie begins by mail or by phone, Dana accepts, both may write (mission M1, M9)."""
    chat = (await annie.start(dana, "hello", by=by)).chat
    with pytest.raises(RequestPending):
        await dana.post(chat.id, "too early")
    await dana.accept(chat.id)

    await dana.post(chat.id, "hello Annie")
    await annie.post(chat.id, "hello Dana")

    assert await dana.texts(chat.id) == ["hello", "hello Annie", "hello Dana"]


async def test_the_sender_has_a_burst_of_three_until_accepted(annie, bob):
    """The fourth is refused; after accepting there is no limit (external-access §11)."""
    chat = (await annie.start(bob, "1")).chat
    await annie.post(chat.id, "2")
    await annie.post(chat.id, "3")
    with pytest.raises(RequestPending):
        await annie.post(chat.id, "4")

    assert (await annie.chat(chat.id)).waiting
    assert (await bob.chat(chat.id)).own_request is Request.PENDING

    await bob.accept(chat.id)
    await annie.post(chat.id, "5")

    assert await bob.texts(chat.id) == ["1", "2", "3", "5"]
    assert not (await annie.chat(chat.id)).waiting


async def test_who_is_blocked_cannot_write_and_is_not_told(annie, bob):
    """What the blocked sees is what he would see of somebody who is not there (external-access §10, §11)."""
    chat = (await annie.start(bob, "hello")).chat
    waiting = await annie.chat(chat.id)
    await bob.block(chat.id)

    with pytest.raises(PersonUnreachable) as refusal:
        await annie.post(chat.id, "are you there?")

    assert refusal.value.decision == Decision(False, Rule.UNREACHABLE)
    assert (await annie.chat(chat.id)).waiting == waiting.waiting
    assert [each.request for each in (await annie.chat(chat.id)).chat.members] == [
        each.request for each in waiting.chat.members
    ]
    assert (await bob.chat(chat.id)).own_request is Request.BLOCKED


async def test_who_blocked_does_not_write_until_he_takes_it_back(annie, bob):
    """Unblock at any time, by accepting; the chat stays where it was (external-access §11)."""
    chat = (await annie.start(bob, "hello")).chat
    await bob.block(chat.id)
    with pytest.raises(AccessRefused) as refusal:
        await bob.post(chat.id, "and another thing")
    await bob.accept(chat.id)

    await bob.post(chat.id, "sorry")

    assert refusal.value.decision.deciding_rule is Rule.BLOCKED_BY_YOU
    assert await annie.texts(chat.id) == ["hello", "sorry"]


async def test_the_one_who_began_may_block_too(annie, dana):
    """Block is between persons, in both directions (chat §6)."""
    chat = (await annie.start(dana, "hello")).chat
    await dana.accept(chat.id)
    await annie.block(chat.id)

    with pytest.raises(PersonUnreachable):
        await dana.post(chat.id, "hello?")


async def test_colleagues_are_not_blocked(annie, alan):
    """Internal blocking is another feature (external-access §11)."""
    chat = (await annie.start(alan, "hello")).chat
    with pytest.raises(NothingToBlock):
        await alan.block(chat.id)


async def test_with_inbound_off_the_employee_still_begins_and_is_answered(contoso, annie, dana):
    """The Inbound switch governs starting, not replying; pressing accept works (external-access §7.2, §9)."""
    await change(contoso, AllowTeamsConsumerInbound=False)
    with pytest.raises(PersonUnreachable):
        await dana.start(annie, "let me in")

    chat = (await annie.start(dana, "hello")).chat
    await dana.accept(chat.id)

    assert (await dana.post(chat.id, "thanks")).id == 3


async def test_a_request_that_settings_refuse_by_now_is_gone(contoso, annie, dana):
    """Only Inbound off: requests not yet accepted can no longer be accepted (external-access §9)."""
    chat = (await dana.start(annie, "hello")).chat
    await change(contoso, AllowTeamsConsumerInbound=False)

    with pytest.raises(RequestGone):
        await annie.accept(chat.id)

    assert (await annie.chat(chat.id)).own_request is Request.PENDING


async def test_accepted_chats_stop_and_go_with_the_switch(contoso, annie, dana):
    """Off: readable, but nobody writes; on again: the same thread works (external-access §9)."""
    chat = (await annie.start(dana, "hello")).chat
    await dana.accept(chat.id)
    await change(contoso, AllowTeamsConsumer=False)

    with pytest.raises(AccessRefused) as own:
        await annie.post(chat.id, "x")
    with pytest.raises(PersonUnreachable):
        await dana.post(chat.id, "y")
    assert own.value.decision.deciding_rule is Rule.TENANT_CONSUMER_OFF
    assert await dana.texts(chat.id) == ["hello"]

    await change(contoso, AllowTeamsConsumer=True)
    await dana.post(chat.id, "z")
    assert await annie.texts(chat.id) == ["hello", "z"]


async def test_who_may_not_be_reached_looks_like_nobody(fabrikam, annie, bob):
    """One error for the other side's refusal and for an id that nobody has (design §5.4)."""
    await change(fabrikam, AllowFederatedUsers=False)
    answers = []
    for target in (bob.person, Person(fabrikam.id, UserId(new_id()))):
        with pytest.raises(PersonUnreachable) as refusal:
            await service.start_chat(annie.db, annie.caller, to=target)
        answers.append((refusal.value.code, refusal.value.parameters))

    assert answers[0] == answers[1]
    assert await annie.chats() == await bob.chats() == []


async def test_a_refused_start_leaves_nothing_behind(contoso, annie, bob):
    """No chat, no seat, no message on either side."""
    await change(contoso, AllowFederatedUsers=False)
    with pytest.raises(AccessRefused):
        await annie.start(bob, "hello")

    for each in (annie, bob):
        async with each.transaction() as tx:
            assert await tx.rows("select chat_id from seat where tenant_id = %(tenant_id)s") == []


async def test_nobody_chats_with_himself_or_without_a_person(annie, contoso):
    """An app and the operator have no inbox; a 1:1 takes two."""
    with pytest.raises(ChatWithSelf):
        await annie.start(annie)
    for caller in (contoso.operator, contoso.as_user(await contoso.add_person("carl"))):
        with pytest.raises(PermissionMissing):
            await service.start_chat(annie.db, caller, to=annie.person)


async def test_a_b2b_identity_has_no_chats_of_its_own(contoso, fabrikam, annie):
    """Chat goes between home identities; nobody is reached, or acts, as what stands for him elsewhere."""
    guest = await contoso.invite_guest(await fabrikam.add_person("bob"))
    as_guest = contoso.as_user(guest, permissions=annie.caller.permissions)

    with pytest.raises(AccessRefused):
        await service.start_chat(annie.db, as_guest, to=annie.person)
    with pytest.raises(PersonUnreachable):
        await service.start_chat(annie.db, annie.caller, to=Person(contoso.id, guest.id))


async def test_doors_refuse_without_their_permit(annie, bob):
    """Create and send take a permit for just this act, and nothing else (design §4.7)."""
    chat = (await annie.start(bob, "hello")).chat
    body = Body(BodyType.TEXT, "x")
    act = {"actor": annie.person, "target": bob.person}
    async with annie.transaction() as tx:
        send = await access.permit(tx, annie.caller, **act, purpose=Purpose.SEND)
        lookup = await access.permit(tx, annie.caller, **act, purpose=Purpose.LOOKUP)
        for attempt in (
            lambda: service.open_one_on_one(tx, send),
            lambda: sending.write(tx, lookup, chat, body, client_id=new_id()),
        ):
            with pytest.raises(PermitMissing):
                await attempt()
    async with annie.transaction() as tx:
        for attempt in (
            lambda: sending.write(tx, send, chat, body, client_id=new_id()),
            lambda: service.open_one_on_one(tx, send),
        ):
            with pytest.raises(PermitMissing):
                await attempt()
        # With none at all: a type error, as the comments say, and nothing happens.
        for without in (
            lambda: service.open_one_on_one(tx),  # type: ignore[call-arg]
            lambda: sending.write(tx, chat, body, client_id=new_id()),  # type: ignore[call-arg, arg-type]
        ):
            with pytest.raises(TypeError):
                await without()
    with pytest.raises(TypeError):
        Permit()  # type: ignore[call-arg]

    assert await annie.texts(chat.id) == ["hello"]


async def test_only_members_know_the_chat(annie, alan, bob):
    """A colleague's tenant holds the seat, but the chat is not his; neither is it for another act on it."""
    chat = (await annie.start(bob, "hello")).chat

    for attempt in (alan.messages(chat.id), alan.chat(chat.id), alan.post(chat.id, "me too"), alan.accept(chat.id),
                    alan.block(chat.id)):  # fmt: skip
        with pytest.raises(ChatUnknown):
            await attempt
    assert await alan.chats() == []
