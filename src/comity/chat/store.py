"""Rows and nouns of chat."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from comity.access.locks import lock_key
from comity.access.model import Person
from comity.chat.model import Body, BodyType, Chat, ChatKind, Member, MemberRole, Message, Request
from comity.core.ids import ChatId, TenantId, UserId
from comity.db.queries import Queries
from comity.db.transaction import Transaction

Q: Final = Queries("comity.chat")


@dataclass(frozen=True, slots=True)
class Listed:
    """One row of a person's list of chats."""

    chat: Chat
    muted: bool
    hidden: bool
    unread: int
    last_message: Message | None


async def lock_id(tx: Transaction, chat_id: ChatId) -> None:
    """Let nobody else begin this chat until the end of the transaction."""
    await tx.execute(Q.lock_id, key=lock_key(chat_id, purpose=b"comity.chat"))


async def add_seat(tx: Transaction, user_id: UserId, chat_id: ChatId, *, at: datetime) -> None:
    """Take a seat at home: from here on the chat's rows can be written and seen."""
    await tx.execute(Q.add_seat, user_id=user_id, chat_id=chat_id, at=at)


async def add_chat(tx: Transaction, chat: Chat) -> None:
    """Save a new chat and its members; the initiator holds his seat already."""
    await tx.execute(
        Q.add_chat, chat_id=chat.id, kind=chat.kind.value, topic=chat.topic, at=chat.created_at,
        started_tenant=chat.started_by.tenant_id, started_user=chat.started_by.user_id,
    )  # fmt: skip
    await tx.execute(
        Q.add_members, chat_id=chat.id, at=chat.created_at,
        tenants=[each.person.tenant_id for each in chat.members],
        users=[each.person.user_id for each in chat.members],
        roles=[each.role.value for each in chat.members], requests=[each.request.value for each in chat.members],
    )  # fmt: skip


async def load_chat(tx: Transaction, person: Person, chat_id: ChatId) -> Chat | None:
    """A chat in which the person sits, with its members as they stand now."""
    row = await tx.row(Q.get_chat, chat_id=chat_id, user_id=person.user_id)
    if row is None:
        return None
    return _chat(row, (await load_members(tx, [chat_id])).get(chat_id, ()))


async def load_members(tx: Transaction, chat_ids: Sequence[ChatId]) -> dict[ChatId, tuple[Member, ...]]:
    """Present members of each chat, in id order."""
    found: dict[ChatId, tuple[Member, ...]] = {}
    for chat_id, tenant_id, user_id, role, request, joined_at in await tx.rows(Q.members, chat_ids=list(chat_ids)):
        member = Member(Person(TenantId(tenant_id), UserId(user_id)), MemberRole(role), Request(request), joined_at)
        found[chat_id] = (*found.get(chat_id, ()), member)
    return found


async def lock_chat(tx: Transaction, chat_id: ChatId) -> None:
    """Become the writer of the chat's next change; what is read from now on is younger than every earlier one."""
    await tx.execute(Q.lock_chat, chat_id=chat_id)


async def find_retry(tx: Transaction, chat_id: ChatId, sender: Person, client_id: UUID) -> Message | None:
    """The message that the sender stored under this id of his before."""
    return await tx.one(
        _message, Q.get_retry, chat_id=chat_id, sender_tenant=sender.tenant_id, sender_user=sender.user_id,
        client_id=client_id,
    )  # fmt: skip


async def count_sent(tx: Transaction, chat_id: ChatId, sender: Person, *, at_most: int) -> int:
    """How many messages the sender has in the chat, counted no further than `at_most`."""
    row = await tx.row(
        Q.count_sent, chat_id=chat_id, sender_tenant=sender.tenant_id, sender_user=sender.user_id, at_most=at_most
    )
    return int(row[0]) if row else 0


async def add_message(
    tx: Transaction, chat_id: ChatId, sender: Person, body: Body, *, client_id: UUID, at: datetime
) -> Message:
    """Save a message as the next change of a locked chat."""
    row = await tx.row(
        Q.add_message, chat_id=chat_id, sender_tenant=sender.tenant_id, sender_user=sender.user_id,
        client_id=client_id, body_type=body.type.value, body=body.content, at=at,
    )  # fmt: skip
    assert row is not None
    return Message(chat_id, row[0], row[0], "message", sender, client_id, body, at)


async def set_request(tx: Transaction, chat_id: ChatId, person: Person, request: Request) -> None:
    """Save a member's answer as the next change of a locked chat."""
    await tx.execute(
        Q.set_request, chat_id=chat_id, member_tenant=person.tenant_id, member_user=person.user_id,
        request=request.value,
    )  # fmt: skip


async def list_chats(tx: Transaction, user_id: UserId, *, at_most: int, chat_id: ChatId | None = None) -> list[Listed]:
    """A person's chats, newest first; or just one of them."""
    rows = await tx.rows(Q.my_chats, user_id=user_id, chat_id=chat_id, at_most=at_most)
    members = await load_members(tx, [row[0] for row in rows])
    return [_listed(row, members.get(row[0], ())) for row in rows]


async def list_messages(tx: Transaction, chat_id: ChatId, *, after: int, at_most: int) -> list[Message]:
    """Messages changed behind `after`, in the order of the changes."""
    return await tx.all(_message, Q.messages, chat_id=chat_id, after=after, at_most=at_most)


async def mark_read(tx: Transaction, user_id: UserId, chat_id: ChatId, *, through: int) -> None:
    """Move a person's last-read marker forward."""
    await tx.execute(Q.mark_read, user_id=user_id, chat_id=chat_id, through=through)


def _chat(row: Sequence[Any], members: Iterable[Member]) -> Chat:
    chat_id, kind, topic, started_tenant, started_user, created_at, last_change = row
    started_by = Person(TenantId(started_tenant), UserId(started_user))
    return Chat(ChatId(chat_id), ChatKind(kind), topic, started_by, created_at, last_change, tuple(members))


def _listed(row: Sequence[Any], members: Iterable[Member]) -> Listed:
    muted, hidden, unread, *last = row[7:]
    message = _message(row[0], *last) if last[0] is not None else None
    return Listed(_chat(row[:7], members), muted, hidden, unread, message)


def _message(
    chat_id: UUID, id: int, changed: int, kind: str, sender_tenant: UUID | None, sender_user: UUID | None,
    client_id: UUID | None, body_type: str, body: str, created_at: datetime, edited_at: datetime | None,
    deleted_at: datetime | None,
) -> Message:  # fmt: skip
    sender = (
        Person(TenantId(sender_tenant), UserId(sender_user))
        if sender_tenant is not None and sender_user is not None
        else None
    )
    return Message(
        ChatId(chat_id), id, changed, kind, sender, client_id, Body(BodyType(body_type), body), created_at, edited_at,
        deleted_at,
    )  # fmt: skip
