"""What sign-in sees across tenants, and above all what it does not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

import pytest

from comity.core.ids import PERSONAL_REALM, AppId, new_id
from comity.db.crossings.sign_in import CANDIDATES_MAX, Client, PersonalAccount, find_client, find_personal_accounts
from tests.support.sign_in import Identity, make_identity


@pytest.fixture
def identity(db) -> Iterator[Identity]:
    made = make_identity(db)
    yield made
    made.passwords.close()


async def test_a_client_comes_out_without_secrets_or_rights(identity, contoso, db):
    application, _ = await identity.register(contoso, scopes=["User.Read"])
    async with db.tenant(PERSONAL_REALM) as tx:
        client = await find_client(tx, application.app_id)
        unknown = await find_client(tx, AppId(new_id()))
        assert tx.tenant_id == PERSONAL_REALM, "and we are ourselves again"

    assert client is not None
    assert (client.tenant_id, client.scopes) == (contoso.id, ("User.Read",))
    assert unknown is None
    assert not {"permissions", "secret"} & {each.name for each in fields(Client)}


async def test_no_tenant_asks_for_the_clients_or_people_of_others(identity, contoso, fabrikam, db):
    application, _ = await identity.register(contoso)
    dana = await identity.add_personal("dana", password="correct horse")
    async with db.tenant(fabrikam.id) as tx:
        with pytest.raises(ValueError, match="personal realm"):
            await find_client(tx, application.app_id)
        with pytest.raises(ValueError, match="personal realm"):
            await find_personal_accounts(tx, dana.mail or "")


async def test_work_accounts_are_not_found_among_personal_ones(contoso, db):
    annie = await contoso.add_person("annie")
    async with db.tenant(PERSONAL_REALM) as tx:
        assert await find_personal_accounts(tx, annie.user_principal_name) == []
        assert await find_personal_accounts(tx, "") == []
        assert await find_personal_accounts(tx, "%") == []


async def test_each_account_is_read_as_itself_and_not_beyond_the_bound(identity, db):
    phone = f"+49{new_id().int % 10**10:010d}"
    people = [
        await identity.add_personal("dana", password="correct horse", phone=phone) for _ in range(CANDIDATES_MAX + 1)
    ]
    async with db.tenant(PERSONAL_REALM) as tx:
        found = await find_personal_accounts(tx, phone)
        one = await find_personal_accounts(tx, (people[0].mail or "").upper())
        rows = await tx.rows("select id from users where tenant_id = %(tenant_id)s")

    assert len(found) == CANDIDATES_MAX
    assert [each.id for each in one] == [people[0].id]
    assert rows == [], "outside the crossing, the realm is as closed as before"
    assert {each.name for each in fields(PersonalAccount)} == {
        "id", "display_name", "user_principal_name", "enabled", "password_hash",
    }  # fmt: skip
