"""Which accounts here another tenant's sync keeps in line, and what the crossing can not see."""

from __future__ import annotations

from comity.core.ids import TenantId, UserId, new_id
from comity.db.crossings.inbound_links import find_linked
from comity.db.database import Database
from comity.directory.model import User
from comity.directory.store import find_by_home
from comity.sync.drain import drain
from tests.support.drains import accept, share, unshare
from tests.support.world import Org


async def account_of(org: Org, home: User) -> UserId:
    async with org.db.tenant(org.id) as tx:
        found = await find_by_home(tx, home.tenant_id, home.id)
    assert found is not None
    return found.id


async def test_only_links_of_jobs_that_lead_here_are_told(fabrikam: Org, contoso: Org, tailspin: Org, db: Database):
    """Not those to another tenant, not those that ended, and not of people who were only invited."""
    annie, bob, carl = [await fabrikam.add_person(name) for name in ("annie", "bob", "carl")]
    for target in (contoso, tailspin):
        await accept(target, people_of=fabrikam)
        await share(fabrikam, annie, bob, to=target)
    await contoso.invite_guest(carl)
    await drain(db, fabrikam.id)
    await unshare(fabrikam, bob, to=contoso)
    await drain(db, fabrikam.id)
    accounts = {await account_of(contoso, each): each.id for each in (annie, bob, carl)}
    elsewhere = await account_of(tailspin, annie)

    async with db.tenant(contoso.id) as tx:
        assert await find_linked(tx, fabrikam.id, accounts) == {await account_of(contoso, annie)}
        assert await find_linked(tx, fabrikam.id, {elsewhere: annie.id}) == set()
        assert tx.tenant_id == contoso.id  # back home


async def test_a_tenant_outside_the_installation_keeps_nothing(contoso: Org, db: Database):
    """It never answers."""
    async with db.tenant(contoso.id) as tx:
        assert await find_linked(tx, TenantId(new_id()), {UserId(new_id()): UserId(new_id())}) == set()
