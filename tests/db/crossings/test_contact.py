"""What the extended directory's crossing reads of the personal realm, and what it can not see."""

from __future__ import annotations

from comity.access import store
from comity.db.crossings.contact import load_contact_cards
from tests.support.personal import make_personal


async def test_only_listed_accounts_are_read(contoso, fabrikam):
    """Name and mail of those that the acting tenant lists; another tenant's list opens nothing."""
    dana, eve = await make_personal(contoso.db, "dana"), await make_personal(contoso.db, "eve")
    async with contoso.db.tenant(contoso.id) as tx:
        await store.add_contact(tx, dana.user.id)
    async with fabrikam.db.tenant(fabrikam.id) as tx:
        await store.add_contact(tx, eve.user.id)

    async with contoso.db.tenant(contoso.id) as tx:
        cards = await load_contact_cards(tx, [dana.user.id, eve.user.id])

        assert cards == {dana.user.id: ("Dana", dana.user.mail)}
        assert tx.tenant_id == contoso.id
        assert tx.person is None


async def test_a_work_account_that_somebody_listed_by_force_stays_unread(contoso, fabrikam):
    """The realm's rows only: an id of a tenant's person opens nothing."""
    bob = await fabrikam.add_person("bob")
    async with contoso.db.tenant(contoso.id) as tx:
        await store.add_contact(tx, bob.id)

        assert await load_contact_cards(tx, [bob.id]) == {}
