"""When somebody who failed is tried again (provisioning §9)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from comity.sync.escrow.decide import next_attempt
from comity.sync.model import Reason

BEGAN = datetime(2026, 3, 1, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)


def attempts(code: str) -> list[timedelta]:
    """After how long each attempt of a series comes, if all fail the moment they are due."""
    found: list[timedelta] = []
    now = BEGAN
    while (following := next_attempt(code, failed_since=BEGAN, now=now)) is not None:
        now = following
        found.append(now - BEGAN)
    return found


def test_after_6_12_and_24_hours_then_once_a_day_for_four_weeks():
    """The frequency falls; after 28 days nobody is tried any more."""
    found = attempts(Reason.UPN_TAKEN.value)

    assert found == [6 * HOUR, 12 * HOUR, *(24 * HOUR * day for day in range(1, 29))]


def test_what_passes_by_itself_is_tried_in_the_next_cycle():
    """Somebody else wrote the account in that moment: that is nothing to wait six hours for."""
    found = attempts(Reason.CHANGED_MEANWHILE.value)

    assert found[:3] == [timedelta(minutes=40), timedelta(minutes=80), timedelta(minutes=120)]
    assert timedelta(hours=12) in found


@pytest.mark.parametrize("late", [timedelta(seconds=1), 3 * HOUR, timedelta(days=5, hours=1)])
def test_an_attempt_that_came_late_is_not_made_up_for(late: timedelta):
    """A worker that rested does not try the same person many times at once."""
    now = BEGAN + 6 * HOUR + late

    following = next_attempt(Reason.UPN_TAKEN.value, failed_since=BEGAN, now=now)

    assert following is not None and following > now
