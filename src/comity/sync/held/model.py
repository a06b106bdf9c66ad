"""The nouns of held deletions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple
from uuid import UUID

from comity.core.errors import Invalid
from comity.core.ids import CauseId

WINDOW: Final = timedelta(minutes=40)
"""How far back deletions count together, on the business clock: the reference product's interval (D8)."""
FLOOR: Final = 10
"""So many deletions are never too many by the percentage alone: a small company has people who leave, too."""


class HeldState(StrEnum):
    """What has been said of a held deletion."""

    WAITING = "waiting"
    """Nothing yet."""
    ALLOWED = "allowed"
    """It is to be done; the next drain does it."""
    REJECTED = "rejected"
    """It is not to be done, as long as the person stays out of scope."""


@dataclass(frozen=True, slots=True)
class HeldCount:
    """How many deletions of a job are held, by what has been said of them."""

    waiting: int = 0
    allowed: int = 0
    rejected: int = 0


class HeldDelete(NamedTuple):
    """Somebody (or a group) whom a job would delete in the target; names are those at home."""

    source_id: UUID
    kind: str
    """`user` or `group`."""
    target_id: UUID | None
    state: HeldState
    cause: CauseId
    """What set the deletion off; once allowed, the approval."""
    held_at: datetime
    display_name: str | None
    user_principal_name: str | None


class ThresholdInvalid(Invalid):
    """A number is at least 0, a percentage between 1 and 100."""

    code = "sync-threshold-invalid"


class NothingHeld(Invalid):
    """No deletion of these people is held; names them."""

    code = "sync-nothing-held"
