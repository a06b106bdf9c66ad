"""The nouns of escrow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from comity.core.ids import JobId


@dataclass(frozen=True, slots=True)
class Escrow:
    """Somebody who failed in a job: why, since when, how often, and when she is tried again.

    A series of failures begins anew when something of hers changed and she failed all the same.
    """

    job_id: JobId
    source_id: UUID
    kind: str
    """`user` or `group`."""
    code: str
    details: Mapping[str, object] | None
    failed_since: datetime
    failed_at: datetime
    attempts: int
    retry_at: datetime
