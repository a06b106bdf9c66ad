"""Identifiers: one type per kind, so that a tenant's id never lands where a user's goes."""

from __future__ import annotations

import secrets
import threading
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

NOWHERE: Final = UUID(int=0)
"""Before every id: where a walk in the order of ids begins."""

PERSONAL_REALM: Final = TenantId(UUID("9188040d-6c67-4c5b-b112-36a304b66dad"))
"""The realm of personal accounts; Entra's own id for it, so that official clients recognise it."""


_RANDOM_BITS: Final = 74
_LOW_BITS: Final = (1 << 62) - 1
_lock = threading.Lock()
_latest = 0


def new_id() -> UUID:
    """Make a time-ordered identifier (UUIDv7, RFC 9562 §5.7); later calls of a process give greater ones (§6.2).

    Ordered ids keep inserts at the right edge of a btree, and a log in the order it was written.
    Milliseconds come from the machine clock: an id is a name, not a date, and must not repeat when the
    lab's clock is moved back.
    """
    global _latest  # noqa: PLW0603 - the order is the process's
    number = (time.time_ns() // 1_000_000) << _RANDOM_BITS | secrets.randbits(_RANDOM_BITS)
    with _lock:
        if number <= _latest:  # the same millisecond, or a clock set back: go on behind the latest
            number = _latest + 1 + secrets.randbits(32)
        _latest = number
    milliseconds, random_a, random_b = number >> 74, number >> 62 & 0xFFF, number & _LOW_BITS
    return UUID(int=milliseconds << 80 | 0x7 << 76 | random_a << 64 | 0b10 << 62 | random_b)


def new_ids(count: int) -> list[str]:
    """As many identifiers as that, as text and in order: a third of the time for those who need thousands."""
    global _latest  # noqa: PLW0603 - the order is the process's
    now = (time.time_ns() // 1_000_000) << _RANDOM_BITS | secrets.randbits(_RANDOM_BITS)
    leaps = memoryview(secrets.token_bytes(4 * count)).cast("I")
    numbers = []
    with _lock:
        number = max(now, _latest)
        for leap in leaps:
            number += 1 + leap
            numbers.append(number)
        _latest = number
    texts, front, begin = [], -1, ""
    for number in numbers:
        if number >> 62 != front:
            front = number >> 62
            begin = f"{front >> 28:08x}-{front >> 12 & 0xFFFF:04x}-7{front & 0xFFF:03x}-"
        random_b = 0b10 << 62 | number & _LOW_BITS
        texts.append(f"{begin}{random_b >> 48:04x}-{random_b & 0xFFFF_FFFF_FFFF:012x}")
    return texts
