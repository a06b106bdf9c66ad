"""What could two people do on a date? Both sides as they were, taken back entry by entry from what they are.

Each side is read as its own tenant. Whoever administers only one of them sees that one; what the other side
was like then cannot be evaluated for him, unless his own side refused already.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from comity.access.decide import decide
from comity.access.errors import not_authorized
from comity.access.evidence import load_evidence
from comity.access.model import Decision, Identity, Person, Purpose, Rule
from comity.access.service import administers
from comity.access.state import load_state
from comity.audit.model import AuditEntry
from comity.audit.service import list_of_kinds
from comity.core.caller import Caller, PrincipalKind
from comity.core.ids import PERSONAL_REALM, TenantId, UserId
from comity.core.permissions import Permission
from comity.db.database import Database
from comity.db.transaction import Transaction
from comity.insight import store
from comity.insight.history.decide import bears, identity_at, is_about_policy, policy_held, told, undo
from comity.insight.history.model import Happening, History, HistoryInTheFuture, Moment
from comity.tenancy.installation import CONSUMER_DATE, list_audit, load_installation

_KINDS: Final = ("externalAccess", "externalAccessPolicy", "directoryContact", "groupPolicy")
_DIRECTORY: Final = {
    "Add user", "Restore user", "Delete user", "Update user", "Add member to group", "Remove member from group",
    "Add domain",
}  # fmt: skip
"""Changes of the directory that may bear on a decision; everything else of these objects is passed over."""

_GRANT: Final = "Grant external access policy"


@dataclass(frozen=True, slots=True)
class _Side:
    """One side: how it was then, and what lies between."""

    then: Identity
    happenings: list[Happening]


async def look_back(
    db: Database, caller: Caller, *, actor: Person, target: Person, at: datetime, purpose: Purpose = Purpose.START
) -> History:
    """The decision at `at` and now, and every change in between that bears on the two, newest first.

    Raises:
        HistoryInTheFuture, NotAuthorized.
    """
    if not administers(caller, actor, target):
        raise not_authorized(Permission.EXTERNAL_ACCESS_READ)
    home = actor.tenant_id if actor.tenant_id != PERSONAL_REALM else target.tenant_id
    async with db.tenant(home, person=actor.user_id if home == PERSONAL_REALM else None) as tx:
        if at > tx.now:
            raise HistoryInTheFuture(at=at.isoformat())
        evidence = await load_evidence(tx, (actor, target))
        now = evidence.decide(actor, target, purpose)
        available, dates = await _available(tx, at)
    people = evidence.people
    if evidence.elsewhere:
        return History(at, now, now, ())
    sides = [
        await _side(db, caller, people[one], people[other], one.tenant_id, at) for one, other in
        ((actor, target), (target, actor))
    ]  # fmt: skip
    then = _decided(sides, people[actor], people[target], purpose, available=available)
    happenings = [*dates, *(each for side in sides if side is not None for each in side.happenings)]
    happenings.sort(key=lambda each: each.at, reverse=True)
    return History(at, then, now, tuple(happenings))


def _decided(
    sides: list[_Side | None], actor: Identity, target: Identity, purpose: Purpose, *, available: bool
) -> Decision:
    """With both sides as they were; where one is not ours to see, only a refusal of our own is certain."""
    ours, theirs = sides
    one, other = (ours.then if ours else actor, theirs.then if theirs else target)
    decision = decide(one, other, purpose, consumer_available=available)
    unseen = {
        person.side.tenant_id
        for person, side in ((actor, ours), (target, theirs))
        if side is None and person.side is not None
    }
    if unseen and (decision.allowed or decision.decided_by in unseen):
        return Decision(False, Rule.COULD_NOT_EVALUATE)
    return decision


async def _side(
    db: Database, caller: Caller, person: Identity, other: Identity, tenant_id: TenantId, at: datetime
) -> _Side | None:
    """One person's side; None for a tenant that is not the caller's to see."""
    if tenant_id == PERSONAL_REALM:
        return _Side(person, [])
    everywhere = caller.kind in (PrincipalKind.OPERATOR, PrincipalKind.SYSTEM)
    if not everywhere and caller.tenant_id != tenant_id:
        return None
    async with db.tenant(tenant_id) as tx:
        moment = await _load_moment(tx, caller.in_tenant(tenant_id), person, other)
        entries = await _entries(tx, moment, person.id, at)
    bearing: list[bool] = []
    held = {policy_held(moment)}
    for entry in entries:
        before = undo(moment, entry, person=person.id, other=other.id)
        bearing.append(bears(before, moment, person, other))
        held.add(policy_held(before))
        moment = before
    # A policy that held at some time is told with its making: the grant alone names it and no more.
    happenings = [
        _happening(entry, tenant_id)
        for entry, made_a_difference in zip(entries, bearing, strict=True)
        if made_a_difference or is_about_policy(entry, held)
    ]
    return _Side(identity_at(moment, person, other), happenings)


def _happening(entry: AuditEntry, tenant_id: TenantId) -> Happening:
    gone, come = (told(entry.object_kind, each) for each in (entry.before, entry.after))
    return Happening(entry.at, tenant_id, entry.actor_name, entry.action, gone, come, entry.reason)


async def _load_moment(tx: Transaction, caller: Caller, person: Identity, other: Identity) -> Moment:
    state = await load_state(tx, caller)
    facts = await store.load_person(tx, person.id, other.id)
    return Moment(
        state=state, domains=person.side.domains if person.side else frozenset(), exists=facts.exists,
        enabled=facts.enabled, mail=facts.mail, user_principal_name=facts.user_principal_name, direct=facts.direct,
        groups=facts.groups, knows_other=facts.knows_other,
    )  # fmt: skip


async def _entries(tx: Transaction, moment: Moment, person: UserId, at: datetime) -> list[AuditEntry]:
    """What happened since, newest first: to the settings, to the person, and to every group that had a policy."""
    groups = {each.group_id for each in moment.state.groups}
    groups |= await store.load_assigned_since(tx, at)
    objects: list[UUID] = [person, tx.tenant_id, *groups]
    found = await list_of_kinds(tx, _KINDS, objects=objects, since=at)
    return [each for each in found if each.object_kind in _KINDS or each.action in _DIRECTORY or each.action == _GRANT]


async def _available(tx: Transaction, at: datetime) -> tuple[bool, list[Happening]]:
    """Was chat with personal accounts available then, and how its date was moved since."""
    available_from = (await load_installation(tx)).consumer_available_from
    happenings: list[Happening] = []
    for entry in await list_audit(tx, action=CONSUMER_DATE, since=at):
        text = entry.before.get("available_from")
        available_from = None if text is None else datetime.fromisoformat(str(text))
        happenings.append(
            Happening(entry.at, None, entry.actor_name, entry.action, entry.before, entry.after, entry.reason)
        )
    return available_from is None or at >= available_from, happenings
