"""`comity sync plan`, `show`, `apply`, `undo`: see what would happen to whom before it does, and take it back."""

from __future__ import annotations

import json
from contextlib import nullcontext
from typing import IO, TYPE_CHECKING, Any, Final

import click

from comity.cli.documents import read_json
from comity.cli.jobs import find_job, of_job
from comity.cli.options import Command
from comity.cli.place import Place, at, at_plan, of_any_tenant, of_tenant
from comity.cli.session import Session, pass_session

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from uuid import UUID

    from comity.core.ids import JobId, PlanId, TenantId
    from comity.db.transaction import Transaction
    from comity.insight.blast import Blast
    from comity.sync.model import Actions, Job
    from comity.sync.planned import Proposal, StoredPlan
    from comity.sync.viewing import Shown, View

CHANGES: Final = 3
"""The exit code of a plan that changes something, where `--detailed-exitcode` was said."""
SHOWN_MAX: Final = 50
"""So many people in a table; the rest is for `--items`."""
_COUNTS: Final = ("create", "update", "delete", "restore", "skip", "refuse")
_BECAME: Final = ("applied", "dropped", "held", "failed")

from_tenant = click.option(
    "--from", "--tenant", "of", required=True, metavar="T", help="Of which tenant: id, domain or name."
)
"""The source of a plan; in the form of the contract."""
items_file = click.option(
    "--items", type=click.File("w", encoding="utf-8"), metavar="FILE", help="Write the people here, one JSON a line."
)


@click.command(cls=Command)
@click.option("--add", "added", multiple=True, metavar="NAME", help="If this person or group were shared as well.")
@click.option("--remove", "removed", multiple=True, metavar="NAME", help="If this person or group were unshared.")
@click.option("--scope", type=click.Choice(["assigned", "all"]), help="If these were offered.")
@click.option("--actions", metavar="LIST", help="If it might do only this in the target: Add,Update,Delete.")
@click.option("--mapping", type=click.File("rb"), metavar="FILE", help="If this were its mapping.")
@click.option("--filter", "filter_", type=click.File("rb"), metavar="FILE", help="If this were its scoping filter.")
@click.option("--drift", is_flag=True, help="What was changed in the target, and by whom.")
@items_file
@click.option("--detailed-exitcode", is_flag=True, help="Exit 3 if anything would change.")
@of_job
@from_tenant
@pass_session
async def plan(
    session: Session,
    added: tuple[str, ...],
    removed: tuple[str, ...],
    scope: str | None,
    actions: str | None,
    mapping: IO[bytes] | None,
    filter_: IO[bytes] | None,
    drift: bool,
    items: IO[str] | None,
    detailed_exitcode: bool,
    of: str,
    to: str | None,
    job: str | None,
) -> int:
    """Show who would be created, updated, deleted or restored, now or if the job were changed; nothing is done."""
    from comity.sync import plans
    from comity.sync.planned import PlanKind

    async with at(session, of) as place:
        async with place.transaction() as tx:
            proposal, job_id = await _proposal(place, tx, to, job, added, removed, scope, actions, mapping, filter_)
            kind = PlanKind.DRIFT if drift else PlanKind.PREVIEW
            plan_id = await plans.ask(tx, place.caller, job_id=job_id, proposal=proposal, kind=kind)
        made = await _make(session, place, plan_id)
        await _show(session, place, made, items)
    return CHANGES if detailed_exitcode and made.tally.changes else 0


@click.command(cls=Command)
@click.argument("plan_id", metavar="PLAN", type=click.UUID)
@click.option("--source", metavar="T", help="Of this tenant, whose plan leads here: see what it would do to us.")
@items_file
@of_any_tenant
@pass_session
async def show(session: Session, plan_id: UUID, source: str | None, items: IO[str] | None, of: str | None) -> None:
    """Show a plan again, and what became of it; with --source one that leads to this tenant."""
    from comity.core.ids import PlanId
    from comity.sync.plans import get_plan

    if source is not None:
        if of is None:
            raise click.UsageError("Say whose view it is: --tenant T, to which the plan of --source leads.")
        async with at(session, of) as place:
            await _show_incoming(session, place, await place.tenant_id(source), PlanId(plan_id), items)
            return
    async with at_plan(session, of, PlanId(plan_id)) as place:
        async with place.transaction() as tx:
            found = await get_plan(tx, place.caller, PlanId(plan_id))
        await _show(session, place, found, items)


