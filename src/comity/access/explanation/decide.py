"""Explain a decision from the same state that it is made from; never from a cache.

`decide` stops at the first rule that fails. Here every rule that bears on the pair is asked, in the same
order, so that whoever mends one setting sees what would refuse next. That both agree is a law that the
tests hold them to.

Each check reads settings of its own, so each that fails needs a change of its own, and one is enough: the
smallest change is one remedy per failing check. Of several single changes the narrowest is proposed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from comity.access.decide import decide
from comity.access.explanation.model import Check, Direction, Explanation, Remedy, Which
from comity.access.model import (
    AccountKind,
    AddressedBy,
    Decision,
    ExternalOrgs,
    Identity,
    Purpose,
    Rule,
    Side,
    TrialTenants,
)
from comity.core.domains import parent_domains
from comity.tenancy.model import Cloud

_RESTRICT_TENANT: Final = "RestrictTeamsConsumerToExternalUserProfiles"
_RESTRICT_POLICY: Final = "RestrictTeamsConsumerAccessToExternalUserProfiles"
EXTENDED_DIRECTORY: Final = "ExtendedDirectory"
"""The list of known personal accounts, where a change of it is proposed."""


def explain(
    actor: Identity,
    target: Identity,
    purpose: Purpose,
    *,
    by: AddressedBy = AddressedBy.EMAIL,
    consumer_available: bool = True,
) -> Explanation:
    """Why the actor may, or may not, and what would have to change; the way back is addressed by mail."""
    forward = _direction(actor, target, purpose, by, available=consumer_available)
    return Explanation(
        forward,
        _direction(target, actor, purpose, AddressedBy.EMAIL, available=consumer_available),
        None if forward.decision.allowed else _smallest_change(forward.checks, actor, target),
    )


def could_not_evaluate(*, actor_known: bool, target_known: bool) -> Explanation:
    """The answer where one of the two is at home beyond this installation: neither allowed nor explained."""
    decision = Decision(False, Rule.COULD_NOT_EVALUATE)
    sides = [
        Check(which, Rule.COULD_NOT_EVALUATE, passed=False)
        for which, known in ((Which.FROM, actor_known), (Which.TO, target_known))
        if not known
    ]
    direction = Direction(decision, tuple(sides))
    return Explanation(direction, direction, None)


def _direction(actor: Identity, target: Identity, purpose: Purpose, by: AddressedBy, *, available: bool) -> Direction:
    decision = decide(actor, target, purpose, by=by, consumer_available=available)
    return Direction(decision, tuple(_checks(actor, target, purpose, by, available=available)))


def _checks(
    actor: Identity, target: Identity, purpose: Purpose, by: AddressedBy, *, available: bool
) -> Iterator[Check]:
    gone = [which for which, who in ((Which.FROM, actor), (Which.TO, target)) if not who.active]
    if gone:
        yield from (Check(which, Rule.UNREACHABLE, passed=False) for which in gone)
        return
    if AccountKind.SKYPE in (actor.kind, target.kind):
        yield Check(None, Rule.SKYPE_RETIRED, passed=False)
        return
    ours, theirs = actor.side, target.side
    if ours is None and theirs is None:
        yield Check(None, Rule.PERSONAL_PERSONAL, passed=True)
        return
    if ours is not None and theirs is not None and ours.tenant_id == theirs.tenant_id:
        yield Check(None, Rule.INTERNAL, passed=True)
        return
    if theirs is not None and by is AddressedBy.PHONE and purpose is not Purpose.SEND:
        yield Check(None, Rule.PHONE_FINDS_PERSONAL_ONLY, passed=False)
    if ours is not None and theirs is not None:
        yield from _between_tenants(actor, ours, target, theirs)
    elif ours is not None:
        yield from _consumer(Which.FROM, ours, actor, target, available=available, inbound=False)
    elif theirs is not None:
        starts = purpose is not Purpose.SEND
        yield from _consumer(Which.TO, theirs, target, actor, available=available, inbound=starts)


def _between_tenants(actor: Identity, ours: Side, target: Identity, theirs: Side) -> Iterator[Check]:
    """F0 to F5, first on the actor's side, then on the target's."""
    for which, who in ((Which.FROM, actor), (Which.TO, target)):
        if not who.domain:
            yield Check(which, Rule.UNREACHABLE, passed=False)
    if ours.cloud is not theirs.cloud:
        yield Check(None, Rule.CROSS_CLOUD_TRIAL, passed=not (ours.trial or theirs.trial))
    yield from _federated(Which.FROM, ours, actor, theirs, target)
    yield from _federated(Which.TO, theirs, target, ours, actor)


def _federated(which: Which, side: Side, local: Identity, other: Side, remote: Identity) -> Iterator[Check]:
    """F1 to F5 on one side."""
    tenant_id, configuration, policy = side.tenant_id, side.configuration, local.policy
    allowed = configuration.allow_federated_users
    yield Check(which, Rule.TENANT_FEDERATION_OFF, allowed, tenant_id, "AllowFederatedUsers", allowed)
    enabled = policy.enable_federation_access
    yield Check(
        which, Rule.POLICY_FEDERATION_OFF, enabled, tenant_id, "EnableFederationAccess", enabled, policy.identity
    )
    yield _blocked(which, side, remote)
    if other.trial:
        passes = configuration.trial_tenants is TrialTenants.ALLOWED or not (
            configuration.allowed_trial_domains.isdisjoint(other.domains)
        )
        value = configuration.trial_tenants.value
        yield Check(which, Rule.TRIAL_BLOCKED, passes, tenant_id, "ExternalAccessWithTrialTenants", value)
    yield _domain_rule(which, side, local, remote.domain)


def _domain_rule(which: Which, side: Side, local: Identity, domain: str) -> Check:
    """F5: the one rule about domains that holds for this person."""
    policy, mode = local.policy, local.policy.communication_with_external_orgs
    if mode is ExternalOrgs.ORGANIZATION_DEFAULT or not side.configuration.customize_federation:
        return _tenant_domain_rule(which, side, domain)
    match mode:
        case ExternalOrgs.ALLOW_SPECIFIC:
            listed = domain in policy.allowed_external_domains
            rule, passed, setting, value = Rule.POLICY_DOMAIN_NOT_ALLOWED, listed, "AllowedExternalDomains", listed
        case ExternalOrgs.BLOCK_SPECIFIC:
            listed = domain in policy.blocked_external_domains
            rule, passed, setting, value = Rule.POLICY_DOMAIN_BLOCKED, not listed, "BlockedExternalDomains", listed
        case _:
            passed = mode is ExternalOrgs.ALLOW_ALL
            setting = "CommunicationWithExternalOrgs"
            return Check(
                which, Rule.POLICY_BLOCK_ALL, passed, side.tenant_id, setting, mode.value, policy.identity
            )  # fmt: skip
    return Check(which, rule, passed, side.tenant_id, setting, [domain] if value else [], policy.identity)


def _tenant_domain_rule(which: Which, side: Side, domain: str) -> Check:
    configuration, tenant_id = side.configuration, side.tenant_id
    allowed, blocked = configuration.allowed_domains, configuration.blocked_domains
    if allowed is not None:
        listed = domain in allowed
        value = [domain] if listed else []
        return Check(which, Rule.TENANT_DOMAIN_NOT_ALLOWED, listed, tenant_id, "AllowedDomains", value)
    if domain in blocked:
        return Check(which, Rule.TENANT_DOMAIN_BLOCKED, False, tenant_id, "BlockedDomains", [domain])
    if configuration.block_all_subdomains and any(each in blocked for each in parent_domains(domain)):
        return Check(which, Rule.TENANT_SUBDOMAIN_BLOCKED, False, tenant_id, "BlockAllSubdomains", True)
    return Check(which, Rule.TENANT_DOMAIN_BLOCKED, True, tenant_id, "BlockedDomains", [])


def _consumer(
    which: Which, side: Side, local: Identity, remote: Identity, *, available: bool, inbound: bool
) -> Iterator[Check]:
    """The installation's date, then O0 to O4; with `inbound` I0 to I6."""
    tenant_id, configuration, policy = side.tenant_id, side.configuration, local.policy
    if not available:
        yield Check(None, Rule.CONSUMER_NOT_YET_AVAILABLE, passed=False)
    if side.cloud is not Cloud.COMMERCIAL:
        yield Check(which, Rule.CLOUD_NO_CONSUMER, False, tenant_id)
    allowed = configuration.allow_teams_consumer
    yield Check(which, Rule.TENANT_CONSUMER_OFF, allowed, tenant_id, "AllowTeamsConsumer", allowed)
    if inbound:
        opened = configuration.allow_teams_consumer_inbound
        yield Check(which, Rule.TENANT_CONSUMER_INBOUND_OFF, opened, tenant_id, "AllowTeamsConsumerInbound", opened)
    name, enabled = policy.identity, policy.enable_consumer_access
    yield Check(which, Rule.POLICY_CONSUMER_OFF, enabled, tenant_id, "EnableTeamsConsumerAccess", enabled, name)
    if inbound:
        opened = policy.enable_consumer_inbound
        yield Check(
            which, Rule.POLICY_CONSUMER_INBOUND_OFF, opened, tenant_id, "EnableTeamsConsumerInbound", opened, name
        )
    yield _blocked(which, side, remote)
    by_tenant = configuration.restrict_consumer_to_directory
    restricted = by_tenant or policy.restrict_consumer_to_directory
    passed = not restricted or remote.id in side.contacts
    yield Check(
        which, Rule.CONSUMER_NOT_IN_DIRECTORY, passed, tenant_id,
        _RESTRICT_POLICY if restricted and not by_tenant else _RESTRICT_TENANT, restricted,
        name if restricted and not by_tenant else None,
    )  # fmt: skip


