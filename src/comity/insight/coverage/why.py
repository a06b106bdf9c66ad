"""Why does somebody not find somebody? One answer, with what would mend it."""

from __future__ import annotations

from collections.abc import Mapping

from comity.access import service as access
from comity.access.model import Person, Purpose
from comity.core.caller import Caller, PrincipalKind, UserType
from comity.core.errors import PermissionMissing
from comity.core.ids import PERSONAL_REALM, TenantId
from comity.core.permissions import Permission
from comity.db.database import Database
from comity.db.transaction import Transaction
from comity.directory import store as directory
from comity.directory.model import User
from comity.insight.coverage.decide import Bond, mend
from comity.insight.coverage.model import Cell, Covered, Reason, Represented, Why
from comity.insight.coverage.service import load_rows, open_ground


async def why_not_found(
    db: Database, caller: Caller, *, searcher: User, person: User, names: Mapping[TenantId, str] | None = None
) -> Why:
    """Why `searcher`, an account of some tenant, does not find `person`, an account at home anywhere.

    Whoever administers the person's home is told all. The searcher's own admins are told what stands in their
    tenant; why somebody does not stand there is her home tenant's business.

    Raises:
        PermissionMissing: the caller administers neither.
    """
    caller.check(Permission.USER_READ)
    if (reason := _about_searcher(searcher, person)) is not None:
        return Why(False, False, reason, None)
    home, here = person.home.tenant_id, searcher.tenant_id
    who = Covered(person.id, person.display_name, person.user_principal_name)
    knows_all = caller.kind in (PrincipalKind.OPERATOR, PrincipalKind.SYSTEM)
    if home == here:
        _check_administers(caller, knows_all, here)
        cell, bond = _cell_at_home(person), Bond(True, True)
    elif knows_all or caller.tenant_id == home:
        async with db.tenant(home) as tx:
            cell, bond = await _seen_from_home(tx, caller.in_tenant(home) if knows_all else caller, person, here, names)
    else:
        _check_administers(caller, knows_all, here)
        async with db.tenant(here) as tx:
            cell, bond = await _seen_there(tx, person), Bond(True, True)
    fix = (
        mend(cell.reason, [who], home=home, target=here, names=names or {}, bond=bond, account_id=cell.account_id)
        if cell.reason
        else None
    )
    why = Why(cell.found, cell.unified, cell.reason, fix)
    return await _with_chat(db, caller, why, searcher, person) if cell.found else why


def _about_searcher(searcher: User, person: User) -> Reason | None:
    if searcher.tenant_id == PERSONAL_REALM:
        return Reason.SEARCHER_IS_PERSONAL
    if searcher.user_type is UserType.GUEST:
        return Reason.SEARCHER_IS_GUEST
    if searcher.home == person.home:
        return Reason.ONESELF
    return Reason.NOT_A_MEMBER if person.tenant_id == PERSONAL_REALM else None


def _check_administers(caller: Caller, knows_all: bool, tenant_id: TenantId) -> None:
    if not knows_all and caller.tenant_id != tenant_id:
        raise PermissionMissing(permission=Permission.USER_READ.value)


def _cell_at_home(person: User) -> Cell:
    reason = None
    if person.deleted_at is not None:
        reason = Reason.DELETED
    elif not person.account_enabled:
        reason = Reason.DISABLED
    elif person.user_type is UserType.GUEST:
        reason = Reason.INTERNAL_GUEST
    elif not person.show_in_address_list:
        reason = Reason.HIDDEN
    return Cell(Represented.INTERNAL, reason is None, reason is None, reason, person.id)


async def _seen_from_home(
    tx: Transaction, caller: Caller, person: User, here: TenantId, names: Mapping[TenantId, str] | None
) -> tuple[Cell, Bond]:
    ground = await open_ground(tx, caller, names)
    if here not in ground.targets:
        ground.targets[here] = ground.names.get(here, str(here))
        ground.bonds[here] = Bond(False, False)
    (row,) = await load_rows(tx, ground, [Covered(person.id, person.display_name, person.user_principal_name)])
    cell, bond = row.cells[here], ground.bonds[here]
    if cell.represented is Represented.NOT and (person.user_type is UserType.GUEST or person.is_external):
        return Cell(Represented.NOT, False, False, Reason.NOT_A_MEMBER), bond
    return cell, bond


async def _seen_there(tx: Transaction, person: User) -> Cell:
    """From what stands in the searcher's tenant alone."""
    home = person.home
    account = await directory.find_by_home(tx, home.tenant_id, home.user_id) if home.user_id else None
    if account is None:
        return Cell(Represented.NOT, False, False, Reason.NOT_REPRESENTED)
    seen = _cell_at_home(account)
    if seen.reason is Reason.INTERNAL_GUEST:
        return Cell(Represented.GUEST, account.show_in_address_list, False, Reason.GUEST, account.id)
    return Cell(Represented.MEMBER, seen.found, seen.found, seen.reason, account.id)


async def _with_chat(db: Database, caller: Caller, why: Why, searcher: User, person: User) -> Why:
    """And may she be written to? Only for whoever may read that."""
    if searcher.home.user_id is None or person.home.user_id is None:
        return why
    actor = Person(searcher.home.tenant_id, searcher.home.user_id)
    target = Person(person.home.tenant_id, person.home.user_id)
    if not access.administers(caller, actor, target):
        return why
    async with db.tenant(caller.tenant_id) as tx:
        decision = await access.decide_pair(tx, caller, actor=actor, target=target, purpose=Purpose.START)
    return Why(why.found, why.unified, why.reason, why.mend, None if decision.allowed else decision.deciding_rule)
