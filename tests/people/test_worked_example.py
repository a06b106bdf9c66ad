"""Every check of the worked example (people-search §8; mission M27 to M35), before, between and after sharing."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from comity.access import service as access
from comity.access.model import Rule
from comity.core.caller import UserType
from comity.directory.model import User
from comity.insight.coverage.service import matrix
from comity.sync import service as sync
from comity.sync.drain import drain
from comity.sync.service import Principals
from tests.people.conftest import found, names
from tests.support.drains import accept
from tests.support.organizations import add, form, unite
from tests.support.world import Org


@dataclass
class Cast:
    """Annie in A, Bob and Barbara in B, Charlie in C."""

    a: Org
    b: Org
    c: Org
    annie: User
    bob: User
    barbara: User
    charlie: User

    @property
    def orgs(self) -> list[Org]:
        return [self.a, self.b, self.c]

    @property
    def at_home(self) -> list[tuple[Org, list[User]]]:
        return [(self.a, [self.annie]), (self.b, [self.bob, self.barbara]), (self.c, [self.charlie])]

    async def share(self, source: Org, target: Org, *people: User) -> None:
        async with source.db.tenant(source.id) as tx:
            await sync.share_with(tx, source.operator, Principals([each.id for each in people]), target.id)
        await accept(target, people_of=source)
        await drain(source.db, source.id)

    async def share_all(self) -> None:
        for source, people in self.at_home:
            for target in self.orgs:
                if target is not source:
                    await self.share(source, target, *people)

    async def representations(self) -> int:
        """How many there are, internal and B2B."""
        count = 0
        for org in self.orgs:
            async with org.db.tenant(org.id) as tx:
                for row in await matrix(tx, org.operator):
                    count += sum(cell.represented.value != "not" for cell in row.cells.values())
        return count


@pytest.fixture
async def cast(contoso, fabrikam, tailspin) -> Cast:
    return Cast(
        contoso, fabrikam, tailspin, await contoso.add_person("annie"), await fabrikam.add_person("bob"),
        await fabrikam.add_person("barbara"), await tailspin.add_person("charlie"),
    )  # fmt: skip


async def test_before_any_sharing_nobody_is_found_by_name(cast):
    """M27: people search ends at the tenant's boundary."""
    assert await names(cast.a, cast.annie, "b") == []


async def test_before_any_sharing_an_exact_address_leads_out(cast):
    """M28: external access is the first exception, if it allows."""
    (row,) = await found(cast.a, cast.annie, str(cast.bob.mail))

    assert (row.display_name, row.label, row.can_chat) == ("Bob", "(External)", True)


async def test_sharing_is_one_way(cast):
    """After B shares to A only, Annie finds Bob and Barbara; Bob does not find Annie."""
    await cast.share(cast.b, cast.a, cast.bob, cast.barbara)

    assert await names(cast.a, cast.annie, "b") == ["Barbara", "Bob"]
    assert await names(cast.b, cast.bob, "annie") == []


async def test_after_all_each_of_the_four_finds_the_other_three_once(cast):
    """M31 to M35: one person, one row, one label, and twelve representations."""
    await unite(cast.a, cast.b, cast.c)
    await cast.share_all()

    assert await cast.representations() == 12
    everybody = {"Annie", "Bob", "Barbara", "Charlie"}
    for org, people in cast.at_home:
        for searcher in people:
            seen = [row for typed in ("an", "bo", "ba", "ch") for row in await found(org, searcher, typed)]
            assert sorted(row.display_name for row in seen) == sorted(everybody - {searcher.display_name})
            outside = [row for row in seen if row.home_tenant_id != org.id]
            assert all(row.home and row.home.tenant_id == row.home_tenant_id != org.id for row in outside)
            assert {row.label for row in outside} <= {f"({each.tenant.name})" for each in cast.orgs}


async def test_people_of_a_pending_tenant_are_not_unified(cast):
    """A defines an organisation with B and C, C is pending: ordinary externals."""
    await form(cast.a)
    await add(cast.a, cast.c)
    await cast.share(cast.c, cast.a, cast.charlie)

    assert [row.label for row in await found(cast.a, cast.annie, "char")] == ["(External)"]


async def test_an_existing_guest_stays_a_guest_until_changed(cast):
    """M43: not unified; found only as it is shown; a member afterwards."""
    await unite(cast.a, cast.b)
    guest = await cast.a.invite_guest(cast.bob)
    await cast.share(cast.b, cast.a, cast.bob, cast.barbara)
    assert {row.display_name: row.label for row in await found(cast.a, cast.annie, "b")} == {
        "Bob": "(Guest)", "Barbara": f"({cast.b.tenant.name})",
    }  # fmt: skip

    await cast.a.change(guest, user_type=UserType.MEMBER)

    assert [row.label for row in await found(cast.a, cast.annie, "bob")] == [f"({cast.b.tenant.name})"]


async def test_an_unshared_person_is_gone_and_ten_representations_stay(cast):
    """B stops sharing Barbara: soft-deleted in A and C, gone from search at the commit."""
    await unite(cast.a, cast.b, cast.c)
    await cast.share_all()

    async with cast.b.db.tenant(cast.b.id) as tx:
        await sync.unshare(tx, cast.b.operator, Principals([cast.barbara.id]))
    await drain(cast.b.db, cast.b.id)

    assert await names(cast.a, cast.annie, "barb") == []
    assert await names(cast.c, cast.charlie, "barb") == []
    assert await cast.representations() == 10


async def test_a_blocked_domain_leaves_the_row_and_takes_the_chat(cast):
    """A blocks B's domain: Bob is still found by name, chat to the home identity is refused with the reason."""
    await unite(cast.a, cast.b)
    await cast.share(cast.b, cast.a, cast.bob)
    async with cast.a.db.tenant(cast.a.id) as tx:
        await access.set_configuration(tx, cast.a.operator, {"BlockedDomains": [cast.b.domain]})

    (row,) = await found(cast.a, cast.annie, "bob")

    assert (row.can_chat, row.reason) == (False, Rule.TENANT_DOMAIN_BLOCKED)
