"""`comity sync stop`, `start`, `restart`, `provision`, `drift`: have jobs halt, go on, or do one person at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from comity.cli.commands.plans import apply_plan, make_plan
from comity.cli.jobs import find_job, of_job
from comity.cli.options import Command
from comity.cli.place import Place, at, of_tenant
from comity.cli.session import Session, pass_session

if TYPE_CHECKING:
    from collections.abc import Mapping

    from comity.core.ids import JobId
    from comity.sync.demand import Provisioned
    from comity.sync.model import Job


@click.command(cls=Command)
@of_job
@of_tenant
@pass_session
async def stop(session: Session, of: str, to: str | None, job: str | None) -> None:
    """Stop a job, or all of a tenant's: what is under way halts before its next batch."""
    from comity.sync.controlling import stop as halt
    from comity.sync.service import list_standing

    async with at(session, of) as place:
        async with place.transaction() as tx:
            if to is None and job is None:
                jobs = [each.job for each in await list_standing(tx, place.caller)]
            else:
                jobs = [await find_job(place, tx, to, job)]
            for each in jobs:
                await halt(tx, place.caller, each.id)
        now = [await _facts(place, each.id) for each in jobs]
    session.out.show(now, f"Stopped: {', '.join(each.name for each in jobs) or 'nothing; there is no job'}.")


@click.command(cls=Command)
@click.option("--at-once", is_flag=True, help="Without a plan, as Graph's start does.")
@of_job
@of_tenant
@pass_session
async def start(session: Session, at_once: bool, of: str, to: str | None, job: str | None) -> None:
    """Start a job again: shows what it would do, does it when you agree, and lets the job run."""
    from comity.sync import service

    async with at(session, of) as place:
        found = await _job(place, to, job)
        if not at_once:
            made = await make_plan(session, place, found.id)
            if made.tally.changes:
                if not session.agrees("Do this, and let the job run?"):
                    return
                await apply_plan(session, place, made.id, quietly=True)
        async with place.transaction() as tx:
            await service.start(tx, place.caller, found.id)
        if at_once:
            session.out.show(await _facts(place, found.id), f"Started: {found.name}.")


@click.command(cls=Command)
@click.option(
    "--reset-scope", default="", metavar="FLAGS",
    help="What is forgotten: Watermark, Escrows, QuarantineState, ConnectorDataStore, ForceDeletes, Full, None.",
)  # fmt: skip
@of_job
@of_tenant
@pass_session
async def restart(session: Session, reset_scope: str, of: str, to: str | None, job: str | None) -> None:
    """Let a job run anew: by default it looks at everybody again, and forgets failures and quarantine."""
    from comity.sync.controlling import read_resets
    from comity.sync.controlling import restart as renew

    resets = read_resets(reset_scope)
    async with at(session, of) as place:
        found = await _job(place, to, job)
        async with place.transaction() as tx:
            await renew(tx, place.caller, found.id, resets)
        session.out.show(await _facts(place, found.id), f"Restarted: {found.name}.")


@click.command(cls=Command)
@click.argument("name", metavar="USER")
@of_job
@of_tenant
@pass_session
async def provision(session: Session, name: str, of: str, to: str | None, job: str | None) -> None:
    """Bring one person in line in a target now, and show the steps; also for a job that rests."""
    from comity.cli.output import Table
    from comity.directory.service import resolve_user
    from comity.sync.demand import provision as bring

    async with at(session, of) as place:
        async with place.transaction() as tx:
            found = await find_job(place, tx, to, job)
            user = await resolve_user(tx, place.caller, name)
        done = await bring(place.comity.db, place.caller, found.id, user.id)
    session.out.show(
        _provisioned(done),
        Table(
            ("Step", "How", "Facts"),
            [
                (
                    each.name,
                    each.status.name.lower(),
                    _listed(each.details),
                )
                for each in done.steps
            ],
        ),
    )
    session.out.say(f"{user.user_principal_name}: {done.action}{f' ({done.code})' if done.code else ''}.")


@click.command(cls=Command)
@click.option("--repair", type=click.Choice(["on", "off"]), help="May plans of drift be applied?")
@of_job
@of_tenant
@pass_session
async def drift(session: Session, repair: str | None, of: str, to: str | None, job: str | None) -> None:
    """Show or say whether accounts that were changed in the target may be brought back in line."""
    from comity.sync.controlling import set_drift_repair

    async with at(session, of) as place:
        found = await _job(place, to, job)
        if repair is not None:
            async with place.transaction() as tx:
                await set_drift_repair(tx, place.caller, found.id, on=repair == "on")
        is_on = found.drift_repair if repair is None else repair == "on"
    session.out.show({"job": str(found.id), "driftRepair": is_on})


async def _job(place: Place, to: str | None, job: str | None) -> Job:
    async with place.transaction() as tx:
        return await find_job(place, tx, to, job)


async def _facts(place: Place, job_id: JobId) -> dict[str, Any]:
    """How a job stands now."""
    from comity.sync.service import list_standing

    async with place.transaction() as tx:
        (job,) = [each.job for each in await list_standing(tx, place.caller) if each.job.id == job_id]
    return {
        "id": str(job.id), "from": str(job.tenant_id), "to": str(job.target_tenant_id), "state": job.state.value,
        "reason": job.state_reason,
    }  # fmt: skip


def _listed(facts: Mapping[str, object]) -> str:
    return ", ".join(f"{name}: {value}" for name, value in facts.items())


def _provisioned(done: Provisioned) -> dict[str, Any]:
    return {
        "action": done.action,
        "code": done.code,
        "run": str(done.run_id),
        "target": str(done.target_id) if done.target_id else None,
        "steps": [
            {
                "name": each.name,
                "provisioningStepType": each.type.value,
                "status": each.status.name.lower(),
                "details": dict(each.details),
            }
            for each in done.steps
        ],
        "modified": [
            {"displayName": each.attribute, "oldValue": each.old, "newValue": each.new} for each in done.modified
        ],
    }
