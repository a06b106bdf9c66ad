"""The whole product of switches for one pair of each kind, against the tables of external-access §7.

The tables are written down here as the specification has them, not as the code does.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from comity.access.decide import decide
from comity.access.model import (
    ExternalAccessPolicy,
    ExternalOrgs,
    Identity,
    Purpose,
    Rule,
    TenantConfiguration,
    TrialTenants,
)
from comity.access.properties import changed_configuration, changed_policy
from tests.access.people import CONTOSO, DOMAINS, FABRIKAM, PAT, work

BOTH = (False, True)


def bob_at(domain: str) -> Identity:
    bob = work(FABRIKAM)
    assert bob.side is not None
    return replace(bob, domain=domain, side=replace(bob.side, domains=frozenset({domain})))


def annie_with(configuration: dict[str, Any] | None = None, policy: dict[str, Any] | None = None) -> Identity:
    return work(
        configuration=changed_configuration(TenantConfiguration(), configuration or {}),
        policy=changed_policy(ExternalAccessPolicy(name="P"), policy or {}),
    )


def test_work_to_work_takes_all_four_switches_and_both_domain_rules():
    """§7.1, identical in both directions; consumer settings are irrelevant."""
    for ours, mine, theirs, his, we_list, they_list, consumer in product(BOTH, repeat=7):
        people = []
        for tenant, of_tenant, of_user, other, listed in (
            (CONTOSO, ours, mine, FABRIKAM, we_list), (FABRIKAM, theirs, his, CONTOSO, they_list),
        ):  # fmt: skip
            people.append(work(
                tenant,
                configuration=TenantConfiguration(
                    allow_federated_users=of_tenant, allow_teams_consumer=consumer,
                    allow_teams_consumer_inbound=consumer,
                    allowed_domains=frozenset({DOMAINS[other]} if listed else {"other.example"}),
                ),
                policy=ExternalAccessPolicy(
                    enable_federation_access=of_user, enable_consumer_access=consumer, enable_consumer_inbound=consumer
                ),
            ))  # fmt: skip
        expected = all((ours, mine, theirs, his, we_list, they_list))
        for purpose in Purpose:
            assert decide(people[0], people[1], purpose).allowed == expected
            assert decide(people[1], people[0], purpose).allowed == expected


CONSUMER = {
    # T.Allow, T.In, P.Access, P.In: outbound start, inbound start, replies
    (False, None, None, None): ("tenant-consumer-off", "tenant-consumer-off", False),
    (True, False, False, None): ("policy-consumer-off", "tenant-consumer-inbound-off", False),
    (True, False, True, None): ("ok", "tenant-consumer-inbound-off", True),
    (True, True, False, None): ("policy-consumer-off", "policy-consumer-off", False),
    (True, True, True, False): ("ok", "policy-consumer-inbound-off", True),
    (True, True, True, True): ("ok", "ok", True),
}


@pytest.mark.parametrize("federation", BOTH)
def test_the_consumer_matrix(federation: bool):
    """§7.2, all sixteen combinations, whatever the federation family says."""
    for switches in product(BOTH, repeat=4):
        (row,) = [
            answers
            for pattern, answers in CONSUMER.items()
            if all(wanted is None or wanted == given for wanted, given in zip(pattern, switches, strict=True))
        ]
        annie = annie_with(
            {"AllowTeamsConsumer": switches[0], "AllowTeamsConsumerInbound": switches[1],
             "AllowFederatedUsers": federation},
            {"EnableTeamsConsumerAccess": switches[2], "EnableTeamsConsumerInbound": switches[3],
             "EnableFederationAccess": federation},
        )  # fmt: skip
        for purpose in (Purpose.LOOKUP, Purpose.START, Purpose.ADD):
            assert decide(annie, PAT, purpose).deciding_rule == row[0]
            assert decide(PAT, annie, purpose).deciding_rule == row[1]
        assert decide(annie, PAT, Purpose.SEND).allowed == decide(PAT, annie, Purpose.SEND).allowed == row[2]


LISTS = [
    # AllowedDomains, BlockedDomains, BlockAllSubdomains: contoso.com, eu.contoso.com, subcontoso.com, other.org
    (None, [], None, "yyyy"),
    (None, ["contoso.com"], False, "nyyy"),
    (None, ["contoso.com"], True, "nnyy"),
    (None, ["eu.contoso.com"], True, "ynyy"),
    (["contoso.com"], [], None, "ynnn"),
    (["contoso.com"], ["contoso.com"], True, "ynnn"),
    ([], ["contoso.com"], None, "nnnn"),
    ([], [], None, "nnnn"),
]


@pytest.mark.parametrize(("allowed", "blocked", "subdomains", "answers"), LISTS)
def test_the_truth_table_of_domain_lists(allowed, blocked, subdomains, answers):
    """§7.3; where the table says "any", both."""
    for flag in BOTH if subdomains is None else (subdomains,):
        settings: dict[str, Any] = {"BlockedDomains": blocked, "BlockAllSubdomains": flag}
        if allowed is not None:
            settings["AllowedDomains"] = {"mode": "AllowList", "domains": allowed}
        for domain, answer in zip(
            ("contoso.com", "eu.contoso.com", "subcontoso.com", "other.org"), answers, strict=True
        ):
            assert decide(annie_with(settings), bob_at(domain), Purpose.START).allowed == (answer == "y"), domain


OVERRIDES = [
    (ExternalOrgs.ORGANIZATION_DEFAULT, {}, "ynn"),
    (ExternalOrgs.ALLOW_ALL, {}, "yyy"),
    (ExternalOrgs.ALLOW_SPECIFIC, {"AllowedExternalDomains": ["fabrikam.com"]}, "nyn"),
    (ExternalOrgs.BLOCK_SPECIFIC, {"BlockedExternalDomains": ["evil.example"]}, "yyn"),
    (ExternalOrgs.BLOCK_ALL, {}, "nnn"),
]


@pytest.mark.parametrize(("mode", "lists", "answers"), OVERRIDES)
def test_a_policy_replaces_the_tenants_lists(mode, lists, answers):
    """§7.4; off with the tenant's master switch, and inert while federation is not customised."""
    policy = {"CommunicationWithExternalOrgs": mode.value, **lists}
    domains = ("contoso.com", "fabrikam.com", "evil.example")
    for customize, federated in product(BOTH, repeat=2):
        settings = {
            "AllowedDomains": {"mode": "AllowList", "domains": ["contoso.com"]}, "CustomizeFederation": customize,
            "AllowFederatedUsers": federated,
        }  # fmt: skip
        for domain, answer in zip(domains, answers if customize else "ynn", strict=True):
            expected = federated and answer == "y"
            assert decide(annie_with(settings, policy), bob_at(domain), Purpose.SEND).allowed == expected, domain


def test_the_trial_table():
    """§7.5: both sides have to say Allowed where both are trials; exceptions name any domain of the tenant."""
    for a_trial, b_trial, ours, theirs, excepted in product(BOTH, BOTH, TrialTenants, TrialTenants, BOTH):
        domains = frozenset({DOMAINS[CONTOSO], "second.example"})
        annie = work(CONTOSO, trial=a_trial, domains=domains, configuration=TenantConfiguration(trial_tenants=ours))
        exceptions = frozenset({"second.example"} if excepted else ())
        configuration = TenantConfiguration(trial_tenants=theirs, allowed_trial_domains=exceptions)
        bob = work(FABRIKAM, trial=b_trial, configuration=configuration)
        refused_by_a = b_trial and ours is TrialTenants.BLOCKED
        refused_by_b = a_trial and theirs is TrialTenants.BLOCKED and not excepted

        decision = decide(annie, bob, Purpose.START)

        assert decision.allowed == (not (refused_by_a or refused_by_b))
        if not decision.allowed:
            assert decision[1:3] == (Rule.TRIAL_BLOCKED, CONTOSO if refused_by_a else FABRIKAM)
