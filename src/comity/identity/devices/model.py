"""The nouns of device sign-in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from comity.core.ids import AppId, TenantId, UserId


class DeviceState(StrEnum):
    """How far a device's request is."""

    PENDING = "pending"
    APPROVED = "approved"
    DECLINED = "declined"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceRequest:
    """A device waits for somebody to sign in for it."""

    id: UUID
    user_code: str
    app_id: AppId
    authority: str
    """As the device named it: a tenant's id, or one of Entra's words for several."""
    scopes: tuple[str, ...]
    state: DeviceState
    interval_s: int
    """How long the device has to wait between two questions."""
    created_at: datetime
    expires_at: datetime
    polled_at: datetime | None = None
    tenant_id: TenantId | None = None
    user_id: UserId | None = None
    grant_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class DeviceStart:
    """What the device is told at first."""

    device_code: str
    user_code: str
    expires_in_s: int
    interval_s: int

    def __repr__(self) -> str:
        return f"DeviceStart({self.user_code})"
