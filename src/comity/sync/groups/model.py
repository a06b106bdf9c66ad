"""The nouns of group sync."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final, NamedTuple

from comity.core.ids import GroupId, UserId
from comity.sync.model import Action

GROUP: Final = "group"
"""The kind of receipts, log lines and links that are about a group."""


class GroupAttribute(IntEnum):
    """Attributes of a synced group; the number is the bit in receipts and log, and never changes."""

    DISPLAY_NAME = 0
    DESCRIPTION = 1
    MAIL_NICKNAME = 2
    MEMBERS = 3
    """In receipts: before, the ids of those who left; after, of those who came, as JSON."""
    IS_DELETED = 25

    @property
    def bit(self) -> int:
        """Its bit in a set of changed attributes."""
        return 1 << self.value


def group_attributes_of(changed: int) -> tuple[GroupAttribute, ...]:
    """The attributes of a bit set, in bit order."""
    return tuple(each for each in GroupAttribute if changed & each.bit)


class SourceGroup(NamedTuple):
    """A group of the source, as it is and as the job sees it."""

    id: GroupId
    display_name: str
    description: str | None
    mail_nickname: str | None
    security_enabled: bool
    mail_enabled: bool
    is_deleted: bool
    is_assigned: bool

    @property
    def is_supported(self) -> bool:
        """May it be synced at all? Security groups only; what has a mailbox is made elsewhere."""
        return self.security_enabled and not self.mail_enabled


class PresentGroup(NamedTuple):
    """The group in the target that was made for a group of the source, living or soft-deleted."""

    id: GroupId
    version: int
    display_name: str
    description: str | None
    mail_nickname: str | None
    deleted_by: str | None
    """None while it lives."""


@dataclass(frozen=True, slots=True)
class GroupStep:
    """One change in the target, guarded by the version it was planned on."""

    action: Action
    source: SourceGroup
    target_id: GroupId
    target_version: int
    changed: int
    before: PresentGroup | None
    added: tuple[UserId, ...] = ()
    removed: tuple[UserId, ...] = ()
