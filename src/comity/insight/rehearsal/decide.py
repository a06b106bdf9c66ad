"""Rules of rehearsal, as pure functions: the settings after a change, and what a class gains or loses by it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from comity.access.assignments.decide import position
from comity.access.assignments.model import GroupAssignment
from comity.access.decide import decide
from comity.access.errors import PolicyNotFound
from comity.access.model import GLOBAL, ExternalAccessPolicy, ExternalOrgs, Identity, Purpose, Side
from comity.access.properties import changed_blocked, changed_configuration, changed_policy
from comity.access.state import TenantState
from comity.insight.decide import STRANGER, member_of
from comity.insight.rehearsal.model import ELSEWHERE, Ability, Family, Rehearsal


def after(before: TenantState, rehearsal: Rehearsal, *, own_domains: frozenset[str], now: datetime) -> TenantState:
    """The settings once the changes were made; direct assignments are no part of them.

    Raises:
        PolicyNotFound, and whatever the properties refuse a value with.
    """
    policies = dict(before.policies)
    for identity, changes in rehearsal.policies.items():
        key = key_of(before, identity)
        policies[key] = changed_policy(policies[key], changes, own_domains=own_domains)
    tenant_wide = before.tenant_wide
    if rehearsal.tenant_wide is not None:
        (everybodys,) = rehearsal.tenant_wide
        tenant_wide = None if everybodys is None else key_of(before, everybodys)
    groups = list(before.groups)
    for group_id, (wanted, rank) in rehearsal.groups.items():
        groups = [each for each in groups if each.group_id != group_id]
        if wanted is not None:
            name = before.policies[key_of(before, wanted)].name
            at = position(rank, others=len(groups))
            groups.insert(at - 1, GroupAssignment(group_id, name, at, now, ""))
    return replace(
        before,
        configuration=changed_configuration(before.configuration, rehearsal.configuration, own_domains=own_domains),
        blocked=changed_blocked(before.blocked, rehearsal.blocked),
        policies=policies,
        tenant_wide=tenant_wide,
        groups=tuple(replace(each, rank=rank) for rank, each in enumerate(groups, 1)),
    )


def key_of(state: TenantState, identity: str) -> str:
    """The key of a policy as people name it.

    Raises:
        PolicyNotFound.
    """
    text = identity.strip()
    name = text[4:].strip() if text[:4].lower() == "tag:" else text
    key = name.casefold()
    if key not in state.policies:
        raise PolicyNotFound(policy=name or GLOBAL)
    return key


@dataclass(frozen=True, slots=True)
class Accepted:
    """Which domains a class may talk to, as far as its own side decides: by default, and except for these."""

    by_default: bool
    excepted: frozenset[str] = frozenset()
    subdomains: bool = False
    """The exceptions hold for all their subdomains."""

    def accepts(self, subject: str) -> bool:
        """Does it? `*` is every domain that is not named, `*.d` the subdomains of d that are not named."""
        if subject == ELSEWHERE:
            return self.by_default
        if subject.startswith("*."):
            covered = self.subdomains and subject[2:] in self.excepted
            return self.by_default != covered
        return self.by_default != (subject in self.excepted)

    @property
    def subjects(self) -> set[str]:
        """Everything that it says something of its own about."""
        return set(self.excepted) | {f"*.{each}" for each in self.excepted if self.subdomains}


def accepted(side: Side, policy: ExternalAccessPolicy) -> Accepted:
    """The domains that the tenant and a policy let a class talk to (external-access §6, F1, F2, F5)."""
    configuration = side.configuration
    if not (configuration.allow_federated_users and policy.enable_federation_access):
        return Accepted(False)
    mode = policy.communication_with_external_orgs
    if mode is ExternalOrgs.ORGANIZATION_DEFAULT or not configuration.customize_federation:
        if configuration.allowed_domains is not None:
            return Accepted(False, configuration.allowed_domains)
        return Accepted(True, configuration.blocked_domains, subdomains=configuration.block_all_subdomains)
    match mode:
        case ExternalOrgs.ALLOW_ALL:
            return Accepted(True)
        case ExternalOrgs.ALLOW_SPECIFIC:
            return Accepted(False, policy.allowed_external_domains)
        case ExternalOrgs.BLOCK_SPECIFIC:
            return Accepted(True, policy.blocked_external_domains)
        case _:
            return Accepted(False)


def difference(
    before: tuple[Side, ExternalAccessPolicy], now: tuple[Side, ExternalAccessPolicy], *, available: bool
) -> tuple[tuple[Ability, ...], tuple[Ability, ...]]:
    """What a class gains and what it loses. Whoever gains "every other domain" does not gain each one besides."""
    gains: list[Ability] = []
    loses: list[Ability] = []
    for family in (Family.OUTBOUND, Family.INBOUND):
        was, is_ = (_with_strangers(each, family, available=available) for each in (before, now))
        if was != is_:
            (gains if is_ else loses).append(Ability(family))
    old, new = accepted(*before), accepted(*now)
    elsewhere = (old.by_default, new.by_default)
    if old.by_default != new.by_default:
        (gains if new.by_default else loses).append(Ability(Family.DOMAIN, ELSEWHERE))
    for subject in sorted(old.subjects | new.subjects):
        was, is_ = old.accepts(subject), new.accepts(subject)
        if was != is_ and (was, is_) != elsewhere:
            (gains if is_ else loses).append(Ability(Family.DOMAIN, subject))
    return tuple(gains), tuple(loses)


def _with_strangers(of: tuple[Side, ExternalAccessPolicy], family: Family, *, available: bool) -> bool:
    """May a class, and a personal account that nobody knows, begin with each other?"""
    somebody = member_of(*of, "")
    pair = (somebody, STRANGER) if family is Family.OUTBOUND else (STRANGER, somebody)
    return decide(*pair, Purpose.START, consumer_available=available).allowed


def may_alter_chats(before: tuple[Side, ExternalAccessPolicy], now: tuple[Side, ExternalAccessPolicy]) -> bool:
    """Could a class's chats be decided otherwise? Only settings that decisions read count."""
    return _deciding(*before) != _deciding(*now)


def _deciding(side: Side, policy: ExternalAccessPolicy) -> tuple[object, ...]:
    configuration = side.configuration
    return (
        accepted(side, policy), side.blocked.addresses if side.blocked.in_force else None,
        configuration.trial_tenants, configuration.allowed_trial_domains,
        configuration.allow_teams_consumer and policy.enable_consumer_access,
        configuration.allow_teams_consumer_inbound and policy.enable_consumer_inbound,
        configuration.restrict_consumer_to_directory or policy.restrict_consumer_to_directory,
    )  # fmt: skip


def lowest_ranks(groups: Sequence[GroupAssignment], members: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Person → the lowest rank of her groups. `members` are group → its members, ids as text."""
    ranks: dict[str, int] = {}
    for each in sorted(groups, key=lambda each: each.rank, reverse=True):
        ranks.update(dict.fromkeys(members.get(str(each.group_id), ()), each.rank))
    return ranks


def with_settings(person: Identity, side: Side, policy: ExternalAccessPolicy) -> Identity:
    """The same person under other settings of her own side."""
    assert person.side is not None, "her own side decides"
    changed = replace(person.side, configuration=side.configuration, blocked=side.blocked)
    return replace(person, side=changed, policy=policy)
