"""The nouns of assignment: a group's policy and its rank, where a person's policy comes from, a batch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from comity.access.model import GLOBAL
from comity.core.ids import GroupId, UserId

GROUPS_MAX: Final = 64
"""Groups of a tenant that may have a policy."""
BATCH_MAX: Final = 5000
"""People of one batch."""


@dataclass(frozen=True, slots=True)
class GroupAssignment:
    """A group whose direct members have a policy; rank 1 wins over rank 2."""

    group_id: GroupId
    policy: str
    rank: int
    created_at: datetime
    created_by: str


class AssignmentType(StrEnum):
    """By what way a policy comes to a person; the first wins."""

    DIRECT = "Direct"
    GROUP = "Group"
    TENANT = "Tenant"


@dataclass(frozen=True, slots=True)
class Source:
    """One way by which a policy comes to a person; `group_id` and `rank` for groups only."""

    kind: AssignmentType
    policy: str
    group_id: GroupId | None = None
    rank: int | None = None


@dataclass(frozen=True, slots=True)
class PolicySources:
    """Everything that gives a person a policy, the winner first; none at all leaves Global."""

    user_id: UserId
    sources: tuple[Source, ...] = ()

    @property
    def policy(self) -> str:
        """The name of the policy that holds."""
        return self.sources[0].policy if self.sources else GLOBAL


class BatchStatus(StrEnum):
    """How far a batch has come."""

    NOT_STARTED = "NotStarted"
    IN_PROGRESS = "InProgress"
    COMPLETED = "Completed"


class BatchResult(StrEnum):
    """What came of one person of a batch (external-access §5)."""

    SUCCESS = "Success"
    USER_NOT_FOUND = "User not found"
    SEVERAL_USERS = "Multiple users with that address"
    INVALID_USER = "Invalid user"
    BAD_POLICY = "Bad policy"


@dataclass(frozen=True, slots=True)
class BatchPerson:
    """One person of a batch, as named in the order; `result` is None until tried."""

    named: str
    result: BatchResult | None

    @property
    def state(self) -> BatchStatus:
        """Done, or not begun: nobody stands half-way."""
        return BatchStatus.NOT_STARTED if self.result is None else BatchStatus.COMPLETED


@dataclass(frozen=True, slots=True)
class Batch:
    """One policy for many people. `completed` includes the `errors`; people only where asked for."""

    id: UUID
    name: str
    policy: str | None
    """None: direct assignments are taken back."""
    created_by: str
    created_at: datetime
    completed_at: datetime | None
    total: int
    completed: int
    errors: int
    people: tuple[BatchPerson, ...] = field(default=(), repr=False)

    @property
    def status(self) -> BatchStatus:
        """How far it has come as a whole."""
        if self.completed_at is not None:
            return BatchStatus.COMPLETED
        return BatchStatus.IN_PROGRESS if self.completed else BatchStatus.NOT_STARTED

    @property
    def not_started(self) -> int:
        """People who were not tried yet."""
        return self.total - self.completed


@dataclass(frozen=True, slots=True)
class PolicyBook:
    """Everything that decides which policy holds for whom in one tenant, by policy key."""

    by_rank: Mapping[int, str] = field(default_factory=dict)
    """Rank → the policy of the group that has it."""
    everybody: str = GLOBAL.casefold()
    """The policy of whoever has no other: granted tenant-wide, or Global."""

    def effective(self, direct: str | None, rank: int | None) -> str:
        """The key of the one policy that holds, given the direct one and the lowest rank of a person's groups."""
        if direct is not None:
            return direct
        return self.everybody if rank is None else self.by_rank[rank]
