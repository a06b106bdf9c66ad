"""The nouns of the index of words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from comity.core.ids import UserId
from comity.people.words import Named

Indexed = set[tuple[int, str]]
"""(part, word) of one person."""


@dataclass(frozen=True, slots=True)
class State:
    """How far the tenant's index has come."""

    rules: int
    """By which rules its words were made."""
    walked_to: UUID | None
    """How far a walk over everybody has come; None: there is none under way."""
    stale_since: datetime | None
    """Since when the dictionary may hold words that nobody bears."""


class PersonRow(NamedTuple):
    """One person as the index sees her."""

    id: UserId
    visible: bool
    named: Named