@click.command(cls=Command)
@click.argument("plan_id", metavar="PLAN", type=click.UUID)
@of_any_tenant
@pass_session
async def apply(session: Session, plan_id: UUID, of: str | None) -> None:
    """Apply a plan as far as it still holds; what has changed since is not done, and said."""
    from comity.core.ids import PlanId

    async with at_plan(session, of, PlanId(plan_id)) as place:
        await apply_plan(session, place, PlanId(plan_id))


@click.command(cls=Command)
@click.argument("run_id", metavar="[RUN]", type=click.UUID, required=False)
@click.option("--plan", "plan_only", is_flag=True, help="Only show what would be taken back.")
@items_file
@of_job
@of_tenant
@pass_session
async def undo(
    session: Session,
    run_id: UUID | None,
    plan_only: bool,
    items: IO[str] | None,
    of: str,
    to: str | None,
    job: str | None,
) -> None:
    """Take a run back in every target, by default a job's last one; the jobs rest afterwards."""
    from comity.core.ids import RunId
    from comity.sync.service import list_standing
    from comity.sync.undoing import ask_undo

    async with at(session, of) as place:
        async with place.transaction() as tx:
            if run_id is None:
                found = await find_job(place, tx, to, job)
                runs = {each.job.id: each.last_run for each in await list_standing(tx, place.caller)}
                last = runs[found.id]
                if last is None:
                    raise click.UsageError("The job has never run; there is nothing to take back.")
                run_id = last.id
            asked = await ask_undo(tx, place.caller, RunId(run_id))
        for plan_id in asked:
            made = await _make(session, place, plan_id)
            if plan_only:
                await _show(session, place, made, items)
            else:
                await apply_plan(session, place, plan_id)


async def show_plan(session: Session, place: Place, plan_id: PlanId, items: IO[str] | None) -> StoredPlan:
    """Make a plan that was asked for, and show it."""
    made = await _make(session, place, plan_id)
    await _show(session, place, made, items)
    return made


async def make_plan(session: Session, place: Place, job_id: JobId) -> StoredPlan:
    """What a job as it stands would do; shown, not done."""
    from comity.sync import plans

    async with place.transaction() as tx:
        plan_id = await plans.ask(tx, place.caller, job_id=job_id)
    made = await _make(session, place, plan_id)
    await _show(session, place, made, None)
    return made


async def apply_plan(session: Session, place: Place, plan_id: PlanId, *, quietly: bool = False) -> None:
    """Apply, and say what became of whom."""
    from comity.cli.output import Table
    from comity.sync import plans
    from comity.sync.planned import Outcome
    from comity.sync.viewing import view

    with session.out.progress("Applying") as tell:
        done = await plans.apply(place.comity.db, place.caller, plan_id, watch=lambda each: tell(each.settled, each.of))
    if quietly:
        return
    left = [
        each
        async for page in _pages(place, plan_id, view)
        for each in page.shown
        if each.outcome not in (None, Outcome.APPLIED)
    ]
    facts = done.plan.tally.as_facts()
    counts = {name: facts[name] for name in _BECAME}
    if done.stopped:
        session.out.say("Stopped; applying the plan again goes on.")
    value = {
        "plan_id": str(plan_id), "state": done.plan.state.value, "stopped": done.stopped, **counts,
        "left": [_item(each) for each in left],
    }  # fmt: skip
    if left and session.out.form.value == "table":
        session.out.show(value, counts)
        session.out.show(
            value, Table(("Left", *_HEADINGS), [_row(each, with_outcome=True) for each in left[:SHOWN_MAX]])
        )
        return
    session.out.show(value, counts)


# ── what is proposed ─────────────────────────────────────────────────────────────────────────────


