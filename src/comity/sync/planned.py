"""The nouns of a stored plan: what would happen to whom, and what became of it (design D7)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from typing import Any, Final, NamedTuple
from uuid import UUID

from comity.core.errors import Conflict, NotFound
from comity.core.ids import CauseId, GroupId, JobId, PlanId, RunId, TenantId, UserId
from comity.sync.model import Action, Actions, Job, ScopeMode

PLAN_LIFE: Final = timedelta(days=7)
"""How long a plan may be applied after it was made, on the business clock."""


class PlanKind(StrEnum):
    """What a plan was made for."""

    DRAIN = "drain"
    """What a drain does at once; it has no stored items."""
    PREVIEW = "preview"
    """What the job as it is, or as proposed, would do."""
    DRIFT = "drift"
    """What would bring accounts back in line that were changed in the target."""
    UNDO = "undo"
    """What would take a run back."""
    DEMAND = "demand"
    """One person, at once."""
    CLEANUP = "cleanup"
    """In the resource tenant: what a severed relation left there."""


class PlanState(StrEnum):
    """How far a plan is."""

    PLANNING = "planning"
    PLANNED = "planned"
    APPLYING = "applying"
    APPLIED = "applied"
    INTERRUPTED = "interrupted"
    """Stopped or killed half-way; applying it again goes on."""
    REFUSED = "refused"
    """What it was decided on has changed."""
    EXPIRED = "expired"


class Verdict(IntEnum):
    """What a plan says of a person; the numbers are stored, those of `Action` are the same."""

    SKIP = 0
    CREATE = 1
    UPDATE = 2
    DELETE = 3
    RESTORE = 4
    ADOPT = 5
    UNLINK = 6
    REFUSE = 9
    """It cannot be done, for the reason given."""

    @property
    def acts(self) -> bool:
        """Does it change the target?"""
        return self not in (Verdict.SKIP, Verdict.REFUSE)

    @property
    def word(self) -> str:
        """As people read it: an account that is only linked or brought in line is updated."""
        return _WORDS[self]


_WORDS: Final = {
    Verdict.SKIP: "skip",
    Verdict.CREATE: "create",
    Verdict.UPDATE: "update",
    Verdict.DELETE: "delete",
    Verdict.RESTORE: "restore",
    Verdict.ADOPT: "update",
    Verdict.UNLINK: "update",
    Verdict.REFUSE: "refuse",
}


class Outcome(IntEnum):
    """What became of an item; the numbers are stored."""

    APPLIED = 1
    DROPPED = 2
    """Less is to be done now than was shown."""
    HELD = 3
    """Something else is to be done now than was shown: changed since the plan."""
    FAILED = 4


class Item(NamedTuple):
    """One person in a plan: ids, verdict, the bits of the attributes that change, and what guards it.

    `target_version` is 0 where there is no account yet.
    """

    step: int
    source_id: UserId
    target_id: UserId | None
    verdict: Verdict
    reason: str | None
    changed: int
    source_version: int
    target_version: int
    outcome: Outcome | None = None

    @property
    def action(self) -> Action:
        """What applying it does in the target."""
        return Action(self.verdict) if self.verdict.acts else Action.NONE


@dataclass(frozen=True, slots=True)
class Tally:
    """How many people a plan says what of, and what became of them. Whoever is converted counts as updated, too."""

    create: int = 0
    update: int = 0
    delete: int = 0
    restore: int = 0
    skip: int = 0
    refuse: int = 0
    convert: int = 0
    applied: int = 0
    dropped: int = 0
    held: int = 0
    failed: int = 0

    @property
    def changes(self) -> int:
        """How many accounts the plan would change."""
        return self.create + self.update + self.delete + self.restore

    def __add__(self, other: Tally) -> Tally:
        return Tally(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(Tally)))

    def as_facts(self) -> dict[str, int]:
        """As it is stored and told."""
        return {each.name: getattr(self, each.name) for each in fields(Tally)}

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any]) -> Tally:
        """As stored; what an earlier release did not count is zero."""
        return cls(**{each.name: int(facts.get(each.name, 0)) for each in fields(cls)})


class _Keep(StrEnum):
    """Stands in a proposal for what stays as it is; None means "none" there."""

    KEEP = "keep"


KEEP: Final = _Keep.KEEP


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What of a job would be changed; everything else stays.

    `add_users` and `add_groups` would be assigned, `remove` unassigned. `mapping` and `filter` are in Graph's
    form; None is the default mapping, and no filter.
    """

    add_users: tuple[UserId, ...] = ()
    add_groups: tuple[GroupId, ...] = ()
    remove: tuple[UUID, ...] = ()
    scope_mode: ScopeMode | None = None
    actions: Actions | None = None
    mapping: Mapping[str, Any] | _Keep | None = KEEP
    filter: Mapping[str, Any] | _Keep | None = KEEP
    opens: TenantId | None = None
    """A job toward this tenant would be opened first, because there is none."""
    for_organization: bool = False
    """The job that it opens is the organisation's, `MTO_Sync_<target tenant id>`; else the pair's own."""
    for_later_tenants: bool = False
    """Tenants that join the organisation later would get the same."""

    @property
    def assigns(self) -> bool:
        """Does it change who is assigned?"""
        return bool(self.add_users or self.add_groups or self.remove)

    def of(self, job: Job) -> Job:
        """The job as proposed; who is assigned is not part of it."""
        if self.for_later_tenants:
            job = replace(job, for_later_tenants=True)
        if self.scope_mode is not None:
            job = replace(job, scope_mode=self.scope_mode)
        if self.actions is not None:
            job = replace(job, actions=self.actions)
        if not isinstance(self.mapping, _Keep):
            job = replace(job, mapping=self.mapping)
        if not isinstance(self.filter, _Keep):
            job = replace(job, filter=self.filter)
        return job

    def as_facts(self) -> dict[str, Any]:
        """As it is stored: only what is proposed."""
        facts: dict[str, Any] = {
            name: [str(each) for each in ids]
            for name, ids in (("addUsers", self.add_users), ("addGroups", self.add_groups), ("remove", self.remove))
            if ids
        }
        if self.scope_mode is not None:
            facts["scope"] = self.scope_mode.value
        if self.actions is not None:
            facts["actions"] = {name: getattr(self.actions, name) for name in ("add", "update", "delete")}
        if not isinstance(self.mapping, _Keep):
            facts["mapping"] = self.mapping
        if not isinstance(self.filter, _Keep):
            facts["filter"] = self.filter
        if self.opens is not None:
            facts["opens"] = str(self.opens)
        if self.for_organization:
            facts["forOrganization"] = True
        if self.for_later_tenants:
            facts["forLaterTenants"] = True
        return facts

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any]) -> Proposal:
        """As stored."""
        return cls(
            add_users=tuple(UserId(UUID(each)) for each in facts.get("addUsers", ())),
            add_groups=tuple(GroupId(UUID(each)) for each in facts.get("addGroups", ())),
            remove=tuple(UUID(each) for each in facts.get("remove", ())),
            scope_mode=ScopeMode(facts["scope"]) if "scope" in facts else None,
            actions=Actions(**facts["actions"]) if "actions" in facts else None,
            mapping=facts.get("mapping", KEEP),
            filter=facts.get("filter", KEEP),
            opens=TenantId(UUID(facts["opens"])) if "opens" in facts else None,
            for_organization=facts.get("forOrganization", False),
            for_later_tenants=facts.get("forLaterTenants", False),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPlan:
    """A plan for one job.

    `guard` holds the versions that it was decided on: the job's, both partners' settings', the organisation's.
    `to_position` is how far the source's feed reached when it was begun.
    """

    id: PlanId
    job_id: JobId
    run_id: RunId | None
    """The run that an undo takes back."""
    kind: PlanKind
    state: PlanState
    guard: Mapping[str, Any]
    proposal: Proposal | None
    tally: Tally
    looked_at: int
    stop_asked: bool
    to_position: int
    created_at: datetime
    expires_at: datetime | None
    cause: CauseId


class Trace(NamedTuple):
    """Where a run's receipts are: they bear its cause, and stand in these plans."""

    cause: CauseId
    plans: tuple[PlanId, ...]


class RunUnknown(NotFound):
    """There is no run of that id."""

    code = "sync-run-unknown"


class RunGoesOn(Conflict):
    """The run has not ended; stop it first."""

    code = "sync-run-goes-on"


class PlanUnknown(NotFound):
    """There is no plan of that id."""

    code = "sync-plan-unknown"


class PlanNotReady(Conflict):
    """The plan is still being made."""

    code = "sync-plan-not-ready"


class PlanExpired(Conflict):
    """The plan is older than seven days."""

    code = "sync-plan-expired"


class PlanOutdated(Conflict):
    """What the plan was decided on has changed; says what."""

    code = "sync-plan-outdated"


class PlanRefused(Conflict):
    """The plan was refused before; a new one has to be made."""

    code = "sync-plan-refused"


class DriftRepairOff(Conflict):
    """The job does not repair what was changed in the target."""

    code = "sync-drift-repair-off"


class JobClosed(Conflict):
    """The job may not run; says what is missing."""

    code = "sync-job-closed"
