"""The rules of an import, as pure functions: what a row says, and what a batch does to the directory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.core.folding import address_key
from comity.core.ids import TenantId, UserId
from comity.directory.imports.columns import Special, column
from comity.directory.imports.decide import BatchPlan, Known, Seen, decide_batch
from comity.directory.imports.model import Candidate, RawRow, Rejection
from comity.directory.imports.parse import parse_row
from comity.directory.model import Attribute, User

AT = datetime(2026, 3, 1, tzinfo=UTC)
TENANT = TenantId(UUID(int=1))
DOMAINS = frozenset({"contoso.example", "xn--kln-sna.example"})


def parsed(**values: Any) -> Candidate | Rejection:
    return parse_row(RawRow(2, {"userPrincipalName": "annie@contoso.example", **values}), domains=DOMAINS)


def reason(**values: Any) -> str | None:
    found = parsed(**values)
    return found.reason.value if isinstance(found, Rejection) else None


def value(attribute: Attribute, **values: Any) -> Any:
    found = parsed(**values)
    assert isinstance(found, Candidate)
    return found.values.get(attribute)


@pytest.mark.parametrize(
    ("header", "meaning"),
    [
        ("userPrincipalName", Attribute.USER_PRINCIPAL_NAME),
        ("User name [userPrincipalName] Required", Attribute.USER_PRINCIPAL_NAME),
        ("User principal name", Attribute.USER_PRINCIPAL_NAME),
        ("Name [displayName] Required", Attribute.DISPLAY_NAME),
        ("Block sign in (Yes/No) [accountEnabled] Required", Special.BLOCKED),
        ("Block credential", Special.BLOCKED),
        ("accountEnabled", Attribute.ACCOUNT_ENABLED),
        ("ACCOUNTENABLED", Attribute.ACCOUNT_ENABLED),
        ("invitationState", Attribute.EXTERNAL_USER_STATE),
        ("physicalDeliveryOfficeName", Attribute.OFFICE_LOCATION),
        ("Object ID", Special.ID),
        ("consentProvidedForMinor", None),
        ("Initial password [passwordProfile] Required", None),
    ],
)
def test_every_header_style_of_the_product_is_known(header: str, meaning: object):
    """Export, bulk template, Microsoft 365 admin center."""
    assert column(header).meaning is meaning


@pytest.mark.parametrize(
    ("upn", "expected"),
    [
        ("", "row-upn-empty"),
        ("  \u200b ", "row-upn-empty"),
        (None, "row-upn-empty"),
        ("annie", "row-upn-no-address"),
        ("@contoso.example", "row-upn-no-address"),
        ("annie@", "row-upn-no-address"),
        ("a b@contoso.example", "row-upn-no-address"),
        ("a@b@contoso.example", "row-upn-no-address"),
        ("a..b@contoso.example", "row-upn-no-address"),
        (".a@contoso.example", "row-upn-no-address"),
        ("a.@contoso.example", "row-upn-no-address"),
        ("an\u200bnie@contoso.example", "row-upn-no-address"),
        ("annie@contoso", "row-upn-no-address"),
        ("annie@fabrikam.example", "row-upn-foreign-domain"),
        ("annie@sub.contoso.example", "row-upn-foreign-domain"),
        ("annie@contoso.example.", None),
        (" ANNIE@Contoso.Example ", None),
        ("käthe@köln.example", None),
        ("o'brien@contoso.example", None),
        ("alice_fabrikam.example#EXT#@fabrikam.example", "row-upn-foreign-domain"),
        ("an\x00nie@contoso.example", "row-text-invalid"),
    ],
)
def test_a_upn_is_an_address_in_a_domain_of_the_tenant(upn: Any, expected: str | None):
    """In whatever letters, with blanks around it, in Unicode or as it travels."""
    assert reason(userPrincipalName=upn) == expected


@pytest.mark.parametrize(
    "mail", ["broken", "a@b@c.example", "a@", "a b@c.example", "a@c.example;b@d.example", "a@c", "A <a@c.example>"]
)
def test_a_broken_mail_rejects_the_row(mail: str):
    """An empty one does not."""
    assert reason(mail=mail) == "row-mail-invalid"
    assert reason(mail=" ") is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("True", True),
        ("true", True),
        ("WAHR", True),
        ("Ja", True),
        ("1", True),
        (True, True),
        ("False", False),
        ("FALSCH", False),
        ("no", False),
        ("0", False),
        (False, False),
        ("", None),
    ],
)
def test_a_truth_is_read_as_programs_and_a_german_excel_write_it(text: Any, expected: bool | None):
    """Excel turns True into WAHR as soon as it opens the file."""
    assert value(Attribute.ACCOUNT_ENABLED, accountEnabled=text) is expected


def test_to_block_somebody_is_not_to_enable_her():
    """The bulk template asks the opposite question under the same property name."""
    header = "Block sign in (Yes/No) [accountEnabled] Required"

    assert value(Attribute.ACCOUNT_ENABLED, **{header: "Yes"}) is False
    assert value(Attribute.ACCOUNT_ENABLED, **{header: "No"}) is True


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("userType", "Mitarbeiter"),
        ("accountEnabled", "maybe"),
        ("externalUserState", "Declined"),
        ("ageGroup", "Old"),
        ("showInAddressList", "2"),
        ("creationType", "Birth"),
        ("consentProvidedForMinor", "Perhaps"),
    ],
)
def test_an_unknown_value_of_an_enumeration_rejects_the_row(name: str, text: str):
    """Also of those that Comity does not keep: the row is not what it claims to be."""
    assert reason(**{name: text}) == "row-value-unknown"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x" * 1024, None),
        ("x" * 1025, "row-text-invalid"),
        ("a\x00b", "row-text-invalid"),
        ("a\ud800b", "row-text-invalid"),
        (["a"], "row-value-type"),
        ({"a": 1}, "row-value-type"),
        (1.5, "row-value-type"),
        (12345, None),
    ],
)
def test_a_text_is_one_that_can_be_stored(text: Any, expected: str | None):
    """JSON can say much that no column holds; a number where people write one is taken as text."""
    assert reason(postalCode=text) == expected


@pytest.mark.parametrize(
    "text", ["x", "0" * 32, "00000000-0000-0000-0000-000000000000", "12345678-1234-1234-1234-12345678901"]
)
def test_an_object_id_is_a_guid(text: str):
    """The one of nobody is none."""
    assert reason(id=text) == "row-id-invalid"


UPNS = tuple(f"{name}@contoso.example" for name in "abcd")
PEOPLE = tuple(UserId(UUID(int=100 + nr)) for nr in range(4))

ROWS = st.lists(
    st.fixed_dictionaries({"userPrincipalName": st.sampled_from(UPNS)}, optional={
        "id": st.sampled_from([str(each) for each in PEOPLE]), "jobTitle": st.sampled_from(["x", "y"]),
        "userType": st.sampled_from(["Member", "Guest"]),
    }), max_size=7,
)  # fmt: skip


@settings(max_examples=500)
@given(
    start=st.permutations(UPNS).flatmap(lambda upns: st.integers(0, 3).map(lambda n: upns[:n])),
    rows=ROWS,
    size=st.integers(1, 7),
)
def test_whatever_the_rows_and_batches(start: list[str], rows: list[dict[str, str]], size: int):
    """Each row comes to one end, nobody shares a UPN, and a second run changes nothing."""
    directory = Directory(zip(PEOPLE, start, strict=False))

    first = directory.bring(rows, size)
    upns = [address_key(user.user_principal_name) for user in directory.users.values()]
    again = directory.bring(rows, size)

    assert sum(first.values()) == sum(again.values()) == len(rows)
    assert len(upns) == len(set(upns))
    assert (again["creates"], again["updates"]) == (0, 0)


@settings(max_examples=200)
@given(order=st.permutations(range(4)), size=st.integers(1, 4))
def test_any_permutation_of_upns_goes_through(order: list[int], size: int):
    """Swaps, chains and rings, whole or cut into batches."""
    directory = Directory(zip(PEOPLE, UPNS, strict=True))

    counts = directory.bring(
        [{"id": str(person), "userPrincipalName": UPNS[to]} for person, to in zip(PEOPLE, order, strict=True)], size
    )

    assert counts["rejected"] == 0
    assert [directory.users[person].user_principal_name for person in PEOPLE] == [UPNS[to] for to in order]


class Directory:
    """A directory in memory, which takes batches as the service does."""

    def __init__(self, people: Iterable[tuple[UserId, str]]) -> None:
        self.users = {
            person: User(tenant_id=TENANT, id=person, display_name="P", user_principal_name=upn, created_at=AT)
            for person, upn in people
        }
        self._ids = (UserId(UUID(int=nr)) for nr in count(1000))

    def bring(self, rows: list[dict[str, str]], size: int) -> Mapping[str, int]:
        candidates = [parse_row(RawRow(line, row), domains=DOMAINS) for line, row in enumerate(rows, 2)]
        assert all(isinstance(each, Candidate) for each in candidates)
        seen, waiting = Seen(), []
        counts = dict.fromkeys(("creates", "updates", "unchanged", "rejected"), 0)
        for start in range(0, len(rows), size):
            plan = self._decide(candidates[start : start + size], seen, last=False)
            self._apply(plan, seen, counts)
            waiting += plan.waiting
            seen.upns_waited_for |= {row.upn_key for row in plan.waiting}
            seen.people_waiting |= {row.user_id for row in plan.waiting if row.user_id}
        plan = self._decide(sorted(waiting, key=lambda row: row.line), seen, last=True)
        assert plan.waiting == []
        self._apply(plan, seen, counts)
        return counts

    def _decide(self, rows: list[Any], seen: Seen, *, last: bool) -> BatchPlan:
        by_upn = {address_key(user.user_principal_name): user for user in self.users.values()}
        return decide_batch(
            rows, known=Known(self.users, by_upn, frozenset()), seen=seen, tenant_id=TENANT, at=AT,
            make_id=lambda: next(self._ids), last=last,
        )  # fmt: skip

    def _apply(self, plan: BatchPlan, seen: Seen, counts: dict[str, int]) -> None:
        self.users |= {each.after.id: each.after for each in plan.updates}
        self.users |= {each.user.id: each.user for each in plan.creates}
        seen.people |= {each.after.id for each in plan.updates} | {each.user.id for each in plan.creates}
        seen.people |= {each.user_id for each in plan.unchanged}
        for name in counts:
            counts[name] += len(getattr(plan, name))
