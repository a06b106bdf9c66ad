"""Which spellings of a name meet, how misspelt names are found, and who comes first (people-search §7)."""

from __future__ import annotations

import pytest

from comity.chat import service as chat
from comity.people.query import read_query
from comity.people.spelling import stored_spellings, typed_spellings
from tests.people.conftest import index, names, represent, searcher
from tests.support.personal import person
from tests.support.world import Org


async def add(org: Org, *people: str) -> None:
    """People by full name: the first word is the given name. Their addresses say nothing of it."""
    for nr, name in enumerate(people):
        given, _, surname = name.partition(" ")
        await org.add_person(f"x{nr}.{len(org.people)}", display_name=name, given_name=given, surname=surname)
    await index(org)


@pytest.fixture
async def annie(contoso):
    return await contoso.add_person("q", display_name="Q", given_name="Q", surname=None)


@pytest.mark.parametrize(
    ("stored", "typed"),
    [
        (stored, typed)
        for forms in (
            ("Köhntopp", "köhntopp", "kohntopp", "Koehntopp", "KOEHNT", "köhnt"),
            ("Kohntopp", "köhntopp", "koehntopp"),
            ("Koehntopp", "köhntopp", "kohntopp", "köhn"),
            ("Strauß", "strauss", "STRAUSS", "strauß"),
            ("Łukasz", "lukasz", "łukasz"),
            ("Þór", "thor", "þór", "tho"),
            ("Søren", "soren", "soeren", "søren", "sören"),
            ("Soeren", "søren", "soren"),
            ("Håkon", "hakon", "haakon", "håkon"),
            ("Haakon", "håkon"),
            ("Özdemir", "ozdemir", "oezdemir"),
            ("İbrahim", "ibrahim", "İbrahim"),
            ("Nguyễn", "nguyen", "nguyễn"),
            ("O'Brien", "obrien", "o'brien", "brien", "o’b"),
            ("Владимир", "владимир", "Vladimir", "Wladimir", "vlad"),
            ("Юрий", "yury", "juri"),
            ("Γεώργιος", "georgios", "γεωργιος"),
            ("Χρήστος", "christos", "hristos"),
        )
        for stored in forms[:1]
        for typed in forms[1:]
    ],
)
async def test_stored_and_typed_forms_meet(contoso, annie, stored, typed):
    """Whichever way they are written, and from the beginning of a word on."""
    await add(contoso, f"Zz {stored}", "Zz Anders")

    assert await names(contoso, annie, typed) == [f"Zz {stored}"]


@pytest.mark.parametrize(
    ("stored", "typed"),
    [("Michael", "micha-"), ("Israel", "isral"), ("Duett", "dutt"), ("Michal", "michae"), ("Bauer", "baur-"),
     ("Zoe", "zo-"), ("Manuela", "manula-"), ("Goetz", "goz")],
)  # fmt: skip
def test_what_is_no_umlaut_is_not_bent(stored, typed):
    """Michael is not Michäl: `ae` stands for an umlaut only where it may."""
    words = (stored.lower(), *stored_spellings(stored.lower()))

    assert not any(form.startswith(typed) for form in words)
    assert not set(words) & {*typed_spellings(typed), typed}


@pytest.mark.parametrize("word", ["michael", "israel", "duett", "bauer", "neuer", "samuel", "joel", "zoe", "aktuell"])
def test_words_without_umlauts_have_one_spelling(word):
    assert stored_spellings(word) == typed_spellings(word) == ()


async def test_a_michael_is_found_as_a_misspelling_at_most(contoso, annie):
    """`Michäl` is one letter from `Michael`, as any other letter would be; whoever is really called so comes first."""
    await add(contoso, "Michael Abel", "Michal Zorn")

    assert await names(contoso, annie, "michäl") == ["Michal Zorn", "Michael Abel"]
    assert await names(contoso, annie, "isräl") == []
    assert await names(contoso, annie, "mich") == ["Michael Abel", "Michal Zorn"]


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        (name, typed)
        for name, every in (
            ("Marta Müller-Lüdenscheidt", ("müller", "lüdenscheidt", "luedensch", "marta lüd", "lüd müll",
                                           "müllerlüd")),
            ("Ursula von der Leyen", ("leyen", "vonder", "von der leyen", "ursula leyen", "leyen, ursula", "u leyen",
                                      "von der leyen ursula")),
            ("Anna-Lena Weiß", ("lena", "annalena", "anna-lena", "anna lena w", "weiss lena", "weiß l")),
            ("Hans Peter Schmidt", ("peter", "schmidt peter", "h schmidt", "s hans", "p h s")),
        )
        for typed in every
    ],
)  # fmt: skip
async def test_names_are_found_by_their_parts(contoso, annie, name, typed):
    """Either half of a double name, without particles, by initials, in either order."""
    given = name.rpartition(" ")[0] if name.startswith("Hans") else name.split(" ")[0]
    surname = name.removeprefix(given).strip()
    await contoso.add_person("x", display_name=name, given_name=given, surname=surname)
    await add(contoso, "Zz Anders", "Martin Anders", "Andrea Müll", "Ursel Levi")
    await index(contoso)

    assert name in await names(contoso, annie, typed)
    assert "Zz Anders" not in await names(contoso, annie, typed)


