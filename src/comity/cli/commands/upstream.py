"""`comity upstream`: where a tenant's people sign in, if not here."""

from __future__ import annotations

import sys

import click

from comity.cli.options import Group
from comity.cli.place import at, of_tenant
from comity.cli.session import Session, pass_session


@click.group(cls=Group)
def upstream() -> None:
    """A tenant's own sign-in service (OpenID Connect), such as Microsoft Entra."""


@upstream.command("set")
@click.argument("issuer")
@click.option("--client-id", required=True, metavar="ID", help="As which Comity is registered there.")
@click.option("--name", required=True, metavar="NAME", help="What the sign-in page calls it.")
@click.option("--secret", is_flag=True, help="There is a client secret: it is asked for, or read from standard input.")
@click.option("--claim", default="preferred_username", metavar="CLAIM", help="What is the userPrincipalName here.")
@click.option("--scopes", default="openid profile email", metavar="SCOPES", help="What is asked for there.")
@of_tenant
@pass_session
async def set_(
    session: Session, issuer: str, client_id: str, name: str, secret: bool, claim: str, scopes: str, of: str
) -> None:
    """Let a tenant's people sign in at ISSUER, where Comity's address ends in /signin/callback."""
    from comity.identity.sealing import Sealer, load_secret_key
    from comity.identity.upstream.service import set_provider

    text = _secret() if secret else None
    async with at(session, of) as place, place.transaction() as tx:
        sealer = Sealer(load_secret_key(place.comity.settings.secret_key_path))
        made = await set_provider(
            tx, place.caller, sealer, display_name=name, issuer=issuer, client_id=client_id, secret=text, claim=claim,
            scopes=scopes, at=place.comity.machine.now(),
        )  # fmt: skip
        redirect = f"{place.comity.settings.address}/signin/callback"
    session.out.show(
        {
            "tenant": str(place.tenant.id),
            "issuer": made.issuer,
            "client_id": made.client_id,
            "claim": made.claim,
            "redirect_uri": redirect,
        },
        f"{place.tenant.name} signs in at {made.issuer}; register there as redirect address: {redirect}",
    )


@upstream.command()
@of_tenant
@pass_session
async def show(session: Session, of: str) -> None:
    """Show where a tenant's people sign in."""
    from comity.identity.upstream.service import get_provider

    async with at(session, of) as place, place.transaction() as tx:
        found = await get_provider(tx, place.caller)
    facts = {"issuer": found.issuer, "client_id": found.client_id, "claim": found.claim} if found else None
    session.out.show(facts, f"{found.display_name}: {found.issuer}" if found else "They sign in here.")


@upstream.command()
@of_tenant
@pass_session
async def remove(session: Session, of: str) -> None:
    """Let a tenant's people sign in here again, with passwords."""
    from comity.identity.upstream.service import remove_provider

    async with at(session, of) as place, place.transaction() as tx:
        removed = await remove_provider(tx, place.caller)
    session.out.show({"removed": removed}, "They sign in here now." if removed else "They signed in here anyway.")


def _secret() -> str:
    if sys.stdin.isatty():
        return str(click.prompt("Client secret", hide_input=True, err=True))
    return sys.stdin.readline().rstrip("\r\n")
