"""`comity chat`: write and read as a person, for labs and scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from comity.cli.options import Group
from comity.cli.session import Session, pass_session

if TYPE_CHECKING:
    from comity.access.model import Person
    from comity.chat.model import ChatView
    from comity.cli.session import Installation
    from comity.core.caller import Caller
    from comity.core.ids import ChatId


@click.group(cls=Group)
def chat() -> None:
    """Chats of a person, who is named with --as."""


@chat.command()
@click.argument("to", metavar="TO")
@click.argument("text")
@pass_session
async def send(session: Session, to: str, text: str) -> None:
    """Write to somebody, named by mail, phone number or id; begins the chat if there is none."""
    from comity.access.model import AddressedBy
    from comity.chat.model import Body, BodyType
    from comity.chat.service import start_chat
    from comity.cli.names import find_person, home_of
    from comity.core.ids import new_id

    async with session.open() as comity:
        caller = await session.person(comity)
        other = home_of(await find_person(comity.db, to))
        by = AddressedBy.PHONE if to.startswith("+") else AddressedBy.EMAIL
        started = await start_chat(
            comity.db, caller, to=other, by=by, body=Body(BodyType.TEXT, text), client_id=new_id()
        )
    assert started.message is not None
    session.out.show(
        {"chat": str(started.chat.id), "created": started.created, "message": started.message.id},
        "Sent; the chat has begun." if started.created else "Sent.",
    )


@chat.command("list")
@pass_session
async def list_(session: Session) -> None:
    """List a person's chats, the one with the newest message first."""
    from comity.chat.service import list_chats
    from comity.cli.names import person_of
    from comity.cli.output import Table

    async with session.open() as comity:
        caller = await session.person(comity)
        me = _me(caller)
        async with comity.db.tenant(caller.tenant_id, person=person_of(me)) as tx:
            found = await list_chats(tx, caller)
    session.out.show(
        [_facts(each, me) for each in found],
        Table(
            ("With", "State", "Unread", "Last message", "Id"),
            [(_with(each, me), _state(each), each.unread, _last(each), each.chat.id) for each in found],
            none="No chats.",
        ),
    )


@chat.command()
@click.argument("which", metavar="CHAT")
@pass_session
async def read(session: Session, which: str) -> None:
    """Read a chat, named by its id or by the other person."""
    from comity.chat.service import get_chat, list_messages
    from comity.cli.names import person_of
    from comity.cli.output import Table

    async with session.open() as comity:
        caller = await session.person(comity)
        me = _me(caller)
        chat_id = await _chat_id(comity, me, which)
        async with comity.db.tenant(caller.tenant_id, person=person_of(me)) as tx:
            view = await get_chat(tx, caller, chat_id)
            messages = await list_messages(tx, caller, chat_id)
    names = {card.person: card.display_name for card in view.cards}
    session.out.show(
        [
            {
                "id": each.id,
                "at": each.created_at.isoformat(timespec="seconds"),
                "from": names.get(each.sender) if each.sender else None,
                "body": each.body.content,
                "bodyType": each.body.type.value,
            }
            for each in messages
        ],
        Table(
            ("When", "Who", "What"),
            [
                (f"{each.created_at:%Y-%m-%d %H:%M}", names.get(each.sender) if each.sender else "", each.body.content)
                for each in messages
            ],
            none="No messages.",
        ),
    )


@chat.command()
@click.argument("which", metavar="CHAT")
@pass_session
async def accept(session: Session, which: str) -> None:
    """Accept a request, or take a block back: from then on both may write."""
    from comity.chat import service

    async with session.open() as comity:
        caller = await session.person(comity)
        chat_id = await _chat_id(comity, _me(caller), which)
        await service.accept(comity.db, caller, chat_id)
    session.out.show({"chat": str(chat_id), "request": "accepted"}, "Accepted.")


@chat.command()
@click.argument("which", metavar="CHAT")
@pass_session
async def block(session: Session, which: str) -> None:
    """Block the other person of a chat; she is not told."""
    from comity.chat import service

    async with session.open() as comity:
        caller = await session.person(comity)
        chat_id = await _chat_id(comity, _me(caller), which)
        await service.block(comity.db, caller, chat_id)
    session.out.show({"chat": str(chat_id), "request": "blocked"}, "Blocked.")


def _me(caller: Caller) -> Person:
    from comity.chat.service import acting_person

    return acting_person(caller)


async def _chat_id(comity: Installation, me: Person, text: str) -> ChatId:
    """A chat's id, or that of the 1:1 with the person named."""
    from comity.chat.decide import one_on_one_id
    from comity.cli.names import find_person, home_of
    from comity.core.ids import ChatId
    from comity.db.transaction import as_uuid

    if chat_id := as_uuid(text):
        return ChatId(chat_id)
    return one_on_one_id(me, home_of(await find_person(comity.db, text)))


def _facts(view: ChatView, me: Person) -> dict[str, object]:
    return {
        "id": str(view.chat.id),
        "kind": view.chat.kind.value,
        "members": [
            {"displayName": each.display_name, "address": each.address, "tenant": each.tenant_name}
            for each in view.cards
            if each.person != me
        ],
        "request": view.own_request.value,
        "waiting": view.waiting,
        "unread": view.unread,
        "lastMessage": view.last_message.body.content if view.last_message else None,
    }


def _with(view: ChatView, me: Person) -> str:
    return ", ".join(
        f"{each.display_name} ({each.tenant_name or 'personal account'})" for each in view.cards if each.person != me
    )


def _state(view: ChatView) -> str:
    if view.own_request.value in {"pending", "blocked"}:
        return view.own_request.value
    return "waiting" if view.waiting else "open"


def _last(view: ChatView) -> str:
    return view.last_message.body.content if view.last_message else ""
