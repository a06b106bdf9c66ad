"""Laws of the explanation: it agrees with the decision, and its change is the smallest that flips it."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from comity.access.decide import decide
from comity.access.explanation.decide import EXTENDED_DIRECTORY, explain
from comity.access.explanation.model import Check, Remedy, Which
from comity.access.model import ExternalAccessPolicy, Identity, Purpose, Rule, TenantConfiguration, TrialTenants
from comity.access.properties import changed_blocked, changed_configuration, changed_policy
from tests.access.people import CONTOSO, FABRIKAM, PAT, keys, pairs, purposes, work

available = st.booleans()


def apply(remedy: Remedy, person: Identity, other: Identity) -> Identity:
    """What the admin does: through the same properties as a `Set-`."""
    side = person.side
    if side is None or side.tenant_id != remedy.tenant_id:
        return person
    changes: dict[str, Any] = {str(remedy.setting): remedy.after}
    if remedy.policy is not None:
        return replace(person, policy=changed_policy(person.policy, changes))
    if remedy.setting == EXTENDED_DIRECTORY:
        assert remedy.after == {"Add": [other.address]}
        return replace(person, side=replace(side, contacts=side.contacts | {other.id}))
    if remedy.setting == "BlockedUsers":
        return replace(person, side=replace(side, blocked=changed_blocked(side.blocked, changes)))
    return replace(person, side=replace(side, configuration=changed_configuration(side.configuration, changes)))


def mended(remedies: Any, actor: Identity, target: Identity) -> tuple[Identity, Identity]:
    for each in remedies:
        actor, target = apply(each, actor, target), apply(each, target, actor)
    return actor, target


@given(pairs(), purposes, keys, available)
@settings(max_examples=300, deadline=None)
def test_why_and_decide_agree(pair, purpose, by, open_):
    """The first check that fails is the rule that decided, on the side that decided; none fails where it is allowed."""
    actor, target = pair
    explanation = explain(actor, target, purpose, by=by, consumer_available=open_)
    asked = [
        (explanation.forward, decide(actor, target, purpose, by=by, consumer_available=open_)),
        (explanation.reverse, decide(target, actor, purpose, consumer_available=open_)),
    ]
    for direction, decision in asked:
        failing = next((each for each in direction.checks if not each.passed), None)

        assert direction.decision == decision
        assert decision.allowed == (failing is None)
        if failing is not None:
            assert (decision.deciding_rule, decision.decided_by) == (failing.rule, failing.tenant_id)


@given(pairs(), purposes, keys, available)
@settings(max_examples=300, deadline=None)
def test_the_smallest_change_flips_the_decision(pair, purpose, by, open_):
    """Applied as proposed, through the same properties as a `Set-`; without one, no setting is to blame."""
    actor, target = pair
    explanation = explain(actor, target, purpose, by=by, consumer_available=open_)
    if explanation.decision.allowed:
        assert explanation.smallest_change is None
        return
    if explanation.smallest_change is None:
        assert any(not each.passed and each.setting is None for each in explanation.forward.checks)
        return

    after = decide(*mended(explanation.smallest_change, actor, target), purpose, by=by, consumer_available=open_)

    assert after.allowed
    assert {each.tenant_id for each in explanation.smallest_change} <= {CONTOSO, FABRIKAM}


@given(pairs(), purposes)
@settings(max_examples=60, deadline=None)
def test_no_smaller_change_would_do(pair, purpose):
    """Against brute force over every property that a decision reads, at its widest."""
    actor, target = pair
    explanation = explain(actor, target, purpose)
    if explanation.smallest_change is None or len(explanation.smallest_change) > 3:
        return
    changes = [each for one, other in ((actor, target), (target, actor)) for each in widest(one, other)]
    for count in range(1, len(explanation.smallest_change)):
        for chosen in combinations(changes, count):
            assert not decide(*mended(chosen, actor, target), purpose).allowed


def widest(person: Identity, other: Identity) -> list[Remedy]:
    """One change per property, each to the value that refuses least."""
    if person.side is None:
        return []
    tenant_id = person.side.tenant_id
    everybody = {"mode": "AllowAllKnownDomains"}
    of_tenant = {
        "AllowFederatedUsers": True, "AllowedDomains": everybody, "BlockedDomains": [], "BlockAllSubdomains": False,
        "AllowTeamsConsumer": True, "AllowTeamsConsumerInbound": True, "CustomizeFederation": False,
        "RestrictTeamsConsumerToExternalUserProfiles": False,
        "ExternalAccessWithTrialTenants": TrialTenants.ALLOWED.value, "BlockedUsers": [],
    }  # fmt: skip
    of_policy = {
        "EnableFederationAccess": True, "CommunicationWithExternalOrgs": "AllowAllExternalDomains",
        "EnableTeamsConsumerAccess": True, "EnableTeamsConsumerInbound": True,
        "RestrictTeamsConsumerAccessToExternalUserProfiles": False,
    }  # fmt: skip
    directory = Remedy(tenant_id, EXTENDED_DIRECTORY, [], {"Add": [other.address]})
    customize = Remedy(tenant_id, "CustomizeFederation", False, True)
    return [
        *(Remedy(tenant_id, name, None, value) for name, value in of_tenant.items()),
        *(Remedy(tenant_id, name, None, value, policy="Tag:Custom") for name, value in of_policy.items()),
        directory,
        customize,
    ]


def test_the_partners_settings_are_masked():
    """Whose change it is stays visible, and the rule that decided; no setting, no value, and nothing that passes."""
    closed = changed_configuration(TenantConfiguration(), {"AllowFederatedUsers": False})
    annie, bob = (
        work(),
        work(FABRIKAM, configuration=closed, policy=ExternalAccessPolicy(enable_federation_access=False)),
    )

    refused = explain(annie, bob, Purpose.START).masked_but(CONTOSO)
    seen = explain(work(configuration=closed), bob, Purpose.START).masked_but(CONTOSO)

    (theirs,) = [each for each in refused.forward.checks if each.side is Which.TO]
    assert theirs == Check(Which.TO, Rule.TENANT_FEDERATION_OFF, False, FABRIKAM, None, None, None, masked=True)
    assert all(not each.masked and each.setting for each in refused.forward.checks if each.side is Which.FROM)
    assert refused.smallest_change == (Remedy(FABRIKAM, None, None, None, masked=True),) * 2
    assert not [each for each in seen.forward.checks if each.side is Which.TO]
    assert seen.smallest_change is not None
    assert seen.smallest_change[:2] == (
        Remedy(CONTOSO, "AllowFederatedUsers", False, True),
        Remedy(FABRIKAM, None, None, None, masked=True),
    )


def test_nobodys_setting_opens_what_the_installation_has_not():
    """The date is the operator's; a remedy of a tenant would be a lie."""
    explanation = explain(work(), PAT, Purpose.START, consumer_available=False)

    assert explanation.decision.deciding_rule is Rule.CONSUMER_NOT_YET_AVAILABLE
    assert explanation.smallest_change is None
