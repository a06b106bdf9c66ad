"""How long a job bears patterns that take too long.

One search is cut off after half a second (`expressions.patterns`), and the person fails alone. Where the pattern is
slow for many, that would be hours of waiting: then the job stops, and says why.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from comity.sync.expressions.errors import PatternTooSlow
from comity.sync.planned import JobClosed

SLOW_MAX: Final = 10
"""So many people within one stretch of the feed, five seconds of waiting."""


class PatternsTooSlow(JobClosed):
    """A pattern of filter or mapping takes too long for too many people."""

    code = "sync-patterns-too-slow"


def is_slow(facts: Mapping[str, object]) -> bool:
    """Do the facts of a failed evaluation say that a pattern took too long?"""
    return facts.get("error") == PatternTooSlow.code
