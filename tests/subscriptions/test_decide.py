"""What can be subscribed to, for how long, and what counts as which change (graph-api §6.5)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from comity.events.model import ChangeKind
from comity.subscriptions.decide import (
    BACKOFF_MAX,
    LIFE_MAX,
    backoff,
    check_expiration,
    check_wanted,
    concerns,
    read_change_types,
    read_resource,
)
from comity.subscriptions.model import (
    ChangeType,
    ChangeTypesInvalid,
    ExpirationInvalid,
    Family,
    ResourceUnsupported,
    StateTooLong,
    Topic,
    Wanted,
)

NOW = datetime(2026, 11, 20, tzinfo=UTC)
ID = UUID("01930000-0000-7000-8000-000000000001")
OTHER = UUID("01930000-0000-7000-8000-000000000002")
BOTH = frozenset({ChangeType.UPDATED, ChangeType.DELETED})


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("users", Topic(Family.USERS)),
        ("/users", Topic(Family.USERS)),
        ("Users/", Topic(Family.USERS)),
        (f"/users/{ID}", Topic(Family.USERS, ID)),
        (f"v1.0/users('{ID}')", Topic(Family.USERS, ID)),
        ("groups", Topic(Family.GROUPS)),
        (f"groups/{ID}", Topic(Family.GROUPS, ID)),
        (f"/groups/{ID}/members", Topic(Family.MEMBERS, ID)),
    ],
)
def test_resources_that_have_notices(text: str, topic: Topic):
    assert read_resource(text) == topic


@pytest.mark.parametrize(
    "text",
    [
        "", "/", "me", "chats", "users/annie@alder.example", f"users/{ID}/manager", f"users/{ID}/members",
        "groups/members",
        "users/" + "-" * 36, f"users/{ID}?$select=id", "https://graph.microsoft.com/v1.0/users", "me/messages",
    ],
)  # fmt: skip
def test_resources_that_have_none(text: str):
    """Refused when it is asked for; a subscription that never tells anything would be a lie."""
    with pytest.raises(ResourceUnsupported):
        read_resource(text)


@pytest.mark.parametrize("text", ["", "created", "moved", "updated,", "updated;deleted"])
def test_change_types_that_cannot_be(text: str):
    with pytest.raises(ChangeTypesInvalid):
        read_change_types(text)


def test_change_types_go_in_any_case_and_order():
    assert read_change_types("Deleted, updated,created") == {*BOTH, ChangeType.CREATED}


@pytest.mark.parametrize("life", [timedelta(0), -timedelta(hours=1), LIFE_MAX + timedelta(seconds=1)])
def test_an_expiration_lies_ahead_and_within_29_days(life: timedelta):
    check_expiration(NOW + LIFE_MAX, now=NOW)
    with pytest.raises(ExpirationInvalid):
        check_expiration(NOW + life, now=NOW)


def test_the_client_state_is_short():
    wanted = Wanted("users", "updated", "https://example.com/", NOW + timedelta(days=1), client_state="x" * 129)
    with pytest.raises(StateTooLong):
        check_wanted(wanted, now=NOW)


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (ChangeKind.USER_CREATED, ChangeType.UPDATED),
        (ChangeKind.USER_UPDATED, ChangeType.UPDATED),
        (ChangeKind.USER_DELETED, ChangeType.UPDATED),
        (ChangeKind.USER_RESTORED, ChangeType.UPDATED),
        (ChangeKind.USER_PURGED, ChangeType.DELETED),
        (ChangeKind.GROUP_UPDATED, None),
        (ChangeKind.ACCESS_CHANGED, None),
    ],
)
def test_births_and_soft_deletes_are_updates(kind: ChangeKind, told: ChangeType | None):
    """`deleted` is said of what is gone for good, as in Graph."""
    assert concerns(Topic(Family.USERS), BOTH, kind, ID) is told
    assert concerns(Topic(Family.USERS, OTHER), BOTH, kind, ID) is None
    assert concerns(Topic(Family.USERS), {ChangeType.CREATED}, kind, ID) is None


def test_members_are_told_without_the_rest_of_the_group():
    topic = Topic(Family.MEMBERS, ID)
    assert concerns(topic, BOTH, ChangeKind.MEMBER_ADDED, ID) is ChangeType.UPDATED
    assert concerns(topic, BOTH, ChangeKind.GROUP_UPDATED, ID) is None
    assert concerns(Topic(Family.GROUPS, ID), BOTH, ChangeKind.MEMBER_REMOVED, ID) is ChangeType.UPDATED


def test_who_does_not_answer_is_asked_later_and_later():
    waits = [backoff(attempts) for attempts in range(1, 30)]
    assert waits == sorted(waits)
    assert waits[0] < timedelta(seconds=10)
    assert waits[-1] == BACKOFF_MAX
