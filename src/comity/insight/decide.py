"""Reports as pure functions: people of one class are decided about once (design §3, `insight`).

A class is everybody with the same effective policy and the same address domain; nothing else of a person
decides, except that she may be blocked individually, which is looked up on the side.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from comity.access.decide import decide
from comity.access.model import AccountKind, ExternalAccessPolicy, Identity, Purpose, Rule, Side
from comity.core.ids import TenantId, UserId
from comity.insight.model import Audience, Reach, Verdict

SOMEBODY: Final = UserId(UUID(int=0))
"""Stands for a whole class; no list names it."""
ELSEWHERE: Final = TenantId(UUID(int=2))
"""Stands for a tenant beyond this installation."""
STRANGER: Final = Identity(id=UserId(UUID(int=1)), kind=AccountKind.PERSONAL)
"""A personal account that nobody knows."""


def member_of(side: Side, policy: ExternalAccessPolicy, domain: str) -> Identity:
    """A person who stands for her class."""
    return Identity(id=SOMEBODY, kind=AccountKind.WORK, domain=domain, side=side, policy=policy)


def decide_consumer(
    side: Side, policy: ExternalAccessPolicy, audience: Audience, *, known_contact: bool, available: bool
) -> Verdict:
    """How far does a class get with personal accounts? `known_contact`: somebody listed could be reached."""
    somebody = member_of(side, policy, "")
    pair = (somebody, STRANGER) if audience is Audience.OUTBOUND else (STRANGER, somebody)
    decision = decide(*pair, Purpose.START, consumer_available=available)
    if decision.allowed:
        return Verdict(Reach.EVERYBODY, Rule.OK)
    only_contacts = decision.deciding_rule is Rule.CONSUMER_NOT_IN_DIRECTORY and known_contact
    return Verdict(Reach.SOME if only_contacts else Reach.NOBODY, decision.deciding_rule)


@dataclass(frozen=True, slots=True)
class Others:
    """The people of the other domain who share a policy; `blocked` of them are blocked by us individually."""

    policy: ExternalAccessPolicy
    people: int
    blocked: int = 0


def decide_domain(one: Identity, side: Side, domain: str, others: Iterable[Others]) -> Verdict:
    """How far does a class get with the people of a domain, who stand in a class each?

    Where the domain has nobody yet, one with the policy of everybody stands for them.
    """
    reached, missed, rule = 0, 0, Rule.OK
    for each in others:
        decision = decide(one, member_of(side, each.policy, domain), Purpose.START)
        if decision.allowed:
            reached += each.people - each.blocked
            if each.blocked:
                missed, rule = missed + each.blocked, (rule if rule is not Rule.OK else Rule.USER_BLOCKED)
        else:
            missed, rule = missed + each.people, (rule if rule is not Rule.OK else decision.deciding_rule)
    if not missed:
        return Verdict(Reach.EVERYBODY, Rule.OK)
    return Verdict(Reach.SOME if reached else Reach.NOBODY, rule)


def decide_toward_unknown(one: Identity, domain: str) -> Verdict:
    """How far does our side let a class go toward a domain that is nobody's here? The other side is assumed open."""
    assert one.side is not None, "a class is of a tenant"
    elsewhere = Side(tenant_id=ELSEWHERE, cloud=one.side.cloud)
    decision = decide(one, member_of(elsewhere, ExternalAccessPolicy(), domain), Purpose.START)
    return Verdict(Reach.EVERYBODY if decision.allowed else Reach.NOBODY, decision.deciding_rule)


def blocked_among(people: Sequence[list[str]], blocked: frozenset[str]) -> set[str]:
    """The ids of those people whom a list names by address or id."""
    return {each[0] for each in people if each[3] in blocked or each[0] in blocked}
