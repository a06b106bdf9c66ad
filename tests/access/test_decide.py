"""Laws of the decision that no single vector shows (external-access §6 to §11)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from comity.access.decide import as_seen_by_actor, decide, decide_request
from comity.access.model import (
    AccountKind,
    AddressedBy,
    BlockedIndividuals,
    Decision,
    ExternalAccessPolicy,
    ExternalOrgs,
    Identity,
    Purpose,
    Rule,
    Side,
    TenantConfiguration,
    TrialTenants,
)
from comity.core.ids import TenantId, UserId, new_id
from comity.tenancy.model import Cloud

CONTOSO, FABRIKAM = TenantId(new_id()), TenantId(new_id())
PERSON = Identity(
    id=UserId(new_id()), kind=AccountKind.PERSONAL, address="pat@outlook.example", domain="outlook.example"
)


def work(tenant_id: TenantId, domain: str, **values: Any) -> Identity:
    policy = values.pop("policy", ExternalAccessPolicy())
    return Identity(
        id=UserId(new_id()), kind=AccountKind.WORK, address=f"x@{domain}", domain=domain, policy=policy,
        side=Side(tenant_id=tenant_id, domains=frozenset({domain}), **values),
    )  # fmt: skip


ANNIE, BOB = work(CONTOSO, "contoso.example"), work(FABRIKAM, "fabrikam.example")

switches = st.booleans()
domain_sets = st.sets(st.sampled_from(["fabrikam.example", "contoso.example", "example", "eu.fabrikam.example"])).map(
    frozenset
)
configurations = st.builds(
    TenantConfiguration, allow_federated_users=switches, allowed_domains=st.none() | domain_sets,
    blocked_domains=domain_sets, block_all_subdomains=switches, allow_teams_consumer=switches,
    allow_teams_consumer_inbound=switches, restrict_consumer_to_directory=switches,
    trial_tenants=st.sampled_from(TrialTenants), allowed_trial_domains=domain_sets, customize_federation=switches,
)  # fmt: skip
policies = st.builds(
    ExternalAccessPolicy, enable_federation_access=switches,
    communication_with_external_orgs=st.sampled_from(ExternalOrgs),
    allowed_external_domains=domain_sets, blocked_external_domains=domain_sets, enable_consumer_access=switches,
    enable_consumer_inbound=switches, restrict_consumer_to_directory=switches,
)  # fmt: skip
sides = st.fixed_dictionaries(
    {"configuration": configurations, "policy": policies, "trial": switches, "cloud": st.sampled_from(Cloud)}
)
purposes = st.sampled_from(Purpose)


@given(sides, sides, purposes)
def test_work_and_work_is_decided_alike_in_both_directions(ours, theirs, purpose):
    """There is no inbound-only or outbound-only federation between tenants (external-access §7.1)."""
    annie, bob = work(CONTOSO, "contoso.example", **ours), work(FABRIKAM, "fabrikam.example", **theirs)

    assert decide(annie, bob, purpose).allowed == decide(bob, annie, purpose).allowed


@given(sides, configurations, policies, purposes)
def test_federation_settings_never_change_a_consumer_decision(side, other, policy, purpose):
    """Two families with separate switches; neither influences the other (external-access §6)."""
    consumer = ("allow_teams_consumer", "allow_teams_consumer_inbound", "restrict_consumer_to_directory")
    personal = ("enable_consumer_access", "enable_consumer_inbound", "restrict_consumer_to_directory")
    annie = work(CONTOSO, "contoso.example", **side)
    other = replace(other, **{name: getattr(side["configuration"], name) for name in consumer})
    policy = replace(policy, **{name: getattr(side["policy"], name) for name in personal})
    changed = work(CONTOSO, "contoso.example", **{**side, "configuration": other, "policy": policy})

    assert decide(annie, PERSON, purpose)[:3] == decide(changed, PERSON, purpose)[:3]
    assert decide(PERSON, annie, purpose)[:3] == decide(PERSON, changed, purpose)[:3]


@given(sides, sides, configurations, policies, purposes)
def test_consumer_settings_never_change_a_federation_decision(ours, theirs, other, policy, purpose):
    """And the other way round: what is said about personal accounts is nothing to people of tenants."""
    consumer = ("allow_teams_consumer", "allow_teams_consumer_inbound", "restrict_consumer_to_directory")
    personal = ("enable_consumer_access", "enable_consumer_inbound", "restrict_consumer_to_directory")
    annie, bob = work(CONTOSO, "contoso.example", **ours), work(FABRIKAM, "fabrikam.example", **theirs)
    other = replace(ours["configuration"], **{name: getattr(other, name) for name in consumer})
    policy = replace(ours["policy"], **{name: getattr(policy, name) for name in personal})
    changed = work(CONTOSO, "contoso.example", **{**ours, "configuration": other, "policy": policy})

    for available in (True, False):
        assert decide(annie, bob, purpose)[:3] == decide(changed, bob, purpose, consumer_available=available)[:3]
        assert decide(bob, annie, purpose)[:3] == decide(bob, changed, purpose, consumer_available=available)[:3]


def tightenings(configuration: TenantConfiguration, policy: ExternalAccessPolicy) -> dict[str, dict[str, Any]]:
    """Every setting that a decision of a pair reads, each taken one step further to "no"."""
    domain, other = "fabrikam.example", "eu.fabrikam.example"
    of_tenant: dict[str, Any] = {
        "allow_federated_users": False, "allow_teams_consumer": False, "allow_teams_consumer_inbound": False,
        "restrict_consumer_to_directory": True, "block_all_subdomains": True, "trial_tenants": TrialTenants.BLOCKED,
        "blocked_domains": configuration.blocked_domains | {domain},
        "allowed_domains": (configuration.allowed_domains or frozenset()) - {domain},
        "allowed_trial_domains": configuration.allowed_trial_domains - {domain},
    }  # fmt: skip
    # Where the tenant had no allow list, any is tighter; only where it had one, its block list was ignored.
    if configuration.allowed_domains is None:
        of_tenant["allowed_domains"] = frozenset({domain, other}) - configuration.blocked_domains
        if configuration.block_all_subdomains:
            del of_tenant["allowed_domains"]
    of_policy: dict[str, Any] = {
        "enable_federation_access": False, "enable_consumer_access": False, "enable_consumer_inbound": False,
        "restrict_consumer_to_directory": True,
        "allowed_external_domains": policy.allowed_external_domains - {domain},
        "blocked_external_domains": policy.blocked_external_domains | {domain},
    }  # fmt: skip
    if configuration.customize_federation:
        of_policy["communication_with_external_orgs"] = ExternalOrgs.BLOCK_ALL
    return {
        **{f"tenant {name}": {"configuration": replace(configuration, **{name: value})}
           for name, value in of_tenant.items()},
        **{f"policy {name}": {"policy": replace(policy, **{name: value})} for name, value in of_policy.items()},
        "person blocked": {"blocked": BlockedIndividuals(in_force=True, addresses=frozenset({str(BOB_ID)}))},
        "person unlisted": {"contacts": frozenset()},
        "government": {"cloud": Cloud.GCC},
    }  # fmt: skip


BOB_ID = UserId(new_id())


@given(sides, sides, purposes)
def test_tightening_any_setting_never_allows_more(ours, theirs, purpose):
    """Each step toward "no", of the tenant, the policy, and the lists: nobody reaches, or is reached, who was not.

    Exempt is the tenant's cloud where both are in the same one: moving it is no tightening, but puts a border.
    """
    annie = work(CONTOSO, "contoso.example", **{**ours, "contacts": frozenset({PERSON.id})})
    others = (replace(work(FABRIKAM, "fabrikam.example", **theirs), id=BOB_ID), PERSON)
    for name, change in tightenings(ours["configuration"], ours["policy"]).items():
        tight = work(CONTOSO, "contoso.example", **{**ours, "contacts": frozenset({PERSON.id}), **change})
        for other in others[name == "government" :]:
            assert decide(annie, other, purpose).allowed >= decide(tight, other, purpose).allowed, name
            assert decide(other, annie, purpose).allowed >= decide(other, tight, purpose).allowed, name


@given(sides, sides, purposes)
def test_every_refusal_names_whose_setting_said_no(ours, theirs, purpose):
    """A refusal without an owner could not be mended; cross-cloud-trial has no override."""
    annie, bob = work(CONTOSO, "contoso.example", **ours), work(FABRIKAM, "fabrikam.example", **theirs)
    for actor, target in ((annie, bob), (bob, annie), (annie, PERSON), (PERSON, annie)):
        decision = decide(actor, target, purpose)
        owned = decision.decided_by in {CONTOSO, FABRIKAM}
        unowned = decision.allowed or decision.deciding_rule is Rule.CROSS_CLOUD_TRIAL
        assert owned != unowned


def test_before_its_date_every_consumer_decision_answers_so():
    """The installation's date stands before every setting, even the cloud's; federation knows nothing of it (M3)."""
    gcc = work(CONTOSO, "contoso.example", cloud=Cloud.GCC)
    for actor, target in ((ANNIE, PERSON), (PERSON, ANNIE), (gcc, PERSON), (PERSON, gcc)):
        for purpose in Purpose:
            assert decide(actor, target, purpose, consumer_available=False) == Decision(
                False, Rule.CONSUMER_NOT_YET_AVAILABLE
            )

    assert decide(ANNIE, BOB, Purpose.START, consumer_available=False).allowed
    assert decide(PERSON, PERSON, Purpose.START, consumer_available=False).allowed


def test_a_phone_number_never_finds_a_work_account_outside():
    """Inbound works by mail only (mission M15); a reply is addressed by nothing."""
    for actor in (PERSON, BOB):
        assert decide(actor, ANNIE, Purpose.LOOKUP, by=AddressedBy.PHONE).deciding_rule is (
            Rule.PHONE_FINDS_PERSONAL_ONLY
        )
        assert decide(actor, ANNIE, Purpose.SEND, by=AddressedBy.PHONE).allowed
    assert decide(ANNIE, PERSON, Purpose.START, by=AddressedBy.PHONE).allowed


def test_skype_is_over():
    """Whatever the other side is (external-access §14)."""
    skype = replace(PERSON, kind=AccountKind.SKYPE)
    for other in (ANNIE, PERSON, skype):
        assert decide(other, skype, Purpose.START).deciding_rule is Rule.SKYPE_RETIRED
        assert decide(skype, other, Purpose.SEND).deciding_rule is Rule.SKYPE_RETIRED


def test_who_is_not_active_is_not_reached_and_reaches_nobody():
    """Disabled and deleted look like never having been there, even to a colleague."""
    gone = replace(ANNIE, active=False)
    for other in (ANNIE, BOB, PERSON):
        assert decide(other, gone, Purpose.START) == decide(gone, other, Purpose.SEND) == Decision(
            False, Rule.UNREACHABLE
        )  # fmt: skip


def test_a_blocked_individual_may_be_listed_by_id():
    """The list takes addresses and internal ids (external-access §3)."""
    blocked = BlockedIndividuals(in_force=True, addresses=frozenset({str(BOB.id)}))
    annie = work(CONTOSO, "contoso.example", blocked=blocked)

    assert decide(BOB, annie, Purpose.SEND) == Decision(False, Rule.USER_BLOCKED, CONTOSO)


def test_the_request_rule_holds_both_back():
    """Before accepting, the recipient is silent and the sender has a burst of three (external-access §9, §11)."""
    pending = Decision(False, Rule.REQUEST_PENDING)

    assert [decide_request(own="none", other="pending", sent=n) for n in range(5)] == [
        None,
        None,
        None,
        pending,
        pending,
    ]
    assert decide_request(own="pending", other="none", sent=0) == pending
    assert decide_request(own="none", other="accepted", sent=99) is None
    assert decide_request(own="none", other="none", sent=99) is None
    assert decide_request(own="none", other="blocked", sent=0) == Decision(False, Rule.BLOCKED_BY_PERSON)
    assert decide_request(own="blocked", other="none", sent=0) == Decision(False, Rule.BLOCKED_BY_YOU)


def test_the_other_sides_refusal_looks_like_nobody():
    """One's own side's refusal says so; everything about the other side is one neutral answer (external-access §10)."""
    nobody = Decision(False, Rule.UNREACHABLE)
    own = Decision(False, Rule.TENANT_FEDERATION_OFF, CONTOSO)
    theirs = Decision(False, Rule.TENANT_CONSUMER_INBOUND_OFF, FABRIKAM)

    assert as_seen_by_actor(own, CONTOSO) == own
    assert as_seen_by_actor(theirs, CONTOSO) == as_seen_by_actor(nobody, CONTOSO) == nobody
    for rule in (Rule.BLOCKED_BY_PERSON, Rule.CROSS_CLOUD_TRIAL):
        assert as_seen_by_actor(Decision(False, rule), CONTOSO) == nobody
    for rule in (Rule.REQUEST_PENDING, Rule.PHONE_FINDS_PERSONAL_ONLY):
        assert as_seen_by_actor(Decision(False, rule), CONTOSO).deciding_rule is rule
    assert as_seen_by_actor(Decision(True, Rule.OK), CONTOSO).allowed
