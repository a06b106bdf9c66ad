"""What the crossing of chat membership writes and reads elsewhere, and what it can not see."""

from __future__ import annotations

from comity.access.model import Person
from comity.chat import service
from comity.chat.model import Chat
from comity.core.ids import PERSONAL_REALM, ChatId, new_id
from comity.core.permissions import Permission
from comity.db.crossings.chat import load_cards, seat_members
from comity.directory.model import User
from tests.support.personal import make_personal, person
from tests.support.world import Org


async def started(org: Org, other: Person) -> tuple[User, Chat]:
    annie = await org.add_person("annie")
    caller = org.as_user(annie, permissions=frozenset({Permission.CHAT}))
    return annie, (await service.start_chat(org.db, caller, to=other)).chat


async def test_each_member_gets_one_seat_at_home(contoso, fabrikam):
    """And nobody else in his tenant."""
    bob = await fabrikam.add_person("bob")
    await fabrikam.add_person("carl")
    annie, chat = await started(contoso, person(bob))

    for org, user in ((contoso, annie), (fabrikam, bob)):
        async with org.db.tenant(org.id) as tx:
            await seat_members(tx, chat.id, at=tx.now)
            assert await tx.rows("select user_id from seat where tenant_id = %(tenant_id)s") == [(user.id,)]


async def test_without_a_seat_nothing_is_given_and_nobody_read(contoso, fabrikam, tailspin):
    """A tenant outside the chat cannot seat anybody in it, nor learn who is there."""
    bob = await fabrikam.add_person("bob")
    _, chat = await started(contoso, person(bob))

    async with tailspin.db.tenant(tailspin.id) as tx:
        await seat_members(tx, chat.id, at=tx.now)
        assert await load_cards(tx, [chat.id, ChatId(new_id())]) == []
        assert await tx.rows("select from seat where tenant_id = %(tenant_id)s") == []


async def test_cards_show_members_and_nobody_else(contoso, fabrikam):
    """Name, address and home; of the chats asked about only."""
    bob = await fabrikam.add_person("bob")
    dana, eve = await make_personal(contoso.db, "dana"), await make_personal(contoso.db, "eve")
    annie, chat = await started(contoso, dana.person)
    caller = contoso.as_user(annie, permissions=frozenset({Permission.CHAT}))
    for other in (person(bob), eve.person):
        await service.start_chat(contoso.db, caller, to=other)

    async with contoso.db.tenant(contoso.id) as tx:
        cards = await load_cards(tx, [chat.id])

        assert {(each.user_id, each.display_name, each.address, each.tenant_name) for each in cards} == {
            (annie.id, "Annie", annie.mail, contoso.tenant.name), (dana.user.id, "Dana", dana.user.mail, None),
        }  # fmt: skip
        assert (tx.tenant_id, tx.person) == (contoso.id, None)


async def test_one_personal_account_does_not_open_anothers_cards(contoso):
    """Both sit in the same realm, and each only in his own chat (design §4.9)."""
    dana, eve = await make_personal(contoso.db, "dana"), await make_personal(contoso.db, "eve")
    _, chat = await started(contoso, dana.person)

    async with contoso.db.tenant(PERSONAL_REALM, person=eve.user.id) as tx:
        assert await load_cards(tx, [chat.id]) == []
    async with contoso.db.tenant(PERSONAL_REALM, person=dana.user.id) as tx:
        assert len(await load_cards(tx, [chat.id])) == 2
