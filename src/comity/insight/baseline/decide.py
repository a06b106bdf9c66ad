"""The checks, as pure functions over every effective policy (access notes §4).

Published tools look at the tenant and at Global only, and are wrong in both directions: a custom policy may
open what Global closes, and a policy may close what the tenant leaves open. Here each check asks what holds
for each class of people. An empty allow list is nobody, and a family that is off as a whole is off inbound,
too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from comity.access.model import ExternalAccessPolicy, ExternalOrgs, Side, TrialTenants
from comity.access.state import TenantState
from comity.insight.baseline.model import Affected, CheckId, Result, Usage, Verdict
from comity.insight.rehearsal.decide import accepted
from comity.tenancy.model import Cloud

Classes = Mapping[str, Sequence[str]]
"""Key of an effective policy → the UPNs of the people it holds for."""
Fails = Callable[[ExternalAccessPolicy], bool]


def check_baselines(side: Side, state: TenantState, classes: Classes, usage: Usage) -> list[Result]:
    """All checks, in the order of their sources. `classes` holds the policy of whoever is to come, perhaps empty."""
    configuration = side.configuration
    commercial = side.cloud is Cloud.COMMERCIAL
    inert = _inert(state, classes)

    def open_to_all(policy: ExternalAccessPolicy) -> bool:
        return accepted(side, policy).by_default

    def consumer(policy: ExternalAccessPolicy) -> bool:
        return configuration.allow_teams_consumer and policy.enable_consumer_access

    def inbound(policy: ExternalAccessPolicy) -> bool:
        switches = configuration.allow_teams_consumer_inbound and policy.enable_consumer_inbound
        return consumer(policy) and switches

    def checked(check: CheckId, fails: Fails, *, consumers: bool) -> Result:
        if consumers and not commercial:
            return Result(check, Verdict.NOT_APPLICABLE)
        result = _over_policies(check, fails, state, classes)
        if not consumers and result.verdict is Verdict.PASS and inert and configuration.allow_federated_users:
            return Result(check, Verdict.MANUAL, policies=inert)
        return result

    return [
        checked(CheckId.SCUBA_2_1, open_to_all, consumers=False),
        checked(CheckId.SCUBA_2_2, inbound, consumers=True),
        checked(CheckId.SCUBA_2_3, consumer, consumers=True),
        checked(CheckId.CIS_8_2_1, open_to_all, consumers=False),
        checked(CheckId.CIS_8_2_2, consumer, consumers=True),
        checked(CheckId.CIS_8_2_3, inbound, consumers=True),
        Result(CheckId.CIS_8_2_4, _passes(configuration.trial_tenants is TrialTenants.BLOCKED)),
        Result(CheckId.CIS_8_2_X, Verdict.NOT_APPLICABLE),
        Result(CheckId.CIS_8_2_3_B2B, Verdict.NOT_APPLICABLE),
        *_hygiene(state, usage, inert),
    ]


def _over_policies(check: CheckId, fails: Fails, state: TenantState, classes: Classes) -> Result:
    failing = [key for key in sorted(classes) if fails(state.policy(key))]
    names = {key: state.policy(key).identity for key in failing}
    people = tuple(Affected(upn, names[key]) for key in failing for upn in classes[key])
    return Result(check, _passes(not failing), policies=tuple(names.values()), people=people)


def _hygiene(state: TenantState, usage: Usage, inert: tuple[str, ...]) -> Iterable[Result]:
    """Settings that do nothing, or that nobody can explain any more."""
    configuration, blocked = state.configuration, state.blocked
    ignored = configuration.blocked_domains if configuration.allowed_domains is not None else frozenset()
    of_nothing = configuration.block_all_subdomains and not configuration.blocked_domains
    idle = frozenset() if blocked.in_force else blocked.addresses
    yield _listing(CheckId.TRIAL_REASONS, usage.unexplained_trial_domains)
    yield _listing(CheckId.BLOCK_LIST_IGNORED, ignored)
    yield Result(CheckId.SUBDOMAINS_OF_NOTHING, _passes(not of_nothing))
    yield _listing(CheckId.BLOCKED_NOT_IN_FORCE, idle)
    yield _listing(CheckId.ALLOWED_UNUSED, usage.unused_domains)
    yield _listing(CheckId.GROUPS_SHADOWED, usage.shadowed_groups)
    yield Result(CheckId.POLICIES_INERT, _passes(not inert), policies=inert)


def _inert(state: TenantState, classes: Classes) -> tuple[str, ...]:
    """Effective policies with domain rules that do nothing, because the tenant does not customize federation."""
    if state.configuration.customize_federation:
        return ()
    policies = (state.policy(key) for key in sorted(classes))
    default = ExternalOrgs.ORGANIZATION_DEFAULT
    return tuple(each.identity for each in policies if each.communication_with_external_orgs is not default)


def _listing(check: CheckId, entries: Iterable[str]) -> Result:
    found = tuple(sorted(entries))
    return Result(check, _passes(not found), entries=found)


def _passes(passes: bool) -> Verdict:
    return Verdict.PASS if passes else Verdict.FAIL
