"""Rules of group chats that no single vector shows (external-access §8, §9)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from comity.access.decide import decide
from comity.access.group_chats.decide import (
    ADDED_MAX,
    PEOPLE_MAX,
    decide_add,
    decide_group,
    decide_group_send,
)
from comity.access.model import (
    AddressedBy,
    Decision,
    ExternalAccessPolicy,
    Identity,
    Purpose,
    Rule,
    TenantConfiguration,
)
from tests.access.people import CONTOSO, FABRIKAM, PAT, SAM, TAILSPIN, configurations, policies, work

CLOSED = ExternalAccessPolicy(name="Closed", enable_federation_access=False)
BILATERAL = ExternalAccessPolicy(name="Bi", federated_bilateral_chats=True)
TOO_LARGE = Decision(False, Rule.GROUP_TOO_LARGE)


def colleagues(count: int) -> list[Identity]:
    return [work() for _ in range(count)]


@st.composite
def groups(draw: st.DrawFn) -> list[Identity]:
    """Two to five people of three tenants and of none; people of one tenant share its configuration."""
    sides = {each: {"configuration": draw(configurations)} for each in (CONTOSO, FABRIKAM, TAILSPIN)}
    tenants = draw(st.lists(st.sampled_from([CONTOSO, FABRIKAM, TAILSPIN, None]), min_size=2, max_size=5))
    strangers = [PAT, SAM]
    people = [
        strangers[n % 2] if each is None else work(each, policy=draw(policies), **sides[each])
        for n, each in enumerate(tenants)
    ]
    return list({each.id: each for each in people}.values())


@given(groups(), st.randoms(use_true_random=False))
@settings(deadline=None)
def test_the_order_of_recipients_decides_nothing_but_the_wording(people, shuffler):
    """Whether it is allowed, and for whom it fails, does not depend on it."""
    initiator, recipients = people[0], people[1:]
    shuffled = list(recipients)
    shuffler.shuffle(shuffled)

    one, other = decide_group(initiator, recipients), decide_group(initiator, shuffled)

    assert one.decision.allowed == other.decision.allowed
    assert {each.id for each in one.blocked} == {each.id for each in other.blocked}


@given(groups())
@settings(deadline=None)
def test_a_group_needs_no_less_than_its_pairs(people):
    """The star: allowed only if whoever begins it may begin with each; members are not checked against each other."""
    initiator, recipients = people[0], people[1:]
    pairs = [decide(initiator, each, Purpose.START) for each in recipients]
    found = decide_group(initiator, recipients)

    assert [each.id for each in found.blocked] == [
        each.id for each, pair in zip(recipients, pairs, strict=True) if not pair.allowed
    ]
    if found.blocked:
        assert found.decision == next(each for each in pairs if not each.allowed)


@given(groups())
@settings(deadline=None)
def test_switches_about_members_only_ever_refuse(people):
    """Tightening never allows more: each of the three rules is a further condition."""
    initiator, recipients = people[0], people[1:]
    allowed = decide_group(initiator, recipients).decision.allowed
    tightened = [_tightened(each) for each in people]

    assert decide_group(tightened[0], tightened[1:]).decision.allowed <= allowed


def _tightened(person: Identity) -> Identity:
    if person.side is None:
        return person
    now = person.side.configuration
    strict = replace(now, restrict_chat_participants=True, mutual_chat_participants=True)
    side = replace(person.side, configuration=strict)
    return replace(person, side=side, policy=replace(person.policy, federated_bilateral_chats=True))


def test_250_people_are_the_limit_and_200_at_once():
    """Whoever makes the group counts (external-access §8)."""
    annie, people = work(), colleagues(PEOPLE_MAX)

    assert decide_group(annie, people[: PEOPLE_MAX - 1]).decision.deciding_rule is Rule.INTERNAL
    assert decide_group(annie, people).decision == TOO_LARGE

    members = [annie, *people[:40]]
    chat: dict[str, Any] = {"started_by": annie, "members": members}
    assert decide_add(annie, people[40 : 40 + ADDED_MAX], **chat).allowed
    assert decide_add(annie, people[40 : 41 + ADDED_MAX], **chat) == TOO_LARGE
    full: dict[str, Any] = {"started_by": annie, "members": [annie, *people[: PEOPLE_MAX - 1]]}
    assert decide_add(annie, [people[-1]], **full) == TOO_LARGE


def test_an_internal_colleague_without_rights_joins_a_colleagues_chat_only():
    """An outside person's chat cannot pull him in: this follows from the star."""
    annie, alan, bob = work(), work(policy=CLOSED), work(FABRIKAM)

    assert decide_group(annie, [alan, bob]).decision.allowed
    refused = decide_group(bob, [annie, alan])
    assert refused.decision == Decision(False, Rule.POLICY_FEDERATION_OFF, CONTOSO, "Closed")
    assert refused.blocked == (alan,)


def test_restricted_people_stay_out_of_chats_with_outside_people():
    """Also with personal accounts; among colleagues the switch means nothing."""
    restricting = TenantConfiguration(restrict_chat_participants=True)
    annie, alan = work(configuration=restricting), work(configuration=restricting, policy=CLOSED)
    refused = Decision(False, Rule.PARTICIPANT_RESTRICTED, CONTOSO, "Closed")

    assert decide_group(annie, [alan, work(FABRIKAM)]).decision == refused
    assert decide_group(annie, [alan, PAT]).decision == refused
    assert decide_group(annie, [alan]).decision.deciding_rule is Rule.INTERNAL


