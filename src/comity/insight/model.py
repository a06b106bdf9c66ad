"""The nouns of reports: who can, what would change, what held, what a baseline says."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from comity.access.model import Rule


class Audience(StrEnum):
    """Whom a report asks about."""

    OUTBOUND = "outbound"
    """Our people write first, to personal accounts."""
    INBOUND = "inbound"
    """Personal accounts write first, to our people."""
    DOMAIN = "domain"
    """Our people and the people of another domain; there is no one-way federation between tenants."""


class Reach(StrEnum):
    """How far somebody gets."""

    EVERYBODY = "everybody"
    SOME = "some"
    """Known contacts only, or only those whose own policy lets them."""
    NOBODY = "nobody"


class Verdict(NamedTuple):
    """How far, and the rule that stops the rest; `ok` where nothing does."""

    reach: Reach
    rule: Rule


class PersonReach(NamedTuple):
    """One person of the tenant and how far she gets. A tuple: a report makes a hundred thousand."""

    user_id: str
    user_principal_name: str
    display_name: str
    policy: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Summary:
    """How many people each answer holds for."""

    everybody: int
    some: int
    nobody: int
