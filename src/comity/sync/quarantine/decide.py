"""When a job goes into quarantine, when it is tried again, and when that is over (provisioning §9)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from comity.core.ids import JobId
from comity.sync.quarantine.model import Figures, Quarantine, QuarantineReason, Trouble

FAILURES_MIN: Final = 5_000
"""Below so many failures no proportion is asked for."""
PROPORTION_MAX: Final = 0.4
FAILURES_MAX: Final = 40_000
FAILURES_WITH_REFERENCES_MAX: Final = 60_000
WINDOW: Final = timedelta(minutes=40)
"""A wake-up is no cycle: what belongs together is what happened within the interval (design D8)."""

BACK_OFF: Final = (
    timedelta(minutes=40),
    timedelta(hours=2),
    timedelta(hours=6),
    timedelta(hours=12),
    timedelta(hours=24),
)
"""Until the next attempt, by how often it was left in force; then once a day."""
LIFE: Final = timedelta(weeks=4)
"""Then the job is stopped."""


def decide_threshold(figures: Figures) -> Trouble | None:
    """Have so many failed that something is wrong with the job and not with people?"""
    facts = {"failed": figures.escrowed, "references": figures.references}
    if figures.escrowed > FAILURES_MAX:
        return Trouble(QuarantineReason.TOTAL_ESCROWS, "sync-escrows-many", facts)
    if figures.escrowed + figures.references > FAILURES_WITH_REFERENCES_MAX:
        return Trouble(QuarantineReason.TOTAL_ESCROWS, "sync-escrows-many", facts)
    looked_at = figures.failed + figures.done
    if figures.failed >= FAILURES_MIN and figures.failed > PROPORTION_MAX * looked_at:
        facts = {"failed": figures.failed, "looked_at": looked_at}
        return Trouble(QuarantineReason.ESCROW_PROPORTION, "sync-escrows-proportion", facts)
    return None


def impose(standing: Quarantine | None, trouble: Trouble, *, job_id: JobId, now: datetime) -> Quarantine:
    """The quarantine that follows from trouble met `now`: a new one, or the one that stands left in force."""
    began = now if standing is None else standing.series_began
    count = 0 if standing is None else standing.series_count + 1
    end = began + LIFE
    gap = BACK_OFF[min(count, len(BACK_OFF) - 1)]
    following = end if trouble.reason is QuarantineReason.ON_DEMAND else min(now + gap, end)
    return Quarantine(job_id, trouble, now, began, count, following)


def is_over(quarantine: Quarantine, now: datetime) -> bool:
    """Have the four weeks passed?"""
    return now >= quarantine.series_began + LIFE


def is_due(quarantine: Quarantine, now: datetime) -> bool:
    """Is the job to be tried again? What somebody imposed, somebody lifts."""
    return quarantine.trouble.reason is not QuarantineReason.ON_DEMAND and now >= quarantine.next_attempt
