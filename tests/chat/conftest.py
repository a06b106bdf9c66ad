"""The cast of the chat tests: Annie and Alan at Contoso, Bob at Fabrikam, Dana with a personal account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from comity.access import service as access
from comity.access.model import Person
from comity.chat import service
from comity.chat.model import Body, BodyType, ChatView, Message
from comity.core.caller import Caller
from comity.core.ids import ChatId, new_id
from comity.core.permissions import Permission
from comity.db.database import Database
from tests.support.personal import make_personal
from tests.support.personal import person as person_of
from tests.support.world import Org


@dataclass(frozen=True)
class Chatter:
    """Somebody who chats, with what she does there in few words."""

    db: Database
    caller: Caller
    person: Person

    async def start(self, other: Chatter, text: str | None = None, **more: Any) -> service.Started:
        body = Body(BodyType.TEXT, text) if text is not None else None
        client_id = new_id() if text is not None else None
        return await service.start_chat(self.db, self.caller, to=other.person, body=body, client_id=client_id, **more)

    async def post(self, chat_id: ChatId, text: str, client_id: UUID | None = None) -> Message:
        return await service.post_message(
            self.db, self.caller, chat_id, body=Body(BodyType.TEXT, text), client_id=client_id or new_id()
        )

    async def accept(self, chat_id: ChatId) -> None:
        await service.accept(self.db, self.caller, chat_id)

    async def block(self, chat_id: ChatId) -> None:
        await service.block(self.db, self.caller, chat_id)

    async def chats(self) -> list[ChatView]:
        async with self.transaction() as tx:
            return await service.list_chats(tx, self.caller)

    async def chat(self, chat_id: ChatId) -> ChatView:
        async with self.transaction() as tx:
            return await service.get_chat(tx, self.caller, chat_id)

    async def messages(self, chat_id: ChatId, **more: Any) -> list[Message]:
        async with self.transaction() as tx:
            return await service.list_messages(tx, self.caller, chat_id, **more)

    async def texts(self, chat_id: ChatId) -> list[str]:
        return [each.body.content for each in await self.messages(chat_id)]

    def transaction(self) -> Any:
        return self.db.tenant(self.person.tenant_id, person=self.person.user_id if self.caller.is_personal else None)


async def chatter(org: Org, name: str) -> Chatter:
    user = await org.add_person(name)
    return Chatter(org.db, org.as_user(user, permissions=frozenset({Permission.CHAT})), person_of(user))


async def change(org: Org, **changes: object) -> None:
    """The tenant's admin changes its configuration."""
    async with org.db.tenant(org.id) as tx:
        await access.set_configuration(tx, org.operator, changes)


@pytest.fixture
async def annie(contoso: Org) -> Chatter:
    return await chatter(contoso, "annie")


@pytest.fixture
async def alan(contoso: Org) -> Chatter:
    return await chatter(contoso, "alan")


@pytest.fixture
async def bob(fabrikam: Org) -> Chatter:
    return await chatter(fabrikam, "bob")


@pytest.fixture
async def dana(db: Database) -> Chatter:
    account = await make_personal(db, "dana")
    return Chatter(db, account.caller, account.person)
