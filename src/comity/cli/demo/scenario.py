"""The worked example as data (design §5.3): who there is, who shares with whom, who writes to whom.

A test may build another one: leave out a share or an acceptance, and see that the demo notices.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations
from typing import Final

OneOrOther = tuple[str, str]


@dataclass(frozen=True, slots=True)
class TenantPlan:
    """A tenant of the example, known by its letter."""

    letter: str
    name: str
    domain: str


@dataclass(frozen=True, slots=True)
class PersonPlan:
    """Somebody of the example, known by the first name; without a tenant, a personal account."""

    name: str
    surname: str
    tenant: str | None
    mail: str
    phone: str | None = None

    @property
    def display_name(self) -> str:
        """First name and surname."""
        return f"{self.name} {self.surname}"


@dataclass(frozen=True, slots=True)
class ChatPlan:
    """A chat: one writes, the other accepts and answers."""

    starter: str
    other: str
    opening: str
    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Everything that the demo builds; tenants by letter, people by first name."""

    organization: str
    owner: str
    tenants: tuple[TenantPlan, ...]
    people: tuple[PersonPlan, ...]
    shares: tuple[OneOrOther, ...]
    """(from, to): the tenant `from` offers its people to the tenant `to`."""
    acceptances: tuple[OneOrOther, ...]
    """(who, whose): the tenant `who` lets in the people of the tenant `whose`."""
    chats: tuple[ChatPlan, ...]
    blocked_domains: tuple[OneOrOther, ...] = ()
    """(who, domain): domains that a tenant's configuration blocks; none in the example itself."""

    @property
    def employees(self) -> tuple[PersonPlan, ...]:
        """People who belong to a tenant."""
        return tuple(each for each in self.people if each.tenant is not None)

    def of(self, letter: str) -> tuple[PersonPlan, ...]:
        """The people of one tenant."""
        return tuple(each for each in self.people if each.tenant == letter)


_LETTERS: Final = ("A", "B", "C")

WORKED_EXAMPLE: Final = Scenario(
    organization="Alder, Birch and Cedar",
    owner="A",
    tenants=(
        TenantPlan("A", "Alder", "alder.example"),
        TenantPlan("B", "Birch", "birch.example"),
        TenantPlan("C", "Cedar", "cedar.example"),
    ),
    people=(
        PersonPlan("Annie", "Ahlgren", "A", "annie@alder.example"),
        PersonPlan("Bob", "Berger", "B", "bob@birch.example"),
        PersonPlan("Barbara", "Baumann", "B", "barbara@birch.example"),
        PersonPlan("Charlie", "Carlsen", "C", "charlie@cedar.example"),
        PersonPlan("Dana", "Dorn", None, "dana@personal.example", "+4915112345678"),
    ),
    shares=tuple(permutations(_LETTERS, 2)),
    acceptances=tuple(permutations(_LETTERS, 2)),
    chats=(
        ChatPlan("Annie", "Charlie", "Hello Charlie, shall we look at the plans on Monday?", "Monday is fine."),
        ChatPlan("Barbara", "Dana", "Hello Dana, the samples have left.", "Thank you, they are expected here."),
    ),
)
