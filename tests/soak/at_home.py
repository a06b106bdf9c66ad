"""What administrators do with people and groups of their own tenant."""

from __future__ import annotations

from comity.core.caller import UserType
from comity.core.ids import new_id
from comity.directory import service as directory
from tests.soak.desk import FEW, Desk
from tests.soak.firm import CITIES, Colleague, Team


class AtHome(Desk):
    """The source's own people."""

    async def hire(self) -> object:
        home = self._home()
        person = await self.at(home).add_person(f"p{len(self.firm.people)}", city=self.numbers.choice(CITIES))
        self.firm.people[person.id] = Colleague(
            person.id, home, person.display_name, person.user_principal_name, person.city
        )
        return person.id

    async def found_team(self) -> object:
        home = self._home()
        async with self.at(home).db.tenant(self.at(home).id) as tx:
            made = await directory.create_group(tx, self.at(home).operator, name=f"Team {new_id()}")
        self.firm.teams[made.id] = Team(made.id, home)
        return made.id

    async def rename(self) -> object:
        person = self._person()
        upn = f"u{new_id().hex}@{self.at(person.home).domain}"
        await self._update(person, user_principal_name=upn)
        person.upn = upn
        return person.id

    async def call_otherwise(self) -> object:
        person = self._person()
        return await self.touch(person)

    async def touch(self, person: Colleague) -> object:
        """Another display name."""
        name = f"N{self.numbers.randrange(1000000)}"
        await self._update(person, display_name=name)
        person.name = name
        self.firm.drifted -= {(letter, person.id) for letter in self.firm.orgs}
        return person.id

    async def move(self) -> object:
        person = self._person()
        city = self.numbers.choice(CITIES)
        await self._update(person, city=city)
        person.city = city
        return person.id, person.city

    async def switch(self) -> object:
        person = self._person()
        person.is_enabled = self.numbers.random() < 0.7
        await self._update(person, account_enabled=person.is_enabled)
        return person.id, person.is_enabled

    async def change_type(self) -> object:
        person = self._person()
        person.is_member = self.numbers.random() < 0.7
        await self._update(person, user_type=UserType.MEMBER if person.is_member else UserType.GUEST)
        return person.id, person.is_member

    async def set_manager(self) -> object:
        person = self._person()
        person.manager = self.numbers.choice(self.firm.of(person.home)).id
        await self._update(person, manager_id=person.manager)
        return person.id, person.manager

    async def delete(self) -> object:
        person = self._person()
        if len(self.firm.of(person.home)) < FEW:
            return None
        async with self.db.tenant(self.at(person.home).id) as tx:
            await directory.delete_users(tx, self.at(person.home).operator, [person.id])
        person.is_alive = False
        return person.id

    async def restore(self) -> object:
        gone = [each for home in sorted(set(self.homes)) for each in self.firm.of(home, alive=False)]
        if not gone:
            return None
        person = self.numbers.choice(gone)
        async with self.db.tenant(self.at(person.home).id) as tx:
            await directory.restore_user(tx, self.at(person.home).operator, person.id)
        person.is_alive = True
        return person.id

    async def bring_in(self) -> object:
        team = self._team()
        if team is None:
            return None
        people = self._some(team.home)
        async with self.db.tenant(self.at(team.home).id) as tx:
            await directory.add_members(tx, self.at(team.home).operator, team.id, people)
        team.members.update(people)
        return team.id, people

    async def take_out(self) -> object:
        team = self._team()
        if team is None or not team.members:
            return None
        people = self.numbers.sample(sorted(team.members), self.numbers.randint(1, min(3, len(team.members))))
        async with self.db.tenant(self.at(team.home).id) as tx:
            await directory.remove_members(tx, self.at(team.home).operator, team.id, people)
        team.members.difference_update(people)
        return team.id, people

    async def dissolve(self) -> object:
        team = self._team()
        if team is None:
            return None
        async with self.db.tenant(self.at(team.home).id) as tx:
            await directory.delete_group(tx, self.at(team.home).operator, team.id)
        team.is_alive = False
        return team.id

    async def revive_team(self) -> object:
        gone = [each for each in self.firm.teams.values() if not each.is_alive and each.home in self.homes]
        if not gone:
            return None
        team = self.numbers.choice(gone)
        async with self.db.tenant(self.at(team.home).id) as tx:
            await directory.restore_group(tx, self.at(team.home).operator, team.id)
        team.is_alive = True
        return team.id
