"""Let a client act for somebody; see which do; take it back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from comity.audit.service import Record, record
from comity.core.caller import Caller
from comity.core.ids import PERSONAL_REALM, AppId, UserId, new_id
from comity.core.permissions import Permission
from comity.db.transaction import Transaction
from comity.identity.errors import SessionUnknown
from comity.identity.grants import store
from comity.identity.grants.decide import CODE_LIFETIME, REFRESH_LIFETIME
from comity.identity.grants.model import Grant, GrantEnd, GrantSummary
from comity.identity.model import Person

KEPT_FOR: Final = timedelta(days=30)


async def open_grant(
    tx: Transaction,
    person: Person,
    *,
    app_id: AppId,
    scopes: Sequence[str],
    signed_in_at: datetime,
    at: datetime,
    redirect_uri: str | None = None,
    code_challenge: str | None = None,
    nonce: str | None = None,
    is_taken: bool = False,
) -> Grant:
    """Let a client act for somebody here. `is_taken`: its tokens are given out at once, no code has to come back.

    The person's own sign-in is the permission; times are the machine clock's.
    """
    home_tenant_id, home_user_id = (
        (person.home.tenant_id, person.home.id) if person.home else (person.tenant_id, person.id)
    )
    grant = Grant(
        tenant_id=tx.tenant_id, id=new_id(), user_id=person.id, app_id=app_id, home_tenant_id=home_tenant_id,
        home_user_id=home_user_id, scopes=tuple(scopes), redirect_uri=redirect_uri, code_challenge=code_challenge,
        nonce=nonce, signed_in_at=signed_in_at, created_at=at, code_expires_at=at + CODE_LIFETIME,
        generation=1 if is_taken else 0, used_at=at,
        expires_at=at + (REFRESH_LIFETIME if is_taken else CODE_LIFETIME),
    )  # fmt: skip
    await store.forget_ended(tx, person.id, before=at - KEPT_FOR)
    await store.add_grant(tx, grant)
    return grant


async def list_grants(tx: Transaction, caller: Caller, user_id: UserId, *, at: datetime) -> list[GrantSummary]:
    """The programs that act for somebody, the latest used first; at most 100.

    Raises:
        PermissionMissing.
    """
    if caller.user_id != user_id:
        caller.check(Permission.USER_READ)
    return await store.list_grants(tx, user_id, at=at)


async def end_grant(tx: Transaction, caller: Caller, user_id: UserId, grant_id: UUID, *, at: datetime) -> None:
    """A program acts for somebody no more; tokens that it has are good for their hour.

    Raises:
        SessionUnknown, PermissionMissing.
    """
    if caller.user_id != user_id:
        caller.check(Permission.USER_WRITE)
    app_id = await store.end_grant(tx, grant_id, user_id, at=at, why=GrantEnd.REVOKED)
    if app_id is None:
        raise SessionUnknown(session=str(grant_id))
    if tx.tenant_id == PERSONAL_REALM:
        await store.drop_consent(tx, user_id, app_id)
    else:
        await record(tx, caller, Record("Revoke application grant", "user", user_id, before={"appId": app_id}))


async def consented(tx: Transaction, user_id: UserId, app_id: AppId) -> frozenset[str]:
    """What somebody allowed a client before."""
    return await store.consented(tx, user_id, app_id)


async def give_consent(tx: Transaction, user_id: UserId, app_id: AppId, scopes: Sequence[str], *, at: datetime) -> None:
    """Somebody allows a client these things, on top of what she allowed before; her own yes is the permission."""
    await store.put_consent(tx, user_id, app_id, scopes, at=at)
