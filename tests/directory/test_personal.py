"""Personal accounts: anyone may register one, and nobody else's directory shows it (design §4.9, M6)."""

from __future__ import annotations

import pytest

from comity.core.caller import Caller
from comity.core.ids import PERSONAL_REALM, new_id
from comity.db.database import Database
from comity.db.errors import Duplicate
from comity.directory import service
from comity.directory.decide import TextInvalid
from comity.directory.model import User, UserUnknown
from comity.directory.personal import (
    PersonalAccountExists,
    PersonalMailInvalid,
    PersonalNameEmpty,
    PersonalPhoneInvalid,
    find_personal,
    get_own_account,
    register_personal,
)
from tests.support.world import Org


def an_address(name: str) -> str:
    return f"{name}@personal-{new_id().hex[-12:]}.example"


def a_phone() -> str:
    """A number that nobody else has in this run: a Berlin number."""
    return f"+4930{new_id().int % 10**8:08}"


async def found(db: Database, address: str) -> list[str]:
    async with db.tenant(PERSONAL_REALM) as tx:
        return [each.display_name for each in await find_personal(tx, address)]


async def test_a_person_registers_with_mail_and_phone(db: Database):
    """And is found by exactly those, in whatever form they are written."""
    mail, phone = an_address("Dana"), a_phone()
    dana = await register_personal(
        db, mail=f" {mail} ", display_name=" Dana ", phone=f"{phone[:3]} (0) {phone[3:5]} {phone[5:]}"
    )

    assert (dana.mail, dana.mobile_phone, dana.display_name) == (mail, phone, "Dana")
    assert (
        await found(db, mail.upper())
        == await found(db, phone)
        == await found(db, f"{phone[:3]} {phone[3:]}")
        == ["Dana"]
    )
    assert await found(db, mail[1:]) == await found(db, phone[:-1]) == []


async def test_a_second_account_of_one_mail_is_refused(db: Database):
    """Ignoring case; one phone number may have several (external-access §10)."""
    mail, phone = an_address("dana"), a_phone()
    await register_personal(db, mail=mail, display_name="Dana", phone=phone)

    with pytest.raises(PersonalAccountExists) as refused:
        await register_personal(db, mail=mail.upper(), display_name="Somebody")
    assert isinstance(refused.value.__cause__, Duplicate)

    await register_personal(db, mail=an_address("eve"), display_name="Eve", phone=phone)
    assert sorted(await found(db, phone)) == ["Dana", "Eve"]
    assert await found(db, mail) == ["Dana"]


async def test_the_same_mail_may_own_a_work_account(contoso: Org):
    """They are two accounts (external-access §10), and only one of them is personal."""
    annie = await contoso.add_person("annie")

    await register_personal(contoso.db, mail=str(annie.mail), display_name="Annie at home")

    assert await found(contoso.db, str(annie.mail)) == ["Annie at home"]


@pytest.mark.parametrize(
    ("mail", "name", "phone", "error"),
    [
        ("broken", "Dana", None, PersonalMailInvalid),
        ("dana@personal.example", " ", None, PersonalNameEmpty),
        ("dana@personal.example", "Dana", "030 901820", PersonalPhoneInvalid),
        ("dana@personal.example", "Dana", "+1 23", PersonalPhoneInvalid),
        ("dana@personal.example", "Dana", "call me", PersonalPhoneInvalid),
        ("dana@personal.example", "Da\x00na", None, TextInvalid),
    ],
)
async def test_what_is_wrong_is_said(db: Database, mail: str, name: str, phone: str | None, error: type[Exception]):
    """A phone number needs its country's prefix: nobody knows where the writer is."""
    with pytest.raises(error):
        await register_personal(db, mail=mail, display_name=name, phone=phone)


async def test_two_personal_accounts_see_nothing_of_each_other(db: Database):
    """Nor does the realm itself: it is no directory."""
    dana = await register_personal(db, mail=an_address("dana"), display_name="Dana")
    eve = await register_personal(db, mail=an_address("eve"), display_name="Eve")
    operator = Caller.operator("tester", tenant_id=PERSONAL_REALM)

    async def visible(person: User | None) -> list[str]:
        async with db.tenant(PERSONAL_REALM, person=person.id if person else None) as tx:
            assert await service.resolve_user(tx, operator, str(person.mail)) == person if person else True
            return [each.display_name for each in await service.list_users(tx, operator)]

    assert (await visible(dana), await visible(eve), await visible(None)) == (["Dana"], ["Eve"], [])
    async with db.tenant(PERSONAL_REALM, person=dana.id) as tx:
        assert await get_own_account(tx) == dana
        with pytest.raises(UserUnknown):
            await service.get_user(tx, operator, eve.id)
        with pytest.raises(UserUnknown):
            await service.resolve_user(tx, operator, str(eve.mail))
    async with db.tenant(PERSONAL_REALM) as tx:
        with pytest.raises(UserUnknown):
            await get_own_account(tx)


async def test_a_business_tenant_sees_no_personal_account(contoso: Org):
    """Not even by id."""
    dana = await register_personal(contoso.db, mail=an_address("dana"), display_name="Dana")

    async with contoso.db.tenant(contoso.id) as tx:
        with pytest.raises(UserUnknown):
            await service.get_user(tx, contoso.operator, dana.id)
        assert await service.list_users(tx, contoso.operator) == []
