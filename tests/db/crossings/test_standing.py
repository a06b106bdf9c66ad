"""What the crossing of coverage reads of another tenant, and what it can not see."""

from __future__ import annotations

from comity.core.ids import TenantId, UserId, new_id
from comity.db.crossings.standing import load_standing
from tests.support.drains import accept


async def test_only_accounts_of_the_askers_people_are_read(contoso, fabrikam, tailspin):
    """The other tenant's own people, and those of third ones, are not there for the asker."""
    annie, hidden = await contoso.add_person("annie"), await contoso.add_person("hidden")
    tom, bob = await tailspin.add_person("tom"), await fabrikam.add_person("bob")
    ours, theirs = await fabrikam.invite_guest(annie), await fabrikam.invite_guest(tom)

    async with contoso.db.tenant(contoso.id) as tx:
        found = await load_standing(tx, fabrikam.id, [annie.id, hidden.id, tom.id, bob.id, ours.id, theirs.id])
        assert tx.tenant_id == contoso.id

    assert set(found.accounts) == {annie.id}
    row = found.accounts[annie.id]
    assert (row.id, row.user_type, row.deleted, row.enabled, row.shown) == (ours.id, "Guest", False, True, False)
    assert not found.lets_in
    text = repr(found)
    assert not any(str(each) in text for each in (tom.id, bob.id, theirs.id, tailspin.id))


async def test_acceptance_is_about_the_asker_alone(contoso, fabrikam, tailspin):
    await accept(fabrikam, people_of=tailspin)

    async with contoso.db.tenant(contoso.id) as tx:
        assert not (await load_standing(tx, fabrikam.id, [])).lets_in
    await accept(fabrikam, people_of=contoso)

    async with contoso.db.tenant(contoso.id) as tx:
        assert (await load_standing(tx, fabrikam.id, [])).lets_in


async def test_a_tenant_that_is_not_here_says_nothing(contoso):
    async with contoso.db.tenant(contoso.id) as tx:
        found = await load_standing(tx, TenantId(new_id()), [UserId(new_id())])

    assert (found.lets_in, found.accounts) == (False, {})
