"""May they talk? The one decision, pure and in fixed order (external-access §6, §9).

The order is ours, so that explanations do not change from one time to the next; that every check
of both sides must pass is the real systems' promise. The first rule that fails wins.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from comity.access.model import (
    BURST_MAX,
    AccountKind,
    AddressedBy,
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
from comity.core.domains import parent_domains
from comity.core.ids import TenantId
from comity.tenancy.model import Cloud

_OK: Final = Decision(True, Rule.OK)
_INTERNAL: Final = Decision(True, Rule.INTERNAL)
_PERSONAL: Final = Decision(True, Rule.PERSONAL_PERSONAL)
_UNREACHABLE: Final = Decision(False, Rule.UNREACHABLE)
_SKYPE: Final = Decision(False, Rule.SKYPE_RETIRED)
_PHONE: Final = Decision(False, Rule.PHONE_FINDS_PERSONAL_ONLY)
_CROSS_CLOUD: Final = Decision(False, Rule.CROSS_CLOUD_TRIAL)
_NOT_YET: Final = Decision(False, Rule.CONSUMER_NOT_YET_AVAILABLE)
_PENDING: Final = Decision(False, Rule.REQUEST_PENDING)
_BY_YOU: Final = Decision(False, Rule.BLOCKED_BY_YOU)
_BY_PERSON: Final = Decision(False, Rule.BLOCKED_BY_PERSON)

# Bound once: looking a member up on its enum costs more than comparing with it.
_SKYPE_KIND: Final = AccountKind.SKYPE
_PHONE_KEY: Final = AddressedBy.PHONE
_SEND: Final = Purpose.SEND
_TRIAL_BLOCKED: Final = TrialTenants.BLOCKED
_COMMERCIAL: Final = Cloud.COMMERCIAL
_DEFAULT: Final = ExternalOrgs.ORGANIZATION_DEFAULT
_ALLOW_ALL: Final = ExternalOrgs.ALLOW_ALL
_ALLOW_SPECIFIC: Final = ExternalOrgs.ALLOW_SPECIFIC
_BLOCK_SPECIFIC: Final = ExternalOrgs.BLOCK_SPECIFIC

_TOLD_TO_ACTOR: Final = frozenset(
    {
        Rule.SKYPE_RETIRED, Rule.PHONE_FINDS_PERSONAL_ONLY, Rule.CONSUMER_NOT_YET_AVAILABLE,
        Rule.GROUP_TOO_LARGE, Rule.REQUEST_PENDING, Rule.BLOCKED_BY_YOU,
    }
)  # fmt: skip
"""Refusals that no tenant's setting made and that tell nothing about the other person."""


def decide(
    actor: Identity,
    target: Identity,
    purpose: Purpose,
    *,
    by: AddressedBy = AddressedBy.EMAIL,
    consumer_available: bool = True,
) -> Decision:
    """May the actor look up, start with, add or write to the target?

    `consumer_available` is False while the installation's date for chat with personal accounts lies
    ahead. Allowed with `ok` when a check across a border ran, `internal` or `personal-personal` when
    there was nothing to check.
    """
    if not (actor.active and target.active):
        return _UNREACHABLE
    if actor.kind is _SKYPE_KIND or target.kind is _SKYPE_KIND:
        return _SKYPE
    ours, theirs = actor.side, target.side
    if ours is None and theirs is None:
        return _PERSONAL
    if ours is not None and theirs is not None and ours.tenant_id == theirs.tenant_id:
        return _INTERNAL
    if theirs is None:
        return _outbound(ours, actor, target, available=consumer_available) or _OK  # type: ignore[arg-type]
    if by is _PHONE_KEY and purpose is not _SEND:
        return _PHONE
    if ours is None:
        return _inbound(theirs, target, actor, available=consumer_available, starts=purpose is not _SEND) or _OK
    if not (actor.domain and target.domain):
        return _UNREACHABLE  # no list of domains could say anything about an address without one
    if (ours.trial or theirs.trial) and ours.cloud is not theirs.cloud:
        return _CROSS_CLOUD
    return _federated(ours, actor, theirs, target) or _federated(theirs, target, ours, actor) or _OK


def decide_request(*, own: str, other: str, sent: int) -> Decision | None:
    """Does the state of first contact refuse a message in a 1:1? None: it does not (external-access §9, §11).

    `own` and `other` are the request states of sender and recipient (`none`, `pending`, `accepted`,
    `blocked`), `sent` how many messages the sender has there.
    """
    if own == "blocked":
        return _BY_YOU
    if other == "blocked":
        return _BY_PERSON
    if own == "pending" or (other == "pending" and sent >= BURST_MAX):
        return _PENDING
    return None


def as_seen_by_actor(decision: Decision, actor_tenant: TenantId) -> Decision:
    """What the actor may know: the other side's refusal looks like an address that nobody has (external-access §10).

    His own side's refusal says so.
    """
    if decision.allowed or decision.deciding_rule in _TOLD_TO_ACTOR or decision.decided_by == actor_tenant:
        return decision
    return _UNREACHABLE


def effective_policy(
    *,
    direct: ExternalAccessPolicy | None = None,
    by_group: Iterable[tuple[int, ExternalAccessPolicy]] = (),
    tenant_wide: ExternalAccessPolicy | None = None,
    otherwise: ExternalAccessPolicy,
) -> ExternalAccessPolicy:
    """The one whole policy that holds for a person: direct, then lowest rank, then tenant-wide, then Global (§5)."""
    if direct is not None:
        return direct
    ranked = min(by_group, key=lambda each: each[0], default=None)
    if ranked is not None:
        return ranked[1]
    return tenant_wide or otherwise


