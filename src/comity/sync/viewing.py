"""Show a plan to somebody: names and values are joined when it is read, with the reader's own rights.

Somebody of the source sees the people whom he may see there, and old and new values. Somebody of the target sees
what would happen to accounts of his tenant; new values are the source's until they are there (`[Redact]`), and
people who are not in his tenant are a count.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from comity.core.caller import Caller
from comity.core.ids import PlanId, TenantId, UserId
from comity.core.permissions import Permission
from comity.db.crossings.cycle import InboundSyncOff
from comity.db.crossings.incoming_plan import IncomingItem, read_incoming_plan
from comity.db.database import Database
from comity.db.transaction import Transaction
from comity.directory.model import Attribute, attributes_of
from comity.sync import plan_store, store
from comity.sync.attributes import NAMES
from comity.sync.interests import mapping_of
from comity.sync.lanes import Lane, open_lane
from comity.sync.model import CARRIED, FIRST_CARRIED, Action, Job, Person, Present, Step
from comity.sync.passage import decide
from comity.sync.planned import Item, Outcome, PlanKind, PlanUnknown, StoredPlan, Verdict
from comity.sync.plans import plan_job
from comity.sync.reading import read_page
from comity.sync.redaction import REDACTED, redacted_bits
from comity.sync.targets import load_accounts
from comity.sync.undoing import decide_items

_AT: Final = {each: at for at, each in enumerate(CARRIED)}
_PAGE_MAX: Final = 1000


@dataclass(frozen=True, slots=True)
class Shift:
    """One attribute, and what becomes of it."""

    attribute: str
    old: object
    new: object


@dataclass(frozen=True, slots=True)
class Shown:
    """One person of a plan, as the reader may see her."""

    step: int
    verdict: Verdict
    source_id: UserId | None
    target_id: UserId | None
    display_name: str | None
    user_principal_name: str | None
    shifts: tuple[Shift, ...]
    reason: str | None
    outcome: Outcome | None
    converts: bool
    changed_since: bool
    """Source or target have changed since the plan was made; it is decided again when it is applied."""
    changed_by: str | None = None
    """Of drift: who changed the account in the target last."""


@dataclass(frozen=True, slots=True)
class View:
    """One page of a plan. `hidden` counts the plan's people whom the reader may not see, by verdict."""

    shown: list[Shown] = field(default_factory=list)
    hidden: Mapping[str, int] = field(default_factory=dict)
    after: int | None = None
    """Where the next page begins; None: there is none."""


async def view(db: Database, caller: Caller, plan_id: PlanId, *, after: int = 0, at_most: int = 100) -> View:
    """One page of a plan, for somebody of the source.

    Raises:
        PlanUnknown, PermissionMissing.
    """
    caller.check(Permission.SYNC_READ)
    at_most = min(at_most, _PAGE_MAX)
    async with db.tenant(caller.tenant_id) as tx:
        plan = await plan_store.get(tx, plan_id)
        if not caller.may(Permission.USER_READ):
            tally = await plan_store.load_tally(tx, plan_id)
            hidden = {name: getattr(tally, name) for name in _HIDDEN if getattr(tally, name)}
            return View(hidden=hidden)
        items = await plan_store.list_items(tx, plan_id, after=after, at_most=at_most)
        if plan.kind is PlanKind.CLEANUP:
            return await _view_cleanup(tx, items, at_most)
        job = await plan_job(tx, plan.job_id, plan.proposal)
    lane = await open_lane(db, caller.tenant_id, job if plan.proposal is None else plan.proposal.of(job), plan_id)
    people, steps = await _decide_again(db, plan, lane, items)
    redacted = redacted_bits(mapping_of(lane.job))
    writers = await _writers(lane, items) if plan.kind is PlanKind.DRIFT else {}
    shown = [
        _show(each, people.get(each.source_id), steps.get(each.source_id), redacted, writers.get(each.target_id))
        for each in items
    ]
    return View(shown, after=items[-1].step if len(items) == at_most else None)


async def view_incoming(
    db: Database, caller: Caller, source: TenantId, plan_id: PlanId, *, after: int = 0, at_most: int = 100
) -> View:
    """One page of a plan of another tenant's, for somebody of the target.

    Raises:
        PlanUnknown (also for a plan that leads elsewhere), PermissionMissing.
    """
    caller.check(Permission.SYNC_READ)
    at_most = min(at_most, _PAGE_MAX)
    async with db.tenant(caller.tenant_id) as tx:
        found = await read_incoming_plan(tx, source, plan_id, after=after, at_most=at_most)
        if found is None:
            raise PlanUnknown(plan=str(plan_id))
        may = caller.may(Permission.USER_READ)
        accounts = await load_accounts(tx, [each.account_id for each in found.items]) if may else {}
    hidden = _words(found.unseen)
    if not may:
        for each in found.items:
            word = Verdict(each.verdict).word
            hidden[word] = hidden.get(word, 0) + 1
        return View(hidden=hidden, after=_next(found.items, at_most))
    shown = [_show_incoming(each, accounts.get(each.account_id)) for each in found.items]
    return View(shown, hidden, _next(found.items, at_most))


async def _view_cleanup(tx: Transaction, items: Sequence[Item], at_most: int) -> View:
    """One page of a clean-up: accounts of the reader's own tenant."""
    accounts = await load_accounts(tx, [each.target_id for each in items if each.target_id is not None])
    shown = [_show_account(each, None if each.target_id is None else accounts.get(each.target_id)) for each in items]
    return View(shown, after=items[-1].step if len(items) == at_most else None)


