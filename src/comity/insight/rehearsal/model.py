"""The nouns of a rehearsal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple

from comity.access.model import Decision, Person
from comity.access.properties import Changes
from comity.core.ids import ChatId, GroupId, UserId


class Family(StrEnum):
    """What somebody can do across the border."""

    OUTBOUND = "outbound"
    INBOUND = "inbound"
    DOMAIN = "domain"


ELSEWHERE: Final = "*"
"""Every domain that is not named."""


class Ability(NamedTuple):
    """One thing that a person can do as far as her own tenant decides; `subject` is the domain.

    `*` stands for every domain that is not named, `*.contoso.example` for the subdomains of one.
    """

    family: Family
    subject: str | None = None

    def __str__(self) -> str:
        """For lists: `outbound`, `domain contoso.example`."""
        return self.family.value if self.subject is None else f"{self.family.value} {self.subject}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """Changes that are tried out together; identities of policies as people write them, None takes back."""

    configuration: Changes = field(default_factory=dict)
    blocked: Changes = field(default_factory=dict)
    policies: Mapping[str, Changes] = field(default_factory=dict)
    direct: Mapping[UserId, str | None] = field(default_factory=dict)
    groups: Mapping[GroupId, tuple[str | None, int | None]] = field(default_factory=dict)
    """Group → policy and rank."""
    tenant_wide: tuple[str | None] | None = None
    """None leaves it as it is; a tuple of one sets it."""


@dataclass(frozen=True, slots=True)
class PersonChange:
    """One person for whom something changes: the policy before and after, what she gains and loses."""

    user_id: UserId
    user_principal_name: str
    display_name: str
    policy_before: str
    policy_after: str
    gains: tuple[Ability, ...]
    loses: tuple[Ability, ...]


@dataclass(frozen=True, slots=True)
class ChatBreak:
    """An existing 1:1 chat that would break: nobody could write any more, or a request could not be accepted."""

    chat_id: ChatId
    own: Person
    other: Person
    decision: Decision
    request: bool
    """Only the waiting request dies."""
    other_name: str = ""
    other_address: str = ""
    """As our person knows the other one: by the card that members of a chat have of each other."""
