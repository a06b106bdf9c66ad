"""A simple model of tenants that share people with each other: what should stand where when all is quiet.

Nothing in here looks at a database; administrators (`admins`) enter what they do, and `expected` says in a few
lines what the engine needs hundreds for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from comity.core.ids import GroupId, JobId, UserId
from comity.directory.decide import mangled_upn
from tests.support.world import Org

Pair = tuple[str, str]
"""From which tenant to which, by their letters."""
CITIES: Final = ("Köln", "Bonn", "Aachen", None)


@dataclass
class Colleague:
    """Somebody at home."""

    id: UserId
    home: str
    name: str
    upn: str
    city: str | None = None
    is_enabled: bool = True
    is_alive: bool = True
    is_member: bool = True
    manager: UserId | None = None


@dataclass
class Team:
    """A group of colleagues."""

    id: GroupId
    home: str
    is_alive: bool = True
    members: set[UserId] = field(default_factory=set)


@dataclass
class Share:
    """A standing order: whom it names, and what it lets pass."""

    id: JobId
    pair: Pair
    people: set[UserId] = field(default_factory=set)
    teams: set[GroupId] = field(default_factory=set)
    names_everybody: bool = False
    city: str | None = None
    """Only people of this city pass its filter."""


@dataclass(frozen=True)
class Mapping:
    """What the shares of a pair make of people."""

    user_type: str | None = None
    """None: Member, on creation only."""
    suffix: str = ""
    """Put behind names."""


@dataclass(frozen=True)
class Standing:
    """How somebody should stand in a target."""

    upn: str
    name: str
    city: str | None
    """None: nothing flows, whatever stands there stays."""
    is_enabled: bool
    user_type: str | None
    """None: whatever it was created with."""
    manager: UserId | None
    """None: nobody whom a share brings along."""


@dataclass
class Firm:
    """Everything that administrators have said and done so far."""

    orgs: dict[str, Org]
    people: dict[UserId, Colleague] = field(default_factory=dict)
    teams: dict[GroupId, Team] = field(default_factory=dict)
    shares: dict[JobId, Share] = field(default_factory=dict)
    mappings: dict[Pair, Mapping] = field(default_factory=dict)
    members: set[str] = field(default_factory=set)
    """Who is in the organisation."""
    binned: set[tuple[str, UserId]] = field(default_factory=set)
    """Whose account an administrator of the target has deleted, and who has to stay deleted there."""
    drifted: set[tuple[str, UserId]] = field(default_factory=set)
    """Whose account was edited in the target; it is out of line until she changes at home."""
    squatters: list[tuple[str, UserId]] = field(default_factory=list)
    """Accounts of a target's own that have the name of somebody who is to come: whoever meets them fails."""
    story: list[str] = field(default_factory=list)
    """What happened, for whoever has to find out why."""

    def pairs(self) -> list[Pair]:
        return sorted({each.pair for each in self.shares.values()})

    def of(self, home: str, *, alive: bool | None = True) -> list[Colleague]:
        return [each for each in self.people.values() if each.home == home and alive in (None, each.is_alive)]

    def teams_of(self, home: str) -> list[Team]:
        return [each for each in self.teams.values() if each.home == home and each.is_alive]

    def offers(self, share: Share, person: Colleague) -> bool:
        """Does the share offer her? (provisioning §4)"""
        if not (person.is_alive and person.is_member):
            return False
        named = share.names_everybody or person.id in share.people
        named |= any(self.teams[each].is_alive and person.id in self.teams[each].members for each in share.teams)
        return named and share.city in (None, person.city)

    def offered(self, pair: Pair, person: Colleague) -> list[Share]:
        """The shares of a pair that offer her."""
        return [each for each in self.shares.values() if each.pair == pair and self.offers(each, person)]

    def expected(self, pair: Pair, person: Colleague) -> Standing | None:
        """How she should stand in the target; None if nobody offers her there."""
        shares = self.offered(pair, person)
        if not shares:
            return None
        mapping = self.mappings.get(pair, Mapping())
        manager = self.people.get(person.manager) if person.manager else None
        comes_along = (
            manager is not None
            and manager.is_enabled
            and (pair[1], manager.id) not in self.binned
            and any(self.offers(each, manager) for each in shares)
        )
        return Standing(
            upn=mangled_upn(person.upn, self.orgs[pair[1]].domain),
            name=person.name + mapping.suffix,
            city=person.city,
            is_enabled=person.is_enabled,
            user_type=mapping.user_type,
            manager=person.manager if comes_along else None,
        )

    def tell(self) -> str:
        """The story, with short names in place of ids."""
        text = "\n".join(self.story)
        for number, each in enumerate(self.people):
            text = text.replace(f"UUID('{each}')", f"p{number}").replace(str(each), f"p{number}")
        for number, team in enumerate(self.teams):
            text = text.replace(f"UUID('{team}')", f"t{number}").replace(str(team), f"t{number}")
        for share in self.shares.values():
            name = f"{'>'.join(share.pair)}{str(share.id)[-4:]}"
            text = text.replace(f"UUID('{share.id}')", name).replace(str(share.id), name)
        return text
