"""What administrators do with shares: whom they offer, how, and what is held."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from comity.core.ids import GroupId, UserId
from comity.db.transaction import Transaction
from comity.sync import configuring
from comity.sync import service as sync
from comity.sync.held import service as held
from comity.sync.held.model import HeldState
from comity.sync.mapping_document import write_mapping
from comity.sync.mapping_rows import DEFAULT
from comity.sync.model import Actions, ScopeMode, Threshold
from comity.sync.service import Principals
from tests.soak.desk import Desk
from tests.soak.firm import CITIES, Mapping, Share


class OfSharing(Desk):
    """The source's standing orders."""

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

    async def guard(self) -> object:
        """From few deletions on, all are held; or none is ever."""
        share = self._share()
        few = self.numbers.choice([None, 0, 1, 2])
        await self._configure(share, held.set_threshold, Threshold(is_on=few is not None, number=few, percent=None))
        return share.id, few

    async def judge(self) -> object:
        """Say of held deletions that they are to be done, or left."""
        share = self._share()
        say = self.numbers.choice([held.allow, held.allow, held.reject])
        await self._configure(share, say)
        return share.id, say.__name__

    async def allow_everything(self, share: Share) -> None:
        """No deletion is too many, and what was held is to be done, rejected or not."""
        home = self.at(share.pair[0])
        async with self.db.tenant(home.id) as tx:
            await held.set_threshold(tx, home.operator, share.id, Threshold(is_on=False))
            states = (HeldState.WAITING, HeldState.REJECTED)
            found = await held.list_held(tx, home.operator, share.id, states=states)
            if found:
                await held.allow(tx, home.operator, share.id, [each.source_id for each in found])

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
