"""No query, page token or count tells about people who are not represented here; no input is slow or an error."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from comity.core.clock import FixedClock
from comity.core.ids import UserId, new_id
from comity.directory.service import delete_users
from comity.identity.sealing import Sealer
from comity.people import service
from comity.people.model import PageTokenBroken, Place, Search, TooManyLookups
from comity.people.paging import PageTokens
from comity.tenancy.service import GUEST_AS_MEMBER, GUEST_RESTRICTED
from tests.people.conftest import index, search, searcher
from tests.support.world import Org

TOKENS = PageTokens(Sealer(b"s" * 32))


@pytest.fixture
async def annie(contoso):
    return await contoso.add_person("q", display_name="Q", given_name="Q", surname=None)


async def crowd(org: Org, *names: str) -> None:
    for nr, name in enumerate(names):
        given, _, surname = name.partition(" ")
        await org.add_person(f"x{nr}.{new_id().hex}", display_name=name, given_name=given, surname=surname)
    await index(org)


async def pages(org: Org, user, text: str, size: int) -> list[list[str]]:
    """Page by page to the end."""
    found: list[list[str]] = []
    answer = Search((), after=Place())
    place = None
    while answer.after is not None:
        answer = await search(org, user, text, at_most=size, place=place)
        place = answer.after
        found.append([each.display_name for each in answer.people])
    return found


EVERY_KIND = [
    "Anna Abel", "Anna Bohr", "Annabel Cole", "Dora Anna", "Eva Annas", "Fritz Lang-Anna", "Gerd Anno", "Hanna Ude",
    "Ina Anna-Lena", "Jo Annnabel", "Anna Anna", "Anna-Lena Ko",
]  # fmt: skip


@pytest.mark.parametrize("typed", ["anna", "annab", "a", "anna a", "lena anna"])
@pytest.mark.parametrize("size", [1, 2, 5])
async def test_pages_together_are_the_whole_answer(contoso, annie, typed, size):
    """Nobody twice, nobody left out, better ranks on earlier pages."""
    await crowd(contoso, *EVERY_KIND)
    whole = [each.display_name for each in (await search(contoso, annie, typed)).people]

    parts = await pages(contoso, annie, typed, size)

    together = [name for page in parts for name in page]
    assert sorted(together) == sorted(whole)
    assert len(whole) >= 1
    assert all(len(page) == size for page in parts[:-1])
    if typed == "anna":
        assert together[:4] == whole[:4]


async def test_a_page_goes_on_where_it_stopped_though_people_come_and_go(contoso, annie):
    """The place is the last person's, not a count."""
    await crowd(contoso, "Anna B", "Anna D", "Anna F", "Anna H")
    first = await search(contoso, annie, "anna", at_most=2)
    gone = first.people[0]
    async with contoso.db.tenant(contoso.id) as tx:
        await delete_users(tx, contoso.operator, [UserId(gone.id)])
    await crowd(contoso, "Anna A", "Anna E")

    second = await search(contoso, annie, "anna", place=first.after)

    assert [each.display_name for each in second.people] == ["Anna E", "Anna F", "Anna H"]


async def test_a_token_is_sealed_and_bound_to_searcher_and_query(contoso, fabrikam, annie):
    """It shows no name, and serves nobody else."""
    await crowd(contoso, "Anna Abel", "Anna Bohr")
    bert = await contoso.add_person("bert")
    place = (await search(contoso, annie, "anna", at_most=1)).after
    assert place is not None
    caller = searcher(contoso, annie)

    token = TOKENS.write(caller, "anna", place)

    assert TOKENS.read(caller, "anna", token) == place
    assert "abel" not in token.lower()
    others = [
        (searcher(contoso, bert), "anna", token), (caller, "ann", token), (caller, "anna", token[:-2]),
        (replace(caller, tenant_id=fabrikam.id), "anna", token), (caller, "anna", "no token"), (caller, "anna", "é"),
    ]  # fmt: skip
    for who, text, given in others:
        with pytest.raises(PageTokenBroken):
            TOKENS.read(who, text, given)
    elsewhere = PageTokens(Sealer(b"t" * 32))
    with pytest.raises(PageTokenBroken):
        elsewhere.read(caller, "anna", token)


ADVERSARIAL = [
    "x" * 10_000, "c " * 1000, "%", "_%_", "*", "?", "\\", "'; drop table users; --", "(((((", "[c-z]{1,9}", "^.*$",
    "😀", "👩\u200d👩\u200d👧 x", "\u202eanna\u202c", "a\u0300" * 200, "\x00", "\ud800", "\uffff", "@", "a@", "@b",
    "a@b@c", "+", "+49", "+" + "9" * 300, "0" * 50, "&|!:*", "\t\n", "ﬀ ﬁ ﬂ", "ａｎｎａ", "'" * 300, "-" * 300, "''''c",
    "a'b'c'd", "\u0130" * 50, "ß" * 200, "é" * 9000, "von der zu de la", "1 2 3 4 5 6 7 8 9", "अनुराग", "王小明", "ﷺ",
    "a" * 60 + "b", "ᾳ" * 100,
]  # fmt: skip