@pytest.mark.parametrize(
    ("typed", "finds"),
    [
        ("schmdt", True), ("shcmidt", True), ("schmidtt", True), ("schmadt", True), ("schmit", True),
        ("schmt", False), ("smchidt", False), ("chmi", False), ("schm1dt", False),
    ],
)  # fmt: skip
async def test_one_edit_is_forgiven_from_five_letters_on(contoso, annie, typed, finds):
    """Insert, delete, replace, swap of neighbours; not two of them."""
    await add(contoso, "Zz Schmidt")

    assert await names(contoso, annie, typed) == (["Zz Schmidt"] if finds else [])


@pytest.mark.parametrize(
    ("typed", "finds"),
    [
        ("ludensheid", True),
        ("lüdenschiedt", True),
        ("luudenscheitt", True),
        ("udenscheit", True),
        ("ldenscheixy", False),
    ],
)  # fmt: skip
async def test_two_edits_are_forgiven_from_nine_letters_on(contoso, annie, typed, finds):
    await add(contoso, "Marta Lüdenscheidt")

    assert await names(contoso, annie, typed) == (["Marta Lüdenscheidt"] if finds else [])


async def test_a_misspelt_word_narrows_with_the_others(contoso, annie):
    await add(contoso, "Anna Köhntopp", "Berta Köhntopp")

    assert await names(contoso, annie, "anna kohntop") == ["Anna Köhntopp"]
    assert await names(contoso, annie, "köntopp b") == ["Berta Köhntopp"]


RANKING: list[tuple[list[str], str, list[str]]] = [
    (["Ann Zorn", "Zoe Ann", "Anna Abel", "Abel Annas"], "ann", ["Ann Zorn", "Zoe Ann", "Anna Abel", "Abel Annas"]),
    (["Boehm Anna", "Anna Boehm"], "anna boehm", ["Anna Boehm", "Boehm Anna"]),
    (["Kohn Abel", "Abel Koehn", "Xaver Kohner"], "kohn", ["Kohn Abel", "Xaver Kohner", "Abel Koehn"]),
    (["Abel Meyer", "Zorn Meier", "Otto Meierhoff"], "meier", ["Zorn Meier", "Otto Meierhoff", "Abel Meyer"]),
    (["Zz Koehler", "Aa Kohlr", "Bb Köhler"], "kohler", ["Bb Köhler", "Zz Koehler", "Aa Kohlr"]),
    (["Otto Peter", "Peter Otto", "Petra Ott"], "peter otto", ["Otto Peter", "Peter Otto"]),
    (["Hans Peter Weber", "Peter Weber"], "peter", ["Peter Weber", "Hans Peter Weber"]),
    (["Eva Stein", "Eva Steiner", "Eva Ste"], "eva ste", ["Eva Ste", "Eva Stein", "Eva Steiner"]),
    (["Владимир Путник", "Vladimir Abel"], "vladimir", ["Vladimir Abel", "Владимир Путник"]),
    (["Bb Same", "Aa Same", "Cc Same"], "same", ["Aa Same", "Bb Same", "Cc Same"]),
]


@pytest.mark.parametrize(("people", "typed", "order"), RANKING, ids=[each[1] for each in RANKING])
async def test_better_matches_come_first(contoso, annie, people, typed, order):
    """Exact name, first name, last name, another spelling, misspelt, the rest; then by name."""
    await add(contoso, *people)

    assert await names(contoso, annie, typed) == order


async def test_title_department_and_address_come_last(contoso, annie):
    """They weigh least; of two words one may be of the work."""
    await contoso.add_person("sales.desk", display_name="Yy Abel", given_name="Yy", surname="Abel")
    await contoso.add_person("p1", display_name="Zz Weber", given_name="Zz", surname="Weber", department="Sales Süd")
    await contoso.add_person("p2", display_name="Salesia Weber", given_name="Salesia", surname="Weber")
    await contoso.add_person("p3", display_name="Uu Weber", given_name="Uu", surname="Weber", job_title="Sälzer")
    await index(contoso)

    assert await names(contoso, annie, "sales") == ["Salesia Weber", "Yy Abel", "Zz Weber"]
    assert await names(contoso, annie, "weber sales") == ["Salesia Weber", "Zz Weber"]
    assert await names(contoso, annie, "saelz") == ["Uu Weber"]


async def test_recent_contacts_come_first_then_the_own_tenant(contoso, fabrikam, annie):
    """Among equals: whom one chatted with lately, then colleagues, then the name."""
    await add(contoso, "Same Aa", "Same Bb")
    bob = await fabrikam.add_person("b", display_name="Same Ab", given_name="Same", surname="Ab")
    zed = await contoso.add_person("zed", display_name="Same Zz", given_name="Same", surname="Zz")
    await represent(contoso, bob)
    await index(contoso)
    assert await names(contoso, annie, "same") == ["Same Aa", "Same Bb", "Same Zz", "Same Ab"]

    await chat.start_chat(contoso.db, searcher(contoso, annie), to=person(zed))

    assert await names(contoso, annie, "same") == ["Same Zz", "Same Aa", "Same Bb", "Same Ab"]
    assert await names(contoso, annie, "same", at_most=2) == ["Same Zz", "Same Aa"]


def test_a_query_is_cut_to_what_tells_people_apart():
    """Ten thousand letters and a thousand words cost no more than eight words of a name."""
    assert len(read_query("a " * 1000).typed) == 8
    assert len(read_query("x" * 10_000).typed[0].word) == 60
