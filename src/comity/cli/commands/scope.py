"""`comity sync scope`, `filter`, `groups`, `actions`: whom a job offers, and what it may do in the target."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

import click

from comity.cli.documents import read_json
from comity.cli.jobs import find_job, of_job
from comity.cli.options import Command, Group
from comity.cli.place import Place, at, of_tenant
from comity.cli.session import Session, pass_session

if TYPE_CHECKING:
    from uuid import UUID

    from comity.db.transaction import Transaction
    from comity.sync.model import Job


@click.command(cls=Command)
@click.option("--all", "mode", flag_value="all", help="Offer everybody.")
@click.option("--assigned", "mode", flag_value="assigned", help="Offer the people and groups that are shared.")
@of_job
@of_tenant
@pass_session
async def scope(session: Session, mode: str | None, of: str, to: str | None, job: str | None) -> None:
    """Show whom a job offers, or change whether that is everybody."""
    from comity.sync.configuring import set_scope_mode
    from comity.sync.model import ScopeMode

    async with at(session, of) as place, place.transaction() as tx:
        found = await find_job(place, tx, to, job)
        if mode is not None:
            found = await set_scope_mode(tx, place.caller, found.id, ScopeMode(mode))
        facts = await _scope(place, tx, found)
    session.out.show(facts)


@click.group("filter", cls=Group)
def filter_() -> None:
    """The scoping filter of a job: show it, set it from a JSON file, clear it."""


@filter_.command()
@of_job
@of_tenant
@pass_session
async def show(session: Session, of: str, to: str | None, job: str | None) -> None:
    """Show a job's filter in Graph's form."""
    async with at(session, of) as place, place.transaction() as tx:
        found = await find_job(place, tx, to, job)
    session.out.show(found.filter, "Everybody passes." if found.filter is None else _clauses(found.filter))


@filter_.command("set")
@click.argument("file", type=click.File("rb"), metavar="FILE")
@of_job
@of_tenant
@pass_session
async def set_(session: Session, file: IO[bytes], of: str, to: str | None, job: str | None) -> None:
    """Set a job's filter from a JSON file (Graph `filter`); the next drain looks at everybody."""
    await _save(session, of, to, job, read_json(file.name, file.read()))


@filter_.command()
@of_job
@of_tenant
@pass_session
async def clear(session: Session, of: str, to: str | None, job: str | None) -> None:
    """Let everybody pass again who is shared."""
    await _save(session, of, to, job, None)


@click.command(cls=Command)
@click.argument("switch", type=click.Choice(["on", "off"]))
@of_job
@of_tenant
@pass_session
async def groups(session: Session, switch: str, of: str, to: str | None, job: str | None) -> None:
    """Sync shared groups as groups, too, or no longer; the target has to let groups in."""
    from comity.sync.configuring import set_groups

    async with at(session, of) as place, place.transaction() as tx:
        found = await find_job(place, tx, to, job)
        await set_groups(tx, place.caller, found.id, on=switch == "on")
        facts = await _scope(place, tx, await find_job(place, tx, None, str(found.id)))
    session.out.show(facts)


@click.command(cls=Command)
@click.option("--add/--no-add", default=None, help="Create accounts there.")
@click.option("--update/--no-update", default=None, help="Bring accounts there in line.")
@click.option("--delete/--no-delete", default=None, help="Soft-delete who leaves the scope.")
@of_job
@of_tenant
@pass_session
async def actions(session: Session, /, of: str, to: str | None, job: str | None, **wanted: bool | None) -> None:
    """Show or say what a job may do to accounts in the target; what is not named stays."""
    from dataclasses import replace

    from comity.sync.configuring import set_actions

    async with at(session, of) as place, place.transaction() as tx:
        found = await find_job(place, tx, to, job)
        named = {name: value for name, value in wanted.items() if value is not None}
        if named:
            found = await set_actions(tx, place.caller, found.id, replace(found.actions, **named))
        facts = await _scope(place, tx, found)
    session.out.show(facts)


async def _save(session: Session, of: str, to: str | None, job: str | None, document: Any) -> None:
    from comity.sync.configuring import set_filter

    async with at(session, of) as place, place.transaction() as tx:
        found = await find_job(place, tx, to, job)
        await set_filter(tx, place.caller, found.id, document)
    session.out.show(document, f"{found.name} offers whom this filter lets pass; the next drain looks at everybody.")


async def _scope(place: Place, tx: Transaction, job: Job) -> dict[str, object]:
    from comity.sync.service import list_scope

    assigned = await list_scope(tx, place.caller, job.id)
    names = [await _name(place, tx, principal, kind.value) for principal, kind in assigned]
    return {
        "job": job.name,
        "id": str(job.id),
        "mode": job.scope_mode.value,
        "assigned": names,
        "filtered": job.filter is not None,
        "groups": job.groups,
        "laterTenants": job.for_later_tenants,
        "actions": [name for name in ("add", "update", "delete") if getattr(job.actions, name)],
    }


async def _name(place: Place, tx: Transaction, principal: UUID, kind: str) -> str:
    """What a principal is called; who is gone is known by id."""
    from comity.core.errors import NotFound
    from comity.directory.service import resolve_group, resolve_user

    try:
        if kind == "user":
            return (await resolve_user(tx, place.caller, str(principal))).user_principal_name
        return (await resolve_group(tx, place.caller, str(principal))).display_name
    except NotFound:
        return str(principal)


def _clauses(document: Any) -> str:
    """A filter as people read it: groups on lines of their own, clauses joined by "and"."""
    lines = []
    for group in document.get("groups") or []:
        clauses = [
            " ".join(
                [
                    each["sourceOperandName"],
                    each["operatorName"],
                    *map(str, (each.get("targetOperand") or {}).get("values") or []),
                ]
            )
            for each in group.get("clauses") or []
        ]
        lines.append(f"{group.get('name') or 'filter'}: {' and '.join(clauses)}")
    return "\n".join(lines) or "Everybody passes."
