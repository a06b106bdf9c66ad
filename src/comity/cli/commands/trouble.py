"""`comity sync escrow`, `quarantine`, `notify`: who failed, jobs in trouble, and whom they tell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from comity.cli.jobs import find_job, of_job
from comity.cli.options import Command
from comity.cli.place import at, of_tenant
from comity.cli.session import Session, pass_session

if TYPE_CHECKING:
    from uuid import UUID

    from comity.core.ids import JobId, TenantId
    from comity.sync.escrow.model import Escrow


@click.command(cls=Command)
@click.option("--at-most", type=click.IntRange(1, 1000), default=100, help="How many people [100].")
@of_job
@of_tenant
@pass_session
async def escrow(session: Session, at_most: int, of: str, to: str | None, job: str | None) -> None:
    """Show who failed, why, and when each is tried again."""
    from comity.cli.output import Table
    from comity.core.catalogue import sentence
    from comity.sync.escrow.service import list_escrow
    from comity.sync.log.service import load_names
    from comity.sync.service import list_standing

    async with at(session, of) as place:
        known = await place.names()
        async with place.transaction() as tx:
            job_id = (await find_job(place, tx, to, job)).id if to or job else None
            found = await list_escrow(tx, place.caller, job_id=job_id, at_most=at_most)
            names = await load_names(tx, place.caller, {each.source_id for each in found})
            targets = {each.job.id: each.job.target_tenant_id for each in await list_standing(tx, place.caller)}
    named = {each: name.user_principal_name or name.display_name for each, name in names.items()}
    session.out.show(
        [_entry(each, named, targets) for each in found],
        Table(
            ("Who", "To", "Why", "Since", "Attempts", "Next"),
            [
                (
                    named.get(each.source_id, each.source_id),
                    known.get(targets[each.job_id], targets[each.job_id]),
                    sentence(f"provisioning-{each.code}", each.details or {}),
                    f"{each.failed_since:%Y-%m-%d %H:%M}",
                    each.attempts,
                    f"{each.retry_at:%Y-%m-%d %H:%M}",
                )
                for each in found
            ],
            none="Nobody has failed.",
        ),
    )


@click.command(cls=Command)
@of_job
@of_tenant
@pass_session
async def quarantine(session: Session, of: str, to: str | None, job: str | None) -> None:
    """Put a job into quarantine: it rests until somebody starts it, for four weeks at most."""
    from comity.core.graph_form import as_graph
    from comity.sync.quarantine.service import quarantine_on_demand
    from comity.sync.status.service import as_told

    async with at(session, of) as place, place.transaction() as tx:
        found = await find_job(place, tx, to, job)
        imposed = await quarantine_on_demand(tx, place.caller, found.id)
    session.out.show(as_graph(as_told(imposed, place.caller.language)), f"In quarantine: {found.name}.")


@click.command(cls=Command)
@click.option("--mail", "mails", multiple=True, metavar="ADDRESS", help="Tell this address; may be said several times.")
@click.option("--language", type=click.Choice(("en", "de")), help="In which language [en].")
@click.option("--off", is_flag=True, help="Tell nobody any more; the addresses are kept.")
@of_job
@of_tenant
@pass_session
async def notify(
    session: Session, mails: tuple[str, ...], language: str | None, off: bool, of: str, to: str | None, job: str | None
) -> None:
    """Show or say whom a job tells by mail that it is in quarantine, has stopped, or holds deletions back."""
    from comity.sync.notifications.service import get_notification, set_notification

    if off and mails:
        raise click.UsageError("Either --off or addresses.")
    async with at(session, of) as place, place.transaction() as tx:
        found = await find_job(place, tx, to, job)
        told = await get_notification(tx, place.caller, found.id)
        if mails or off or language:
            told = await set_notification(
                tx, place.caller, found.id,
                recipients=mails or told.recipients, enabled=not off, language=language or told.language,
            )  # fmt: skip
    value = {"job": str(found.id), "enabled": told.enabled, "recipients": list(told.recipients)}
    session.out.show(
        {**value, "language": told.language},
        f"{found.name} tells {', '.join(told.recipients)} ({told.language})."
        if told.enabled and told.recipients
        else f"{found.name} tells nobody.",
    )


def _entry(each: Escrow, named: dict[UUID, str], targets: dict[JobId, TenantId]) -> dict[str, Any]:
    return {
        "job": str(each.job_id),
        "to": str(targets[each.job_id]),
        "source": str(each.source_id),
        "kind": each.kind,
        "name": named.get(each.source_id),
        "errorCode": each.code,
        "details": each.details,
        "failedSince": each.failed_since.isoformat(timespec="seconds"),
        "attempts": each.attempts,
        "nextAttempt": each.retry_at.isoformat(timespec="seconds"),
    }
