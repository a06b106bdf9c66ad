"""The nouns of audit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from comity.core.caller import PrincipalKind
from comity.core.ids import AuditId, CauseId

Facts = Mapping[str, object]
"""Property names to JSON values."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One administrative change, as written with it."""

    id: AuditId
    at: datetime
    actor_kind: PrincipalKind
    actor_id: UUID | None
    actor_name: str
    action: str
    object_kind: str
    object_id: UUID | None
    before: Facts | None
    after: Facts | None
    reason: str | None
    request_id: UUID
    cause: CauseId