def _blocked(which: Which, side: Side, remote: Identity) -> Check:
    listed = _entries(side, remote) if side.blocked.in_force else []
    return Check(which, Rule.USER_BLOCKED, not listed, side.tenant_id, "BlockedUsers", listed)


def _entries(side: Side, remote: Identity) -> list[str]:
    """What of the list of blocked people means this person: address, id, or both."""
    return [each for each in (remote.address, str(remote.id)) if each in side.blocked.addresses]


def _smallest_change(checks: tuple[Check, ...], actor: Identity, target: Identity) -> tuple[Remedy, ...] | None:
    """One remedy per failing check, in their order; None if one of them has none."""
    remedies: list[Remedy] = []
    for each in checks:
        if each.passed:
            continue
        local, remote = (actor, target) if each.side is Which.FROM else (target, actor)
        remedy = None if local.side is None else _remedy(each, local.side, remote)
        if remedy is None:
            return None
        remedies.append(remedy)
    return tuple(remedies)


def _remedy(check: Check, side: Side, remote: Identity) -> Remedy | None:
    """The narrowest single change after which the check passes; None if no setting of a tenant decides it."""
    if check.tenant_id is None or check.setting is None:
        return None
    setting, before, after = check.setting, check.value, _switched(check.value)
    match check.rule:
        case Rule.USER_BLOCKED | Rule.TENANT_DOMAIN_BLOCKED | Rule.POLICY_DOMAIN_BLOCKED:
            if check.rule is Rule.TENANT_DOMAIN_BLOCKED and side.configuration.block_all_subdomains:
                before = [remote.domain, *_parents(side, remote.domain)]
            after = {"Remove": before}
        case Rule.TENANT_DOMAIN_NOT_ALLOWED | Rule.POLICY_DOMAIN_NOT_ALLOWED:
            after = {"Add": [remote.domain]}
        case Rule.TRIAL_BLOCKED:
            if (domain := _own_domain(remote)) is not None:
                setting, before, after = "AllowedTrialTenantDomains", [], {"Add": [domain]}
            else:
                after = TrialTenants.ALLOWED.value
        case Rule.POLICY_BLOCK_ALL:
            falls_back = _tenant_domain_rule(Which.FROM, side, remote.domain).passed
            mode = ExternalOrgs.ORGANIZATION_DEFAULT if falls_back else ExternalOrgs.ALLOW_ALL
            after = mode.value
        case Rule.CONSUMER_NOT_IN_DIRECTORY:
            return Remedy(side.tenant_id, EXTENDED_DIRECTORY, [], {"Add": [remote.address]})
        case _:
            pass
    return Remedy(side.tenant_id, setting, before, after, check.policy)


def _own_domain(remote: Identity) -> str | None:
    """The domain by which to except somebody's tenant: the one people know her by, if it is the tenant's."""
    domains = remote.side.domains if remote.side else frozenset()
    return remote.domain if remote.domain in domains else min(domains, default=None)


def _switched(value: object) -> object:
    return not value if isinstance(value, bool) else value


def _parents(side: Side, domain: str) -> list[str]:
    """Entries whose removal is needed as well, because they block all their subdomains."""
    return [each for each in parent_domains(domain) if each in side.configuration.blocked_domains]
