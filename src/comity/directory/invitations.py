"""A guest says yes to an invitation: from then on the account stands for her."""

from __future__ import annotations

from dataclasses import replace

from comity.audit.service import Record, record
from comity.core.caller import Caller
from comity.core.ids import TenantId, UserId
from comity.core.permissions import Permission
from comity.db.transaction import Transaction
from comity.directory import store
from comity.directory.model import Attribute, ExternalUserState, User, UserUnknown, bits
from comity.directory.service import UserChanged, get_user
from comity.events.feed import append
from comity.events.model import Change, ChangeKind


async def find_invitation(tx: Transaction, address: str) -> User | None:
    """The guest invited under that address whose home is not known yet; None if there is none, or several."""
    found = [
        each
        for each in await store.find_by_mail(tx, address)
        if each.external_user_state is ExternalUserState.PENDING and each.home_user_id is None
    ]
    return found[0] if len(found) == 1 else None


async def accept_invitation(
    tx: Transaction, caller: Caller, user_id: UserId, *, home_tenant_id: TenantId, home_user_id: UserId
) -> User:
    """The account stands for that person from now on, and is accepted; once more changes nothing.

    Raises:
        UserUnknown: also if it stands for somebody else. UserChanged, PermissionMissing.
    """
    caller.check(Permission.USER_WRITE)
    before = await get_user(tx, caller, user_id)
    if not before.is_external or (before.home_user_id or home_user_id) != home_user_id:
        raise UserUnknown(user=str(user_id))
    if before.home_user_id is not None and before.external_user_state is ExternalUserState.ACCEPTED:
        return before
    after = replace(
        before,
        home_tenant_id=home_tenant_id,
        home_user_id=home_user_id,
        external_user_state=ExternalUserState.ACCEPTED,
        external_state_at=tx.now,
    )
    if not await store.update_users(tx, [after]):
        raise UserChanged(user=before.user_principal_name)
    await store.replace_addresses(tx, [after])
    changed = {Attribute.EXTERNAL_USER_STATE}
    if before.home_user_id is None:
        changed.add(Attribute.HOME_IDENTITY)
    facts = {"externalUserState": ExternalUserState.ACCEPTED.value, "homeTenantId": home_tenant_id}
    await record(tx, caller, Record("Redeem external user invite", "user", user_id, after=facts))
    append(tx, [Change(ChangeKind.USER_UPDATED, user_id, changed=bits(changed), external=True)])
    return replace(after, version=after.version + 1)
