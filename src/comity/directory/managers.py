"""Who is whose manager."""

from __future__ import annotations

from comity.core.caller import Caller
from comity.core.ids import UserId
from comity.core.permissions import Permission
from comity.db.transaction import Transaction
from comity.directory import store
from comity.directory.model import Attribute, ManagerInvalid, NoManager, User, UserUnknown
from comity.directory.service import get_user, seen_by, update_user


async def get_manager(tx: Transaction, caller: Caller, user_id: UserId) -> User:
    """Somebody's manager; who is known by id only may be asked for it by a guest, too (provisioning §11).

    Raises:
        UserUnknown, NoManager, PermissionMissing.
    """
    if caller.user_id != user_id:
        caller.check(Permission.USER_READ_BASIC)
    user = await store.get_user(tx, user_id)
    if user is None or user.deleted_at is not None:
        raise UserUnknown(user=str(user_id))
    manager = None if user.manager_id is None else await store.get_user(tx, user.manager_id)
    if manager is None or manager.deleted_at is not None:
        raise NoManager(user=str(user_id))
    return seen_by(caller, manager)


async def set_manager(tx: Transaction, caller: Caller, user_id: UserId, manager_id: UserId) -> None:
    """Give somebody a manager.

    Raises:
        UserUnknown, ManagerInvalid, PermissionMissing.
    """
    caller.check(Permission.USER_WRITE)
    await get_user(tx, caller, user_id)
    await get_user(tx, caller, manager_id)
    above = [row[0] for row in await tx.rows(store.Q.managers_above, id=manager_id)]
    if user_id in (manager_id, *above):
        raise ManagerInvalid(user=str(user_id), manager=str(manager_id))
    await update_user(tx, caller, user_id, {Attribute.MANAGER_ID: manager_id})


async def drop_manager(tx: Transaction, caller: Caller, user_id: UserId) -> None:
    """Leave somebody without a manager.

    Raises:
        UserUnknown, PermissionMissing.
    """
    await update_user(tx, caller, user_id, {Attribute.MANAGER_ID: None})
