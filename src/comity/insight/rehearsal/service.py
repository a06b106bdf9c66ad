"""Try changes of external access out: nothing is written.

People are compared by class, before and after. Chats are decided one by one, with both sides as they are
and our own as it would be; only those of people whose class changes at all.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from comity.access.availability import is_consumer_available
from comity.access.decide import decide
from comity.access.errors import AssigneeUnknown
from comity.access.evidence import Evidence, load_evidence
from comity.access.model import ExternalAccessPolicy, Identity, Person, Purpose, Side
from comity.access.state import load_state
from comity.core.caller import Caller
from comity.core.ids import TenantId, UserId
from comity.db.crossings.chat import load_cards
from comity.db.transaction import Transaction
from comity.directory.model import GroupUnknown
from comity.directory.store import get_group
from comity.insight import store
from comity.insight.rehearsal import decide as rules
from comity.insight.rehearsal.model import ChatBreak, PersonChange, Rehearsal
from comity.insight.who_can import own_side
from comity.tenancy.service import list_domains

CHATS_PER_READING: Final = 200
PEOPLE_PER_READING: Final = 5000

Class = tuple[Side, ExternalAccessPolicy]


@dataclass(frozen=True, slots=True)
class Affected:
    """One person whose class changes, and her settings before and after."""

    change: PersonChange
    before: Class
    now: Class


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """The settings before and after, and whoever is affected. People whom nothing happens to are not in it."""

    people: tuple[Affected, ...]
    available: bool

    @property
    def changes(self) -> list[PersonChange]:
        """Whoever gains or loses something."""
        return [each.change for each in self.people if each.change.gains or each.change.loses]


async def rehearse(tx: Transaction, caller: Caller, rehearsal: Rehearsal) -> Rehearsed:
    """Which people would gain or lose what?

    Raises:
        AssigneeUnknown, GroupUnknown, PolicyNotFound, NotAuthorized, and whatever the real change would be
        refused with.
    """
    before = await load_state(tx, caller)
    own = frozenset(each.name for each in await list_domains(tx))
    now = rules.after(before, rehearsal, own_domains=own, now=tx.now)
    side = await own_side(tx, before)
    sides = (side, replace(side, configuration=now.configuration, blocked=now.blocked))
    available = await is_consumer_available(tx)
    await _check_groups(tx, rehearsal)
    members = await store.load_members(tx, {each.group_id for each in (*before.groups, *now.groups)})
    ranks = [rules.lowest_ranks(each.groups, members) for each in (before, now)]
    direct = {str(user_id): identity for user_id, identity in rehearsal.direct.items()}
    missing = set(direct)
    people: list[Affected] = []
    known: dict[tuple[str, str], tuple[Class, Class, PersonChange] | None] = {}
    async for group in store.stream_people(tx):
        for user_id, upn, name, _address in group.people:
            old = before.book.effective(group.direct, ranks[0].get(user_id))
            wanted = group.direct
            if user_id in direct:
                missing.discard(user_id)
                identity = direct[user_id]
                wanted = None if identity is None else rules.key_of(before, identity)
            new = now.book.effective(wanted, ranks[1].get(user_id))
            if (old, new) not in known:
                known[old, new] = _compared(sides, (before.policy(old), now.policy(new)), available=available)
            if (found := known[old, new]) is not None:
                one, other, change = found
                named = replace(
                    change, user_id=UserId(UUID(user_id)), user_principal_name=upn, display_name=name
                )  # fmt: skip
                people.append(Affected(named, one, other))
    if missing:
        raise AssigneeUnknown(user=min(missing))
    return Rehearsed(tuple(people), available)


async def stream_breaks(tx: Transaction, rehearsed: Rehearsed) -> AsyncIterator[ChatBreak]:
    """Which existing 1:1 chats of these people with somebody outside would break? By chat id."""
    affected = {each.change.user_id: each for each in rehearsed.people if rules.may_alter_chats(each.before, each.now)}
    ids = sorted(affected)
    for start in range(0, len(ids), PEOPLE_PER_READING):
        async for page in store.stream_chats(tx, ids[start : start + PEOPLE_PER_READING], at_most=CHATS_PER_READING):
            evidence = await load_evidence(tx, _people(tx.tenant_id, page))
            found = [_broken(tx.tenant_id, chat, evidence, affected[chat.user_id]) for chat in page]
            broken = [each for each in found if each is not None]
            cards = await load_cards(tx, [each.chat_id for each in broken]) if broken else []
            known = {Person(each.tenant_id, each.user_id): (each.display_name, each.address) for each in cards}
            for each in broken:
                name, address = known.get(each.other, ("", ""))
                yield replace(each, other_name=name, other_address=address)


def _compared(
    sides: tuple[Side, Side], policies: tuple[ExternalAccessPolicy, ExternalAccessPolicy], *, available: bool
) -> tuple[Class, Class, PersonChange] | None:
    """One class before and after; None if nothing that decides is different."""
    before, now = (sides[0], policies[0]), (sides[1], policies[1])
    gains, loses = rules.difference(before, now, available=available)
    if not (gains or loses or rules.may_alter_chats(before, now)):
        return None
    nobody = UserId(UUID(int=0))
    change = PersonChange(nobody, "", "", policies[0].identity, policies[1].identity, gains, loses)
    return before, now, change


def _people(tenant_id: TenantId, page: Sequence[store.ChatRow]) -> Iterable[Person]:
    for each in page:
        yield Person(tenant_id, each.user_id)
        yield each.other


def _broken(tenant_id: TenantId, chat: store.ChatRow, evidence: Evidence, affected: Affected) -> ChatBreak | None:
    """Could they write before, and not afterwards? Or could the request be accepted before, and not afterwards?"""
    me = Person(tenant_id, chat.user_id)
    own, other = evidence.people[me], evidence.people[chat.other]
    side, policy = affected.now
    changed = rules.with_settings(own, side, policy)

    def asked(person: Identity, purpose: Purpose) -> tuple[Identity, Identity]:
        ours_began = chat.started_by == me
        return (person, other) if ours_began or purpose is Purpose.SEND else (other, person)

    for purpose in (Purpose.SEND, *((Purpose.START,) if chat.waiting else ())):
        was = decide(*asked(own, purpose), purpose, consumer_available=evidence.consumer_available)
        now = decide(*asked(changed, purpose), purpose, consumer_available=evidence.consumer_available)
        if was.allowed and not now.allowed:
            return ChatBreak(chat.chat_id, me, chat.other, now, request=purpose is Purpose.START)
    return None


async def _check_groups(tx: Transaction, rehearsal: Rehearsal) -> None:
    for group_id in rehearsal.groups:
        group = await get_group(tx, group_id)
        if group is None or group.deleted_at is not None:
            raise GroupUnknown(group=str(group_id))