def _show_account(item: Item, account: Present | None) -> Shown:
    return Shown(
        item.step,
        item.verdict,
        item.source_id,
        item.target_id,
        None if account is None else account.display_name,
        None if account is None else account.user_principal_name,
        (),
        item.reason,
        item.outcome,
        converts=False,
        changed_since=item.outcome is None and (account is None or account.version != item.target_version),
    )


async def _decide_again(
    db: Database, plan: StoredPlan, lane: Lane, items: Sequence[Item]
) -> tuple[dict[UserId, Person], dict[UserId, Step]]:
    """The people of these items and what would be done to them now; that is where values come from."""
    ids = sorted(each.source_id for each in items)
    async with db.tenant(lane.job.tenant_id, many_rows=True) as tx:
        known: list[Job] = await store.list_jobs(tx)
        reading = await read_page(tx, [lane.job], known, ids, proposal=plan.proposal)
    people = {each.id: each for each in reading.people}
    try:
        if plan.kind is PlanKind.UNDO:
            return people, await decide_items(db, plan, lane, items)
        async with lane.target.visit(flushed=True) as visit:
            decided = await decide(lane, visit, reading, reading.people, known)
    except InboundSyncOff:
        return people, {}  # the door is closed: names and attributes are known, values are the target's
    return people, {step.source_id: step for step in decided.steps}


async def _writers(lane: Lane, items: Sequence[Item]) -> dict[UserId | None, str]:
    """Who changed these accounts in the target, as its audit has it."""
    accounts = [each.target_id for each in items if each.target_id is not None]
    try:
        async with lane.target.visit(flushed=True) as visit:
            found = await visit.last_writers(accounts)
    except InboundSyncOff:
        return {}
    return {account: f"{name}, {at:%Y-%m-%d %H:%M}" for account, (name, at) in found.items()}


def _show(item: Item, person: Person | None, step: Step | None, redacted: int, writer: str | None) -> Shown:
    holds = step is not None and step.action is item.action
    return Shown(
        item.step,
        item.verdict,
        item.source_id,
        item.target_id,
        None if person is None else person.display_name,
        None if person is None else person.user_principal_name,
        tuple(_shifts(item, step if holds else None, redacted)),
        item.reason,
        item.outcome,
        converts=item.verdict in (Verdict.UPDATE, Verdict.ADOPT) and bool(item.changed & Attribute.USER_TYPE.bit),
        changed_since=item.outcome is None and item.verdict.acts and _has_changed(item, person, step),
        changed_by=writer,
    )


def _has_changed(item: Item, person: Person | None, step: Step | None) -> bool:
    return (
        step is None
        or step.action is not item.action
        or step.target_version != item.target_version
        or (person is not None and item.source_version not in (0, person.version))
    )


def _shifts(item: Item, step: Step | None, redacted: int) -> Iterable[Shift]:
    """Old → new of what the plan said would change; values are those of now, if the verdict is."""
    if step is not None:
        return shifts_of(step._replace(changed=item.changed), redacted)
    if item.verdict in (Verdict.DELETE, Verdict.CREATE):
        return ()
    return [Shift(NAMES.get(each, each.column), None, None) for each in attributes_of(item.changed) if each in _AT]


def shifts_of(step: Step, redacted: int) -> Iterable[Shift]:
    """Old → new of what a step changes; of a creation only what gets a value, of a deletion nothing."""
    if step.action is Action.DELETE:
        return
    for attribute in attributes_of(step.changed):
        if attribute not in _AT:
            continue
        old = None if step.before is None else step.before[_AT[attribute]]
        new = step.wanted[_AT[attribute]]
        if step.action is Action.CREATE and new is None:
            continue
        if redacted & attribute.bit:
            old, new = REDACTED, REDACTED
        yield Shift(NAMES.get(attribute, attribute.column), _plain(old), _plain(new))


def _show_incoming(item: IncomingItem, account: Present | None) -> Shown:
    verdict = Verdict(item.verdict)
    before = None if account is None else account[FIRST_CARRIED:]
    shifts = [
        Shift(NAMES.get(each, each.column), None if before is None else _plain(before[_AT[each]]), REDACTED)
        for each in attributes_of(item.changed)
        if each in _AT and verdict is not Verdict.DELETE
    ]
    return Shown(
        item.step,
        verdict,
        None,
        item.account_id,
        None if account is None else account.display_name,
        None if account is None else account.user_principal_name,
        tuple(shifts),
        item.reason,
        None if item.outcome is None else Outcome(item.outcome),
        converts=verdict in (Verdict.UPDATE, Verdict.ADOPT) and bool(item.changed & Attribute.USER_TYPE.bit),
        changed_since=item.outcome is None and (account is None or account.version != item.version),
    )


_HIDDEN: Final = ("create", "update", "delete", "restore", "skip", "refuse")


def _words(counts: Mapping[int, int]) -> dict[str, int]:
    words: dict[str, int] = {}
    for verdict, count in counts.items():
        word = Verdict(verdict).word
        words[word] = words.get(word, 0) + count
    return words


def _next(items: Sequence[IncomingItem], at_most: int) -> int | None:
    return items[-1].step if len(items) == at_most else None


def _plain(value: Any) -> object:
    return value if value is None or isinstance(value, str | bool | dict) else str(value)
