"""Begin, accept, block, write and read chats, one intention each.

Whoever acts is a person at home: a B2B identity has no chats of its own (chat §1, design §4.4). Use
cases that write open their own transaction, because a collision with somebody who writes to the same
chat is simply tried again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from comity.access import locks
from comity.access import service as access
from comity.access.model import AddressedBy, Person, Purpose
from comity.access.permits import Permit
from comity.chat import sending, store
from comity.chat.body import checked_body
from comity.chat.decide import crosses_border, first_request, in_order, one_on_one_id, seen_by
from comity.chat.model import (
    Body,
    Card,
    Chat,
    ChatKind,
    ChatUnknown,
    ChatView,
    ChatWithSelf,
    Member,
    MemberRole,
    Message,
    NothingToBlock,
    Request,
    RequestGone,
)
from comity.core.caller import Caller
from comity.core.errors import PermissionMissing
from comity.core.ids import ChatId
from comity.core.permissions import Permission
from comity.db.crossings import chat as crossing
from comity.db.database import Database
from comity.db.transaction import Transaction

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Started:
    """A begun chat, or the one that was there, with the message if one was sent."""

    chat: Chat
    created: bool
    message: Message | None


async def start_chat(
    db: Database,
    caller: Caller,
    *,
    to: Person,
    by: AddressedBy = AddressedBy.EMAIL,
    body: Body | None = None,
    client_id: UUID | None = None,
) -> Started:
    """Begin a 1:1 with somebody, or open the one that the two have, and send a first message if one is given.

    `to` is a home identity, found by `people` through what `by` says. `client_id` makes a retry the same
    message; it goes with `body`.

    Raises:
        AccessRefused (PersonUnreachable for whoever cannot be reached, or is not there), ChatWithSelf,
        MessageTooLarge, MessageEmpty, MessageTextInvalid, PermissionMissing.
    """
    me = acting_person(caller)
    if to == me:
        raise ChatWithSelf
    content = None if body is None or client_id is None else (checked_body(body), client_id)
    assert (body is None) == (client_id is None), "a message comes with the sender's own id"

    async def work(tx: Transaction) -> Started:
        await locks.hold_shared(tx, (me, to))
        chat_id = one_on_one_id(me, to)
        await store.lock_id(tx, chat_id)
        if chat := await store.load_chat(tx, me, chat_id):
            message = content and await sending.send(tx, caller, chat, me, content[0], client_id=content[1])
            return Started(seen_by(chat, me), created=False, message=message)
        permit = await access.permit(tx, caller, actor=me, target=to, purpose=Purpose.START, by=by)
        chat = await open_one_on_one(tx, permit)
        message = content and await sending.write(tx, permit, chat, content[0], client_id=content[1])
        return Started(chat, created=True, message=message)

    return await _run(db, caller, work)


async def open_one_on_one(tx: Transaction, permit: Permit) -> Chat:
    """Write a permitted 1:1: the initiator's seat first, which lets him write the rest; then everybody's.

    Raises:
        PermitMissing.
    """
    me, to = permit.actor, permit.target
    permit.check(tx, actor=me, target=to, purpose=Purpose.START)
    members = tuple(Member(each, MemberRole.OWNER, first_request(me, each), tx.now) for each in in_order(me, to))
    chat = Chat(one_on_one_id(me, to), ChatKind.ONE_ON_ONE, None, me, tx.now, 0, members)
    await store.add_seat(tx, me.user_id, chat.id, at=tx.now)
    await store.add_chat(tx, chat)
    await crossing.seat_members(tx, chat.id, at=tx.now)
    return chat


async def post_message(db: Database, caller: Caller, chat_id: ChatId, *, body: Body, client_id: UUID) -> Message:
    """Write into a chat. The server decides the order; the same client id is the same message.

    Raises:
        ChatUnknown, AccessRefused (RequestPending before the request is accepted), MessageTooLarge,
        MessageEmpty, MessageTextInvalid, PermissionMissing.
    """
    me, content = acting_person(caller), checked_body(body)

    async def work(tx: Transaction) -> Message:
        chat = await _load(tx, me, chat_id)
        return await sending.send(tx, caller, chat, me, content, client_id=client_id)

    return await _run(db, caller, work)


async def accept(db: Database, caller: Caller, chat_id: ChatId) -> None:
    """Accept a request, or take a block back: from here on both may write.

    Raises:
        RequestGone: settings no longer allow what was asked for (external-access §9).
        ChatUnknown, PermissionMissing.
    """
    me = acting_person(caller)

    async def work(tx: Transaction) -> None:
        chat = await _load_locked(tx, me, chat_id)
        request = _own(chat, me).request
        if request is Request.PENDING:
            await _check_still_allowed(tx, caller, chat, me)
        if request in {Request.PENDING, Request.BLOCKED}:
            await store.set_request(tx, chat_id, me, Request.ACCEPTED)

    await _run(db, caller, work)


async def block(db: Database, caller: Caller, chat_id: ChatId) -> None:
    """Block the other person in a 1:1 across a border: she can no longer write, and is not told.

    Raises:
        NothingToBlock: a colleague.
        ChatUnknown, PermissionMissing.
    """
    me = acting_person(caller)

    async def work(tx: Transaction) -> None:
        chat = await _load_locked(tx, me, chat_id)
        if not any(crosses_border(me, each.person) for each in chat.others(me)):
            raise NothingToBlock(chat=str(chat_id))
        if _own(chat, me).request is not Request.BLOCKED:
            await store.set_request(tx, chat_id, me, Request.BLOCKED)

    await _run(db, caller, work)


async def list_chats(tx: Transaction, caller: Caller, *, at_most: int = 50) -> list[ChatView]:
    """The caller's chats, the one with the newest message first.

    Raises:
        PermissionMissing.
    """
    me = acting_person(caller)
    return await _views(tx, me, await store.list_chats(tx, me.user_id, at_most=at_most))


async def get_chat(tx: Transaction, caller: Caller, chat_id: ChatId) -> ChatView:
    """One of the caller's chats.

    Raises:
        ChatUnknown, PermissionMissing.
    """
    me = acting_person(caller)
    views = await _views(tx, me, await store.list_chats(tx, me.user_id, at_most=1, chat_id=chat_id))
    if not views:
        raise ChatUnknown(chat=str(chat_id))
    return views[0]


async def list_messages(
    tx: Transaction, caller: Caller, chat_id: ChatId, *, after: int = 0, at_most: int = 200
) -> list[Message]:
    """What changed in one of the caller's chats behind the change `after`, in order.

    Raises:
        ChatUnknown, PermissionMissing.
    """
    await _load(tx, acting_person(caller), chat_id)
    return await store.list_messages(tx, chat_id, after=after, at_most=at_most)


async def mark_read(tx: Transaction, caller: Caller, chat_id: ChatId, *, through: int) -> None:
    """Move the caller's last-read marker forward to the change `through`.

    Raises:
        ChatUnknown, PermissionMissing.
    """
    me = acting_person(caller)
    await _load(tx, me, chat_id)
    await store.mark_read(tx, me.user_id, chat_id, through=through)


def acting_person(caller: Caller) -> Person:
    """Who chats: a person, in her own name.

    Raises:
        PermissionMissing.
    """
    caller.check(Permission.CHAT)
    if caller.user_id is None:
        raise PermissionMissing(permission=Permission.CHAT.value)
    return Person(caller.tenant_id, caller.user_id)


async def _run(db: Database, caller: Caller, work: Callable[[Transaction], Awaitable[T]]) -> T:
    """The transaction of a repeatable use case; a personal account opens its own rows."""
    return await db.run(caller.tenant_id, work, person=caller.user_id if caller.is_personal else None)


async def _load(tx: Transaction, me: Person, chat_id: ChatId) -> Chat:
    chat = await store.load_chat(tx, me, chat_id)
    if chat is None:
        raise ChatUnknown(chat=str(chat_id))
    return chat


async def _load_locked(tx: Transaction, me: Person, chat_id: ChatId) -> Chat:
    """The chat as it stands while nobody else can change it: locks first, then what is read counts."""
    chat = await _load(tx, me, chat_id)
    await locks.hold_shared(tx, [each.person for each in chat.members])
    await store.lock_chat(tx, chat_id)
    return await _load(tx, me, chat_id)


def _own(chat: Chat, me: Person) -> Member:
    member = chat.member(me)
    if member is None:
        raise ChatUnknown(chat=str(chat.id))
    return member


async def _check_still_allowed(tx: Transaction, caller: Caller, chat: Chat, me: Person) -> None:
    """A request that could not be made any more cannot be accepted either (external-access §9)."""
    system = Caller.system("accept", tenant_id=caller.tenant_id)
    decision = await access.decide_pair(tx, system, actor=chat.started_by, target=me, purpose=Purpose.START)
    if not decision.allowed:
        raise RequestGone(chat=str(chat.id))


async def _views(tx: Transaction, me: Person, listed: list[store.Listed]) -> list[ChatView]:
    rows = await crossing.load_cards(tx, [each.chat.id for each in listed]) if listed else []
    cards = {
        card.person: card
        for card in (
            Card(each.tenant_id, each.user_id, each.display_name, each.address, each.tenant_name) for each in rows
        )
    }
    return [
        ChatView(
            chat=seen_by(each.chat, me),
            cards=tuple(cards[member.person] for member in each.chat.members if member.person in cards),
            own_request=_own(each.chat, me).request,
            waiting=any(other.request is Request.PENDING for other in seen_by(each.chat, me).others(me)),
            unread=each.unread,
            last_message=each.last_message,
            muted=each.muted,
            hidden=each.hidden,
        )
        for each in listed
    ]