def test_mutual_trust_binds_the_tenants_own_people_and_ignores_inbound():
    """Each of them needs a valid pair with every other participant, with purpose send."""
    mutual = TenantConfiguration(mutual_chat_participants=True)
    annie = work()
    bob = work(FABRIKAM, configuration=replace(mutual, blocked_domains=frozenset({"tailspin.example"})))
    charlie = work(TAILSPIN)
    assert decide_group(annie, [bob, charlie]).decision == Decision(False, Rule.MUTUAL_FEDERATION, FABRIKAM)
    assert decide_group(annie, [work(FABRIKAM, configuration=mutual), charlie]).decision.allowed

    closed_inbound = work(FABRIKAM, configuration=replace(mutual, allow_teams_consumer_inbound=False))
    assert decide_group(annie, [closed_inbound, PAT]).decision.allowed
    closed = work(FABRIKAM, configuration=replace(mutual, allow_teams_consumer=False))
    assert decide_group(annie, [closed, PAT]).decision.deciding_rule is Rule.MUTUAL_FEDERATION


def test_two_organisations_are_enough_for_bilateral_people_and_personal_accounts_are_one():
    """Whoever's policy says so, as a participant of any role."""
    annie, bob = work(policy=BILATERAL), work(FABRIKAM)

    assert decide_group(annie, [work(), bob, work(FABRIKAM)]).decision.allowed
    assert decide_group(annie, [PAT, SAM]).decision.allowed
    for people in ([annie, bob, PAT], [bob, annie, work(TAILSPIN)]):
        found = decide_group(people[0], people[1:]).decision
        assert found == Decision(False, Rule.BILATERAL_LIMIT, CONTOSO, "Bi")


def test_adding_takes_the_adder_and_whoever_began_the_chat():
    """The adder has to find the person; a personal account adding a work user is inbound contact."""
    annie, bob = work(), work(FABRIKAM)
    closed_to_bob = work(TAILSPIN, configuration=TenantConfiguration(blocked_domains=frozenset({"fabrikam.example"})))
    closed_to_annie = work(
        TAILSPIN, configuration=TenantConfiguration(blocked_domains=frozenset({"eu.contoso.example"}))
    )
    chat: dict[str, Any] = {"started_by": annie, "members": [annie, bob]}
    for newcomer in (closed_to_bob, closed_to_annie):
        assert decide_add(bob, [newcomer], **chat).decided_by == TAILSPIN
    assert decide_add(bob, [work(TAILSPIN)], **chat) == Decision(True, Rule.OK)
    assert decide_add(annie, [work()], **chat) == Decision(True, Rule.INTERNAL)

    no_inbound = TenantConfiguration(allow_teams_consumer_inbound=False)
    with_pat: dict[str, Any] = {"started_by": annie, "members": [annie, PAT]}
    assert decide_add(PAT, [work(configuration=no_inbound)], **with_pat).deciding_rule is (
        Rule.TENANT_CONSUMER_INBOUND_OFF
    )
    assert decide_add(bob, [work(TAILSPIN)], by=AddressedBy.PHONE, **chat).deciding_rule is (
        Rule.PHONE_FINDS_PERSONAL_ONLY
    )


def test_a_phone_number_is_the_adders_and_not_the_initiators():
    """Who began the chat addressed nobody: a colleague found by number joins a chat that somebody outside began."""
    annie, bob = work(), work(FABRIKAM)
    chat: dict[str, Any] = {"started_by": bob, "members": [bob, annie]}

    assert decide_add(annie, [work()], by=AddressedBy.PHONE, **chat).allowed


def test_writing_in_a_group_rests_on_whoever_began_it():
    """Two members who do not trust each other may both write in a third one's chat."""
    closed = TenantConfiguration(blocked_domains=frozenset({"tailspin.example"}))
    annie, bob, charlie = work(), work(FABRIKAM, configuration=closed), work(TAILSPIN)
    chat: dict[str, Any] = {"started_by": annie, "members": [annie, bob, charlie]}
    for sender in (annie, bob, charlie):
        assert decide_group_send(sender, **chat) == Decision(True, Rule.OK)

    shut = work(FABRIKAM, configuration=TenantConfiguration(allow_federated_users=False))
    chat["members"] = [annie, shut]
    assert decide_group_send(shut, **chat) == Decision(False, Rule.TENANT_FEDERATION_OFF, FABRIKAM)


def test_whoever_began_it_writes_while_somebody_is_left():
    """One who still may be reached, or a colleague; otherwise the first member's rule."""
    shut = TenantConfiguration(allow_federated_users=False)
    annie, bob, charlie = work(), work(FABRIKAM, configuration=shut), work(TAILSPIN)
    chat: dict[str, Any] = {"started_by": annie}

    assert decide_group_send(annie, members=[annie, bob, charlie], **chat) == Decision(True, Rule.OK)
    assert decide_group_send(annie, members=[annie, bob, work()], **chat) == Decision(True, Rule.OK)
    assert decide_group_send(annie, members=[annie, work()], **chat) == Decision(True, Rule.INTERNAL)
    assert decide_group_send(annie, members=[annie, bob], **chat).decided_by == FABRIKAM
    assert decide_group_send(annie, members=[annie], **chat) == Decision(True, Rule.INTERNAL)
    assert decide_group_send(PAT, started_by=PAT, members=[PAT, SAM]) == Decision(True, Rule.PERSONAL_PERSONAL)


def test_nothing_is_available_before_the_date():
    """The installation's date holds for each pair across that border, in groups as well."""
    annie = work()
    found = decide_group(annie, [PAT], consumer_available=False)

    assert found.decision.deciding_rule is Rule.CONSUMER_NOT_YET_AVAILABLE
    chat: dict[str, Any] = {"started_by": annie, "members": [annie, PAT]}
    assert not decide_group_send(PAT, consumer_available=False, **chat).allowed
    assert not decide_add(annie, [SAM], consumer_available=False, **chat).allowed
