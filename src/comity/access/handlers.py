"""What external access does when the directory changes (design §4.7), and in the background.

The directory stands left of this room and cannot call it, so `app` wires `observe` to the feed: it
runs within the changing transaction, after all its rows and just before the feed's counter row. The
order "exclusive access lock, then counters last" (design §4.12) therefore holds here as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from comity.access import locks, store
from comity.access.assignments import batches
from comity.access.assignments import service as assignments
from comity.access.assignments import store as assigned
from comity.core.caller import Caller
from comity.core.ids import GroupId
from comity.db.database import Database
from comity.db.transaction import Transaction
from comity.directory.model import Attribute, bits
from comity.events.model import Change, ChangeKind
from comity.jobs.model import Work

_DECIDED_BY: Final = bits(
    {Attribute.ACCOUNT_ENABLED, Attribute.MAIL, Attribute.USER_PRINCIPAL_NAME, Attribute.IS_DELETED}
)
"""Attributes of a person that decisions read: whether she is active, and her primary address."""

_APPEARS_OR_GOES: Final = frozenset(
    {ChangeKind.USER_CREATED, ChangeKind.USER_DELETED, ChangeKind.USER_RESTORED, ChangeKind.USER_PURGED}
)
_MEMBERSHIP: Final = frozenset({ChangeKind.MEMBER_ADDED, ChangeKind.MEMBER_REMOVED, ChangeKind.GROUP_RESTORED})


async def observe(tx: Transaction, changes: Sequence[Change]) -> None:
    """Raise the tenant's access version, under its lock, if a change can alter a decision.

    Who is purged loses her policy, and so does a group that is deleted: its assignment goes, the ranks
    behind it move up.
    """
    if purged := [each.object_id for each in changes if each.kind is ChangeKind.USER_PURGED and not each.external]:
        await store.ungrant_policy(tx, purged)
    altered = any(map(alters_decisions, changes))
    if deleted := [GroupId(each.object_id) for each in changes if each.kind is ChangeKind.GROUP_DELETED]:
        altered |= await _forget_groups(tx, deleted)
    if groups := {each.object_id for each in changes if each.kind in _MEMBERSHIP}:
        altered |= await assigned.hold_assigned(tx, groups)
    if altered:
        await locks.raise_version(tx)


def alters_decisions(change: Change) -> bool:
    """Does it by itself? Decisions are about home identities, so changes of B2B identities never do.

    A group's membership does if the group has a policy, which the change does not say.
    """
    if change.kind is ChangeKind.ACCESS_CHANGED:
        return True
    if change.external:
        return False
    if change.kind is ChangeKind.USER_UPDATED:
        return bool(change.changed & _DECIDED_BY)
    return change.kind in _APPEARS_OR_GOES


async def _forget_groups(tx: Transaction, deleted: Sequence[GroupId]) -> bool:
    """Take away the policies of deleted groups; False if none had one."""
    if not await assigned.hold_assigned(tx, deleted):
        return False
    await assigned.lock_ranks(tx)
    caller = Caller.system("external access", tenant_id=tx.tenant_id, cause=tx.cause)
    gone = [await assignments.take(tx, caller, each) for each in deleted]
    return any(gone)


def offered(db: Database) -> Sequence[Work]:
    """What external access does in the background: batches of assignments."""
    return [batches.offered(db)]
