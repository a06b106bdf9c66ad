"""What a change feed holds (design §4.5)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import NamedTuple
from uuid import UUID

from comity.core.errors import Conflict
from comity.core.ids import CauseId


class ChangeKind(IntEnum):
    """Every kind of entry; a closed set. `object` and `related` say which ids an entry carries."""

    USER_CREATED = 1
    """A user appeared. object: the user."""
    USER_UPDATED = 2
    """A living user's attributes changed. object: the user."""
    USER_DELETED = 3
    """A user was soft-deleted. object: the user."""
    USER_RESTORED = 4
    """A user came back from the recycle bin. object: the user."""
    USER_PURGED = 5
    """A user left the recycle bin for good. object: the user."""
    GROUP_CREATED = 10
    """A group appeared. object: the group."""
    GROUP_UPDATED = 11
    """A group's attributes changed. object: the group."""
    GROUP_DELETED = 12
    """A group was soft-deleted. object: the group."""
    GROUP_RESTORED = 13
    """A group came back. object: the group."""
    MEMBER_ADDED = 20
    """Somebody became a direct member. object: the group; related: the member."""
    MEMBER_REMOVED = 21
    """Somebody ceased to be a direct member. object: the group; related: the member."""
    ASSIGNMENT_ADDED = 30
    """A principal was assigned to a sync job. object: the job; related: the principal."""
    ASSIGNMENT_REMOVED = 31
    """A principal was unassigned. object: the job; related: the principal."""
    JOB_CHANGED = 32
    """A sync job's mapping, scope, filter, actions or state changed. object: the job."""
    PARTNER_CHANGED = 40
    """Settings toward a partner changed. object: the partner's tenant id."""
    ORGANIZATION_CHANGED = 41
    """Membership of the multitenant organisation changed. object: the organisation."""
    ACCESS_CHANGED = 50
    """Something that decisions rest on changed. object: the tenant, policy or person."""


class Change(NamedTuple):
    """One entry to be written: ids and numbers, never values.

    `changed` is a bit set of attributes, as the object's room numbers them. `external` marks a
    B2B identity: a change of it never concerns sync out of this tenant.
    """

    kind: ChangeKind
    object_id: UUID
    related_id: UUID | None = None
    changed: int = 0
    external: bool = False
    cause: CauseId | None = None
    """What set this change off, where that is not the whole transaction's cause."""


EXTERNAL_BIT = 1 << 62
"""The bit of `feed_entry.changed` that carries `Change.external`."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as read: its dense position in the tenant's feed, then the change."""

    position: int
    kind: ChangeKind
    object_id: UUID
    related_id: UUID | None
    changed: int
    external: bool
    cause: CauseId | None
    at: datetime


class FeedExpired(Conflict):
    """The reader's position lies below the floor; it has to start over."""

    code = "feed-expired"
