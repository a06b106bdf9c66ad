"""The nouns of the provisioning log: Graph's `provisioningObjectSummary`, in our spelling (provisioning §7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from comity.core.errors import Invalid
from comity.core.ids import JobId, PlanId, RunId, UserId

ACTIONS: Final = ("create", "update", "delete", "stagedDelete", "disable", "other")
"""Graph's `provisioningAction`."""
RESULTS: Final = ("success", "failure", "skipped", "warning")
"""Graph's `provisioningResult`."""


class LogFilterInvalid(Invalid):
    """There is no such action, status or line."""

    code = "sync-log-filter-invalid"


@dataclass(frozen=True, slots=True)
class LogFilter:
    """Which lines: of a job, a run or a person (or group), of these actions and results, since then; None: all."""

    job_id: JobId | None = None
    run_id: RunId | None = None
    source_id: UserId | None = None
    actions: Sequence[str] | None = None
    statuses: Sequence[str] | None = None
    since: datetime | None = None


Line = tuple[PlanId, int]
"""Where a line stands in the log."""


@dataclass(frozen=True, slots=True)
class ProvisionedIdentity:
    """A person or group at one end."""

    id: str | None
    display_name: str | None
    identity_type: str
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ProvisioningSystem:
    """A directory at one end."""

    id: str
    display_name: str
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ServicePrincipal:
    """The configuration: the job."""

    id: str
    display_name: str


@dataclass(frozen=True, slots=True)
class Initiator:
    """Who began it."""

    id: str
    display_name: str
    initiator_type: str


@dataclass(frozen=True, slots=True)
class ModifiedProperty:
    """One attribute, before and after."""

    display_name: str
    old_value: str | None
    new_value: str | None


@dataclass(frozen=True, slots=True)
class SummaryStep:
    """One step on the way."""

    name: str
    provisioning_step_type: str
    status: str
    description: str
    details: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ErrorInformation:
    """Why somebody failed or was left alone, and what to do about it."""

    error_code: str
    error_category: str
    reason: str
    recommended_action: str
    additional_details: str | None


@dataclass(frozen=True, slots=True)
class StatusInfo:
    """How it ended."""

    status: str
    error_information: ErrorInformation | None


@dataclass(frozen=True, slots=True)
class Summary:
    """One line of the log, rendered."""

    id: str
    activity_date_time: datetime
    change_id: str
    cycle_id: str
    duration_in_milliseconds: int
    """The mean of its run: people go through together, by thousands."""
    initiated_by: Initiator
    job_id: str
    modified_properties: Sequence[ModifiedProperty]
    provisioning_action: str
    provisioning_status_info: StatusInfo
    provisioning_steps: Sequence[SummaryStep]
    service_principal: ServicePrincipal
    source_identity: ProvisionedIdentity
    source_system: ProvisioningSystem
    target_identity: ProvisionedIdentity
    target_system: ProvisioningSystem
    tenant_id: str
    """The target's, as in the reference product."""


@dataclass(frozen=True, slots=True)
class LogPage:
    """Some lines, newest first, and where the next page begins (None: nowhere)."""

    lines: Sequence[Summary]
    before: str | None
