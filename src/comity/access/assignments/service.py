"""Give policies to groups and to the whole tenant, and see where a person's policy comes from."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Final

from comity.access import identities, locks
from comity.access.assignments import store
from comity.access.assignments.decide import in_order, position
from comity.access.assignments.model import GroupAssignment, PolicySources
from comity.access.errors import (
    AssigneeUnknown,
    GroupAssignmentExists,
    GroupAssignmentNotFound,
    RankRequired,
    check_may,
)
from comity.access.store import is_own_user, policy_key, policy_names
from comity.audit.model import Facts
from comity.audit.service import Record, record
from comity.core.caller import Caller
from comity.core.ids import GroupId, UserId
from comity.core.permissions import Permission
from comity.db.transaction import Transaction
from comity.directory.model import GroupUnknown
from comity.events.feed import append
from comity.events.model import Change, ChangeKind

_ASSIGN: Final = "Assign external access policy to group"


async def list_group_assignments(tx: Transaction, caller: Caller) -> list[GroupAssignment]:
    """All groups that have a policy, by rank."""
    check_may(caller, Permission.EXTERNAL_ACCESS_READ)
    return await store.load_group_assignments(tx)


async def assign_group(
    tx: Transaction, caller: Caller, group_id: GroupId, identity: str, *, rank: int | None = None
) -> GroupAssignment:
    """Give a group a policy at a rank, by default the last (`New-CsGroupPolicyAssignment`).

    Whoever stands at that rank or behind it moves on by one.

    Raises:
        GroupUnknown, PolicyNotFound, InvalidIdentity, GroupAssignmentExists, TooManyGroupAssignments,
        NotAuthorized.
    """
    check_may(caller, Permission.EXTERNAL_ACCESS_WRITE)
    assigned = await _lock(tx, group_id)
    if before := _of(assigned, group_id):
        raise GroupAssignmentExists(group=str(group_id), policy=before.policy)
    name = await identities.hold(tx, identity)
    return await _insert(tx, caller, group_id, name, position(rank, others=len(assigned)), before=None)


async def set_group_assignment(
    tx: Transaction, caller: Caller, group_id: GroupId, *, identity: str | None = None, rank: int | None = None
) -> GroupAssignment:
    """Change the policy of a group's assignment, its rank, or both (`Set-CsGroupPolicyAssignment`).

    Raises:
        GroupUnknown, GroupAssignmentNotFound, PolicyNotFound, InvalidIdentity, NotAuthorized.
    """
    check_may(caller, Permission.EXTERNAL_ACCESS_WRITE)
    assigned = await _lock(tx, group_id)
    before = _of(assigned, group_id)
    if before is None:
        raise GroupAssignmentNotFound(group=str(group_id))
    name = before.policy if identity is None else await identities.hold(tx, identity)
    to = before.rank if rank is None else position(rank, others=len(assigned) - 1)
    if (name, to) == (before.policy, before.rank):
        return before
    if to == before.rank:
        await store.set_group_policy(tx, group_id, policy_key(name))
        after = replace(before, policy=name)
        await _note(tx, caller, group_id, _facts(before), _facts(after))
        return after
    await store.remove(tx, group_id)
    return await _insert(tx, caller, group_id, name, to, before=before)


async def grant_group(
    tx: Transaction, caller: Caller, group_id: GroupId, identity: str | None, *, rank: int | None = None
) -> GroupAssignment | None:
    """Give a group a policy, whether it has one or not; None takes it back (`Grant-… -Group`).

    Raises:
        RankRequired, GroupUnknown, GroupAssignmentNotFound, PolicyNotFound, InvalidIdentity,
        TooManyGroupAssignments, NotAuthorized.
    """
    check_may(caller, Permission.EXTERNAL_ACCESS_WRITE)
    if identity is None:
        await remove_group_assignment(tx, caller, group_id)
        return None
    if rank is None:
        raise RankRequired
    if _of(await _lock(tx, group_id), group_id):
        return await set_group_assignment(tx, caller, group_id, identity=identity, rank=rank)
    return await assign_group(tx, caller, group_id, identity, rank=rank)


async def remove_group_assignment(tx: Transaction, caller: Caller, group_id: GroupId) -> None:
    """Take a group's policy away; whoever stands behind it moves up by one.

    Raises:
        GroupAssignmentNotFound, NotAuthorized.
    """
    check_may(caller, Permission.EXTERNAL_ACCESS_WRITE)
    await store.lock_ranks(tx)
    if not await withdraw(tx, caller, group_id):
        raise GroupAssignmentNotFound(group=str(group_id))


async def withdraw(tx: Transaction, caller: Caller, group_id: GroupId) -> bool:
    """Take a group's policy away while the ranks are locked; False if it had none.

    For whoever removes a policy.
    """
    if not await take(tx, caller, group_id):
        return False
    locks.changing(tx)
    append(tx, [Change(ChangeKind.ACCESS_CHANGED, group_id)])
    return True


async def take(tx: Transaction, caller: Caller, group_id: GroupId) -> bool:
    """The same for whoever is at the last words of a transaction and raises the version himself."""
    before = _of(await store.load_group_assignments(tx), group_id)
    if before is None:
        return False
    await store.remove(tx, group_id)
    await record(tx, caller, Record(_ASSIGN, "groupPolicy", group_id, _facts(before)))
    return True


async def get_tenant_policy(tx: Transaction, caller: Caller) -> str | None:
    """The name of the policy granted tenant-wide; None leaves Global."""
    check_may(caller, Permission.EXTERNAL_ACCESS_READ)
    return await store.tenant_policy(tx)


async def grant_tenant(tx: Transaction, caller: Caller, identity: str | None) -> None:
    """Give everybody a policy who has no other; None returns to Global (`Grant-… -Global`).

    Raises:
        PolicyNotFound, InvalidIdentity, NotAuthorized.
    """
    check_may(caller, Permission.EXTERNAL_ACCESS_WRITE)
    await store.lock_ranks(tx)
    before = await store.tenant_policy(tx)
    after = None if identity is None else await identities.hold(tx, identity)
    if before == after:
        return
    await store.set_tenant_policy(tx, None if after is None else policy_key(after))
    facts: list[Facts] = [{"ExternalAccessPolicy": each} for each in (before, after)]
    entry = Record("Grant external access policy tenant-wide", "externalAccess", tx.tenant_id, facts[0], facts[1])
    await record(tx, caller, entry)
    locks.changing(tx)
    append(tx, [Change(ChangeKind.ACCESS_CHANGED, tx.tenant_id)])


async def get_policy_sources(tx: Transaction, caller: Caller, user_id: UserId) -> PolicySources:
    """Where a person's policy comes from: every way by which one comes to her, the winner first.

    Raises:
        AssigneeUnknown, NotAuthorized.
    """
    check_may(caller, Permission.EXTERNAL_ACCESS_READ)
    if not await is_own_user(tx, user_id):
        raise AssigneeUnknown(user=str(user_id))
    return in_order(user_id, await store.load_sources(tx, user_id))


async def list_direct_policies(tx: Transaction, caller: Caller, user_ids: Collection[UserId]) -> dict[UserId, str]:
    """The names of the policies that these people were granted directly; who has none is left out."""
    check_may(caller, Permission.EXTERNAL_ACCESS_READ)
    keys = await store.granted_to(tx, user_ids)
    names = await policy_names(tx, set(keys.values()))
    return {user_id: names[key] for user_id, key in keys.items()}


async def _lock(tx: Transaction, group_id: GroupId) -> list[GroupAssignment]:
    """All assignments, while nobody else changes one, or the group's membership.

    The group first: whoever deletes one holds it when he comes for the ranks.
    """
    if not await store.lock_group(tx, group_id):
        raise GroupUnknown(group=str(group_id))
    await store.lock_ranks(tx)
    return await store.load_group_assignments(tx)


def _of(assigned: list[GroupAssignment], group_id: GroupId) -> GroupAssignment | None:
    return next((each for each in assigned if each.group_id == group_id), None)


async def _insert(
    tx: Transaction, caller: Caller, group_id: GroupId, name: str, rank: int, *, before: GroupAssignment | None
) -> GroupAssignment:
    after = GroupAssignment(group_id, name, rank, tx.now, caller.name)
    await store.insert(tx, group_id, policy_key(name), rank, by=caller.name)
    await _note(tx, caller, group_id, None if before is None else _facts(before), _facts(after))
    return after


def _facts(assignment: GroupAssignment) -> Facts:
    return {"ExternalAccessPolicy": assignment.policy, "Rank": assignment.rank}


async def _note(tx: Transaction, caller: Caller, group_id: GroupId, before: Facts | None, after: Facts | None) -> None:
    """Audit, lock and version, feed: what every change of a group's policy does."""
    await record(tx, caller, Record(_ASSIGN, "groupPolicy", group_id, before, after))
    locks.changing(tx)
    append(tx, [Change(ChangeKind.ACCESS_CHANGED, group_id)])
