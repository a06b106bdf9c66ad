"""How many deletions are too many: pure tables (design D8, provisioning §8.1)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.sync.held.decide import check_threshold, limit_of, links_that_matter
from comity.sync.held.model import FLOOR, ThresholdInvalid
from comity.sync.model import Threshold

thresholds = st.builds(
    Threshold,
    is_on=st.just(True),
    number=st.none() | st.integers(0, 2000),
    percent=st.none() | st.integers(1, 100),
)


@pytest.mark.parametrize(
    ("links", "limit"),
    [(0, 10), (5, 10), (100, 10), (110, 11), (1000, 100), (4990, 499), (5000, 500), (1_000_000, 500)],
)
def test_new_jobs_hold_beyond_500_or_a_tenth_but_never_below_10(links: int, limit: int):
    """D8: 500 or 10 % of the links, whichever is smaller, but at least 10."""
    assert limit_of(Threshold(), links) == limit


def test_a_number_may_be_smaller_than_what_the_percentage_allows_at_least():
    """The floor belongs to the percentage; who says 3, or 0, means it."""
    assert limit_of(Threshold(number=3), 1_000_000) == 3
    assert limit_of(Threshold(number=0), 1_000_000) == 0


def test_either_half_may_be_left_out():
    assert limit_of(Threshold(percent=None), 20) == 500
    assert limit_of(Threshold(number=None), 1_000_000) == 100_000


def test_switched_off_nothing_is_too_many():
    assert limit_of(Threshold(is_on=False), 0) > 1_000_000_000


@given(thresholds, st.integers(0, 100_000))
def test_links_beyond_those_that_matter_change_nothing(threshold: Threshold, more: int):
    """A million links need not be counted to know that 500 is the limit."""
    enough = links_that_matter(threshold)
    if enough is not None and max(limit_of(threshold, enough), FLOOR) > FLOOR:
        assert limit_of(threshold, enough) == limit_of(threshold, enough + more)


@pytest.mark.parametrize(
    "wrong", [Threshold(number=-1), Threshold(percent=0), Threshold(percent=101), Threshold(number=None, percent=None)]
)
def test_a_threshold_has_to_make_sense(wrong: Threshold):
    with pytest.raises(ThresholdInvalid):
        check_threshold(wrong)


def test_one_that_is_off_needs_neither_number_nor_percentage():
    check_threshold(Threshold(is_on=False, number=None, percent=None))
