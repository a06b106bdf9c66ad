"""The nouns of cross-tenant synchronisation."""

from __future__ import annotations

from collections.abc import Mapping as MappingType
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Any, Final, NamedTuple
from uuid import UUID

from comity.core.errors import NotFound
from comity.core.ids import CauseId, JobId, PlanId, RunId, TenantId, UserId
from comity.directory.extensions import Extensions
from comity.directory.model import Attribute
from comity.partners.model import NOTHING_KEPT, KeptBack

PAGE_SIZE: Final = 5000
"""People per page: read, decided and applied together. Large enough that statements per person vanish,
small enough that a stop halts within a second."""

CARRIED: Final = (*(each for each in Attribute if each <= Attribute.MANAGER_ID), Attribute.EXTENSIONS)
"""Attributes that a B2B user carries, in bit order; the columns of `Person` and `Present` follow it."""

ALL_CARRIED: Final = sum(each.bit for each in CARRIED)
"""The bits of all of them: what a creation changes."""


class JobUnknown(NotFound):
    """No sync job toward that tenant, or of that id."""

    code = "sync-job-unknown"


class JobState(StrEnum):
    """Graph's `synchronizationStatus.code`, as far as a job rests in it."""

    NOT_CONFIGURED = "NotConfigured"
    PAUSED = "Paused"
    ACTIVE = "Active"
    QUARANTINE = "Quarantine"

    @property
    def runs(self) -> bool:
        """Does it run, be it ever so rarely?"""
        return self in (JobState.ACTIVE, JobState.QUARANTINE)


class Origin(StrEnum):
    """How a job came about: an organisation-wide share, or a pairwise configuration."""

    ORGANIZATION = "organization"
    PAIR = "pair"


class ScopeMode(StrEnum):
    """Who is offered: assigned people and groups only, or everybody (provisioning §4.1)."""

    ASSIGNED = "assigned"
    ALL = "all"


class PrincipalKind(StrEnum):
    """What is assigned to a job."""

    USER = "user"
    GROUP = "group"


@dataclass(frozen=True, slots=True)
class Actions:
    """Target object actions (Graph `flowTypes`): what the job may do to accounts in the target."""

    add: bool = True
    update: bool = True
    delete: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """How many deletions of a job within 40 minutes are taken for an accident and held (provisioning §8.1, D8).

    `percent` is of the accounts that the job keeps in line, but never fewer than 10; where both are given, the
    smaller one counts; None does not count. With neither, nothing is held.
    """

    is_on: bool = True
    number: int | None = 500
    percent: int | None = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A standing order: offer people of the source tenant to one target tenant.

    `version` is raised by each change of mapping, scope, filter, actions or assignments.
    `watermark` is the position of the source's feed that was read so far; None before the first run.
    """

    tenant_id: TenantId
    id: JobId
    version: int
    name: str
    target_tenant_id: TenantId
    origin: Origin
    state: JobState
    state_reason: str | None
    scope_mode: ScopeMode
    for_later_tenants: bool
    actions: Actions
    interval_s: int
    watermark: int | None
    created_at: datetime
    mapping: MappingType[str, Any] | None = None
    """As stored, in Graph's form; None is the default mapping."""
    filter: MappingType[str, Any] | None = None
    """As stored, in Graph's form; None lets everybody pass."""
    groups: bool = False
    """Are assigned groups synced as groups, too?"""
    drift_repair: bool = False
    """May accounts that were changed in the target be brought back in line?"""
    threshold: Threshold = Threshold()
    """From how many deletions on they are held."""


class Person(NamedTuple):
    """Somebody of the source tenant, as one page reads her: a row, because pages hold thousands."""

    id: UserId
    version: int
    display_name: str
    given_name: str | None
    surname: str | None
    mail_nickname: str | None
    user_principal_name: str
    mail: str | None
    user_type: str
    account_enabled: bool
    show_in_address_list: bool
    street_address: str | None
    city: str | None
    state: str | None
    postal_code: str | None
    country: str | None
    company_name: str | None
    department: str | None
    employee_id: str | None
    job_title: str | None
    office_location: str | None
    preferred_language: str | None
    usage_location: str | None
    business_phone: str | None
    mobile_phone: str | None
    manager_id: UserId | None
    extensions: Extensions | None
    is_external: bool
    is_deleted: bool
    longest: int = 0
    """Bytes of the longest text; tells at a glance that none is longer than an account may have."""