async def _proposal(
    place: Place,
    tx: Transaction,
    to: str | None,
    job: str | None,
    added: tuple[str, ...],
    removed: tuple[str, ...],
    scope: str | None,
    actions: str | None,
    mapping: IO[bytes] | None,
    filter_: IO[bytes] | None,
) -> tuple[Proposal | None, JobId | None]:
    """What is proposed, of which job; a share with a tenant that no job leads to opens one."""
    from comity.cli.names import find_principals
    from comity.sync.model import ScopeMode
    from comity.sync.planned import KEEP, Proposal

    found, opens = await _job_or_target(place, tx, to, job, may_open=bool(added))
    users, groups = await find_principals(tx, place.caller, added)
    former_users, former_groups = await find_principals(tx, place.caller, removed)
    proposal = Proposal(
        add_users=tuple(users), add_groups=tuple(groups), remove=(*former_users, *former_groups),
        scope_mode=ScopeMode(scope) if scope else None, actions=_actions(actions) if actions is not None else None,
        mapping=KEEP if mapping is None else read_json(mapping.name, mapping.read()),
        filter=KEEP if filter_ is None else read_json(filter_.name, filter_.read()),
        opens=opens,
    )  # fmt: skip
    return (None if proposal == Proposal() else proposal), (found.id if found else None)


async def _job_or_target(
    place: Place, tx: Transaction, to: str | None, job: str | None, *, may_open: bool
) -> tuple[Job | None, TenantId | None]:
    from comity.sync.model import JobUnknown

    try:
        return await find_job(place, tx, to, job), None
    except JobUnknown:
        if not may_open or to is None:
            raise
    return None, await place.tenant_id(to)


def _actions(text: str) -> Actions:
    from comity.sync.model import Actions

    names = {each.strip().lower() for each in text.split(",")} - {""}
    if unknown := names - {"add", "update", "delete"}:
        raise click.UsageError(f"No action of a job: {', '.join(sorted(unknown))}. There are Add, Update and Delete.")
    return Actions(**{name: name in names for name in ("add", "update", "delete")})


# ── how it is shown ──────────────────────────────────────────────────────────────────────────────

_HEADINGS: Final = ("What", "Who", "Changes", "Why")


async def _make(session: Session, place: Place, plan_id: PlanId) -> StoredPlan:
    from comity.sync import plans

    async with place.transaction() as tx:
        expected = await plans.estimate(tx, place.caller, plan_id)
    with session.out.progress("Planning") as tell:
        return await plans.make(
            place.comity.db,
            place.caller,
            plan_id,
            watch=lambda each: tell(each.looked_at, max(expected, each.looked_at)),
        )


async def _show(session: Session, place: Place, made: StoredPlan, items: IO[str] | None) -> None:
    """Counts, what else is hit, and the people: in the answer, in a file, or as a table."""
    from comity.insight.blast import blast_radius
    from comity.sync.viewing import view

    blast = await blast_radius(place.comity.db, place.caller, made.id)
    shown, hidden = await _collect(place, made.id, view, items, at_most=None if _is_data(session) else SHOWN_MAX)
    facts = made.tally.as_facts()
    value: dict[str, Any] = {
        "plan_id": str(made.id), "kind": made.kind.value, "state": made.state.value, "job": str(made.job_id),
        **{name: facts[name] for name in _COUNTS}, "convert": made.tally.convert,
        "hidden": hidden, "blast": _blast(blast),
    }  # fmt: skip
    if made.state.value not in ("planning", "planned"):
        value |= {name: facts[name] for name in _BECAME}
    if items is None:
        value["items"] = [_item(each) for each in shown]
    if _is_data(session):
        session.out.show(value)
        return
    _tell_table(session, made, shown, hidden, blast)


async def _show_incoming(
    session: Session, place: Place, source: TenantId, plan_id: PlanId, items: IO[str] | None
) -> None:
    from comity.cli.output import Table
    from comity.sync.viewing import view_incoming

    async def incoming(*where: Any, **how: Any) -> View:
        db, caller, plan = where
        return await view_incoming(db, caller, source, plan, **how)

    shown, hidden = await _collect(place, plan_id, incoming, items, at_most=None)
    value = {"plan_id": str(plan_id), "hidden": hidden, "items": [_item(each) for each in shown]}
    session.out.show(value, Table(_HEADINGS, [_row(each) for each in shown], none="It concerns nobody who is here."))
    if hidden:
        session.out.say(f"Not yet here, or not for you to see: {_counted(hidden)}.")


