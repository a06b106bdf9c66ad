"""The seats that an organisation keeps in other tenants, and what this crossing can not do."""

import pytest

from comity.core.errors import NotFound
from comity.core.ids import OrganizationId, new_id
from comity.db.crossings.organization import at_each_seat, give_seat, take_seat_away
from tests.support.organizations import add, count_rows, form, membership, unite
from tests.support.world import Org


async def organization_of(org: Org) -> OrganizationId:
    return (await membership(org)).organization.id


async def test_only_tenants_with_a_seat_are_visited_in_id_order(contoso, fabrikam, tailspin):
    """Whoever holds none is passed over, whatever the caller asks for."""
    await unite(contoso, fabrikam)
    visited = []

    async def act(tx, local_id):
        visited.append((tx.tenant_id, local_id))

    async with contoso.db.tenant(contoso.id) as tx:
        await at_each_seat(tx, await organization_of(contoso), [tailspin.id, fabrikam.id, contoso.id], act)
        assert tx.tenant_id == contoso.id

    assert visited == [(fabrikam.id, (await membership(fabrikam)).organization.local_id)]


async def test_whoever_sits_nowhere_reaches_nobody(contoso, fabrikam, tailspin):
    await unite(contoso, fabrikam)
    organization_id = await organization_of(contoso)

    async def act(*_):
        raise AssertionError("nobody may be visited")

    async with tailspin.db.tenant(tailspin.id) as tx:
        with pytest.raises(NotFound):
            await at_each_seat(tx, organization_id, [contoso.id, fabrikam.id], act)
        with pytest.raises(NotFound):
            await give_seat(tx, organization_id, tailspin.id, local_id=OrganizationId(new_id()))
        with pytest.raises(NotFound):
            await take_seat_away(tx, organization_id, fabrikam.id)


async def test_a_pending_seat_reaches_nobody_either(contoso, fabrikam):
    await form(contoso)
    await add(contoso, fabrikam)
    organization_id = await organization_of(contoso)

    async with fabrikam.db.tenant(fabrikam.id) as tx:
        with pytest.raises(NotFound):
            await take_seat_away(tx, organization_id, contoso.id)


async def test_a_seat_taken_away_is_that_organisations_only(contoso, fabrikam, tailspin):
    await form(contoso)
    await form(fabrikam)
    await add(contoso, tailspin)
    await add(fabrikam, tailspin)

    async with contoso.db.tenant(contoso.id) as tx:
        await take_seat_away(tx, await organization_of(contoso), tailspin.id)

    async with tailspin.db.tenant(tailspin.id) as tx:
        assert await count_rows(tx, "organization_seat") == 1


async def test_a_given_seat_is_pending_and_names_the_giver(contoso, fabrikam):
    await form(contoso)
    local_id = OrganizationId(new_id())

    async with contoso.db.tenant(contoso.id) as tx:
        await give_seat(tx, await organization_of(contoso), fabrikam.id, local_id=local_id)
        assert await count_rows(tx, "organization_seat") == 1  # its own: the other tenant's stays out of sight

    async with fabrikam.db.tenant(fabrikam.id) as tx:
        rows = await tx.rows("select local_id, state, invited_by from organization_seat")
    assert rows == [(local_id, "pending", contoso.id)]


@pytest.mark.parametrize(
    "statement",
    [
        "update organization_member set role = 'owner', state = 'active' where tenant_id = %(tenant_id)s",
        "delete from organization_member",
        "delete from organization",
    ],
)
async def test_a_pending_tenant_changes_nothing_of_the_organisation(contoso, fabrikam, statement):
    """The database itself holds this: writing takes an active seat."""
    await form(contoso)
    await add(contoso, fabrikam)

    async with fabrikam.db.tenant(fabrikam.id) as tx:
        assert await tx.execute(statement) == 0


async def test_a_pending_tenant_cannot_rename_the_organisation(contoso, fabrikam):
    """It may lock the row while it joins, which asks for the right to update, but a new row is refused."""
    await form(contoso)
    await add(contoso, fabrikam)

    with pytest.raises(Exception, match="row-level security"):
        async with fabrikam.db.tenant(fabrikam.id) as tx:
            await tx.execute("update organization set name = 'Ours'")


async def test_nobody_writes_into_an_organisation_without_a_seat(contoso, tailspin):
    await form(contoso)
    organization_id = await organization_of(contoso)

    with pytest.raises(Exception, match="row-level security"):
        async with tailspin.db.tenant(tailspin.id) as tx:
            await tx.execute(
                """insert into organization_member values
                     (%(organization_id)s, %(tenant_id)s, 'X', 'owner', null, 'active', %(tenant_id)s, %(at)s,
                      null, 1)""",
                organization_id=organization_id,
                at=tx.now,
            )
