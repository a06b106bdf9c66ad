"""The decision against every vector of the specification, and a fixture for each rule (external-access §0, §6–§9)."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.access.decide import decide, decide_request
from comity.access.evidence import Evidence
from comity.access.model import BURST_MAX, Decision, Person, Purpose, Rule
from comity.access.vectors import evaluate_access_vectors
from comity.core.catalogue import placeholders, sentences
from comity.core.ids import PERSONAL_REALM, UserId, new_id
from tests.access.people import CONTOSO, PAT, work

FILE = json.loads(Path(__file__).with_name("vectors.json").read_text())
VECTORS: list[dict[str, Any]] = FILE["vectors"]
PEOPLE = {
    "annie": {"id": "annie", "kind": "work", "tenant": "contoso", "email": "annie@contoso.example"},
    "bob": {"id": "bob", "kind": "work", "tenant": "fabrikam", "email": "bob@fabrikam.example"},
    "pat": {"id": "pat", "kind": "personal", "email": "pat@mail.example"},
    "old": {"id": "old", "kind": "skype", "email": "old@skype.example"},
}


def world(*users: dict[str, Any], **more: Any) -> dict[str, Any]:
    tenants = [{"id": "contoso", "domains": ["contoso.example"]}, {"id": "fabrikam", "domains": ["fabrikam.example"]}]
    return {"tenants": tenants, "users": [*PEOPLE.values(), *users], **more}


def crowd(count: int) -> list[dict[str, Any]]:
    return [{**PEOPLE["annie"], "id": f"u{n}", "email": f"u{n}@contoso.example"} for n in range(count)]


def asked(
    kind: str, initiator: str, *recipients: str, given: dict[str, Any] | None = None, **more: Any
) -> dict[str, Any]:
    when = {"kind": kind, "initiator": initiator, **({"recipients": list(recipients)} if recipients else {}), **more}
    return {"given": given or world(), "when": when}


def chat(*members: str, started_by: str, kind: str = "oneOnOne", **more: Any) -> dict[str, Any]:
    return {"type": kind, "started_by": started_by, "members": list(members), **more}


def actual(vector: dict[str, Any]) -> dict[str, Any]:
    (answer,) = evaluate_access_vectors([vector])
    return dict(answer["actual"])


@pytest.mark.parametrize("vector", VECTORS, ids=[each["id"] for each in VECTORS])
def test_the_decision_agrees_with_the_vector(vector: dict[str, Any]):
    """Allowed, rule, whose setting, and for a group the people it fails for."""
    answer, expected = actual(vector), vector["then"]

    assert {name: answer[name] for name in ("allowed", "deciding_rule", "decided_by")} == {
        name: expected[name] for name in ("allowed", "deciding_rule", "decided_by")
    }
    if "blocked" in expected:
        assert set(answer["blocked"]) == set(expected["blocked"])


FIXTURES = {
    Rule.SKYPE_RETIRED: asked("oneOnOne", "annie", "old"),
    Rule.GROUP_TOO_LARGE: asked("group", "annie", *(f"u{n}" for n in range(250)), given=world(*crowd(250))),
    Rule.CONSUMER_NOT_YET_AVAILABLE: asked("lookup", "annie", "pat", given=world(consumer_available=False)),
    Rule.REQUEST_PENDING: asked(
        "send", "annie", chat=chat("annie", "pat", started_by="annie", accepted=False, sent=BURST_MAX)
    ),
}
"""For rules that the vectors of the specification leave out."""


def decide_elsewhere() -> Decision:
    one, other = Person(PERSONAL_REALM, PAT.id), Person(CONTOSO, UserId(new_id()))
    return Evidence({one: PAT}, elsewhere={other}).decide(one, other, Purpose.START)


OTHERWISE: dict[Rule, Callable[[], Decision | None]] = {
    Rule.UNREACHABLE: lambda: decide(work(), replace(PAT, active=False), Purpose.START),
    Rule.BLOCKED_BY_YOU: lambda: decide_request(own="blocked", other="none", sent=0),
    Rule.BLOCKED_BY_PERSON: lambda: decide_request(own="none", other="blocked", sent=0),
    Rule.COULD_NOT_EVALUATE: decide_elsewhere,
}
"""For rules of our own, which no vector can say."""


@pytest.mark.parametrize("rule", FIXTURES)
def test_the_fixture_of_a_rule_is_decided_by_it(rule: Rule):
    """None of them is anybody's setting."""
    assert actual(FIXTURES[rule]) == {"allowed": False, "deciding_rule": rule.value, "decided_by": None}


@pytest.mark.parametrize("rule", OTHERWISE)
def test_a_rule_of_our_own_is_decided_by_it(rule: Rule):
    """Nothing of them is ever allowed."""
    decision = OTHERWISE[rule]()

    assert decision is not None
    assert (decision.allowed, decision.deciding_rule) == (False, rule)


