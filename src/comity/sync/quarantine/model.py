"""The nouns of quarantine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from comity.core.ids import JobId


class QuarantineReason(StrEnum):
    """Graph's `quarantineReason`."""

    BASE_ESCROWS = "EncounteredBaseEscrowThreshold"
    TOTAL_ESCROWS = "EncounteredTotalEscrowThreshold"
    ESCROW_PROPORTION = "EncounteredEscrowProportionThreshold"
    EXCEPTION = "EncounteredQuarantineException"
    """The target, or our own side, does not allow it."""
    UNKNOWN = "Unknown"
    ON_DEMAND = "QuarantinedOnDemand"
    """Somebody wanted it."""
    TOO_MANY_DELETES = "TooManyDeletes"
    INGESTION = "IngestionInterrupted"


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong with a job: Graph's reason, the code behind it, and what the code's sentence says."""

    reason: QuarantineReason
    error: str
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Quarantine:
    """A job's quarantine as it stands.

    A *series* begins when it is imposed and ends when it is lifted; `series_count` says how often it was looked at
    again and left in force, `current_began` when that was last.
    """

    job_id: JobId
    trouble: Trouble
    current_began: datetime
    series_began: datetime
    series_count: int
    next_attempt: datetime


@dataclass(frozen=True, slots=True)
class Figures:
    """What the thresholds are about: people, each counted once.

    `failed` and `done` are those of the last 40 minutes, `escrowed` all who stand in escrow now, `references`
    people whose manager is not in the target.
    """

    failed: int
    done: int
    escrowed: int
    references: int
