"""$filter, $search, $orderby, $expand: what is asked is what comes, as SQL parameters, along an index."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from urllib.parse import quote
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.core.criteria import (
    AnyItem,
    Compare,
    Criterion,
    CriterionUnsupported,
    Either,
    Every,
    HasWord,
    Not,
    Op,
    fits,
)
from comity.db.walking import Order
from comity.directory import finding
from comity.directory.model import User
from comity.web.graph.odata.reading import FilterUnreadable, is_advanced, read_filter, read_order, read_search
from tests.support.plans import gather_statistics
from tests.support.world import Org
from tests.web.client import Web, check_envelope

ADVANCED = {"ConsistencyLevel": "eventual"}
ID = UUID("8e881353-1735-45af-af21-ee1344582a4d")


@pytest.mark.parametrize(
    ("text", "criterion"),
    [
        ("displayName eq 'O''Neill'", Compare("displayName", Op.EQ, "O'Neill")),
        ("startswith(displayName, 'a')", Compare("displayName", Op.STARTS, "a")),
        ("startsWith(displayName,'a') eq true", Compare("displayName", Op.STARTS, "a")),
        ("endsWith(mail,'x') eq false", Not(Compare("mail", Op.ENDS, "x"))),
        ("contains(tolower(servicePrincipal/id),'ab')", Compare("servicePrincipal/id", Op.CONTAINS, "ab")),
        ("resourceId eq 8e881353-1735-45af-af21-ee1344582a4d", Compare("resourceId", Op.EQ, ID)),
        ("accountEnabled eq true and not(userType eq 'Guest')",
         Every((Compare("accountEnabled", Op.EQ, True), Not(Compare("userType", Op.EQ, "Guest"))))),
        ("city eq 'a' or city eq 'b' and state eq null",
         Either((Compare("city", Op.EQ, "a"),
                 Every((Compare("city", Op.EQ, "b"), Compare("state", Op.EQ, None)))))),
        ("city in ('a','b')", Either((Compare("city", Op.EQ, "a"), Compare("city", Op.EQ, "b")))),
        ("NOT(groupTypes/any(s:s eq 'Unified'))", Not(AnyItem("groupTypes", Compare("", Op.EQ, "Unified")))),
        ("assignedLicenses/any()", AnyItem("assignedLicenses", None)),
        ("assignedLicenses/$count eq 0", Not(AnyItem("assignedLicenses", None))),
        ("identities/any(c:c/issuerAssignedId eq 'x' and c/issuer eq 'y')",
         AnyItem("identities", Every((Compare("issuerAssignedId", Op.EQ, "x"), Compare("issuer", Op.EQ, "y"))))),
        ("createdDateTime ge 2026-01-02T03:04:05.1234567Z",
         Compare("createdDateTime", Op.GE, datetime(2026, 1, 2, 3, 4, 5, 123456, UTC))),
        ("createdDateTime lt 2026-01-02", Compare("createdDateTime", Op.LT, datetime(2026, 1, 2, tzinfo=UTC))),
    ],
)  # fmt: skip
def test_filters_are_read_as_graph_means_them(text, criterion):
    assert read_filter(text) == criterion


@pytest.mark.parametrize(
    "text",
    ["", "displayName", "displayName eq", "eq 'a'", "displayName eq 'a", "(displayName eq 'a'", "a eq 'b' c eq 'd'",
     "startswith(displayName)", "f(displayName,'a')", "startswith('a','b')", "displayName like 'a'",
     "a/any(b c eq 'd')", "createdDateTime eq 2026-99-99", "(" * 60 + "a eq 1" + ")" * 60, "a eq 1 " * 3000],
)  # fmt: skip
def test_what_is_no_filter_is_refused(text):
    with pytest.raises((FilterUnreadable, CriterionUnsupported)):
        read_filter(text)


@given(st.text(max_size=60))
def test_any_text_is_a_filter_or_refused(text):
    """Whatever somebody types, the reader ends in a criterion or in an error that says where."""
    with suppress(FilterUnreadable, CriterionUnsupported):
        assert read_filter(text) is not None
    with suppress(FilterUnreadable):
        assert read_search(text, ["displayName"]) is not None


def test_searches_are_words_of_properties():
    assert read_search('"displayName:wa"', []) == HasWord("displayName", "wa")
    assert read_search('"wa"', ["displayName", "description"]) == Either(
        (HasWord("displayName", "wa"), HasWord("description", "wa"))
    )
    both = Either((HasWord("displayName", "wa"), HasWord("displayName", "ad")))
    assert read_search('"displayName:wa" OR "displayName:ad"', []) == both
    assert read_search('("displayName:wa" OR "displayName:ad") AND "mail:x"', []) == Every((both, HasWord("mail", "x")))


def test_orders_are_one_property():
    assert read_order("displayName") == ("displayName", False)
    assert read_order("displayName desc") == ("displayName", True)
    for text in ("displayName,mail", "displayName sideways", "a b c", "desc,"):
        with pytest.raises(FilterUnreadable):
            read_order(text)


def test_what_is_advanced_is_named():
    """graph-api §1.5: ne, not, endsWith, and beginnings of other than the default properties."""
    for text, operator in [
        ("city ne 'a'", "ne"),
        ("not(city eq 'a')", "not"),
        ("endswith(mail,'a')", "endsWith"),
        ("startswith(city,'a')", "startsWith"),
        ("city eq 'a' and endswith(mail,'a')", "endsWith"),
        ("city eq 'a' or startswith(displayName,'a')", None),
    ]:
        assert is_advanced(read_filter(text), ["displayName"]) == operator


async def people(contoso: Org) -> dict[str, User]:
    return {
        "ann": await contoso.add_person("ann zimmer", city="Köln", department="Sales", job_title="Lead"),
        "bob": await contoso.add_person("bob young", city="Bonn", user_type="Guest", department=None),
        "zoe": await contoso.add_person("Zoë Annan", city="köln", account_enabled=False, mobile_phone="+49 1"),
    }


FILTERS = [
    ("city eq 'KÖLN'", {"ann", "zoe"}),
    ("city ne 'köln'", {"bob"}),
    ("department eq null", {"bob", "zoe"}),
    ("department ne null", {"ann"}),
    ("accountEnabled eq false", {"zoe"}),
    ("userType eq 'Guest' or city eq 'Köln'", {"ann", "bob", "zoe"}),
    ("not(userType eq 'Guest')", {"ann", "zoe"}),
    ("startswith(displayName,'ann')", {"ann"}),
    ("startswith(displayName,'zoë')", {"zoe"}),
    ("startswith(displayName,'zoe')", set()),
    ("endswith(mail,'example')", {"ann", "bob", "zoe"}),
    ("displayName in ('Ann Zimmer','Bob Young')", {"ann", "bob"}),
    ("businessPhones/any(p:p eq '1')", set()),
    ("proxyAddresses/any(p:startswith(p,'smtp:bob'))", {"bob"}),
    ("createdDateTime ge 2020-01-01", {"ann", "bob", "zoe"}),
    ("createdDateTime ge 2120-01-01T00:00:00Z", set()),
    ("mobilePhone eq '+49 1'", {"zoe"}),
    ("assignedLicenses/$count eq 0", {"ann", "bob", "zoe"}),
    ("jobTitle eq 'lead' and department eq 'sales'", {"ann"}),
    ("displayName eq '''; drop table users; --'", set()),
    ("city eq '%(tenant_id)s'", set()),
]


@pytest.mark.parametrize(("text", "names"), FILTERS)
async def test_a_filter_finds_whom_it_means(web: Web, contoso, fabrikam, text, names):
    """Compared with people of the same kind in another tenant, who never come."""
    found = await people(contoso)
    await people(fabrikam)
    token = await web.token_of(contoso)

    answer = await web.get(f"/v1.0/users?$count=true&$filter={quote(text)}", token, **ADVANCED)
    assert answer.status_code == 200, answer.text
    assert {each["id"] for each in answer.json()["value"]} == {str(found[name].id) for name in names}
    assert answer.json()["@odata.count"] == len(names)
    counted = await web.get(f"/v1.0/users/$count?$filter={quote(text)}", token, **ADVANCED)
    assert counted.text == str(len(names))


async def test_order_and_search_go_along_names(web: Web, contoso):
    found = await people(contoso)
    token = await web.token_of(contoso)

    async def names(query: str) -> list[str]:
        answer = await web.get(f"/v1.0/users?$count=true&$select=id&{query}", token, **ADVANCED)
        assert answer.status_code == 200, answer.text
        known = {str(each.id): name for name, each in found.items()}
        return [known[each["id"]] for each in answer.json()["value"]]

    assert await names("$orderby=displayName") == ["ann", "bob", "zoe"]
    assert await names("$orderby=displayName desc") == ["zoe", "bob", "ann"]
    assert await names("$orderby=userPrincipalName") == ["ann", "bob", "zoe"]
    assert await names('$search="displayName:ann"&$orderby=displayName') == ["ann", "zoe"]
    assert await names('$search="displayName:zoe"') == ["zoe"]
    assert await names('$search="displayName:ann" AND "displayName:zim"') == ["ann"]
    error = check_envelope(await web.get('/v1.0/users?$search="a"', token), 400, "Request_UnsupportedQuery")
    assert error["message"].startswith("Request with $search query parameter only works through MSGraph")


async def test_pages_of_a_filter_and_an_order_show_everybody_once(web: Web, contoso):
    """The link carries filter, order and the advanced mode; clients resend no header (graph-api §1.5)."""
    made = [await contoso.add_person(f"p{number}", city="a" if number % 2 else "b") for number in range(9)]
    token = await web.token_of(contoso)

    for order in ("", "&$orderby=displayName desc", "&$orderby=userPrincipalName"):
        path = f"/v1.0/users?$top=2&$select=id&$count=true&$filter=city eq 'a'{order}"
        seen: list[str] = []
        headers = ADVANCED
        while path:
            answer = await web.get(path, token, **headers)
            assert answer.status_code == 200, answer.text
            seen += [each["id"] for each in answer.json()["value"]]
            path, headers = answer.json().get("@odata.nextLink", "").removeprefix("http://lab.example:8080"), {}
        expected = [str(each.id) for each in made if each.city == "a"]
        assert seen == (expected[::-1] if "desc" in order else expected)


async def test_a_walk_that_finds_nobody_goes_on(contoso):
    """A page looks at a bounded number of rows: it may be empty, and the next one begins where it ended."""
    await contoso.add_many(25)
    target = await contoso.add_person("the one", city="x")
    walk = finding.USERS
    async with contoso.db.tenant(contoso.id) as tx:
        found, pages, after = [], 0, None
        while True:
            page = await walk.find(tx, criterion=Compare("city", Op.EQ, "x"), after=after, at_most=5, walk_max=10)
            found += page.items
            pages, after = pages + 1, page.after
            if after is None:
                break
        assert [each.id for each in found] == [target.id]
        assert pages >= 3


@pytest.mark.parametrize(
    ("criterion", "order", "index"),
    [
        (None, None, "users_pkey"),
        (None, Order("displayName"), "users_by_name"),
        (Compare("displayName", Op.STARTS, "ann"), None, "users_by_name"),
        (Compare("displayName", Op.EQ, "ann"), None, "users_by_name"),
        (Compare("mail", Op.EQ, "a@b.example"), None, "users_by_mail"),
        (Compare("userPrincipalName", Op.STARTS, "a"), None, "users_upn_unique"),
        (Compare("id", Op.EQ, ID), None, "users_pkey"),
        (Compare("city", Op.EQ, "x"), Order("userPrincipalName", descending=True), "users_upn_unique"),
    ],
)
async def test_every_form_keeps_an_index(contoso, database_url, criterion, order, index):
    """Design §4.13: explained as the application role, in a tenant with people."""
    await contoso.add_many(2000)
    gather_statistics(database_url, "users")
    async with contoso.db.tenant(contoso.id) as tx:
        statement, parameters = finding.USERS.page_statement(criterion=criterion, order=order, at_most=100)
        plan = await tx.explain(statement, **parameters)
    assert index in plan, plan
    assert "Seq Scan" not in plan, plan


def test_things_at_hand_are_chosen_alike():
    """The same criteria without a database: domains, roles, jobs."""
    thing = {"name": "Köln", "n": 3, "on": True, "none": None, "items": ["a", "B"]}

    cases: list[tuple[Criterion, bool]] = [
        (Compare("name", Op.EQ, "KÖLN"), True),
        (Compare("name", Op.NE, "x"), True),
        (Compare("none", Op.EQ, None), True),
        (Compare("none", Op.LT, 3), False),
        (Compare("n", Op.GE, 3), True),
        (AnyItem("items", Compare("", Op.EQ, "b")), True),
        (AnyItem("items", Compare("", Op.STARTS, "c")), False),
        (Not(Compare("on", Op.EQ, True)), False),
        (HasWord("name", "kö"), True),
    ]
    for criterion, expected in cases:
        assert fits(criterion, thing.get) is expected, criterion
    with pytest.raises(CriterionUnsupported):
        fits(Compare("n", Op.GT, "3"), thing.get)