def test_every_rule_has_a_sentence_with_facts_that_its_decisions_carry():
    """`why` says it in words, whoever asks."""
    words = sentences("en")
    for rule in Rule:
        about_one = {"subject"} if rule.value.startswith("policy-") or "domain" in rule.value else set()
        about_one |= {"subject"} if rule in {Rule.PARTICIPANT_RESTRICTED, Rule.BILATERAL_LIMIT} else set()
        assert placeholders(words[f"rule-{rule}"]) <= about_one


def test_no_rule_is_without_a_fixture():
    """A rule that nothing decides by is one that nobody notices when it stops working."""
    decided = {each["then"]["deciding_rule"] for each in VECTORS}

    assert decided | set(FIXTURES) | set(OTHERWISE) == set(Rule)
    assert set(FILE["rules"]) <= set(Rule)


REFUSED = {
    "PolicyNotFound": asked(
        "oneOnOne", "anna", "bob", given=world({**PEOPLE["annie"], "id": "anna", "policy": "Gone"})
    ),
    "tenant-unknown": asked("oneOnOne", "anna", "bob", given=world({**PEOPLE["annie"], "id": "anna", "tenant": None})),
    "InvalidDomain": asked("oneOnOne", "anna", "bob", given=world({**PEOPLE["annie"], "id": "anna", "email": "anna"})),
    "vector-invalid": asked("greet", "annie", "bob"),
}


def with_federation(**settings: Any) -> dict[str, Any]:
    given = world()
    given["tenants"][0] = {**given["tenants"][0], "federation": settings}
    return asked("oneOnOne", "annie", "bob", given=given)


BAD_SETTINGS = [
    ("InvalidDomain", {"BlockedDomains": ["no domain"]}),
    ("InvalidDomain", {"AllowedDomains": ["single"]}),
    ("TooManyDomains", {"AllowedDomains": [f"d{n}.example" for n in range(4001)]}),
    ("ParameterRetired", {"AllowPublicUsers": True}),
    ("InvalidEnumValue", {"ExternalAccessWithTrialTenants": "Perhaps"}),
    ("property-unknown", {"AllowMartians": True}),
    ("property-value-invalid", {"AllowFederatedUsers": "yes"}),
]


@pytest.mark.parametrize(("code", "vector"), REFUSED.items())
def test_what_cannot_be_decided_has_an_error_id(code: str, vector: dict[str, Any]):
    """Never allowed: a missing policy, a person without a tenant, an address without a domain."""
    assert evaluate_access_vectors([vector]) == [{"index": 0, "error": code}]


@pytest.mark.parametrize(("code", "settings"), BAD_SETTINGS)
def test_settings_that_cannot_be_have_an_error_id(code: str, settings: dict[str, Any]):
    """The documented one, also where the question would not read them."""
    assert evaluate_access_vectors([with_federation(**settings)]) == [{"index": 0, "error": code}]


def test_an_empty_allow_list_is_nobody_and_a_group_without_assignment_is_nothing():
    """Denied, and by the rule that says so."""
    lonely = {**PEOPLE["annie"], "id": "anna", "groups": ["deleted"]}
    assert actual(with_federation(AllowedDomains=[]))["deciding_rule"] == "tenant-domain-not-allowed"
    assert actual(asked("oneOnOne", "anna", "bob", given=world(lonely)))["deciding_rule"] == "ok"


@given(st.sampled_from(VECTORS), st.randoms(use_true_random=False))
@settings(max_examples=200, deadline=None)
def test_no_order_decides_anything(vector: dict[str, Any], shuffler: random.Random):
    """Policies, group assignments, groups, domains, users, tenants and recipients may come in any order.

    Of a failing group it is the first in order whose rule is told, so for groups only the answer is compared,
    and for whom it fails. A tenant's first domain is its default, and decides nothing.
    """
    shuffled = copy.deepcopy(vector)

    def shuffle(value: Any) -> None:
        if isinstance(value, dict | list):
            for each in value.values() if isinstance(value, dict) else value:
                shuffle(each)
        if isinstance(value, list):
            shuffler.shuffle(value)

    shuffle(shuffled)

    one, other = actual(vector), actual(shuffled)

    if vector["when"]["kind"] in ("lookup", "oneOnOne"):
        assert one == other
    assert one["allowed"] == other["allowed"]
    assert set(one.get("blocked", ())) == set(other.get("blocked", ()))


def test_a_document_without_vectors_has_no_answers():
    """The command line says so before it asks."""
    assert evaluate_access_vectors({"schema": "other"}) == evaluate_access_vectors(7) == []


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from(VECTORS), st.data())
def test_a_spoilt_vector_never_raises_and_never_stops_the_others(vector, data):
    """Any member, however deep, may be anything at all."""
    spoilt = copy.deepcopy(vector)
    where: Any = spoilt
    while True:
        key = data.draw(st.sampled_from(sorted(where) if isinstance(where, dict) else range(len(where))))
        deeper = where[key]
        if not isinstance(deeper, dict | list) or not deeper or data.draw(st.booleans()):
            where[key] = data.draw(junk)
            break
        where = deeper

    answers = evaluate_access_vectors([spoilt, VECTORS[0]])

    assert ("actual" in answers[0]) != ("error" in answers[0])
    assert answers[1]["actual"]["allowed"]