@pytest.mark.parametrize("typed", ADVERSARIAL, ids=lambda text: ascii(text[:12]))
async def test_whatever_is_typed_gets_an_answer_of_few_statements(contoso, annie, typed):
    """No error, no wildcard, and no more statements than any search takes."""
    await crowd(contoso, "Anna Abel", "Bert Bohr")
    caller = searcher(contoso, annie)
    async with contoso.db.tenant(contoso.id) as tx:
        before = tx.statements
        answer = await service.find(tx, caller, typed)
        assert tx.statements - before <= 32

    expected = {"\u202eanna\u202c", "ａｎｎａ"}
    assert [each.display_name for each in answer.people] == (["Anna Abel"] if typed in expected else [])


async def test_marks_that_nobody_sees_and_other_scripts_are_names_too(contoso, annie):
    """Right-to-left marks are left out, not searched for; signs of Indian scripts stand within words."""
    await crowd(contoso, "अनुराग Kumar", "王 小明", "An\u200bna Z")

    assert [each.display_name for each in (await search(contoso, annie, "\u200fअनुराग")).people] == ["अनुराग Kumar"]
    assert [each.display_name for each in (await search(contoso, annie, "小")).people] == ["王 小明"]
    assert [each.display_name for each in (await search(contoso, annie, "anna")).people] == ["An\u200bna Z"]


async def test_what_other_tenants_hold_changes_nothing_of_an_answer(contoso, fabrikam, annie):
    """Not who is found, nor how many statements it takes, nor whether there is another page."""
    await crowd(contoso, "Anna Abel", "Anna Köhler")

    async def ask() -> list[object]:
        facts: list[object] = []
        for typed in ("anna", "koehler", "kohlre", "lüdenscheidt", "anna k", f"bob@{fabrikam.domain}x"):
            async with contoso.db.tenant(contoso.id) as tx:
                before = tx.statements
                answer = await service.find(tx, searcher(contoso, annie), typed, at_most=1)
                facts.append(([each.id for each in answer.people], answer.after, tx.statements - before))
        return facts

    before = await ask()
    await crowd(fabrikam, "Anna Köhler", "Marta Lüdenscheidt", "Kohler Anna", "Koehlre Anna")

    assert await ask() == before


@pytest.mark.parametrize(
    ("role", "by_name", "by_mail"), [(GUEST_AS_MEMBER, 1, 1), (None, 0, 1), (GUEST_RESTRICTED, 0, 0)]
)
async def test_guests_find_as_their_host_decided(contoso, fabrikam, role, by_name, by_mail):
    """As members, by exact address only (the default), or nobody (provisioning §11)."""
    anna = await contoso.add_person("anna")
    guest = await contoso.invite_guest(await fabrikam.add_person("gustav"))
    async with contoso.db.tenant(contoso.id) as tx:
        if role is not None:
            await tx.execute(
                "update tenant_setting set guest_user_role_id = %(role)s where tenant_id = %(tenant_id)s", role=role
            )
        caller = contoso.as_user(guest)
        assert len((await service.find(tx, caller, "anna")).people) == by_name
        assert len((await service.find(tx, caller, str(anna.mail))).people) == by_mail
        assert len((await service.find(tx, caller, str(anna.user_principal_name).upper())).people) == by_mail


async def test_nobody_goes_through_a_list_of_addresses(contoso, annie, clock):
    """Lookups are throttled per person (external-access §10), found or not, on the clock that never moves."""
    machine = FixedClock(clock.now().replace(second=30))
    caller = searcher(contoso, annie)
    bert = await contoso.add_person("bert")

    async def look(nr: int, who=caller) -> None:
        async with contoso.db.tenant(contoso.id) as tx:
            await service.find(tx, who, f"nobody{nr}@unheard-of.example", machine=machine)

    for nr in range(service.LOOKUPS_MAX):
        await look(nr)
    with pytest.raises(TooManyLookups) as refused:
        await look(0)
    assert refused.value.retry_after_s == 30
    await look(0, searcher(contoso, bert))
    async with contoso.db.tenant(contoso.id) as tx:
        await service.find(tx, caller, "bert", machine=machine)  # names are no lookups

    machine.at = machine.at.replace(second=0)
    with pytest.raises(TooManyLookups):
        await look(0)
    machine.advance(timedelta(minutes=1))
    await look(0)
