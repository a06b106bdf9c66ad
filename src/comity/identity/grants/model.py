"""The nouns of grants."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from comity.core.ids import AppId, TenantId, UserId


class GrantEnd(StrEnum):
    """Why a grant has ended."""

    REVOKED = "revoked"
    REUSED = "reused"
    """A code or refresh token came a second time: somebody else may have it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Somebody let a client act for her in a tenant."""

    tenant_id: TenantId
    """Where the client acts."""
    id: UUID
    user_id: UserId
    """Who she is there."""
    app_id: AppId
    home_tenant_id: TenantId
    home_user_id: UserId
    """Who signed in; the same, unless she is a B2B user there."""
    scopes: tuple[str, ...]
    redirect_uri: str | None = None
    code_challenge: str | None = None
    nonce: str | None = None
    signed_in_at: datetime
    created_at: datetime
    code_expires_at: datetime
    generation: int = 0
    """0: the code has not been redeemed; n: the n-th refresh token counts."""
    used_at: datetime
    expires_at: datetime
    ended_at: datetime | None = None
    ended_why: GrantEnd | None = None

    @property
    def is_of_another_home(self) -> bool:
        """Did a B2B user sign in at home for this?"""
        return self.home_tenant_id != self.tenant_id


@dataclass(frozen=True, slots=True)
class GrantSummary:
    """A program that acts for somebody, as a list shows it."""

    id: UUID
    app_id: AppId
    app_name: str | None
    """None: the program is registered elsewhere."""
    created_at: datetime
    used_at: datetime
