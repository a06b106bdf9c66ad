"""`comity group`: groups of a tenant and their members."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from comity.cli.options import Group
from comity.cli.place import at, of_tenant
from comity.cli.session import Session, pass_session

if TYPE_CHECKING:
    from comity.directory.model import Group as DirectoryGroup

_PAGE = 1000


@click.group(cls=Group)
def group() -> None:
    """Groups and their members."""


@group.command()
@click.argument("name")
@click.option("--description", metavar="TEXT", help="What it is for.")
@of_tenant
@pass_session
async def create(session: Session, name: str, description: str | None, of: str) -> None:
    """Create a group."""
    from comity.directory.service import create_group

    async with at(session, of) as place, place.transaction() as tx:
        made = await create_group(tx, place.caller, name=name, description=description)
    session.out.show(_facts(made), f"{made.display_name} was created ({made.id}).")


@group.command()
@click.argument("name", metavar="GROUP")
@click.argument("people", nargs=-1, required=True, metavar="USER…")
@of_tenant
@pass_session
async def add(session: Session, name: str, people: tuple[str, ...], of: str) -> None:
    """Make people members."""
    from comity.directory.service import add_members, resolve_group, resolve_user

    async with at(session, of) as place, place.transaction() as tx:
        found = await resolve_group(tx, place.caller, name)
        ids = [(await resolve_user(tx, place.caller, each)).id for each in people]
        added = await add_members(tx, place.caller, found.id, ids)
    session.out.show(
        {"group": str(found.id), "added": [str(each) for each in added]},
        f"Added to {found.display_name}: {len(added)} of {len(people)}; the others are members already."
        if len(added) < len(people)
        else f"Added to {found.display_name}: {len(added)}.",
    )


@group.command()
@click.argument("name", metavar="GROUP")
@click.argument("people", nargs=-1, required=True, metavar="USER…")
@of_tenant
@pass_session
async def remove(session: Session, name: str, people: tuple[str, ...], of: str) -> None:
    """Take members out."""
    from comity.directory.service import remove_members, resolve_group, resolve_user

    async with at(session, of) as place, place.transaction() as tx:
        found = await resolve_group(tx, place.caller, name)
        ids = [(await resolve_user(tx, place.caller, each)).id for each in people]
        removed = await remove_members(tx, place.caller, found.id, ids)
    session.out.show(
        {"group": str(found.id), "removed": [str(each) for each in removed]},
        f"Taken out of {found.display_name}: {len(removed)}.",
    )


@group.command("list")
@of_tenant
@pass_session
async def list_(session: Session, of: str) -> None:
    """List a tenant's groups."""
    from comity.cli.output import Table
    from comity.directory.service import list_groups

    found: list[DirectoryGroup] = []
    async with at(session, of) as place, place.transaction() as tx:
        while page := await list_groups(tx, place.caller, after=found[-1].id if found else None, at_most=_PAGE):
            found += page
    found.sort(key=lambda each: (each.display_name.casefold(), each.id))
    session.out.show(
        [_facts(each) for each in found],
        Table(("Name", "Description", "Id"), [(each.display_name, each.description, each.id) for each in found]),
    )


@group.command()
@click.argument("name", metavar="GROUP")
@of_tenant
@pass_session
async def show(session: Session, name: str, of: str) -> None:
    """Show a group and its members."""
    from comity.core.ids import UserId
    from comity.directory.service import get_user, list_members, resolve_group

    members: list[UserId] = []
    async with at(session, of) as place, place.transaction() as tx:
        found = await resolve_group(tx, place.caller, name)
        while page := await list_members(
            tx, place.caller, found.id, after=members[-1] if members else None, at_most=_PAGE
        ):
            members += page
        people = [await get_user(tx, place.caller, each) for each in members]
    session.out.show(
        {
            **_facts(found),
            "members": [{"id": str(each.id), "userPrincipalName": each.user_principal_name} for each in people],
        },
        {**_facts(found), "members": [each.user_principal_name for each in people]},
    )


def _facts(group: DirectoryGroup) -> dict[str, object]:
    return {"id": str(group.id), "displayName": group.display_name, "description": group.description}