class Present(NamedTuple):
    """The account in the target that stands for a home identity, living or soft-deleted."""

    id: UserId
    version: int
    display_name: str
    given_name: str | None
    surname: str | None
    mail_nickname: str | None
    user_principal_name: str
    mail: str | None
    user_type: str
    account_enabled: bool
    show_in_address_list: bool
    street_address: str | None
    city: str | None
    state: str | None
    postal_code: str | None
    country: str | None
    company_name: str | None
    department: str | None
    employee_id: str | None
    job_title: str | None
    office_location: str | None
    preferred_language: str | None
    usage_location: str | None
    business_phone: str | None
    mobile_phone: str | None
    manager_id: UserId | None
    extensions: Extensions | None
    home_user_id: UserId | None
    """None: a guest whose home was not known; adopted when the address fits (provisioning §5.1)."""
    deleted_by: str | None
    """None while it lives."""
    external_user_state: str | None = None
    """Has the invitation been redeemed? Sync does it without asking."""
    disabled_by_sync: bool | None = None
    """Was it sync that disabled it, and nobody of the target since?"""


FIRST_CARRIED: Final = 2
"""Where the carried attributes begin in `Person` and `Present`."""

Values = tuple[object, ...]
"""Values of `CARRIED`, in its order."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a drain for one job, as read in the two tenants.

    `people` are those who changed, joined or left, at most `PAGE_SIZE`, unordered. `in_scope` are
    ids that the job's scope offers. `present` holds, by home user id, every account in the target that
    stands for one of them, soft-deleted ones included; `linked` the ids that this job manages.
    `managed_elsewhere` are linked by another job of the same pair and in its scope still.
    `references` maps source ids of managers to their ids in the target; `new_ids` holds an id for
    everybody who may have to be created. `taken` are folded UPNs of living accounts in the target that
    stand for somebody else, with the ids of those accounts. `set_aside` are people for whom nothing is
    decided (it is not known whether the filter lets them pass, or it says to leave them alone), with what
    the log says of it; `out_of_filter` those assigned whom the filter does not let pass; `claimed` people
    who cannot be created because somebody else has their mail. `wanted` holds what the mapping made of
    those in scope; whoever is missing is mapped by the planner. `kept` is what the target has said is its own.
    """

    people: tuple[Person, ...]
    in_scope: frozenset[UserId]
    present: MappingType[UserId, Present]
    linked: frozenset[UserId]
    managed_elsewhere: frozenset[UserId] = frozenset()
    references: MappingType[UserId, UserId] = field(default_factory=dict)
    new_ids: MappingType[UserId, UserId] = field(default_factory=dict)
    taken: MappingType[str, UserId] = field(default_factory=dict)
    invitations_allowed: bool = True
    set_aside: MappingType[UserId, Skip] = field(default_factory=dict)
    out_of_filter: frozenset[UserId] = frozenset()
    claimed: MappingType[UserId, Reason] = field(default_factory=dict)
    wanted: MappingType[UserId, Values | Fault] = field(default_factory=dict)
    kept: KeptBack = NOTHING_KEPT


class Action(IntEnum):
    """What a step does in the target; the numbers are stored."""

    NONE = 0
    CREATE = 1
    UPDATE = 2
    DELETE = 3
    RESTORE = 4
    ADOPT = 5
    """An account that stood there already is linked, and brought in line."""
    UNLINK = 6
    """An adoption is undone: the account is what it was, and nobody's link."""
    STAGED_DELETE = 7
    """A soft deletion that was held back; only the log says so (Graph `stagedDelete`)."""


class Status(IntEnum):
    """How a step ended; the numbers are stored (Graph `provisioningStatusInfo.status`)."""

    SUCCESS = 0
    FAILURE = 1
    SKIPPED = 2
    WARNING = 3


