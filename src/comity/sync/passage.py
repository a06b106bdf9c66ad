"""One page's way into one target: look, decide and apply in one transaction there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from comity.core.ids import CauseId, UserId, new_id
from comity.db.errors import Duplicate, ValueRefused
from comity.directory.model import Attribute
from comity.sync.decide import is_eligible, plan_cycle
from comity.sync.lanes import Lane
from comity.sync.model import CARRIED, Fault, Job, Page, Person, Plan, Reason, Receipt, Skip, Step, Values
from comity.sync.patience import is_slow
from comity.sync.reading import Reading
from comity.sync.scope_filter import NOTHING_SIFTED
from comity.sync.targets import Batch, Visit

RETURNS_MAX: Final = 3
"""How often a person whose account changed under the plan is decided again before it counts as a failure."""

_UPN_AT: Final = CARRIED.index(Attribute.USER_PRINCIPAL_NAME)
_MAIL_AT: Final = CARRIED.index(Attribute.MAIL)

Choose = Callable[[Plan], Sequence[tuple[int, Step]]]
"""Which steps of a decision are applied, and under which numbers."""


@dataclass(frozen=True, slots=True)
class Passed:
    """What became of a page in a target."""

    receipts: list[Receipt] = field(default_factory=list)
    skips: list[Skip] = field(default_factory=list)
    kept: dict[int, int] = field(default_factory=dict)
    """Of which steps which attributes (bits) were left to the target."""

    def __add__(self, other: Passed) -> Passed:
        return Passed(self.receipts + other.receipts, self.skips + other.skips, self.kept | other.kept)


@dataclass(frozen=True, slots=True)
class Passage:
    """How a lane's pages are passed on.

    `known` are all jobs of the source; `cause` what the visits note as their own; `choose` says which steps
    are applied (default: all, numbered by the lane), `guard` what of a decision may be done; `planning` and
    `applying` are told of these phases.
    """

    lane: Lane
    known: Sequence[Job]
    cause: CauseId
    choose: Choose | None = None
    guard: Callable[[Plan], Plan] = lambda plan: plan
    planning: Callable[[], None] = lambda: None
    applying: Callable[[], None] = lambda: None

    async def take(
        self,
        reading: Reading,
        people: Sequence[Person],
        causes: Mapping[UserId, CauseId],
        *,
        turn: int = 1,
        is_half: bool = False,
    ) -> Passed:
        """Look, decide and apply in one transaction of the target.

        A batch that the database refuses is halved until the guilty person stands alone; those whose names
        it tore asunder are taken together once more. An account that changed under the plan is decided again.

        Raises:
            InboundSyncOff: the target has closed its door.
            PatternsTooSlow: the job cannot go on like this; nothing of these people was written.
        """
        lane = self.lane
        try:
            async with lane.target.visit(flushed=False, cause=self.cause) as visit:
                self.planning()
                plan = self.guard(await decide(lane, visit, reading, people, self.known))
                steps = self._numbered(plan)
                receipts = await visit.apply(Batch(lane.plan_id, lane.job.id, steps, causes)) if steps else []
                self.applying()
        except (Duplicate, ValueRefused) as fault:
            if len(people) == 1:
                reason = Reason.UPN_TAKEN if isinstance(fault, Duplicate) else Reason.DATA
                return Passed([], [Skip(people[0].id, None, reason, failed=True)])
            middle = len(people) // 2
            first = await self.take(reading, people[:middle], causes, is_half=True)
            both = first + await self.take(reading, people[middle:], causes, is_half=True)
            return both if is_half else await self._together(reading, people, causes, both)
        (lane.waiting if lane.settling else lane.unresolved).update((each, causes[each]) for each in plan.unresolved)
        kept = {number: plan.kept[step.source_id] for number, step in steps if step.source_id in plan.kept}
        passed = Passed(receipts, list(plan.skips), kept)
        missed = {step.source_id for _, step in steps} - {receipt.source_id for receipt in receipts}
        if missed and turn < RETURNS_MAX:
            again = [person for person in people if person.id in missed]
            return passed + await self.take(reading, again, causes, turn=turn + 1)
        return passed + Passed([], [Skip(each, None, Reason.CHANGED_MEANWHILE, failed=True) for each in sorted(missed)])

    async def _together(
        self, reading: Reading, people: Sequence[Person], causes: Mapping[UserId, CauseId], halves: Passed
    ) -> Passed:
        """Two who swap their names get through together only, and halving may have parted them."""
        torn = {each.source_id for each in halves.skips if each.reason is Reason.UPN_TAKEN}
        if len(torn) < 2:
            return halves
        kept = Passed(halves.receipts, [each for each in halves.skips if each.source_id not in torn], halves.kept)
        again = [person for person in people if person.id in torn]
        return kept + await self.take(reading, again, causes, is_half=True)

    def _numbered(self, plan: Plan) -> Sequence[tuple[int, Step]]:
        if self.choose is not None:
            return self.choose(plan)
        return list(enumerate(plan.steps, start=self.lane.take_numbers(len(plan.steps))))


async def decide(lane: Lane, visit: Visit, reading: Reading, people: Sequence[Person], known: Sequence[Job]) -> Plan:
    """Decide what these people's page changes in the lane's target."""
    in_scope, sifted = reading.in_scope[lane.job.id], reading.sifted.get(lane.job.id, NOTHING_SIFTED)
    wanted = _wanted(lane, reading, [each for each in people if each.id in in_scope])
    upns: dict[UserId, str] = {}
    mails: dict[UserId, str] = {}
    for person in people:
        values = wanted.get(person.id)
        if values is None or values.__class__ is Fault:
            continue
        upns[person.id] = values[_UPN_AT]  # type: ignore[assignment]
        if values[_MAIL_AT].__class__ is str and person.account_enabled and is_eligible(person):
            mails[person.id] = values[_MAIL_AT]  # type: ignore[assignment]
    seen = await visit.look(people, upns, mails)
    page = Page(
        people=tuple(people),
        in_scope=frozenset(in_scope),
        present=seen.present,
        linked=frozenset(reading.links[lane.job.id]),
        managed_elsewhere=reading.managed_elsewhere(lane.job, known),
        references=reading.managers.get(lane.job.id, {}),
        new_ids={each: UserId(new_id()) for each in upns if each not in seen.present},
        taken=seen.taken,
        invitations_allowed=lane.invitations_allowed,
        set_aside=sifted.set_aside,
        out_of_filter=sifted.out,
        claimed=seen.claimed,
        wanted=wanted,
        kept=seen.kept,
    )
    return plan_cycle(page, lane.mapping, lane.job.actions)


def _wanted(lane: Lane, reading: Reading, people: Sequence[Person]) -> dict[UserId, Values | Fault]:
    """What the mapping makes of these people; what it computes is computed once for all jobs that share it."""
    mapping = lane.mapping
    if not mapping.computes:
        return {person.id: mapping.wanted(person) for person in people}
    known = reading.computed.setdefault(mapping.mapping, {})
    wanted: dict[UserId, Values | Fault] = {}
    for person in people:
        if person.id not in known:
            known[person.id] = computed = mapping.compute(person)
            if computed.__class__ is Fault and is_slow(computed.details):
                lane.note_slow(1)
        wanted[person.id] = mapping.wanted(person, known[person.id])
    return wanted
