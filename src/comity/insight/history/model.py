"""The nouns of a history."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from comity.access.assignments.model import GroupAssignment
from comity.access.model import Decision
from comity.access.state import TenantState
from comity.audit.model import Facts
from comity.core.errors import Invalid
from comity.core.ids import TenantId


class HistoryInTheFuture(Invalid):
    """A history looks back, and the date lies ahead."""

    code = "history-in-the-future"


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One side at one moment: its tenant's settings, and what decides about its person."""

    state: TenantState
    domains: frozenset[str]
    exists: bool
    """The account is there and not deleted."""
    enabled: bool
    mail: str | None
    user_principal_name: str
    direct: str | None
    """The key of the policy that she has directly."""
    groups: frozenset[str]
    """Groups that she is a direct member of; ids as text."""
    knows_other: bool
    """The other person's personal account is in the extended directory."""

    @property
    def rank(self) -> int | None:
        """The lowest rank of her groups."""
        return min((each.rank for each in self.state.groups if str(each.group_id) in self.groups), default=None)

    def assigned(self, groups: list[GroupAssignment]) -> tuple[GroupAssignment, ...]:
        """Assignments in order, as ranks 1..n."""
        return tuple(
            GroupAssignment(each.group_id, each.policy, rank, each.created_at, each.created_by)
            for rank, each in enumerate(groups, 1)
        )


@dataclass(frozen=True, slots=True)
class Happening:
    """One change that bears on the two: when, whose tenant, who, what, why; `tenant_id` None: the installation."""

    at: datetime
    tenant_id: TenantId | None
    actor: str
    action: str
    before: Facts | None
    after: Facts | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class History:
    """The decision then and now, and what lies between, newest first."""

    at: datetime
    then: Decision
    now: Decision
    happenings: tuple[Happening, ...]
