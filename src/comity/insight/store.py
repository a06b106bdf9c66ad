"""What reports read of the transaction's own tenant."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from comity.access.model import Person
from comity.core.ids import ChatId, GroupId, TenantId, UserId
from comity.db.queries import Queries
from comity.db.transaction import Transaction

Q: Final = Queries("comity.insight")
PAGE_SIZE: Final = 100_000
"""People per reading: some ten megabytes."""
_NOWHERE: Final = UUID(int=0)


class PeopleOfClass(NamedTuple):
    """People with the same direct policy and the same lowest rank; each as id, UPN, name and address."""

    direct: str | None
    rank: int | None
    people: list[list[str]]


async def stream_people(tx: Transaction) -> AsyncIterator[PeopleOfClass]:
    """The tenant's own living, enabled people by class, page by page in id order."""
    await tx.execute(Q.alone)
    after: UUID | None = _NOWHERE
    while after is not None:
        end = await tx.row(Q.page_end, after=after, size=PAGE_SIZE - 1)
        until = end[0] if end else None
        for direct, rank, text in await tx.rows(Q.people_by_policy, after=after, until=until):
            yield PeopleOfClass(direct, rank, [line.split("\x1f") for line in text.split("\x1e")])
        after = until


async def stream_contacts(tx: Transaction, *, at_most: int = 100) -> AsyncIterator[list[UserId]]:
    """The personal accounts of the extended directory, by id, page by page."""
    after = _NOWHERE
    while page := await tx.rows(Q.contacts, after=after, at_most=at_most):
        yield [UserId(row[0]) for row in page]
        after = page[-1][0]


async def load_members(tx: Transaction, group_ids: Collection[GroupId]) -> dict[str, list[str]]:
    """Direct members of these groups; ids as text."""
    rows = await tx.rows(Q.members_of, group_ids=list(group_ids))
    return {group_id: text.split("\x1e") for group_id, text in rows}


async def load_used_domains(tx: Transaction, domains: Collection[str], *, since: datetime) -> set[str]:
    """Which of these domains belong to a tenant with whose people one of ours had a chat since then?"""
    return {row[0] for row in await tx.rows(Q.used_domains, domains=list(domains), since=since)}


class PersonFacts(NamedTuple):
    """What decides about one person, as it is now."""

    exists: bool
    enabled: bool
    mail: str | None
    user_principal_name: str
    direct: str | None
    groups: frozenset[str]
    knows_other: bool


async def load_person(tx: Transaction, user_id: UserId, other: UserId) -> PersonFacts:
    """What decides about one of our people; who is not there has never been."""
    row = await tx.row(Q.person, id=user_id, other=other)
    if row is None:
        return PersonFacts(False, False, None, "", None, frozenset(), False)
    exists, enabled, mail, upn, direct, groups, knows = row
    return PersonFacts(exists, enabled, mail, upn, direct, frozenset(groups), knows)


async def load_assigned_since(tx: Transaction, since: datetime) -> set[GroupId]:
    """Groups that were given a policy, or lost it, after an instant."""
    return {GroupId(row[0]) for row in await tx.rows(Q.assigned_since, since=since)}


class ChatRow(NamedTuple):
    """A 1:1 chat of one of our people with somebody outside."""

    chat_id: ChatId
    user_id: UserId
    other: Person
    started_by: Person
    waiting: bool
    """A request was not answered yet."""


async def stream_chats(tx: Transaction, user_ids: Sequence[UserId], *, at_most: int) -> AsyncIterator[list[ChatRow]]:
    """The 1:1 chats of these people with somebody outside, by chat id, page by page."""
    after = _NOWHERE
    while rows := await tx.rows(Q.chats_across, user_ids=list(user_ids), after=after, at_most=at_most):
        yield [
            ChatRow(
                ChatId(chat),
                UserId(own),
                Person(TenantId(to), UserId(other)),
                Person(TenantId(by), UserId(who)),
                waiting,
            )
            for chat, own, to, other, by, who, waiting in rows
        ]
        after = rows[-1][0]