async def _collect(
    place: Place, plan_id: PlanId, read: Any, items: IO[str] | None, *, at_most: int | None
) -> tuple[list[Shown], dict[str, int]]:
    """The people of a plan: into the file if there is one, else as a list; and who is hidden."""
    shown: list[Shown] = []
    hidden: dict[str, int] = {}
    with items if items is not None else nullcontext():
        async for page in _pages(place, plan_id, read):
            hidden = dict(page.hidden) or hidden
            if items is not None:
                items.writelines(json.dumps(_item(each), ensure_ascii=False) + "\n" for each in page.shown)
            if items is None or len(shown) < SHOWN_MAX:
                shown += page.shown
            if items is None and at_most is not None and len(shown) >= at_most:
                break
    return (shown if at_most is None and items is None else shown[:SHOWN_MAX]), hidden


async def _pages(place: Place, plan_id: PlanId, read: Any) -> AsyncIterator[View]:
    after: int | None = 0
    while after is not None:
        page: View = await read(place.comity.db, place.caller, plan_id, after=after, at_most=1000)
        yield page
        after = page.after


def _is_data(session: Session) -> bool:
    return session.out.form.value != "table"


def _tell_table(session: Session, made: StoredPlan, shown: list[Shown], hidden: dict[str, int], blast: Blast) -> None:
    from comity.cli.output import Table

    tally = made.tally
    session.out.show(
        {},
        f"Plan {made.id}: {tally.create} created, {tally.update} updated, {tally.delete} deleted, "
        f"{tally.restore} restored, {tally.skip} skipped, {tally.refuse} refused.",
    )
    if shown:
        session.out.show({}, Table(_HEADINGS, [_row(each) for each in shown]))
    said = tally.changes + tally.skip + tally.refuse
    if len(shown) < said and not hidden:
        session.out.say(f"And {said - len(shown)} more; all of them with --items FILE.")
    if hidden:
        session.out.say(f"Not for you to see: {_counted(hidden)}.")
    for verb, groups in (("loses", blast.losing), ("gets back", blast.gaining)):
        for name, count in sorted(groups.items()):
            session.out.say(f"The group {name} {verb} {count}.")
    if blast.chats:
        session.out.say(f"Chats of two that lose a partner: {blast.chats}.")
    if tally.changes and made.state.value == "planned":
        session.out.say(f"To do it: comity sync apply {made.id}")


def _row(each: Shown, *, with_outcome: bool = False) -> tuple[object, ...]:
    what = "convert" if each.converts else each.verdict.word
    row = (
        what,
        each.user_principal_name or each.display_name or each.source_id or each.target_id,
        "; ".join(f"{shift.attribute}: {_said(shift.old)} → {_said(shift.new)}" for shift in each.shifts),
        each.reason or ("changed since the plan" if each.changed_since else each.changed_by),
    )
    return (each.outcome.name.lower() if each.outcome else "", *row) if with_outcome else row


def _said(value: object) -> str:
    return "–" if value is None else str(value)


def _item(each: Shown) -> dict[str, object]:
    """The contract of an item: what, who, old → new, why."""
    return {
        "action": each.verdict.word,
        "source": str(each.source_id) if each.source_id else None,
        "target": str(each.target_id) if each.target_id else None,
        "displayName": each.display_name,
        "userPrincipalName": each.user_principal_name,
        "changes": [{"attribute": shift.attribute, "old": shift.old, "new": shift.new} for shift in each.shifts],
        "reason": each.reason,
        "converted": each.converts,
        "outcome": each.outcome.name.lower() if each.outcome else None,
        "changed_since": each.changed_since,
        "changed_by": each.changed_by,
    }


def _blast(blast: Blast) -> dict[str, object]:
    return {"groups_losing": blast.losing, "groups_gaining": blast.gaining, "chats": blast.chats}


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {word}" for word, count in counts.items())
