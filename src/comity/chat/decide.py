"""Rules of chat, as pure functions. Whether people may talk at all is `access`'s decision, not ours."""

from __future__ import annotations

from dataclasses import replace
from typing import Final
from uuid import UUID, uuid5

from comity.access.decide import decide_request
from comity.access.model import Decision, Person
from comity.chat.model import Chat, Request
from comity.core.ids import PERSONAL_REALM, ChatId

_ONE_ON_ONE: Final = UUID("6f1d1f5e-3c1b-5b0e-9a55-1f6f6d7f0c11")
"""Namespace of the ids of 1:1 chats; stored ids rest on it, so it never changes."""


def one_on_one_id(one: Person, other: Person) -> ChatId:
    """The id of the 1:1 of two people: derived from their home identities, so there is exactly one (chat §1.1)."""
    first, second = in_order(one, other)
    return ChatId(uuid5(_ONE_ON_ONE, f"{first.tenant_id}/{first.user_id}+{second.tenant_id}/{second.user_id}"))


def in_order(*people: Person) -> list[Person]:
    """People in id order: the order in which seats are written."""
    return sorted(people, key=lambda each: (each.tenant_id, each.user_id))


def crosses_border(one: Person, other: Person) -> bool:
    """Is there a border between them? Everybody with a personal account stands outside every organization."""
    return one.tenant_id != other.tenant_id or one.tenant_id == PERSONAL_REALM


def first_request(initiator: Person, person: Person) -> Request:
    """How somebody stands to a chat that the initiator begins with her."""
    if person == initiator or not crosses_border(initiator, person):
        return Request.NONE
    return Request.PENDING


def seen_by(chat: Chat, person: Person) -> Chat:
    """The chat as one of its members may see it: who blocked him looks like who has not answered (§11)."""
    members = tuple(
        replace(each, request=Request.PENDING) if each.person != person and each.request is Request.BLOCKED else each
        for each in chat.members
    )
    return replace(chat, members=members)


def decide_post(chat: Chat, sender: Person, *, sent: int) -> Decision | None:
    """Does first contact refuse the sender's next message in a 1:1? None: it does not."""
    own, (other,) = chat.member(sender), chat.others(sender)
    assert own is not None
    return decide_request(own=own.request, other=other.request, sent=sent)
