"""Make, change, give and take external access policies, one intention each (external-access §4, §5)."""

from __future__ import annotations

from uuid import UUID, uuid5

from comity.access import identities, locks, properties, store
from comity.access.assignments import service as assignments
from comity.access.assignments import store as assigned
from comity.access.assignments.decide import in_order
from comity.access.errors import (
    AssigneeUnknown,
    GlobalImmutable,
    PolicyExists,
    PolicyInUse,
    check_may,
)
from comity.access.model import GLOBAL, ExternalAccessPolicy
from comity.access.properties import Changes
from comity.audit.model import Facts
from comity.audit.service import Record, record, record_many
from comity.core.caller import Caller
from comity.core.ids import UserId
from comity.core.permissions import Permission
from comity.db.transaction import Transaction
from comity.events.feed import append
from comity.events.model import Change, ChangeKind
from comity.tenancy.service import list_domains

GRANT = "Grant external access policy"
"""How the audit calls a change of a person's own policy."""


async def list_policies(tx: Transaction, caller: Caller) -> list[ExternalAccessPolicy]:
    """All policies of the tenant, Global first, then by name."""
    check_may(caller, Permission.EXTERNAL_ACCESS_READ)
    return await store.load_policies(tx)


async def get_policy(tx: Transaction, caller: Caller, identity: str = GLOBAL) -> ExternalAccessPolicy:
    """One policy, named `Global`, `Tag:Name` or `Name`.

    Raises:
        PolicyNotFound, InvalidIdentity, NotAuthorized.
    """
    check_may(caller, Permission.EXTERNAL_ACCESS_READ)
    return await identities.load(tx, identities.checked_name(identity))


async def new_policy(tx: Transaction, caller: Caller, identity: str, changes: Changes) -> ExternalAccessPolicy:
    """Make a custom policy; what is not named takes the defaults, never Global's values.

    Raises:
        PolicyExists, GlobalImmutable, InvalidIdentity, NotAuthorized and what
        `properties.changed_policy` raises.
    """
    check_may(caller, Permission.EXTERNAL_ACCESS_WRITE)
    name = identities.checked_name(identity)
    if name == GLOBAL:
        raise GlobalImmutable(property="Identity")
    fresh = ExternalAccessPolicy(name=name)
    policy = properties.changed_policy(fresh, changes, own_domains=await _own_domains(tx))
    if not await store.add_policy(tx, policy):
        raise PolicyExists(policy=name)
    await store.save_policy(tx, fresh, policy)
    await _note(tx, caller, "New external access policy", name, after=properties.shown(policy))
    return policy


async def set_policy(
    tx: Transaction, caller: Caller, changes: Changes, *, identity: str = GLOBAL
) -> ExternalAccessPolicy:
    """Change properties of a policy, of Global if none is named; the rest stays.

    Raises:
        PolicyNotFound, GlobalImmutable, InvalidIdentity, NotAuthorized and what
        `properties.changed_policy` raises.
    """
    check_may(caller, Permission.EXTERNAL_ACCESS_WRITE)
    name = identities.checked_name(identity)
    await store.lock_policy(tx, store.policy_key(name))
    before = await identities.load(tx, name)
    after = properties.changed_policy(before, changes, own_domains=await _own_domains(tx))
    return await _save(tx, caller, "Set external access policy", before, after)


