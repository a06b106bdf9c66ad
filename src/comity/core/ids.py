"""Identifiers: one type per kind, so that a tenant's id never lands where a user's goes."""

from __future__ import annotations

import os
import time
from typing import Final, NewType
from uuid import UUID

TenantId = NewType("TenantId", UUID)
UserId = NewType("UserId", UUID)
GroupId = NewType("GroupId", UUID)
PrincipalId = NewType("PrincipalId", UUID)
AppId = NewType("AppId", UUID)
OrganizationId = NewType("OrganizationId", UUID)
JobId = NewType("JobId", UUID)
PlanId = NewType("PlanId", UUID)
RunId = NewType("RunId", UUID)
ChatId = NewType("ChatId", UUID)
AuditId = NewType("AuditId", UUID)
CauseId = NewType("CauseId", UUID)
"""What set a change off: the audit id of an administrator's act, or of a manual start."""

PERSONAL_REALM: Final = TenantId(UUID("9188040d-6c67-4c5b-b112-36a304b66dad"))
"""The realm of personal accounts; Entra's own id for it, so that official clients recognise it."""


def new_id() -> UUID:
    """Make a time-ordered identifier (UUIDv7, RFC 9562 §5.7).

    Ordered ids keep inserts at the right edge of a btree. Milliseconds come from the machine
    clock: an id is a name, not a date, and must not repeat when the lab's clock is moved back.
    """
    value = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF000 << 64) | (0x7000 << 64)
    value = value & ~(0xC000 << 48) | (0x8000 << 48)
    return UUID(int=value)
