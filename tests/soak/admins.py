"""Administrators who act at random: each deed is done in the database and entered in the model."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from comity.core.caller import UserType
from comity.core.ids import GroupId, UserId, new_id
from comity.db.database import Database
from comity.db.transaction import Transaction
from comity.directory import service as directory
from comity.directory.decide import mangled_upn
from comity.directory.model import Attribute, User
from comity.directory.store import find_by_home, find_by_upn, load_users
from comity.partners import service as partners
from comity.sync import configuring
from comity.sync import service as sync
from comity.sync.mapping_document import write_mapping
from comity.sync.mapping_rows import DEFAULT
from comity.sync.model import Actions, ScopeMode
from comity.sync.service import Principals
from tests.soak.firm import CITIES, Colleague, Firm, Mapping, Share, Team
from tests.support.drains import accept
from tests.support.organizations import add, join, leave
from tests.support.world import Org

FEW: Final = 4
"""A tenant of fewer people is not worth administering."""


@dataclass(frozen=True)
class Admins:
    """Whoever administers the tenants; `db` is the process they sit at."""

    firm: Firm
    db: Database
    numbers: random.Random
    homes: tuple[str, ...] = ("A", "A", "B")
    """The tenants that they administer; who stands twice is busier."""

    def at(self, letter: str) -> Org:
        """A tenant, from here."""
        return replace(self.firm.orgs[letter], db=self.db)

    async def act(self, deeds: Sequence[Deed]) -> None:
        """Do one thing."""
        deed = self.numbers.choice(deeds)
        self.firm.story.append(f"{deed.__name__}: {await deed(self)}")

    # ── at home ──────────────────────────────────────────────────────────────────────────────────

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

    # ── shares ───────────────────────────────────────────────────────────────────────────────────

    async def share(self) -> object:
        """Pairwise."""
        home = self._home()
        to = self.numbers.choice([each for each in self.firm.orgs if each != home])
        return await self.share_with(home, to, self._some(home), self._some_teams(home))

    async def share_with(self, home: str, to: str, people: list[UserId], teams: list[GroupId]) -> object:
        async with self.db.tenant(self.at(home).id) as tx:
            shared = await sync.share_with(tx, self.at(home).operator, Principals(people, teams), self.at(to).id)
            await self._enter(tx, [shared], home, people, teams)
        return home, to, people, teams

    async def share_with_all(self) -> object:
        home = self._home()
        return await self.share_with_everybody(home, self._some(home), self._some_teams(home))

    async def share_with_everybody(self, home: str, people: list[UserId], teams: list[GroupId]) -> object:
        """With all of the organisation, if the tenant is in it and not alone there."""
        if home not in self.firm.members or len(self.firm.members) < 2:
            return None
        async with self.db.tenant(self.at(home).id) as tx:
            shared = await sync.share_with_all(tx, self.at(home).operator, Principals(people, teams))
            await self._enter(tx, shared, home, people, teams)
        return home, people, teams

    async def _enter(
        self, tx: Transaction, shared: list[sync.Shared], home: str, people: list[UserId], teams: list[GroupId]
    ) -> None:
        letters = {each.id: letter for letter, each in self.firm.orgs.items()}
        for each in shared:
            pair = (home, letters[each.job.target_tenant_id])
            known = self.firm.shares.setdefault(each.job.id, Share(each.job.id, pair))
            known.people.update(people)
            known.teams.update(teams)
            if each.is_new and pair in self.firm.mappings:
                await self._map(tx, known, self.firm.mappings[pair])

    async def unshare(self) -> object:
        home = self._home()
        pairs = [each for each in self.firm.pairs() if each[0] == home]
        if not pairs:
            return None
        _, to = self.numbers.choice(pairs)
        everywhere = self.numbers.random() < 0.3
        people, teams = self._some(home), self._some_teams(home)
        target = None if everywhere else self.at(to).id
        async with self.db.tenant(self.at(home).id) as tx:
            await sync.unshare(tx, self.at(home).operator, Principals(people, teams), target=target)
        for share in self.firm.shares.values():
            if share.pair[0] == home and (everywhere or share.pair[1] == to):
                share.people.difference_update(people)
                share.teams.difference_update(teams)
        return home, to, everywhere, people, teams

    async def filter(self) -> object:
        share = self._share()
        share.city = self.numbers.choice([*CITIES, None])
        clause = {"sourceOperandName": "city", "operatorName": "EQUALS", "targetOperand": {"values": [share.city]}}
        document = {"groups": [{"name": "city", "clauses": [clause]}]} if share.city else None
        await self._configure(share, configuring.set_filter, document)
        return share.id, share.city

    async def name_everybody(self) -> object:
        share = self._share()
        share.names_everybody = self.numbers.random() < 0.4
        await self._configure(
            share, configuring.set_scope_mode, ScopeMode.ALL if share.names_everybody else ScopeMode.ASSIGNED
        )
        return share.id, share.names_everybody

    async def map(self) -> object:
        """One mapping for all shares of a pair: those who disagree overwrite each other (D-2)."""
        pair = self.numbers.choice([each for each in self.firm.pairs() if each[0] in self.homes])
        mapping = Mapping(self.numbers.choice([None, None, "Member", "Guest"]), self.numbers.choice(["", " (X)"]))
        async with self.db.tenant(self.at(pair[0]).id) as tx:
            for share in self.firm.shares.values():
                if share.pair == pair:
                    await self._map(tx, share, mapping)
        self.firm.mappings[pair] = mapping
        return pair, mapping

    async def _map(self, tx: Transaction, share: Share, mapping: Mapping) -> None:
        document = write_mapping(DEFAULT)
        for row in document["attributeMappings"]:
            if row["targetAttributeName"] == "userType" and mapping.user_type:
                row |= {"flowType": "Always", "source": {"type": "Constant", "value": mapping.user_type}}
            if row["targetAttributeName"] == "displayName" and mapping.suffix:
                text = f'Append([displayName],"{mapping.suffix}")'
                row["source"] = {"type": "Function", "name": "Append", "expression": text}
        await configuring.set_mapping(tx, self.at(share.pair[0]).operator, share.id, document)

    async def spare(self) -> object:
        """Delete actions off, or on."""
        share = self._share()
        actions = Actions(delete=self.numbers.random() < 0.5)
        await self._configure(share, configuring.set_actions, actions)
        return share.id, actions

    async def rest(self) -> object:
        share = self._share()
        await self._configure(share, sync.pause)
        return share.id

    async def resume(self) -> object:
        share = self._share()
        await self._configure(share, sync.start)
        return share.id

    async def _configure(self, share: Share, change: Callable[..., Awaitable[Any]], *facts: object) -> None:
        home = self.at(share.pair[0])
        async with self.db.tenant(home.id) as tx:
            await change(tx, home.operator, share.id, *facts)

    # ── in the target ────────────────────────────────────────────────────────────────────────────

    async def invite(self) -> object:
        """A guest by hand, redeemed or not, where nobody stands for her."""
        person = self._person()
        to = self.numbers.choice([each for each in self.firm.orgs if each != person.home])
        org = self.at(to)
        async with self.db.tenant(org.id) as tx:
            if await find_by_home(tx, self.at(person.home).id, person.id) is not None:
                return None
            if await find_by_upn(tx, mangled_upn(person.upn, org.domain)) is not None:
                return None
        home_known = self.numbers.random() < 0.5
        async with self.db.tenant(self.at(person.home).id) as tx:
            home = (await load_users(tx, [person.id]))[person.id]
        await org.invite_guest(home, home_known=home_known)
        self.firm.drifted.add((to, person.id))  # the target is not polled: found when she changes at home
        return to, person.id, home_known

    async def edit_there(self) -> object:
        """Out of line until she changes at home (provisioning §3.4)."""
        to, person, account = await self._account(alive=True)
        if account is None:
            return None
        org = self.at(to)
        async with self.db.tenant(org.id) as tx:
            changes = {Attribute.COMPANY_NAME: str(self.numbers.random()), Attribute.ACCOUNT_ENABLED: False}
            await directory.update_user(tx, org.operator, account.id, changes)
        self.firm.drifted.add((to, person.id))
        return to, person.id

    async def bin_there(self) -> object:
        """Deleted by the target's administrator: sync does not bring her back (D-4)."""
        to, person, account = await self._account(alive=True)
        if account is None:
            return None
        org = self.at(to)
        async with self.db.tenant(org.id) as tx:
            await directory.delete_users(tx, org.operator, [account.id])
        self.firm.binned.add((to, person.id))
        return to, person.id

    async def unbin_there(self) -> object:
        """Restored by him who deleted her, and as she was then."""
        offered = [
            (to, each)
            for to, each in sorted(self.firm.binned)
            if self.firm.offered((self.firm.people[each].home, to), self.firm.people[each])
        ]
        if not offered:
            return None
        to, person_id = self.numbers.choice(offered)
        org, home = self.at(to), self.at(self.firm.people[person_id].home)
        async with self.db.tenant(org.id) as tx:
            account = await find_by_home(tx, home.id, person_id)
            assert account is not None
            await directory.restore_user(tx, org.operator, account.id)
        self.firm.binned.discard((to, person_id))
        self.firm.drifted.add((to, person_id))
        return to, person_id

    async def close_door(self) -> object:
        home, to = self.numbers.choice(self.firm.pairs())
        async with self.db.tenant(self.at(to).id) as tx:
            await partners.withdraw_acceptance(tx, self.at(to).operator, self.at(home).id)
        return home, to

    async def open_door(self) -> object:
        home, to = self.numbers.choice(self.firm.pairs())
        await accept(self.at(to), people_of=self.at(home))
        return home, to

    async def leave(self) -> object:
        """B or C leaves the organisation: nothing that is there changes (provisioning §1.5)."""
        letter = self.numbers.choice(["B", "C"])
        if letter not in self.firm.members:
            return None
        await leave(self.at(letter))
        self.firm.members.discard(letter)
        return letter

    async def join(self) -> object:
        away = sorted(self.firm.orgs.keys() - self.firm.members)
        if not away:
            return None
        letter = self.numbers.choice(away)
        await add(self.at("A"), self.at(letter))
        await join(self.at(letter), self.at("A"))
        self.firm.members.add(letter)
        return letter

    # ── whom ─────────────────────────────────────────────────────────────────────────────────────

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


Deed = Callable[[Admins], Awaitable[object]]
AT_HOME: Final[Sequence[Deed]] = [
    Admins.hire, Admins.found_team, *[Admins.rename] * 2, *[Admins.call_otherwise] * 3, *[Admins.move] * 4,
    *[Admins.switch] * 3, *[Admins.change_type] * 2, *[Admins.set_manager] * 3, *[Admins.delete] * 2,
    *[Admins.restore] * 3, *[Admins.bring_in] * 5, *[Admins.take_out] * 5, Admins.dissolve, Admins.revive_team,
    *[Admins.share] * 6, *[Admins.share_with_all] * 4, *[Admins.unshare] * 6, *[Admins.filter] * 2,
    Admins.name_everybody, Admins.map, Admins.spare,
]  # fmt: skip
"""What administrators of a source do; none of it waits for what a drain of another tenant holds."""
ANYWHERE: Final[Sequence[Deed]] = [
    *AT_HOME, Admins.rest, *[Admins.resume] * 2, *[Admins.invite] * 3, *[Admins.edit_there] * 2, Admins.bin_there,
    *[Admins.unbin_there] * 2, Admins.close_door, *[Admins.open_door] * 2, Admins.leave, *[Admins.join] * 2,
]  # fmt: skip