class Reason(StrEnum):
    """Why a person was skipped or failed; the reference product's codes where it has one."""

    NOT_ENTITLED = "NotEffectivelyEntitled"
    NOT_ACTIVE = "NotActiveInSource"
    NOT_ELIGIBLE = "EntityTypeNotSupported"
    REDUNDANT = "RedundantExport"
    ACTION_OFF = "TargetObjectActionOff"
    DELETED_BY_ADMIN = "TargetDeletedByAdmin"
    MANAGED_ELSEWHERE = "ManagedByAnotherJob"
    FORBIDDEN = "AzureActiveDirectoryForbidden"
    """The target lets nobody invite."""
    UPN_TAKEN = "EntryConflict"
    NOT_IN_FILTER = "NotInProvisioningScope"
    """Assigned, and the scoping filter does not let her pass."""
    SET_ASIDE = "EntrySynchronizationSkipped"
    """An input filter or an expression says to leave her as she is."""
    EVALUATION = "AttributeEvaluationError"
    """An expression of mapping or filter could do nothing with her values."""
    VALUE_INVALID = "InvitationCreationFailureInvalidPropertyValue"
    """What the mapping gives is no userType, no address."""
    MANDATORY = "MandatoryFieldsMissing"
    """The mapping gives nothing for what no account is without."""
    DUPLICATE_SOURCE = "DuplicateSourceEntries"
    """Somebody else of the source has the same mail (provisioning D-13)."""
    AMBIGUOUS = "InvitationCreationFailureAmbiguousUser"
    """An account of the target's own has her mail."""
    DATA = "AttributeValueRefused"
    CHANGED_MEANWHILE = "TargetChangedMeanwhile"
    CHANGED_SINCE_PLAN = "ChangedSincePlan"
    """It came up after a plan was made, and was not shown."""
    TARGET_OWNED = "TargetOwned"
    """The target keeps it as it is: an attribute, or an account that it has disabled."""
    TARGET_VETO = "TargetVeto"
    """The target never wants this person."""
    BY_HAND = "InvitedByHand"
    """A guest whom somebody of the target invited: no sync brought her, so no clean-up takes her."""
    TOO_MANY_DELETES = "TooManyDeletes"
    """Held back: with it the job would delete more than its threshold allows."""
    DELETE_REJECTED = "DeleteRejected"
    """It was held back, and somebody said that it is not to be done."""
    UNDONE_CREATION = "UndoneCreation"
    """A soft deletion that takes a creation back."""
    OVERWRITTEN = "OverwrittenSince"
    """Undo would overwrite what was changed later."""


class Step(NamedTuple):
    """One change in the target, guarded by the version it was planned on.

    `wanted` are the values that the account has afterwards; `before` those it had (None for a
    creation); `changed` the bit set of attributes that differ, `IS_DELETED` included.
    """

    action: Action
    source_id: UserId
    target_id: UserId
    target_version: int
    changed: int
    wanted: Values
    before: Values | None


class Skip(NamedTuple):
    """A person for whom nothing is done, and why; a failure if `failed`.

    `details` are the facts behind the reason, never a person's values: which attribute, which error.
    """

    source_id: UserId
    target_id: UserId | None
    reason: Reason
    failed: bool
    details: MappingType[str, object] | None = None
    kind: str | None = None
    """None: a user; else `group`."""


class Fault(NamedTuple):
    """Why the mapping has no values for a person."""

    reason: Reason
    details: MappingType[str, object]


Computed = Fault | tuple[object, ...]
"""What the expressions of a mapping made of a person, or why they could not."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What one page changes in the target: steps in apply order, the people left alone, and how many were in line."""

    steps: tuple[Step, ...]
    skips: tuple[Skip, ...]
    unchanged: int
    unresolved: frozenset[UserId]
    """People whose manager is not in the target yet; they are looked at again when the others are."""
    kept: MappingType[UserId, int] = field(default_factory=dict)
    """Of whom which attributes (bits) were left to the target, of steps and skips alike."""


class Receipt(NamedTuple):
    """Proof that a step was applied: written in the target with the change, projected to the source's log."""

    plan_id: PlanId
    step: int
    job_id: JobId
    source_id: UserId
    target_id: UserId
    action: Action
    changed: int
    before: list[str | None] | None
    after: list[str | None]
    version_after: int
    cause: CauseId
    kind: str | None = None
    """None: a user; else `group`."""


@dataclass(frozen=True, slots=True)
class Counts:
    """How many people a run touched, by what was done."""

    created: int = 0
    updated: int = 0
    deleted: int = 0
    restored: int = 0
    skipped: int = 0
    failed: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.created + other.created,
            self.updated + other.updated,
            self.deleted + other.deleted,
            self.restored + other.restored,
            self.skipped + other.skipped,
            self.failed + other.failed,
        )

    @property
    def changed(self) -> int:
        """How many accounts were changed."""
        return self.created + self.updated + self.deleted + self.restored


class RunState(StrEnum):
    """Graph's execution states."""

    RUNNING = "Running"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    ENTRY_ERRORS = "EntryLevelErrors"
    STOPPED = "Stopped"


@dataclass(frozen=True, slots=True)
class Run:
    """Everything with the same cause, as log and undo see it."""

    id: RunId
    job_id: JobId
    cause: CauseId
    state: RunState
    error: str | None
    started_at: datetime
    ended_at: datetime | None
    seconds: float | None
    """Work time on the machine clock."""
    counts: Counts


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One line of the provisioning log, in the source tenant."""

    plan_id: PlanId
    step: int
    job_id: JobId
    run_id: RunId
    source_id: UserId
    target_id: UUID | None
    action: Action
    status: Status
    code: str | None
    changed: int
    before: list[str | None] | None
    after: list[str | None] | None
    at: datetime
    kind: str | None = None
    """None: a user; else `group`."""
    details: MappingType[str, object] | None = None
    """Facts behind the code, never a person's values."""
