"""Rows and nouns of assignment."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from comity.access import store
from comity.access.assignments.model import (
    AssignmentType,
    Batch,
    BatchPerson,
    BatchResult,
    GroupAssignment,
    Source,
)
from comity.core.caller import Caller, PrincipalKind
from comity.core.folding import address_key
from comity.core.ids import CauseId, GroupId, PrincipalId, UserId
from comity.db.queries import Queries
from comity.db.transaction import Transaction, as_uuid

Q: Final = Queries("comity.access.assignments")


async def load_group_assignments(tx: Transaction) -> list[GroupAssignment]:
    """All groups that have a policy, by rank."""
    return await tx.all(GroupAssignment, Q.group_assignments)


async def lock_ranks(tx: Transaction) -> None:
    """Let other changes of assignments wait for the end of this transaction."""
    await store.lock_configuration(tx)


async def lock_group(tx: Transaction, group_id: GroupId) -> bool:
    """Let changes of the group's membership wait; False if there is no such living group."""
    return await tx.row(Q.lock_group, group_id=group_id) is not None


async def hold_assigned(tx: Transaction, group_ids: Collection[UUID]) -> bool:
    """Has one of these groups a policy? That stays so until the end of this transaction."""
    await tx.rows(Q.hold_groups, group_ids=list(group_ids))
    return await tx.row(Q.any_assigned, group_ids=list(group_ids)) is not None


async def insert(tx: Transaction, group_id: GroupId, key: str, rank: int, *, by: str) -> None:
    """Give a group a policy at a rank; whoever stood there moves on."""
    await tx.execute(Q.make_room, rank=rank)
    await tx.execute(Q.add_group_assignment, group_id=group_id, policy_key=key, rank=rank, at=tx.now, by=by)


async def remove(tx: Transaction, group_id: UUID) -> int | None:
    """Take a group's policy away and close the gap; its rank, or None if it had none."""
    row = await tx.row(Q.remove_group_assignment, group_id=group_id)
    if row is None:
        return None
    await tx.execute(Q.close_gap, rank=row[0])
    return int(row[0])


async def set_group_policy(tx: Transaction, group_id: GroupId, key: str) -> None:
    """Give a group that has a policy another one, at the same rank."""
    await tx.execute(Q.set_group_policy, group_id=group_id, policy_key=key)


async def groups_of_policy(tx: Transaction, key: str) -> list[GroupId]:
    """The groups that have a policy, by rank."""
    return [GroupId(row[0]) for row in await tx.rows(Q.groups_of_policy, policy_key=key)]


async def tenant_policy(tx: Transaction) -> str | None:
    """The name of the policy granted tenant-wide."""
    row = await tx.row(Q.tenant_policy)
    return str(row[0]) if row else None


async def set_tenant_policy(tx: Transaction, key: str | None) -> None:
    """Save the policy granted tenant-wide, in a locked configuration."""
    await tx.execute(Q.set_tenant_policy, policy_key=key)


async def load_sources(tx: Transaction, user_id: UserId) -> list[Source]:
    """Everything that gives a person a policy, in no order."""
    return await tx.all(_source, Q.sources, user_id=user_id)


def _source(kind: str, policy: str, group_id: UUID | None, rank: int | None) -> Source:
    return Source(AssignmentType(kind), policy, None if group_id is None else GroupId(group_id), rank)


@dataclass(frozen=True, slots=True)
class Ordered:
    """A batch as its worker needs it: which policy, who ordered it, whether it is done."""

    policy: str | None
    completed_at: datetime | None
    caller: Caller


async def add_batch(
    tx: Transaction,
    caller: Caller,
    batch_id: UUID,
    *,
    name: str,
    policy: str | None,
    people: Sequence[str],
    cause: UUID,
) -> None:
    """Save the order of a batch."""
    await tx.execute(
        Q.add_batch, id=batch_id, name=name, policy=policy, at=tx.now, actor_kind=caller.kind.value,
        actor_id=caller.principal_id, actor_name=caller.name, reason=caller.reason, request_id=caller.request_id,
        cause=cause,
    )  # fmt: skip
    await tx.execute(Q.add_batch_people, id=batch_id, named=list(people))


async def load_batches(
    tx: Transaction, *, kept_since: datetime, batch_id: UUID | None = None, at_most: int = 100
) -> list[Batch]:
    """Batches that are kept still, the newest first; without their people."""
    return await tx.all(Batch, Q.batches, id=batch_id, kept_since=kept_since, at_most=at_most)


async def load_batch_people(tx: Transaction, batch_id: UUID) -> list[BatchPerson]:
    """The people of a batch, in the order in which they were named."""
    return [
        BatchPerson(named, None if result is None else BatchResult(result))
        for named, result in await tx.rows(Q.batch_people, id=batch_id)
    ]


async def lock_batch(tx: Transaction, batch_id: UUID) -> Ordered | None:
    """Carry a batch on alone, as whoever ordered it; None if it is gone."""
    row = await tx.row(Q.lock_batch, id=batch_id)
    if row is None:
        return None
    policy, completed_at, kind, actor_id, name, reason, request_id, cause = row
    caller = Caller(
        tenant_id=tx.tenant_id, kind=PrincipalKind(kind), name=name, request_id=request_id, cause=CauseId(cause),
        principal_id=None if actor_id is None else PrincipalId(actor_id), reason=reason,
    )  # fmt: skip
    return Ordered(policy, completed_at, caller)


async def load_untried(tx: Transaction, batch_id: UUID, *, at_most: int) -> list[tuple[int, str]]:
    """Positions and names of people who were not tried yet, in order."""
    return [(row[0], row[1]) for row in await tx.rows(Q.untried, id=batch_id, at_most=at_most)]


async def save_results(tx: Transaction, batch_id: UUID, results: Mapping[int, BatchResult]) -> None:
    """Save what came of the people at these positions."""
    values = [each.value for each in results.values()]
    await tx.execute(Q.save_results, id=batch_id, positions=list(results), results=values)


async def complete_batch(tx: Transaction, batch_id: UUID, *, at: datetime) -> None:
    """Note that nobody is left."""
    await tx.execute(Q.complete_batch, id=batch_id, at=at)


async def remove_batch(tx: Transaction, batch_id: UUID, *, kept_since: datetime) -> None:
    """Forget a batch that was completed before."""
    await tx.execute(Q.remove_batch, id=batch_id, kept_since=kept_since)


async def find_people(tx: Transaction, named: Sequence[str]) -> dict[str, list[tuple[UserId, bool]]]:
    """By name: the living accounts that answer to it, and whether each is one of the tenant's own."""
    rows = await tx.rows(
        Q.people_named, named=list(named), keys=[address_key(each) for each in named],
        ids=[as_uuid(each) for each in named],
    )  # fmt: skip
    found: dict[str, list[tuple[UserId, bool]]] = {each: [] for each in named}
    for name, user_id, own in rows:
        found[name].append((UserId(user_id), own))
    return found


async def granted_to(tx: Transaction, user_ids: Collection[UserId]) -> dict[UserId, str]:
    """The keys of the policies that these people have directly."""
    return {UserId(row[0]): row[1] for row in await tx.rows(Q.granted_to, user_ids=list(user_ids))}


async def grant_many(tx: Transaction, user_ids: Collection[UserId], key: str) -> None:
    """Give many people a policy of their own."""
    await tx.execute(Q.grant_many, user_ids=list(user_ids), policy_key=key, at=tx.now)
