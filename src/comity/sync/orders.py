"""Kinds of background orders that synchronisation gives and carries out."""

from __future__ import annotations

from typing import Final

DRAIN: Final = "drain"
"""Wakes a drain; one is pending per source tenant."""
PLAN: Final = "plan"
"""Makes a plan; the key is the plan's id."""
HELD: Final = "held-deletes"
"""Deletions of a job were held back where none waited before; the key is the job's id. Tells people, once."""
APPLY: Final = "apply"
"""Applies a plan that somebody approved; the key is the plan's id."""
SWEEP: Final = "sync-sweep"
"""Removes what is over; one order for the installation, of the realm of personal accounts, which always exists."""
