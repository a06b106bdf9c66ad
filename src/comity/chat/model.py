"""The nouns of chat."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from comity.access.model import Person
from comity.core.errors import Conflict, Invalid, NotFound
from comity.core.ids import ChatId, TenantId, UserId


class ChatKind(StrEnum):
    """Graph `chatType`."""

    ONE_ON_ONE = "oneOnOne"
    GROUP = "group"


class MemberRole(StrEnum):
    """What a member may do to the chat itself."""

    OWNER = "owner"
    MEMBER = "member"


class Request(StrEnum):
    """How a member stands to being written to (external-access §11)."""

    NONE = "none"
    """Nobody asked: a colleague, or the one who began."""
    PENDING = "pending"
    """Has not answered yet."""
    ACCEPTED = "accepted"
    BLOCKED = "blocked"
    """Wants nothing more; taken back by accepting."""


class BodyType(StrEnum):
    """Graph `bodyType`."""

    TEXT = "text"
    HTML = "html"


@dataclass(frozen=True, slots=True)
class Body:
    """What a message says; HTML is already the restricted kind once it is stored."""

    type: BodyType
    content: str


@dataclass(frozen=True, slots=True)
class Member:
    """One person's part in a chat."""

    person: Person
    role: MemberRole
    request: Request
    joined_at: datetime


@dataclass(frozen=True, slots=True)
class Chat:
    """One conversation; its members come in id order."""

    id: ChatId
    kind: ChatKind
    topic: str | None
    started_by: Person
    created_at: datetime
    last_change: int
    """The counter: numbers every change of the chat, gapless."""
    members: tuple[Member, ...]

    def member(self, person: Person) -> Member | None:
        """A person's part in it, or None."""
        return next((each for each in self.members if each.person == person), None)

    def others(self, person: Person) -> tuple[Member, ...]:
        """Everybody else's part."""
        return tuple(each for each in self.members if each.person != person)


@dataclass(frozen=True, slots=True)
class Message:
    """One message; `id` is the change that made it and thereby its place in the chat's order."""

    chat_id: ChatId
    id: int
    changed: int
    """The last change of it."""
    kind: str
    """`message`, or `system` for what the chat itself says."""
    sender: Person | None
    client_id: UUID | None
    """The sender's own id for it: a retry is the same message."""
    body: Body
    created_at: datetime
    edited_at: datetime | None = None
    deleted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """How a member of a chat is shown to the others: no more than name, address and home (external-access §10)."""

    tenant_id: TenantId
    user_id: UserId
    display_name: str
    address: str
    tenant_name: str | None
    """None for a personal account."""

    @property
    def person(self) -> Person:
        """Whose card it is."""
        return Person(self.tenant_id, self.user_id)


@dataclass(frozen=True, slots=True)
class ChatView:
    """A chat as one of its members sees it."""

    chat: Chat
    cards: tuple[Card, ...]
    """Everybody, himself included, in id order."""
    own_request: Request
    waiting: bool
    """Somebody else has not accepted, or wants nothing more: which of the two is not told (external-access §11)."""
    unread: int
    """Messages of others behind his last-read marker."""
    last_message: Message | None
    muted: bool
    hidden: bool


class ChatUnknown(NotFound):
    """No such chat, or not one of the caller's."""

    code = "chat-unknown"


class ChatWithSelf(Invalid):
    """A 1:1 takes two."""

    code = "chat-with-self"


class MessageTooLarge(Invalid):
    """The stored body would exceed the limit (chat §2.1)."""

    code = "MessageTooLarge"


class MessageEmpty(Invalid):
    """Nothing is left to be said."""

    code = "message-empty"


class MessageTextInvalid(Invalid):
    """The body holds a character that cannot be stored."""

    code = "message-text-invalid"


class NothingToBlock(Conflict):
    """Colleagues are not blocked in chat (external-access §11)."""

    code = "nothing-to-block"


class RequestGone(Conflict):
    """The request can no longer be accepted: settings refuse it now (external-access §9)."""

    code = "request-gone"
