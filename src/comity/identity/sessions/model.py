"""The nouns of browser sessions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from comity.identity.model import Person


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Somebody who is signed in with this browser, at home."""

    session_id: UUID
    person: Person
    at: datetime
    """When she gave her password, or her tenant's own service vouched for her."""


@dataclass(frozen=True, slots=True)
class Session:
    """One of a person's browsers."""

    id: UUID
    client: str
    """What the browser says that it is."""
    created_at: datetime
    expires_at: datetime
