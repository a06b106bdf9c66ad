"""When a job goes into quarantine, how rarely it is tried there, and when that ends (provisioning §9)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from comity.core.ids import JobId, new_id
from comity.sync.quarantine.decide import LIFE, decide_threshold, impose, is_due, is_over
from comity.sync.quarantine.model import Figures, Quarantine, QuarantineReason, Trouble

JOB = JobId(new_id())
BEGAN = datetime(2026, 3, 1, 8, tzinfo=UTC)
CLOSED = Trouble(QuarantineReason.EXCEPTION, "sync-target-not-accepted")
TOTAL, PROPORTION = QuarantineReason.TOTAL_ESCROWS, QuarantineReason.ESCROW_PROPORTION


@pytest.mark.parametrize(
    ("failed", "done", "references", "reason"),
    [
        (4_000, 0, 0, None),
        (45_000, 0, 0, TOTAL),
        (30_000, 5_000, 0, PROPORTION),
        (20_000, 100_000, 0, None),
        (40_000, 60_001, 21_000, TOTAL),
        (40_000, 60_001, 20_000, None),
        (4_999, 0, 0, None),
        (5_000, 7_500, 0, None),
        (5_000, 7_499, 0, PROPORTION),
    ],
)
def test_so_many_failures_are_the_jobs_own(failed: int, done: int, references: int, reason: QuarantineReason | None):
    """The spec's own checks, then each border: at it nothing happens, beyond it something does."""
    found = decide_threshold(Figures(failed, done, escrowed=failed, references=references))

    assert (found and found.reason) == reason


def test_failures_of_long_ago_count_in_all_but_not_in_proportion():
    """Who stands in escrow since last week says nothing about the one person who changed now."""
    assert decide_threshold(Figures(failed=1, done=0, escrowed=30_000, references=0)) is None
    assert decide_threshold(Figures(failed=1, done=0, escrowed=40_001, references=0)) is not None


def test_it_is_tried_more_and_more_rarely_down_to_once_a_day():
    """40 minutes, 2, 6, 12 hours, then daily; the series counts how often it was left in force."""
    gaps, now = [], BEGAN
    standing: Quarantine | None = None
    for _ in range(7):
        standing = impose(standing, CLOSED, job_id=JOB, now=now)
        gaps.append(standing.next_attempt - now)
        now = standing.next_attempt

    assert standing is not None
    assert gaps == [timedelta(minutes=40), *(timedelta(hours=each) for each in (2, 6, 12, 24, 24, 24))]
    assert (standing.series_began, standing.series_count) == (BEGAN, 6)
    assert standing.current_began == now - timedelta(hours=24)


def test_after_four_weeks_it_is_over():
    """No attempt lies behind the end."""
    standing: Quarantine | None = None
    now = BEGAN
    while standing is None or not is_over(standing, now):
        standing = impose(standing, CLOSED, job_id=JOB, now=now)
        now = standing.next_attempt

    assert now == BEGAN + LIFE == BEGAN + timedelta(days=28)


def test_what_somebody_imposed_nobody_tries():
    """He had a reason, and it does not go away by itself."""
    by_hand = impose(None, Trouble(QuarantineReason.ON_DEMAND, "by-hand"), job_id=JOB, now=BEGAN)

    assert not is_due(by_hand, BEGAN + timedelta(days=27))
    assert is_over(by_hand, BEGAN + timedelta(days=28))