def _federated(side: Side, local: Identity, other: Side, remote: Identity) -> Decision | None:
    """Checks F1 to F5 on one side; None if all pass."""
    configuration, policy = side.configuration, local.policy
    if not configuration.allow_federated_users:
        return Decision(False, Rule.TENANT_FEDERATION_OFF, side.tenant_id)
    if not policy.enable_federation_access:
        return Decision(False, Rule.POLICY_FEDERATION_OFF, side.tenant_id, policy.name)
    if side.blocked.in_force and _is_blocked(side, remote):
        return Decision(False, Rule.USER_BLOCKED, side.tenant_id)
    if (
        other.trial
        and configuration.trial_tenants is _TRIAL_BLOCKED
        and configuration.allowed_trial_domains.isdisjoint(other.domains)
    ):
        return Decision(False, Rule.TRIAL_BLOCKED, side.tenant_id)
    mode = policy.communication_with_external_orgs
    if mode is _DEFAULT or not configuration.customize_federation:
        return _tenant_lists(side.tenant_id, configuration, remote.domain)
    return _policy_lists(side.tenant_id, policy, remote.domain)


def _tenant_lists(tenant_id: TenantId, configuration: TenantConfiguration, domain: str) -> Decision | None:
    """F5 with the tenant's own lists: an allow list, where there is one, makes the block list irrelevant."""
    allowed = configuration.allowed_domains
    if allowed is not None:
        return None if domain in allowed else Decision(False, Rule.TENANT_DOMAIN_NOT_ALLOWED, tenant_id, domain)
    blocked = configuration.blocked_domains
    if not blocked:
        return None
    if domain in blocked:
        return Decision(False, Rule.TENANT_DOMAIN_BLOCKED, tenant_id, domain)
    if configuration.block_all_subdomains and not blocked.isdisjoint(parent_domains(domain)):
        return Decision(False, Rule.TENANT_SUBDOMAIN_BLOCKED, tenant_id, domain)
    return None


def _policy_lists(tenant_id: TenantId, policy: ExternalAccessPolicy, domain: str) -> Decision | None:
    """F5 with a policy's own lists, which replace the tenant's and match exactly."""
    mode = policy.communication_with_external_orgs
    if mode is _ALLOW_ALL:
        return None
    if mode is _ALLOW_SPECIFIC:
        if domain in policy.allowed_external_domains:
            return None
        return Decision(False, Rule.POLICY_DOMAIN_NOT_ALLOWED, tenant_id, domain)
    if mode is _BLOCK_SPECIFIC:
        if domain not in policy.blocked_external_domains:
            return None
        return Decision(False, Rule.POLICY_DOMAIN_BLOCKED, tenant_id, domain)
    return Decision(False, Rule.POLICY_BLOCK_ALL, tenant_id, policy.name)


def _outbound(side: Side, local: Identity, remote: Identity, *, available: bool) -> Decision | None:
    """Checks O0 to O4, the installation's date before them: our employee toward a personal account."""
    if not available:
        return _NOT_YET
    if side.cloud is not _COMMERCIAL:
        return Decision(False, Rule.CLOUD_NO_CONSUMER, side.tenant_id)
    if not side.configuration.allow_teams_consumer:
        return Decision(False, Rule.TENANT_CONSUMER_OFF, side.tenant_id)
    if not local.policy.enable_consumer_access:
        return Decision(False, Rule.POLICY_CONSUMER_OFF, side.tenant_id, local.policy.name)
    return _consumer_person(side, local, remote)


def _inbound(side: Side, local: Identity, remote: Identity, *, available: bool, starts: bool) -> Decision | None:
    """Checks I0 to I6, the installation's date before them: a personal account toward our employee.

    The two Inbound switches govern discovering and starting, not replying.
    """
    if not available:
        return _NOT_YET
    configuration, policy = side.configuration, local.policy
    if side.cloud is not _COMMERCIAL:
        return Decision(False, Rule.CLOUD_NO_CONSUMER, side.tenant_id)
    if not configuration.allow_teams_consumer:
        return Decision(False, Rule.TENANT_CONSUMER_OFF, side.tenant_id)
    if starts and not configuration.allow_teams_consumer_inbound:
        return Decision(False, Rule.TENANT_CONSUMER_INBOUND_OFF, side.tenant_id)
    if not policy.enable_consumer_access:
        return Decision(False, Rule.POLICY_CONSUMER_OFF, side.tenant_id, policy.name)
    if starts and not policy.enable_consumer_inbound:
        return Decision(False, Rule.POLICY_CONSUMER_INBOUND_OFF, side.tenant_id, policy.name)
    return _consumer_person(side, local, remote)


def _consumer_person(side: Side, local: Identity, remote: Identity) -> Decision | None:
    """O3 and O4, I5 and I6: is this very personal account kept out?"""
    if side.blocked.in_force and _is_blocked(side, remote):
        return Decision(False, Rule.USER_BLOCKED, side.tenant_id)
    restricted = side.configuration.restrict_consumer_to_directory or local.policy.restrict_consumer_to_directory
    if restricted and remote.id not in side.contacts:
        return Decision(False, Rule.CONSUMER_NOT_IN_DIRECTORY, side.tenant_id)
    return None


def _is_blocked(side: Side, remote: Identity) -> bool:
    addresses = side.blocked.addresses
    return remote.address in addresses or str(remote.id) in addresses
