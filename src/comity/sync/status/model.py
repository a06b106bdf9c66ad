"""The nouns of a job's status: Graph's `synchronizationStatus`, in our spelling (provisioning §9)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

NEVER: Final = datetime(1, 1, 1, tzinfo=UTC)
"""What Graph says where there is no instant."""


@dataclass(frozen=True, slots=True)
class SynchronizationError:
    """What went wrong, and whether the tenant can mend it."""

    code: str
    message: str
    tenant_actionable: bool


@dataclass(frozen=True, slots=True)
class TaskExecution:
    """One run, as Graph tells it."""

    activity_identifier: str | None
    state: str
    time_began: datetime
    time_ended: datetime
    error: SynchronizationError | None
    count_entitled: int = 0
    count_entitled_for_provisioning: int = 0
    count_escrowed: int = 0
    count_escrowed_raw: int = 0
    count_exported: int = 0
    count_exports: int = 0
    count_imported: int = 0
    count_imported_deltas: int = 0
    count_imported_reference_deltas: int = 0


@dataclass(frozen=True, slots=True)
class SynchronizationQuarantine:
    """The job's quarantine, as Graph tells it."""

    reason: str
    current_began: datetime
    series_began: datetime
    series_count: int
    next_attempt: datetime
    error: SynchronizationError


@dataclass(frozen=True, slots=True)
class EntryCount:
    """How many of a kind stand in the target."""

    key: str
    value: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a running cycle is."""

    completed_units: int
    total_units: int
    units: str
    progress_observation_date_time: datetime


@dataclass(frozen=True, slots=True)
class SynchronizationStatus:
    """How a job stands."""

    code: str
    count_successive_complete_failures: int
    escrows_pruned: bool
    last_execution: TaskExecution
    last_successful_execution: TaskExecution | None
    last_successful_execution_with_exports: TaskExecution | None
    progress: Sequence[Progress]
    quarantine: SynchronizationQuarantine | None
    steady_state_first_achieved_time: datetime
    steady_state_last_achieved_time: datetime
    synchronized_entry_count_by_type: Sequence[EntryCount]
    troubleshooting_url: str
