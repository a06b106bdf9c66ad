"""`comity user`: how people get in, where they are signed in, and an end to it."""

from __future__ import annotations

import click

from comity.cli.options import Command
from comity.cli.place import at, of_tenant
from comity.cli.session import Session, pass_session


@click.command(cls=Command)
@click.argument("names", nargs=-1, required=True, metavar="USER…")
@of_tenant
@pass_session
async def invite(session: Session, names: tuple[str, ...], of: str) -> None:
    """Make one-time links with which people set their first password; each is shown this once."""
    from comity.cli.output import Table
    from comity.directory.service import resolve_user
    from comity.identity.model import LinkPurpose
    from comity.identity.service import create_link

    made: list[tuple[str, str, str]] = []
    async with at(session, of) as place, place.transaction() as tx:
        for name in names:
            person = await resolve_user(tx, place.caller, name)
            now = place.comity.machine.now()
            link = await create_link(tx, place.caller, person.id, purpose=LinkPurpose.INVITATION, at=now)
            address = f"{place.comity.settings.address}/welcome/{link.token}"
            made.append((person.user_principal_name, address, link.expires_at.isoformat(timespec="seconds")))
    session.out.show(
        [{"userPrincipalName": upn, "link": link, "expires": until} for upn, link, until in made],
        Table(("Person", "One-time link", "Valid until"), made),
    )


@click.command(cls=Command)
@click.argument("name", metavar="USER")
@of_tenant
@pass_session
async def sessions(session: Session, name: str, of: str) -> None:
    """Show where somebody is signed in, and which programs act for her."""
    from comity.cli.output import Table
    from comity.directory.service import resolve_user
    from comity.identity.grants.service import list_grants
    from comity.identity.sessions.service import list_sessions

    async with at(session, of) as place, place.transaction() as tx:
        person = await resolve_user(tx, place.caller, name)
        now = place.comity.machine.now()
        browsers = await list_sessions(tx, place.caller, person.id, at=now)
        programs = await list_grants(tx, place.caller, person.id, at=now)
    rows = [("browser", each.client, each.created_at.isoformat(timespec="seconds"), str(each.id)) for each in browsers]
    rows += [
        ("program", each.app_name or str(each.app_id), each.used_at.isoformat(timespec="seconds"), str(each.id))
        for each in programs
    ]
    session.out.show(
        [{"kind": kind, "name": client, "since": since, "id": id_} for kind, client, since, id_ in rows],
        Table(("Kind", "Name", "Since", "Id"), rows, none="Nowhere."),
    )


@click.command(cls=Command)
@click.argument("name", metavar="USER")
@of_tenant
@pass_session
async def revoke(session: Session, name: str, of: str) -> None:
    """Sign somebody out everywhere: browsers, programs, and tokens that were issued until now."""
    from comity.directory.service import resolve_user
    from comity.identity.service import revoke_tokens

    async with at(session, of) as place, place.transaction() as tx:
        person = await resolve_user(tx, place.caller, name)
        await revoke_tokens(tx, place.caller, person.id, at=place.comity.machine.now())
    session.out.show({"revoked": str(person.id)}, f"{person.display_name} is signed out everywhere.")
