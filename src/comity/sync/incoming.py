"""Who would come: the receiving admin's view of what other tenants offer (mission M18, M44)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from comity.core.caller import Caller, UserType
from comity.core.ids import TenantId, UserId
from comity.core.permissions import Permission
from comity.db.crossings.incoming_jobs import IncomingJob, IncomingPerson, list_incoming, list_incoming_people
from comity.db.queries import Queries
from comity.db.transaction import Transaction
from comity.db.values import array_text
from comity.directory.model import Attribute
from comity.sync.mapping_document import read_mapping
from comity.sync.mapping_rows import Constant, Flow, Nothing

Q: Final = Queries("comity.sync", "incoming.sql")


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Somebody who would come, or is here already: as what, if so."""

    person: IncomingPerson
    here_as: UserType | None


@dataclass(frozen=True, slots=True)
class IncomingShare:
    """One job of another tenant that leads here.

    `user_type` is what new accounts become, as the job maps it; None: an expression decides for each. Guests who
    are here already stay guests unless it is written again and again (`overwrites`).
    """

    source: TenantId
    job: IncomingJob
    user_type: str | None
    overwrites: bool
    members_here: int
    guests_here: int
    """Accounts that stand here for people of that tenant."""
    newcomers: Sequence[Newcomer]
    """The first of them."""


async def list_shares(
    tx: Transaction, caller: Caller, sources: Iterable[TenantId], *, names_max: int = 50
) -> list[IncomingShare]:
    """What these tenants offer to the transaction's; accepted or not.

    Raises:
        PermissionMissing.
    """
    caller.check(Permission.POLICY_READ)
    caller.check(Permission.USER_READ)
    shares = []
    for source in sorted(set(sources) - {tx.tenant_id}):
        for job in await list_incoming(tx, source):
            people = await list_incoming_people(tx, source, job, after=UUID(int=0), at_most=names_max)
            here = await _here(tx, source, [each.id for each in people])
            counts = await tx.row(Q.represented, source=source)
            members, guests = (int(counts[0]), int(counts[1])) if counts else (0, 0)
            user_type, overwrites = _user_type(job)
            newcomers = [Newcomer(each, here.get(each.id)) for each in people]
            shares.append(IncomingShare(source, job, user_type, overwrites, members, guests, newcomers))
    return shares


async def _here(tx: Transaction, source: TenantId, ids: Sequence[UserId]) -> dict[UserId, UserType]:
    rows = await tx.rows(Q.standing_for, source=source, ids=array_text(ids))
    return {UserId(home): UserType(user_type) for home, user_type in rows}


def _user_type(job: IncomingJob) -> tuple[str | None, bool]:
    """What new accounts become, and whether that is written again and again."""
    for row in read_mapping(job.mapping).rows:
        if row.target is not Attribute.USER_TYPE:
            continue
        overwrites = row.flow is Flow.ALWAYS
        match row.source:
            case Constant(value):
                return str(value), overwrites
            case Nothing():
                return str(row.default or UserType.MEMBER.value), False
            case _:
                return None, overwrites
    return UserType.MEMBER.value, False
