"""What administrators of a target do: guests by hand, accounts edited and deleted, doors, the organisation."""

from __future__ import annotations

from comity.core.caller import UserType
from comity.directory import service as directory
from comity.directory.decide import mangled_upn
from comity.directory.model import Attribute
from comity.directory.store import find_by_home, find_by_upn, load_users
from comity.partners import service as partners
from tests.soak.desk import Desk
from tests.support.drains import accept
from tests.support.organizations import add, join, leave


class There(Desk):
    """Accounts that stand for others' people, and who is let in."""

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
            if await find_by_upn(tx, account.user_principal_name) is not None:
                return None
            await directory.restore_user(tx, org.operator, account.id)
        self.firm.binned.discard((to, person_id))
        self.firm.drifted.add((to, person_id))
        return to, person_id

    async def squat(self) -> object:
        """A guest of the target's own, whom nobody offers, takes the name that somebody would have there."""
        person = self._person()
        to = self.numbers.choice([each for each in self.firm.orgs if each != person.home])
        org = self.at(to)
        upn = mangled_upn(person.upn, org.domain)
        async with self.db.tenant(org.id) as tx:
            if await find_by_upn(tx, upn) is not None:
                return None
        made = await org.add_person("squatter", user_principal_name=upn, mail=None, user_type=UserType.GUEST)
        self.firm.squatters.append((to, made.id))
        return to, person.id

    async def evict(self) -> None:
        """All who have others' names go; nobody is told, so those are tried again in time (provisioning §9)."""
        for to, account in self.firm.squatters:
            async with self.db.tenant(self.at(to).id) as tx:
                await directory.delete_users(tx, self.at(to).operator, [account])
        self.firm.squatters.clear()

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
