"""Which sync job a command is about: named by its target, or by id where several lead there."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from comity.cli.place import Place
    from comity.db.transaction import Transaction
    from comity.sync.model import Job

F = TypeVar("F", bound=Callable[..., Any])


def of_job(command: F) -> F:
    """The options that name a job: `--to`, and `--job` where that is not enough."""
    command = click.option("--to", "to", metavar="T", help="Of the job toward this tenant: id, domain or name.")(
        command
    )
    return click.option("--job", "job", metavar="ID", help="Of this job; needed where several lead to one tenant.")(
        command
    )


async def find_job(place: Place, tx: Transaction, to: str | None, job: str | None) -> Job:
    """The job that was named.

    Raises:
        UsageError: none was named, or several lead to that tenant (lists them).
        JobUnknown.
    """
    from comity.sync.model import JobUnknown
    from comity.sync.service import list_standing

    if to is None and job is None:
        raise click.UsageError("Say of which job: --to TENANT, or --job ID.")
    target = await place.tenant_id(to) if to is not None else None
    found = [
        each.job
        for each in await list_standing(tx, place.caller)
        if (target is None or each.job.target_tenant_id == target) and (job is None or str(each.job.id) == job)
    ]
    if not found:
        raise JobUnknown(target=to or job)
    if len(found) > 1:
        named = ", ".join(f"{each.name} ({each.id})" for each in found)
        raise click.UsageError(f"Several jobs lead there; name one with --job: {named}.")
    return found[0]
