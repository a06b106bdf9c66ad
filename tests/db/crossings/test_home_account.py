"""What a tenant learns of a B2B user's home, and above all what it does not."""

from __future__ import annotations

from dataclasses import fields

from comity.core.ids import UserId, new_id
from comity.db.crossings.home_account import HomeStanding, load_home_standing


async def test_a_tenant_learns_whether_its_guests_own_account_is_good(contoso, fabrikam, db):
    annie = await contoso.add_person("annie", job_title="Chief of secrets")
    await fabrikam.invite_guest(annie)

    async with db.tenant(fabrikam.id) as tx:
        found = await load_home_standing(tx, contoso.id, annie.id)
        assert tx.tenant_id == fabrikam.id, "and we are ourselves again"
    await contoso.change(annie, account_enabled=False)
    async with db.tenant(fabrikam.id) as tx:
        disabled = await load_home_standing(tx, contoso.id, annie.id)

    assert found is not None
    assert found.user_principal_name == annie.user_principal_name
    assert disabled is None
    assert {each.name for each in fields(HomeStanding)} == {"user_principal_name", "tokens_valid_from"}


async def test_nothing_is_learnt_of_people_who_do_not_stand_in_the_tenant(contoso, fabrikam, tailspin, db):
    """Whoever guesses ids gets the same answer for people who exist and for those who do not."""
    annie, bob = await contoso.add_person("annie"), await contoso.add_person("bob")
    await fabrikam.invite_guest(annie)

    async with db.tenant(fabrikam.id) as tx:
        assert await load_home_standing(tx, contoso.id, bob.id) is None
        assert await load_home_standing(tx, contoso.id, UserId(new_id())) is None
    async with db.tenant(tailspin.id) as tx:
        assert await load_home_standing(tx, contoso.id, annie.id) is None
