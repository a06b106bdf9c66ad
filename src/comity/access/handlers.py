"""What external access does when the directory changes (design §4.7).

The directory stands left of this room and cannot call it, so `app` wires `observe` to the feed: it
runs within the changing transaction, after all its rows and just before the feed's counter row. The
order "exclusive access lock, then counters last" (design §4.12) therefore holds here as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from comity.access import locks, store
from comity.db.transaction import Transaction
from comity.directory.model import Attribute, bits
from comity.events.model import Change, ChangeKind

_DECIDED_BY: Final = bits(
    {Attribute.ACCOUNT_ENABLED, Attribute.MAIL, Attribute.USER_PRINCIPAL_NAME, Attribute.IS_DELETED}
)
"""Attributes of a person that decisions read: whether she is active, and her primary address."""

_APPEARS_OR_GOES: Final = frozenset(
    {ChangeKind.USER_CREATED, ChangeKind.USER_DELETED, ChangeKind.USER_RESTORED, ChangeKind.USER_PURGED}
)


async def observe(tx: Transaction, changes: Sequence[Change]) -> None:
    """Raise the tenant's access version, under its lock, if a change can alter a decision; forget the purged."""
    if purged := [each.object_id for each in changes if each.kind is ChangeKind.USER_PURGED and not each.external]:
        await store.ungrant_policy(tx, purged)
    if any(map(alters_decisions, changes)):
        await locks.raise_version(tx)


def alters_decisions(change: Change) -> bool:
    """Can it? Decisions are about home identities, so changes of B2B identities never do."""
    if change.kind is ChangeKind.ACCESS_CHANGED:
        return True
    if change.external:
        return False
    if change.kind is ChangeKind.USER_UPDATED:
        return bool(change.changed & _DECIDED_BY)
    return change.kind in _APPEARS_OR_GOES
