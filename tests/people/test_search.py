"""Name search within the tenant: who is found, how, and who is not (people-search §1, §2, §7)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from comity.core.caller import UserType
from comity.core.errors import PermissionMissing
from comity.core.ids import UserId, new_id
from comity.directory.service import delete_users
from comity.people import service
from comity.people.model import PageSizeInvalid
from tests.people.conftest import found, names, searcher
from tests.support.personal import make_personal


@pytest.fixture
async def annie(contoso):
    return await contoso.add_person("annie")


@pytest.mark.parametrize(
    "typed",
    ["k", "köhntopp", "KOHNTOPP", "kohn", "marianne", "mari", "Marianne Köhntopp", "köhntopp marianne", "ma kö",
     "köhn, mari", "  köhntopp  ", "m.k", "Köhntopp, Marianne"],
)  # fmt: skip
async def test_a_person_is_found_by_any_beginning_of_her_name(contoso, annie, typed):
    """Prefixes of either name, in either order, whatever the case and the accents; and of her address."""
    await contoso.add_person("other person")
    user = {"display_name": "Marianne Köhntopp", "given_name": "Marianne", "surname": "Köhntopp"}
    await contoso.add_person("m.k", **user)

    assert await names(contoso, annie, typed) == ["Marianne Köhntopp"]


@pytest.mark.parametrize(
    "typed",
    ["", "  ", "ohntopp", "marianne schmidt", "*", "%", "_", "\x00", "\ud800", "😀", "x" * 9999, "' or 1=1",
     "a " * 999],
)  # fmt: skip
async def test_what_matches_nobody_finds_nobody(contoso, annie, typed):
    """No wildcard, no substring, no error: an answer, whatever was typed."""
    await contoso.add_person("m.k", display_name="Marianne Köhntopp", given_name="Marianne", surname="Köhntopp")

    assert await names(contoso, annie, typed) == []


async def test_words_of_the_display_name_narrow_a_search(contoso, annie):
    """All words must match, in any order; a title or a second given name counts (people-search §7)."""
    person = {"display_name": "Hans Peter Müller (Sales)", "given_name": "Hans Peter", "surname": "Müller"}
    await contoso.add_person("hpm", **person)
    await contoso.add_person("hm", display_name="Hans Müller", given_name="Hans", surname="Müller")

    assert await names(contoso, annie, "müller peter") == ["Hans Peter Müller (Sales)"]
    assert await names(contoso, annie, "sales müller hans") == ["Hans Peter Müller (Sales)"]
    assert await names(contoso, annie, "hans mü") == ["Hans Müller", "Hans Peter Müller (Sales)"]


async def test_who_has_a_display_name_only_is_found_by_its_parts(contoso, annie):
    """Exports do not always fill the name columns."""
    await contoso.add_person("x1", display_name="Dora Ehlers", given_name=None, surname=None)

    assert [await names(contoso, annie, typed) for typed in ("dora", "ehl", "ehlers dora")] == [["Dora Ehlers"]] * 3


async def test_better_matches_come_first(contoso, annie):
    """Exact address, exact name, first name, last name, the rest; then by name (people-search §7)."""
    for local, given, surname in (
        ("a1", "Karl", "Annabel"), ("a2", "Annabel", "Zorn"), ("a3", "Annabella", "Amsel"), ("a4", "Annabelle", "Abel"),
        ("annabel.fox", "Xaver", "Yps"),
    ):  # fmt: skip
        await contoso.add_person(local, display_name=f"{given} {surname}", given_name=given, surname=surname)

    assert await names(contoso, annie, "annabel") == [
        "Annabel Zorn", "Karl Annabel", "Annabella Amsel", "Annabelle Abel", "Xaver Yps",
    ]  # fmt: skip
    assert await names(contoso, annie, "annabel", at_most=2) == ["Annabel Zorn", "Karl Annabel"]
    assert await names(contoso, annie, f"annabel.fox@{contoso.domain}") == ["Xaver Yps"]


async def test_each_person_comes_once(contoso, annie):
    """Though name, address and UPN all match."""
    await contoso.add_person("bert", surname="Bertram")

    assert await names(contoso, annie, "bert") == ["Bert"]
    assert await names(contoso, annie, f"bert@{contoso.domain}") == ["Bert"]


async def test_who_is_gone_disabled_hidden_or_oneself_is_not_found_by_name(contoso, annie):
    """Nor is an internal guest (people-search §2, §7)."""
    await contoso.add_person("anne off", account_enabled=False)
    await contoso.add_person("anne hidden", show_in_address_list=False)
    await contoso.add_person("anne guest", user_type=UserType.GUEST)
    deleted = await contoso.add_person("anne deleted")
    async with contoso.db.tenant(contoso.id) as tx:
        await delete_users(tx, contoso.operator, [deleted.id])
    await contoso.add_person("anne here")

    assert await names(contoso, annie, "ann") == ["Anne Here"]


async def test_who_is_hidden_is_found_by_exact_address(contoso, annie):
    """Address lists separate people only virtually (people-search §1 S6)."""
    hidden = await contoso.add_person("hildegard", show_in_address_list=False)

    assert await names(contoso, annie, str(hidden.mail)) == ["Hildegard"]
    assert await names(contoso, annie, str(hidden.mail)[:-1]) == []


async def test_other_tenants_people_are_not_found_by_name(contoso, fabrikam, annie):
    """Before any sharing, nobody of another tenant (people-search §8)."""
    await fabrikam.add_person("bob")
    await make_personal(contoso.db, "bob")

    assert await names(contoso, annie, "b") == []


async def test_the_row_says_what_a_door_needs(contoso, annie):
    """The fields of `people find`: a colleague has no label and can be talked to."""
    alan = await contoso.add_person("alan turing")

    (row,) = await found(contoso, annie, "tur")

    assert (row.id, row.display_name, row.user_principal_name, row.mail, row.home_tenant_id) == (
        alan.id, "Alan Turing", alan.user_principal_name, alan.mail, contoso.id,
    )  # fmt: skip
    assert (row.label, row.can_chat, row.reason) == ("", True, None)


async def test_a_guest_finds_by_exact_address_only(contoso, fabrikam, annie):
    """Guests see who they know already (provisioning §11)."""
    guest = await contoso.invite_guest(await fabrikam.add_person("gustav"))
    caller = contoso.as_user(guest)
    async with contoso.db.tenant(contoso.id) as tx:
        by_name = await service.find(tx, caller, "annie")
        by_mail = await service.find(tx, caller, str(annie.mail))

    assert [by_name.people, [each.display_name for each in by_mail.people]] == [(), ["Annie"]]


async def test_only_people_search(contoso, annie):
    """An app, the operator, or whoever lacks the permission does not."""
    async with contoso.db.tenant(contoso.id) as tx:
        for caller in (contoso.operator, contoso.as_user(annie)):
            with pytest.raises(PermissionMissing):
                await service.find(tx, caller, "a")
        for at_most in (0, 101):
            with pytest.raises(PageSizeInvalid):
                await service.find(tx, searcher(contoso, annie), "a", at_most=at_most)


async def test_a_stranger_to_the_tenant_finds_as_a_member_would(contoso):
    """The searcher's own row need not be there: nothing of the answer depends on it."""
    alan = await contoso.add_person("alan")
    nobody = replace(alan, id=UserId(new_id()))

    (row,) = await found(contoso, nobody, "alan")

    assert not row.can_chat
