"""Where administrators act from: the model, a process, and a choice of whom."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import Any, Final

from comity.core.ids import GroupId, UserId
from comity.db.database import Database
from comity.directory import service as directory
from comity.directory.model import Attribute, User
from comity.directory.store import find_by_home
from tests.soak.firm import Colleague, Firm, Share, Team
from tests.support.world import Org

FEW: Final = 4
"""A tenant of fewer people is not worth administering."""


@dataclass(frozen=True)
class Desk:
    """Whoever administers the tenants; `db` is the process they sit at."""

    firm: Firm
    db: Database
    numbers: random.Random
    homes: tuple[str, ...] = ("A", "A", "B")
    """The tenants that they administer; who stands twice is busier."""

    def at(self, letter: str) -> Org:
        """A tenant, from here."""
        return replace(self.firm.orgs[letter], db=self.db)

    def _home(self) -> str:
        return self.numbers.choice(self.homes)

    def _person(self) -> Colleague:
        return self.numbers.choice(self.firm.of(self._home()))

    def _some(self, home: str) -> list[UserId]:
        people = [each.id for each in self.firm.of(home)]
        return self.numbers.sample(people, self.numbers.randint(1, min(4, len(people))))

    def _team(self) -> Team | None:
        teams = self.firm.teams_of(self._home())
        return self.numbers.choice(teams) if teams else None

    def _some_teams(self, home: str) -> list[GroupId]:
        teams = [each.id for each in self.firm.teams_of(home)]
        return self.numbers.sample(teams, min(len(teams), self.numbers.choice([0, 1, 1, 2])))

    def _share(self) -> Share:
        return self.numbers.choice([each for each in self.firm.shares.values() if each.pair[0] in self.homes])

    async def _account(self, *, alive: bool) -> tuple[str, Colleague, User | None]:
        """Somebody's account in a target, if there is one."""
        home, to = self.numbers.choice(self.firm.pairs())
        person = self.numbers.choice(self.firm.of(home))
        async with self.db.tenant(self.at(to).id) as tx:
            account = await find_by_home(tx, self.at(home).id, person.id)
        fits = account is not None and (account.deleted_at is None) == alive
        return to, person, account if fits else None

    async def _update(self, person: Colleague, **changes: Any) -> None:
        home = self.at(person.home)
        async with self.db.tenant(home.id) as tx:
            named = {Attribute[name.upper()]: value for name, value in changes.items()}
            await directory.update_user(tx, home.operator, person.id, named)
