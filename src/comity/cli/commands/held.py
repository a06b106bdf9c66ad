"""`comity sync held`, `allow`, `reject`, `threshold`: deletions that look like an accident."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from comity.cli.jobs import find_job, of_job
from comity.cli.options import Command
from comity.cli.place import Place, at, of_tenant
from comity.cli.session import Session, pass_session

if TYPE_CHECKING:
    from uuid import UUID

    from comity.db.transaction import Transaction
    from comity.sync.held.model import HeldDelete, HeldState
    from comity.sync.model import Job, Threshold

SHOWN_MAX: Final = 50
"""So many people in a table; JSON has all of them."""
_PAGE: Final = 1000

everybody_of = click.option("--all", "everybody", is_flag=True, help="All that wait.")


@click.command(cls=Command)
@click.option("--rejected", is_flag=True, help="Also those that somebody has rejected.")
@of_job
@of_tenant
@pass_session
async def held(session: Session, rejected: bool, of: str, to: str | None, job: str | None) -> None:
    """Show whose deletion is held back, because it was one of too many; of one job, or of all."""
    from comity.cli.output import Table
    from comity.sync.held.model import HeldState

    states = [HeldState.WAITING, HeldState.ALLOWED] + [HeldState.REJECTED] * rejected
    async with at(session, of) as place:
        known = await place.names()
        async with place.transaction() as tx:
            jobs = await _jobs(place, tx, to, job)
            found = [(each, await _all_held(place, tx, each, states)) for each in jobs]
    rows = [(job_, each) for job_, people in found for each in people]
    session.out.show(
        [{**_facts(each), "job": str(job_.id), "to": str(job_.target_tenant_id)} for job_, each in rows],
        Table(
            ("To", "Who", "Name", "Since", "Said", "Id"),
            [
                (
                    known.get(job_.target_tenant_id, "outside this installation"),
                    each.user_principal_name or ("group" if each.kind == "group" else ""),
                    each.display_name,
                    f"{each.held_at:%Y-%m-%d %H:%M}",
                    each.state.value,
                    each.source_id,
                )
                for job_, each in rows[:SHOWN_MAX]
            ],
            none="Nothing is held back.",
        ),
    )
    if len(rows) > SHOWN_MAX:
        session.out.say(f"And {len(rows) - SHOWN_MAX} more; all of them with --output json.")
    if rows:
        session.out.say("To have them done: comity sync allow. To leave them undone: comity sync reject.")


@click.command(cls=Command)
@click.argument("names", nargs=-1, metavar="[USER-OR-GROUP…]")
@everybody_of
@of_job
@of_tenant
@pass_session
async def allow(
    session: Session, names: tuple[str, ...], everybody: bool, of: str, to: str | None, job: str | None
) -> None:
    """Have held deletions done, all or those of the people named; the next drain does them."""
    from comity.sync.held.service import allow as let

    async with at(session, of) as place:
        found, ids, count = await _asked(place, names, everybody, to, job)
        if count and not session.agrees(f"Have {count} deleted there by {found.name}?"):
            return
        async with place.transaction() as tx:
            done = await let(tx, place.caller, found.id, ids)
    session.out.show({"job": str(found.id), "allowed": done}, f"Allowed: {done}; the next drain deletes them.")


@click.command(cls=Command)
@click.argument("names", nargs=-1, metavar="[USER-OR-GROUP…]")
@everybody_of
@of_job
@of_tenant
@pass_session
async def reject(
    session: Session, names: tuple[str, ...], everybody: bool, of: str, to: str | None, job: str | None
) -> None:
    """Leave held deletions undone, all or those of the people named, as long as they are out of scope."""
    from comity.sync.held.service import reject as refuse

    async with at(session, of) as place:
        found, ids, _ = await _asked(place, names, everybody, to, job)
        async with place.transaction() as tx:
            done = await refuse(tx, place.caller, found.id, ids)
    session.out.show({"job": str(found.id), "rejected": done}, f"Rejected: {done}; they stay there.")


@click.command(cls=Command)
@click.argument("switch", type=click.Choice(["on", "off"]), required=False)
@click.option("--number", type=click.IntRange(min=0), help="More than so many at once are held.")
@click.option("--percent", type=click.IntRange(1, 100), help="Or more than this share of the accounts, and than 10.")
@click.option("--no-number", is_flag=True, help="The number does not count.")
@click.option("--no-percent", is_flag=True, help="The percentage does not count.")
@of_job
@of_tenant
@pass_session
async def threshold(
    session: Session,
    switch: str | None,
    number: int | None,
    percent: int | None,
    no_number: bool,
    no_percent: bool,
    of: str,
    to: str | None,
    job: str | None,
) -> None:
    """Show or say from how many deletions within 40 minutes on a job holds them; what is not named stays."""
    from dataclasses import replace

    from comity.sync.held.service import set_threshold

    changes: dict[str, Any] = {} if switch is None else {"is_on": switch == "on"}
    changes |= {name: value for name, value in (("number", number), ("percent", percent)) if value is not None}
    changes |= dict.fromkeys(["number"] * no_number + ["percent"] * no_percent)
    async with at(session, of) as place, place.transaction() as tx:
        found = await find_job(place, tx, to, job)
        if changes:
            found = await set_threshold(tx, place.caller, found.id, replace(found.threshold, **changes))
    session.out.show({"job": str(found.id), **threshold_facts(found.threshold)})


def threshold_facts(threshold: Threshold) -> dict[str, object]:
    """As scripts read it."""
    return {"thresholdEnabled": threshold.is_on, "number": threshold.number, "percent": threshold.percent}


async def _jobs(place: Place, tx: Transaction, to: str | None, job: str | None) -> list[Job]:
    """The job that was named, or all."""
    from comity.sync.service import list_standing

    if to is None and job is None:
        return [each.job for each in await list_standing(tx, place.caller)]
    return [await find_job(place, tx, to, job)]


async def _all_held(place: Place, tx: Transaction, job: Job, states: list[HeldState]) -> list[HeldDelete]:
    from comity.core.ids import NOWHERE
    from comity.sync.held.service import list_held

    found: list[HeldDelete] = []
    while page := await list_held(
        tx, place.caller, job.id, states=states, after=found[-1].source_id if found else NOWHERE, at_most=_PAGE
    ):
        found += page
    return found


async def _asked(
    place: Place, names: tuple[str, ...], everybody: bool, to: str | None, job: str | None
) -> tuple[Job, list[UUID] | None, int]:
    """The job, whose deletions were named (None: all that wait), and how many those are."""
    from comity.sync.service import list_standing

    if bool(names) == everybody:
        raise click.UsageError("Say whose deletions: USER-OR-GROUP…, or --all.")
    async with place.transaction() as tx:
        found = await find_job(place, tx, to, job)
        if everybody:
            counts = {each.job.id: each.held for each in await list_standing(tx, place.caller)}
            return found, None, counts[found.id].waiting
        return found, (ids := await _named(place, tx, found, names)), len(ids)


async def _named(place: Place, tx: Transaction, job: Job, names: tuple[str, ...]) -> list[UUID]:
    """Held people and groups by UPN, display name or id: many of them are deleted at home, so nobody else knows them.

    Raises:
        NothingHeld: nobody of that name is held.
    """
    from comity.core.folding import address_key
    from comity.sync.held.model import HeldState, NothingHeld

    wanted = {address_key(each): each for each in names}
    found: dict[str, UUID] = {}
    for each in await _all_held(place, tx, job, list(HeldState)):
        for name in (each.user_principal_name, each.display_name, str(each.source_id)):
            if name is not None and address_key(name) in wanted:
                found[address_key(name)] = each.source_id
    if missing := [wanted[each] for each in wanted if each not in found]:
        raise NothingHeld(job=job.name, people=", ".join(missing))
    return list(found.values())


def _facts(each: HeldDelete) -> dict[str, object]:
    return {
        "source": str(each.source_id),
        "kind": each.kind,
        "displayName": each.display_name,
        "userPrincipalName": each.user_principal_name,
        "target": str(each.target_id) if each.target_id else None,
        "state": each.state.value,
        "cause": str(each.cause),
        "held_at": each.held_at.isoformat(timespec="seconds"),
    }
