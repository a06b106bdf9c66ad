"""What reports read of the transaction's own tenant."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final, NamedTuple
from uuid import UUID

from comity.core.domains import domain_of
from comity.core.ids import UserId
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
    after = _NOWHERE
    while True:
        rows = await tx.rows(Q.people_by_policy, after=after, at_most=PAGE_SIZE)
        count = 0
        for direct, rank, text, _ in rows:
            people = [line.split("\x1f") for line in text.split("\x1e")]
            count += len(people)
            yield PeopleOfClass(direct, rank, people)
        if count < PAGE_SIZE:
            return
        after = UUID(max(row[3] for row in rows))


async def load_domains(tx: Transaction) -> list[str]:
    """The domains of the addresses that the tenant's people have, as lists write them."""
    return sorted({domain_of(row[0]) for row in await tx.rows(Q.address_domains)} - {""})


async def stream_contacts(tx: Transaction, *, at_most: int = 100) -> AsyncIterator[list[UserId]]:
    """The personal accounts of the extended directory, by id, page by page."""
    after = _NOWHERE
    while page := await tx.rows(Q.contacts, after=after, at_most=at_most):
        yield [UserId(row[0]) for row in page]
        after = page[-1][0]