async def remove_policy(tx: Transaction, caller: Caller, identity: str, *, force: bool = False) -> None:
    """Remove a custom policy; Global is reset to its defaults instead.

    With `force`, whoever has it falls back to what holds without it: direct and tenant-wide assignments
    and those of groups go with it.

    Raises:
        PolicyNotFound, PolicyInUse, InvalidIdentity, NotAuthorized.
    """
    check_may(caller, Permission.EXTERNAL_ACCESS_WRITE)
    name = identities.checked_name(identity)
    key = store.policy_key(name)
    await assigned.lock_ranks(tx)
    await store.lock_policy(tx, key)
    before = await identities.load(tx, name)
    if name == GLOBAL:
        await _save(tx, caller, "Reset external access policy", before, ExternalAccessPolicy())
        return
    granted = await store.count_granted(tx, key)
    groups = await assigned.groups_of_policy(tx, key)
    tenant_wide = await assigned.tenant_policy(tx) == before.name
    if (granted or groups or tenant_wide) and not force:
        raise PolicyInUse(policy=name, people=granted, groups=len(groups), tenant_wide=tenant_wide)
    if tenant_wide:
        await assignments.grant_tenant(tx, caller, None)
    for group_id in groups:
        await assignments.withdraw(tx, caller, group_id)
    gone_from = await store.ungrant_everybody(tx, key)
    had: list[Facts] = [{"ExternalAccessPolicy": before.name}, {"ExternalAccessPolicy": None}]
    await record_many(tx, caller, [Record(GRANT, "user", each, had[0], had[1]) for each in gone_from])
    await store.remove_policy(tx, key)
    gone = {**properties.shown(before), "people": granted}
    await _note(tx, caller, "Remove external access policy", name, before=gone)


async def grant_policy(tx: Transaction, caller: Caller, user_id: UserId, identity: str | None) -> None:
    """Give a person a policy of her own; None takes it back, so that group, tenant or Global decide again.

    Raises:
        AssigneeUnknown, PolicyNotFound, InvalidIdentity, NotAuthorized.
    """
    check_may(caller, Permission.EXTERNAL_ACCESS_WRITE)
    if not await store.is_own_user(tx, user_id):
        raise AssigneeUnknown(user=str(user_id))
    before = await store.granted_policy(tx, user_id)
    after = None
    if identity is not None:
        after = await identities.hold(tx, identity)
    if before == after:
        return
    if after is None:
        await store.ungrant_policy(tx, [user_id])
    else:
        await store.grant_policy(tx, user_id, store.policy_key(after), at=tx.now)
    facts = [{"ExternalAccessPolicy": each} for each in (before, after)]
    await record(tx, caller, Record(GRANT, "user", user_id, before=facts[0], after=facts[1]))
    locks.changing(tx)
    append(tx, [Change(ChangeKind.ACCESS_CHANGED, user_id)])


async def get_effective_policy(tx: Transaction, caller: Caller, user_id: UserId) -> ExternalAccessPolicy:
    """The one policy that holds for a person: her own, her groups', the tenant's, or Global.

    Raises:
        AssigneeUnknown, NotAuthorized.
    """
    check_may(caller, Permission.EXTERNAL_ACCESS_READ)
    if not await store.is_own_user(tx, user_id):
        raise AssigneeUnknown(user=str(user_id))
    return await identities.load(tx, in_order(user_id, await assigned.load_sources(tx, user_id)).policy)


async def _own_domains(tx: Transaction) -> frozenset[str]:
    """A tenant's own domains in a block list would mean nothing."""
    return frozenset(each.name for each in await list_domains(tx))


async def _save(
    tx: Transaction, caller: Caller, action: str, before: ExternalAccessPolicy, after: ExternalAccessPolicy
) -> ExternalAccessPolicy:
    if after == before:
        return before
    await store.save_policy(tx, before, after)
    gone, come = properties.difference(before, after)
    await _note(tx, caller, action, after.name, before=gone, after=come)
    return after


async def _note(
    tx: Transaction, caller: Caller, action: str, name: str, *, before: Facts | None = None, after: Facts | None = None
) -> None:
    """Audit, lock and version, feed: what every change of a policy does."""
    policy_id = policy_object_id(tx, name)
    facts = [None if each is None else {"Identity": name, **each} for each in (before, after)]
    await record(tx, caller, Record(action, "externalAccessPolicy", policy_id, before=facts[0], after=facts[1]))
    locks.changing(tx)
    append(tx, [Change(ChangeKind.ACCESS_CHANGED, policy_id)])


def policy_object_id(tx: Transaction, name: str) -> UUID:
    """The id by which feed and audit know a policy: policies have names only."""
    return uuid5(tx.tenant_id, f"ExternalAccessPolicy:{store.policy_key(name)}")
