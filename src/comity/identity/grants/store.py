"""Rows and nouns of grants."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from comity.core.ids import AppId, TenantId, UserId
from comity.db.queries import Queries
from comity.db.transaction import Transaction
from comity.identity.grants.model import Grant, GrantEnd, GrantSummary

Q: Final = Queries("comity.identity.grants")


async def add_grant(tx: Transaction, grant: Grant) -> None:
    """Save a new grant."""
    await tx.execute(
        Q.add,
        id=grant.id, user_id=grant.user_id, app_id=grant.app_id, home_tenant_id=grant.home_tenant_id,
        home_user_id=grant.home_user_id, scopes=list(grant.scopes), redirect_uri=grant.redirect_uri,
        code_challenge=grant.code_challenge, nonce=grant.nonce, signed_in_at=grant.signed_in_at,
        created_at=grant.created_at, code_expires_at=grant.code_expires_at, generation=grant.generation,
        used_at=grant.used_at, expires_at=grant.expires_at,
    )  # fmt: skip


async def lock_grant(tx: Transaction, grant_id: UUID, user_id: UserId) -> Grant | None:
    """The grant, until the transaction's end nobody else's to exchange."""
    return await tx.one(_grant, Q.lock, id=grant_id, user_id=user_id)


async def advance_grant(tx: Transaction, grant_id: UUID, *, at: datetime, expires_at: datetime) -> None:
    """The next refresh token counts, and only it."""
    await tx.execute(Q.advance, id=grant_id, at=at, expires_at=expires_at)


async def end_grant(tx: Transaction, grant_id: UUID, user_id: UserId, *, at: datetime, why: GrantEnd) -> AppId | None:
    """End it, and say which client it was for; None if there is none, or it has ended."""
    row = await tx.row(Q.end_one, id=grant_id, user_id=user_id, at=at, why=why.value)
    return AppId(row[0]) if row else None


async def forget_ended(tx: Transaction, user_id: UserId, *, before: datetime) -> None:
    """Remove what has been over since before then."""
    await tx.execute(Q.forget, user_id=user_id, before=before)


async def list_grants(tx: Transaction, user_id: UserId, *, at: datetime) -> list[GrantSummary]:
    """The programs that act for somebody, the latest used first; at most 100."""
    return await tx.all(_summary, Q.list_of, user_id=user_id, at=at)


async def consented(tx: Transaction, user_id: UserId, app_id: AppId) -> frozenset[str]:
    """What somebody allowed a client before."""
    row = await tx.row(Q.consent_of, user_id=user_id, app_id=app_id)
    return frozenset(row[0]) if row else frozenset()


async def put_consent(tx: Transaction, user_id: UserId, app_id: AppId, scopes: Sequence[str], *, at: datetime) -> None:
    """Add to what somebody allows a client."""
    await tx.execute(Q.put_consent, user_id=user_id, app_id=app_id, scopes=list(scopes), at=at)


async def drop_consent(tx: Transaction, user_id: UserId, app_id: AppId) -> None:
    """Somebody allows a client nothing any more."""
    await tx.execute(Q.drop_consent, user_id=user_id, app_id=app_id)


def _grant(
    tenant_id: UUID, id: UUID, user_id: UUID, app_id: UUID, home_tenant_id: UUID, home_user_id: UUID,
    scopes: list[str], redirect_uri: str | None, code_challenge: str | None, nonce: str | None,
    signed_in_at: datetime, created_at: datetime, code_expires_at: datetime, generation: int, used_at: datetime,
    expires_at: datetime, ended_at: datetime | None, ended_why: str | None,
) -> Grant:  # fmt: skip
    return Grant(
        tenant_id=TenantId(tenant_id), id=id, user_id=UserId(user_id), app_id=AppId(app_id),
        home_tenant_id=TenantId(home_tenant_id), home_user_id=UserId(home_user_id), scopes=tuple(scopes),
        redirect_uri=redirect_uri, code_challenge=code_challenge, nonce=nonce, signed_in_at=signed_in_at,
        created_at=created_at, code_expires_at=code_expires_at, generation=generation, used_at=used_at,
        expires_at=expires_at, ended_at=ended_at, ended_why=GrantEnd(ended_why) if ended_why else None,
    )  # fmt: skip


def _summary(id: UUID, app_id: UUID, app_name: str | None, created_at: datetime, used_at: datetime) -> GrantSummary:
    return GrantSummary(id, AppId(app_id), app_name, created_at, used_at)
