"""Tests with a long form, and the seeds that they run by.

`COMITY_SOAK=1` (`./dev soak`) turns the long form on; `COMITY_SEED` moves the first seed, so that a soak
goes other ways than the last one. The seed stands in each test's name.
"""

from __future__ import annotations

import os
from typing import Final

SOAK: Final = os.environ.get("COMITY_SOAK") == "1"
FIRST_SEED: Final = int(os.environ.get("COMITY_SEED", "1"))


def seeds(*, short: int, long: int) -> range:
    """The seeds of this run: `short` many in CI, `long` many in a soak."""
    return range(FIRST_SEED, FIRST_SEED + (long if SOAK else short))
