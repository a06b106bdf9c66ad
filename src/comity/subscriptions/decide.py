"""What is subscribed to, and which entries of the feed are told to whom (graph-api §6.5)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from comity.core.permissions import Permission
from comity.events.model import ChangeKind, Entry
from comity.subscriptions.model import (
    ChangeType,
    ChangeTypesInvalid,
    ExpirationInvalid,
    Family,
    Notice,
    ResourceUnsupported,
    StateTooLong,
    Subscription,
    Topic,
    Wanted,
)

LIFE_MAX: Final = timedelta(minutes=41_760)
"""29 days: as long as a subscription to directory objects may last."""
STATE_LENGTH_MAX: Final = 128
GIVEN_UP_AFTER: Final = timedelta(hours=4)
"""So long is tried; what was to be told then counts as missed."""
BACKOFF_FIRST: Final = timedelta(seconds=5)
BACKOFF_MAX: Final = timedelta(minutes=10)
REMINDED_BEFORE: Final = timedelta(minutes=30)
"""So long before its end a subscriber is told to renew."""

_RESOURCE: Final = re.compile(
    r"^/?(?:v1\.0/|beta/)?(?P<family>users|groups)"
    r"(?:/(?P<id>[0-9a-f-]{36})|\('(?P<key>[0-9a-f-]{36})'\))?(?P<members>/members)?/?$",
    re.IGNORECASE,
)
_UPDATED: Final = {
    Family.USERS: frozenset(
        {ChangeKind.USER_CREATED, ChangeKind.USER_UPDATED, ChangeKind.USER_DELETED, ChangeKind.USER_RESTORED}
    ),
    Family.GROUPS: frozenset(
        {
            ChangeKind.GROUP_CREATED, ChangeKind.GROUP_UPDATED, ChangeKind.GROUP_DELETED, ChangeKind.GROUP_RESTORED,
            ChangeKind.MEMBER_ADDED, ChangeKind.MEMBER_REMOVED,
        }
    ),
    Family.MEMBERS: frozenset({ChangeKind.MEMBER_ADDED, ChangeKind.MEMBER_REMOVED}),
}  # fmt: skip
"""What Graph calls an update of directory objects: their birth and their soft delete, too."""
_DELETED: Final = {Family.USERS: frozenset({ChangeKind.USER_PURGED})}
"""What is gone for good."""
NEEDED: Final = {
    Family.USERS: Permission.USER_READ,
    Family.GROUPS: Permission.GROUP_READ,
    Family.MEMBERS: Permission.GROUP_READ,
}
"""The permission to read what one is told of."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A wish that can be granted."""

    topic: Topic
    change_types: frozenset[ChangeType]


def check_wanted(wanted: Wanted, *, now: datetime) -> Checked:
    """Can that be subscribed to?

    Raises:
        ResourceUnsupported, ChangeTypesInvalid, ExpirationInvalid, StateTooLong.
    """
    topic = read_resource(wanted.resource)
    types = read_change_types(wanted.change_types)
    check_expiration(wanted.expires_at, now=now)
    if wanted.client_state is not None and len(wanted.client_state) > STATE_LENGTH_MAX:
        raise StateTooLong(most=STATE_LENGTH_MAX)
    return Checked(topic, types)


def read_resource(text: str) -> Topic:
    """`users`, `/users/{id}`, `groups/{id}/members`: what a resource path names.

    Raises:
        ResourceUnsupported.
    """
    found = _RESOURCE.match(text)
    key = (found["id"] or found["key"]) if found else None
    if found is None or (found["members"] and (found["family"].lower() == "users" or key is None)):
        raise ResourceUnsupported(resource=text)
    try:
        object_id = UUID(key) if key else None
    except ValueError as fault:
        raise ResourceUnsupported(resource=text) from fault
    return Topic(Family.MEMBERS if found["members"] else Family(found["family"].lower()), object_id)


def read_change_types(text: str) -> frozenset[ChangeType]:
    """`updated,deleted`. A creation counts as an update, so `created` alone would never be told (graph-api §6.5).

    Raises:
        ChangeTypesInvalid.
    """
    try:
        types = frozenset(ChangeType(each.strip().lower()) for each in text.split(","))
    except ValueError as fault:
        raise ChangeTypesInvalid(change_types=text) from fault
    if types == {ChangeType.CREATED}:
        raise ChangeTypesInvalid(change_types=text)
    return types


def check_expiration(expires_at: datetime, *, now: datetime) -> None:
    """Is the end ahead, and not too far?

    Raises:
        ExpirationInvalid.
    """
    if not now < expires_at <= now + LIFE_MAX:
        raise ExpirationInvalid(expires_at=expires_at.isoformat(), most_minutes=int(LIFE_MAX.total_seconds() // 60))


def concerns(topic: Topic, types: Iterable[ChangeType], kind: ChangeKind, object_id: UUID) -> ChangeType | None:
    """As what a change is told to those who asked for this; None if it is not."""
    if topic.object_id is not None and topic.object_id != object_id:
        return None
    if kind in _UPDATED[topic.family] and ChangeType.UPDATED in types:
        return ChangeType.UPDATED
    if kind in _DELETED.get(topic.family, frozenset()) and ChangeType.DELETED in types:
        return ChangeType.DELETED
    return None


def plan_notices(subscription: Subscription, entries: Iterable[Entry]) -> list[Notice]:
    """What a subscriber is told of these entries, in their order."""
    notices = []
    for entry in entries:
        told = concerns(subscription.topic, subscription.change_types, entry.kind, entry.object_id)
        if told is not None:
            family = Family.USERS if subscription.topic.family is Family.USERS else Family.GROUPS
            notices.append(Notice(entry.position, family, told, entry.object_id))
    return notices


def backoff(attempts: int) -> timedelta:
    """How long to wait after the `attempts`-th failure in a row: 5 s, 10 s, 20 s … at most 10 minutes."""
    return min(BACKOFF_FIRST * (1 << min(max(attempts, 1) - 1, 12)), BACKOFF_MAX)
