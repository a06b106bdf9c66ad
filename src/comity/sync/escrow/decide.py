"""When somebody who failed is tried again (provisioning §9)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from comity.sync.model import Reason

FIRST: Final = (timedelta(hours=6), timedelta(hours=12))
"""After the first failure; then once a day."""
DAILY: Final = timedelta(hours=24)
LIFE: Final = timedelta(days=28)
"""After the first failure of a series; whoever fails then is tried no more."""
SOON: Final = timedelta(minutes=40)
"""What passes by itself is tried in the next cycle, as long as it has not failed for six hours."""

PASSING: Final = frozenset({Reason.CHANGED_MEANWHILE.value})
"""Codes of faults that nobody has to mend."""


def next_attempt(code: str, *, failed_since: datetime, now: datetime) -> datetime | None:
    """When to try again after a failure at `now`; None: no more."""
    age = now - failed_since
    if code in PASSING and age < FIRST[0]:
        return now + SOON
    for each in FIRST:
        if age < each:
            return failed_since + each
    following = failed_since + DAILY * (age // DAILY + 1)
    return following if following <= failed_since + LIFE else None
