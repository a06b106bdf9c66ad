"""`comity sync log`: what became of whom, newest first, in Graph's form for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from comity.cli.options import Command
from comity.cli.place import at, of_tenant
from comity.cli.session import Session, pass_session

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from comity.cli.output import Table
    from comity.sync.log.model import Summary

_ACTIONS: Final = ("create", "update", "delete", "stagedDelete", "disable", "other")
_STATUSES: Final = ("success", "failure", "skipped", "warning")
_TIMES: Final = ("%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S")

_SHOWN_MAX: Final = 5


@click.command(cls=Command)
@click.option("--user", "who", metavar="USER", help="Only what happened to this person.")
@click.option("--to", "to", metavar="T", help="Only toward this tenant.")
@click.option("--job", "job", metavar="ID", help="Only of this job.")
@click.option("--run", "run", metavar="ID", help="Only of this run (cycleId).")
@click.option("--action", "actions", multiple=True, type=click.Choice(_ACTIONS), help="Only this; may be said again.")
@click.option("--status", "statuses", multiple=True, type=click.Choice(_STATUSES), help="Only what ended so.")
@click.option("--since", type=click.DateTime(_TIMES), help="Only from then on (UTC).")
@click.option("--before", metavar="ID", help="The next page: only what stands behind this line.")
@click.option("--at-most", type=click.IntRange(1, 1000), default=100, help="How many lines [100].")
@of_tenant
@pass_session
async def log(
    session: Session,
    who: str | None,
    to: str | None,
    job: str | None,
    run: str | None,
    actions: tuple[str, ...],
    statuses: tuple[str, ...],
    since: datetime | None,
    before: str | None,
    at_most: int,
    of: str,
) -> None:
    """Read a tenant's provisioning log, newest first."""
    from datetime import UTC

    from comity.cli.jobs import find_job
    from comity.core.graph_form import as_graph
    from comity.core.ids import RunId
    from comity.db.transaction import as_uuid
    from comity.directory.service import resolve_user
    from comity.sync.log.model import LogFilter
    from comity.sync.log.service import read_summaries

    run_id = as_uuid(run) if run else None
    if run and run_id is None:
        raise click.UsageError(f"--run wants the id of a run, not {run}.")
    async with at(session, of) as place:
        known = {str(each): name for each, name in (await place.names()).items()}
        async with place.transaction() as tx:
            source_id = (await resolve_user(tx, place.caller, who)).id if who else None
            job_id = (await find_job(place, tx, to, job)).id if to or job else None
            which = LogFilter(
                job_id=job_id,
                run_id=RunId(run_id) if run_id else None,
                source_id=source_id,
                actions=actions or None,
                statuses=statuses or None,
                since=None if since is None else since.replace(tzinfo=UTC),
            )
            page = await read_summaries(tx, place.caller, which, before=before, at_most=at_most)
    session.out.show([as_graph(each) for each in page.lines], _table(page.lines, known))
    if page.before is not None:
        session.out.say(f"There is more: --before {page.before}")


def _table(lines: Sequence[Summary], known: Mapping[str, str]) -> Table:
    from comity.cli.output import Table

    return Table(
        ("When", "Who", "To", "What", "How", "Why", "Changed"),
        [
            (
                f"{each.activity_date_time:%Y-%m-%d %H:%M:%S}",
                _who(each),
                known.get(each.tenant_id, each.tenant_id),
                _what(each),
                each.provisioning_status_info.status,
                _why(each),
                ", ".join(prop.display_name for prop in each.modified_properties[:_SHOWN_MAX])
                + ("…" if len(each.modified_properties) > _SHOWN_MAX else ""),
            )
            for each in lines
        ],
        none="Nothing of that kind has happened.",
    )


def _who(line: Summary) -> str:
    identity = line.source_identity
    return identity.details.get("UserPrincipalName") or identity.display_name or str(identity.id)


def _what(line: Summary) -> str:
    """Graph knows no word for coming back; people do."""
    back = any((each.display_name, each.new_value) == ("IsSoftDeleted", "False") for each in line.modified_properties)
    return "restore" if back else line.provisioning_action


def _why(line: Summary) -> str:
    error = line.provisioning_status_info.error_information
    return "" if error is None else error.error_code
