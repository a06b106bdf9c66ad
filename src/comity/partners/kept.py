"""Say what a partner's sync leaves alone here: attributes, accounts that we disabled, people who never come.

These are the resource tenant's own rows. A partner's plans and log say of a person concerned that something was left
to the target; nobody there can read what else is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from comity.audit.model import Facts
from comity.audit.service import Record, record
from comity.core.caller import Caller
from comity.core.ids import NOWHERE, TenantId, UserId
from comity.core.permissions import Permission
from comity.db.queries import Queries
from comity.db.transaction import Transaction
from comity.db.values import array_text
from comity.directory.model import attributes_of, bits
from comity.events.feed import append
from comity.events.model import Change, ChangeKind
from comity.partners.changes import OBJECT
from comity.partners.decide import check_kept, check_partner
from comity.partners.model import Kept, KeptBack

Q: Final = Queries("comity.partners", "kept.sql")
UPDATED: Final = "Update what a partner's sync leaves alone"
VETOED: Final = "Add people whom a partner's sync never creates"
LIFTED: Final = "Remove people whom a partner's sync never creates"
_PAGE_MAX: Final = 1000


class Veto(NamedTuple):
    """Somebody of a partner who is never created here; by the id at home."""

    home_user_id: UserId
    added_at: datetime


async def get_kept(tx: Transaction, caller: Caller, partner: TenantId) -> Kept:
    """What a partner's sync leaves alone here; nothing, if nothing was ever said.

    Raises:
        PermissionMissing.
    """
    caller.check(Permission.POLICY_READ)
    return await tx.one(_kept, Q.kept, partner=partner) or Kept()


async def set_kept(tx: Transaction, caller: Caller, partner: TenantId, change: Callable[[Kept], Kept]) -> Kept:
    """Change what a partner's sync leaves alone; `change` gets it as it is under lock, and is pure.

    Raises:
        PartnerInvalid, AttributeNotKept, PermissionMissing.
    """
    caller.check(Permission.CROSS_TENANT_WRITE)
    check_partner(tx.tenant_id, partner)
    before = await _lock(tx, partner)
    after = replace(change(before), version=before.version)
    check_kept(after)
    if after != before:
        await tx.execute(Q.save_kept, partner=partner, attributes=bits(after.attributes), disabled=after.disabled)
        await _tell(tx, caller, partner, Record(UPDATED, OBJECT, partner, before=_facts(before), after=_facts(after)))
    return after


async def list_vetoes(
    tx: Transaction, caller: Caller, partner: TenantId, *, after: UUID = NOWHERE, at_most: int = 100
) -> list[Veto]:
    """Whom a partner's sync never creates here, by the id at home behind `after`.

    Raises:
        PermissionMissing.
    """
    caller.check(Permission.POLICY_READ)
    return await tx.all(Veto, Q.vetoes, partner=partner, after=after, at_most=min(at_most, _PAGE_MAX))


async def veto(tx: Transaction, caller: Caller, partner: TenantId, people: Collection[UserId]) -> list[UserId]:
    """Have these people of a partner never created (or restored) by its sync; return those who were not on the list.

    Whoever stands here already stays.

    Raises:
        PartnerInvalid, PermissionMissing.
    """
    caller.check(Permission.CROSS_TENANT_WRITE)
    check_partner(tx.tenant_id, partner)
    await _lock(tx, partner)
    added = _ids(await tx.rows(Q.add_vetoes, partner=partner, ids=array_text(people), at=tx.now))
    if added:
        await _tell(tx, caller, partner, Record(VETOED, OBJECT, partner, after={"people": added}))
    return added


async def lift_veto(tx: Transaction, caller: Caller, partner: TenantId, people: Collection[UserId]) -> list[UserId]:
    """Let these people be created again; return those who were on the list. They come with their next change.

    Raises:
        PermissionMissing.
    """
    caller.check(Permission.CROSS_TENANT_WRITE)
    await _lock(tx, partner)
    lifted = _ids(await tx.rows(Q.drop_vetoes, partner=partner, ids=array_text(people)))
    if lifted:
        await _tell(tx, caller, partner, Record(LIFTED, OBJECT, partner, before={"people": lifted}))
    return lifted


async def load_kept(tx: Transaction, partner: TenantId, people: str) -> KeptBack | None:
    """What the engine has to leave alone of a page, read in the target's own transaction; one query.

    None: nothing was ever said. `people` are ids at home, as an array literal: pages hold thousands.
    """
    row = await tx.row(Q.kept_back, partner=partner, ids=people)
    return None if row is None else KeptBack(row[0], row[1], frozenset(UserId(each) for each in row[2]))


async def _lock(tx: Transaction, partner: TenantId) -> Kept:
    """As it is; from here on nobody else changes it, and plans that were made before are refused."""
    row = await tx.row(Q.lock_kept, partner=partner)
    assert row is not None  # it was made, if there was none
    return _kept(*row)


async def _tell(tx: Transaction, caller: Caller, partner: TenantId, entry: Record) -> None:
    await record(tx, caller, entry)
    append(tx, [Change(ChangeKind.PARTNER_CHANGED, partner)])


def _kept(attributes: int, disabled: bool, version: int) -> Kept:
    return Kept(attributes=frozenset(attributes_of(attributes)), disabled=disabled, version=version)


def _facts(kept: Kept) -> Facts:
    return {"attributes": sorted(each.column for each in kept.attributes), "disabled": kept.disabled}


def _ids(rows: Sequence[tuple[UUID, ...]]) -> list[UserId]:
    return [UserId(row[0]) for row in rows]
