"""The extended directory: personal accounts that a tenant's admins know (external-access §1, §4)."""

from __future__ import annotations

import pytest

from comity.access import contacts, locks, service
from comity.access.errors import ContactNotPersonal, NotAuthorized
from comity.access.model import Decision, Purpose, Rule
from comity.audit.service import list_latest
from comity.core.ids import new_id
from comity.core.permissions import Permission
from comity.db.crossings.contact import load_contact_cards
from comity.directory.model import User
from comity.directory.personal import register_personal
from tests.support.personal import make_personal, person
from tests.support.world import Org


@pytest.fixture
async def dana(contoso: Org) -> User:
    return await register_personal(contoso.db, mail=f"dana@{new_id().hex}.example", display_name="Dana")


async def test_a_listed_account_is_reached_where_nobody_else_is(contoso, dana):
    """Either level of the restriction suffices; the list is the tenant's."""
    annie = await contoso.add_person("annie")

    async def decide() -> Decision:
        async with contoso.db.tenant(contoso.id) as tx:
            return await service.decide_pair(
                tx, contoso.operator, actor=person(annie), target=person(dana), purpose=Purpose.START
            )

    async with contoso.db.tenant(contoso.id) as tx:
        restricted = {"RestrictTeamsConsumerToExternalUserProfiles": True}
        await service.set_configuration(tx, contoso.operator, restricted)
    assert await decide() == Decision(False, Rule.CONSUMER_NOT_IN_DIRECTORY, contoso.id)

    async with contoso.db.tenant(contoso.id) as tx:
        before = await locks.load_version(tx)
        await contacts.add_contact(tx, contoso.operator, str(dana.mail).upper())
    assert (await decide()).allowed

    async with contoso.db.tenant(contoso.id) as tx:
        assert await locks.load_version(tx) == before + 1
        assert await contacts.remove_contact(tx, contoso.operator, dana.id)
        assert not await contacts.remove_contact(tx, contoso.operator, dana.id)
    assert not (await decide()).allowed


async def test_the_list_shows_who_it_is(contoso, fabrikam, dana):
    """Name and mail, for the tenant that lists them and for nobody else."""
    stranger = await make_personal(contoso.db, "stranger")
    async with contoso.db.tenant(contoso.id) as tx:
        await contacts.add_contact(tx, contoso.operator, str(dana.mail))
        await contacts.add_contact(tx, contoso.operator, str(dana.mail))
        (listed,) = await contacts.list_contacts(tx, contoso.operator)
        (entry,) = [each for each in await list_latest(tx, contoso.operator) if "contact" in each.action]
    async with fabrikam.db.tenant(fabrikam.id) as tx:
        theirs = await contacts.list_contacts(tx, fabrikam.operator)
        cards = await load_contact_cards(tx, [dana.id, stranger.user.id])

    assert (listed.user_id, listed.display_name, listed.mail) == (dana.id, "Dana", dana.mail)
    assert entry.after == {"contact": dana.mail}
    assert (theirs, cards) == ([], {})


async def test_only_personal_accounts_are_listed_and_only_by_admins(contoso):
    """Not a work account, not an address of nobody."""
    annie = await contoso.add_person("annie")
    reader = contoso.as_user(annie, permissions=frozenset({Permission.EXTERNAL_ACCESS_READ}))
    async with contoso.db.tenant(contoso.id) as tx:
        for address in (annie.mail, "nobody@nowhere.example"):
            with pytest.raises(ContactNotPersonal):
                await contacts.add_contact(tx, contoso.operator, address)
        for work in (contacts.add_contact(tx, reader, "a@b.example"), contacts.remove_contact(tx, reader, annie.id),
                     contacts.list_contacts(tx, contoso.as_user(annie))):  # fmt: skip
            with pytest.raises(NotAuthorized):
                await work
