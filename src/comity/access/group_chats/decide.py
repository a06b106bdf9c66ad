"""Group chats, as pure functions over the decision of a pair (external-access §8, §9).

A star, not all pairs: whoever began the chat and each who joins need a valid relationship. Three rules
look at the whole membership on top, each switched on by somebody's own side.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from comity.access.decide import decide
from comity.access.model import AddressedBy, Decision, Identity, Purpose, Rule
from comity.core.ids import PERSONAL_REALM, TenantId

PEOPLE_MAX: Final = 250
"""People in a group chat, whoever made it included."""
ADDED_MAX: Final = 200
"""People added to a chat in one operation."""

_TOO_LARGE: Final = Decision(False, Rule.GROUP_TOO_LARGE)
_OK: Final = Decision(True, Rule.OK)
_INTERNAL: Final = Decision(True, Rule.INTERNAL)
_PERSONAL: Final = Decision(True, Rule.PERSONAL_PERSONAL)


class GroupDecision(NamedTuple):
    """The decision, and who it fails for: recipients of a new group, in their order."""

    decision: Decision
    blocked: tuple[Identity, ...] = ()


def decide_group(
    initiator: Identity,
    recipients: Sequence[Identity],
    *,
    by: AddressedBy = AddressedBy.EMAIL,
    consumer_available: bool = True,
) -> GroupDecision:
    """May the initiator make a group of them? All or nothing: every recipient has to pass."""
    people = _each_once((initiator, *recipients))
    if len(people) > PEOPLE_MAX:
        return GroupDecision(_TOO_LARGE)
    passed: list[Decision] = []
    failed: list[tuple[Identity, Decision]] = []
    for each in people[1:]:
        decision = decide(initiator, each, Purpose.START, by=by, consumer_available=consumer_available)
        if decision.allowed:
            passed.append(decision)
        else:
            failed.append((each, decision))
    if failed:
        return GroupDecision(failed[0][1], tuple(each for each, _ in failed))
    refused = check_membership(people, consumer_available=consumer_available)
    return GroupDecision(refused or _allowed(initiator, passed))


def decide_add(
    actor: Identity,
    newcomers: Sequence[Identity],
    *,
    started_by: Identity,
    members: Sequence[Identity],
    by: AddressedBy = AddressedBy.EMAIL,
    consumer_available: bool = True,
) -> Decision:
    """May the actor, a member, add people to a group that somebody began?

    He has to find each of them himself, and whoever began the chat has to be allowed to talk to each;
    `by` is how the actor named them.
    """
    people = _each_once((*_first(started_by, members), *newcomers))
    if len(people) > PEOPLE_MAX or len(newcomers) > ADDED_MAX:
        return _TOO_LARGE
    passed: list[Decision] = []
    for each in newcomers:
        for who, purpose, key in ((actor, Purpose.LOOKUP, by), (started_by, Purpose.ADD, AddressedBy.EMAIL)):
            if who.id == each.id:
                continue
            decision = decide(who, each, purpose, by=key, consumer_available=consumer_available)
            if not decision.allowed:
                return decision
            passed.append(decision)
    return check_membership(people, consumer_available=consumer_available) or _allowed(actor, passed)


def decide_group_send(
    sender: Identity, *, started_by: Identity, members: Sequence[Identity], consumer_available: bool = True
) -> Decision:
    """May a member write in a group? His relationship with whoever began it counts.

    Who began it may write as long as somebody is left whom he may reach.
    """
    if sender.id != started_by.id:
        return decide(sender, started_by, Purpose.SEND, consumer_available=consumer_available)
    decisions = [
        decide(sender, each, Purpose.SEND, consumer_available=consumer_available)
        for each in members
        if each.id != sender.id
    ]
    passed = [each for each in decisions if each.allowed]
    if passed or not decisions:
        crossed = any(not each.allowed or each.deciding_rule is Rule.OK for each in decisions)
        return _OK if crossed else _allowed(sender, passed)
    return decisions[0]


def check_membership(people: Sequence[Identity], *, consumer_available: bool = True) -> Decision | None:
    """Does a rule about the whole membership refuse it? `people` stand in order, whoever began the chat first."""
    tenants = {_organization(each) for each in people}
    if len(tenants) == 1:
        return None  # nobody is outside of anything
    return (
        next(_restricted(people), None)
        or next(_without_mutual_trust(people, consumer_available=consumer_available), None)
        or next(_beyond_two(people, organizations=len(tenants)), None)
    )


def _restricted(people: Sequence[Identity]) -> Iterator[Decision]:
    """Own users without federation stay out of chats with outside people, where the tenant says so."""
    for each in people:
        side = each.side
        if side and side.configuration.restrict_chat_participants and not each.policy.enable_federation_access:
            yield Decision(False, Rule.PARTICIPANT_RESTRICTED, side.tenant_id, each.policy.name)


def _without_mutual_trust(people: Sequence[Identity], *, consumer_available: bool) -> Iterator[Decision]:
    """Own users need a valid relationship with every other participant, where the tenant says so."""
    for each in people:
        side = each.side
        if side is None or not side.configuration.mutual_chat_participants:
            continue
        for other in people:
            if other.id == each.id:
                continue
            if not decide(each, other, Purpose.SEND, consumer_available=consumer_available).allowed:
                yield Decision(False, Rule.MUTUAL_FEDERATION, side.tenant_id)


def _beyond_two(people: Sequence[Identity], *, organizations: int) -> Iterator[Decision]:
    """Whose policy says so is in chats of two organisations at most; all personal accounts are one."""
    if organizations <= 2:
        return
    for each in people:
        if each.side and each.policy.federated_bilateral_chats:
            yield Decision(False, Rule.BILATERAL_LIMIT, each.side.tenant_id, each.policy.name)


def _allowed(first: Identity, passed: Iterable[Decision]) -> Decision:
    """`ok` if a check across a border ran; else there was nothing to check."""
    if any(each.deciding_rule is Rule.OK for each in passed):
        return _OK
    return _PERSONAL if first.side is None else _INTERNAL


def _organization(person: Identity) -> TenantId:
    return PERSONAL_REALM if person.side is None else person.side.tenant_id


def _first(started_by: Identity, members: Sequence[Identity]) -> list[Identity]:
    """The members, whoever began the chat first if he is still one of them."""
    return sorted(members, key=lambda each: each.id != started_by.id)


def _each_once(people: Iterable[Identity]) -> list[Identity]:
    return list({each.id: each for each in people}.values())
