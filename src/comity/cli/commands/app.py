"""`comity app`: programs that may sign in to a tenant."""

from __future__ import annotations

from typing import BinaryIO

import click

from comity.cli.options import Group
from comity.cli.place import at, of_tenant
from comity.cli.session import Session, pass_session


@click.group(cls=Group)
def app() -> None:
    """Programs that may sign in: app registrations."""


@app.command()
@click.argument("name")
@of_tenant
@click.option(
    "--permission", "permissions", multiple=True, metavar="NAME", help="Application permission, by Graph name."
)
@click.option("--all-permissions", is_flag=True, help="Every application permission that Comity knows.")
@click.option("--scope", "scopes", multiple=True, metavar="NAME", help="Delegated permission, by Graph name.")
@click.option(
    "--redirect-uri", "redirect_uris", multiple=True, metavar="URI", help="Where sign-in may send people back to."
)
@click.option("--public", is_flag=True, help="A client on people's devices, without a secret.")
@click.option("--password-flow", is_flag=True, help="May take people's names and passwords itself: for labs only.")
@pass_session
async def create(
    session: Session,
    name: str,
    of: str,
    permissions: tuple[str, ...],
    all_permissions: bool,
    scopes: tuple[str, ...],
    redirect_uris: tuple[str, ...],
    public: bool,
    password_flow: bool,
) -> None:
    """Register a program; the secret of a confidential one is shown this once."""
    from comity.identity.decide import APPLICATION_PERMISSIONS
    from comity.identity.service import add_secret, register_application

    async with at(session, of) as place:
        wanted = APPLICATION_PERMISSIONS if all_permissions else permissions
        async with place.transaction() as tx:
            made = await register_application(
                tx,
                place.caller,
                name=name,
                permissions=wanted,
                scopes=scopes,
                redirect_uris=redirect_uris,
                is_public=public,
                password_flow=password_flow,
            )
            secret = None if public else await add_secret(tx, place.caller, made.id, at=place.comity.machine.now())
    session.out.show(
        {
            "tenant": str(place.tenant.id),
            "client_id": str(made.app_id),
            "client_secret": secret.value if secret else None,
            "expires": secret.expires_at.isoformat(timespec="seconds") if secret else None,
            "permissions": list(made.permissions),
            "scopes": list(made.scopes),
            "redirect_uris": list(made.redirect_uris),
        }
    )


@app.command()
@click.argument("client_id", metavar="CLIENT-ID")
@click.argument("file", type=click.File("rb"))
@of_tenant
@pass_session
async def certificate(session: Session, client_id: str, file: BinaryIO, of: str) -> None:
    """Let a confidential program prove itself with the certificate in FILE (PEM), instead of a secret."""
    from comity.identity.service import add_certificate, resolve_application

    async with at(session, of) as place, place.transaction() as tx:
        found = await resolve_application(tx, place.caller, client_id)
        at_ = place.comity.machine.now()
        stored = await add_certificate(tx, place.caller, found.id, file.read(), at=at_)
    session.out.show(
        {
            "client_id": str(found.app_id),
            "key_id": str(stored.id),
            "thumbprint": stored.sha256.hex(),
            "expires": stored.expires_at.isoformat(timespec="seconds"),
        },
        f"{found.display_name} may prove itself with this certificate until {stored.expires_at:%Y-%m-%d}.",
    )


@app.command()
@click.argument("client_id", metavar="CLIENT-ID")
@click.argument("uris", nargs=-1, metavar="URI…")
@of_tenant
@pass_session
async def redirect(session: Session, client_id: str, uris: tuple[str, ...], of: str) -> None:
    """Say where sign-in may send people back to; addresses that are not named are taken away."""
    from comity.identity.service import resolve_application, set_redirect_uris

    async with at(session, of) as place, place.transaction() as tx:
        found = await resolve_application(tx, place.caller, client_id)
        kept = await set_redirect_uris(tx, place.caller, found.id, uris)
    session.out.show(
        {"client_id": str(found.app_id), "redirect_uris": list(kept)},
        f"{found.display_name} may be returned to at: {', '.join(kept) or 'nowhere'}.",
    )


@app.command("list")
@of_tenant
@pass_session
async def list_(session: Session, of: str) -> None:
    """List a tenant's programs."""
    from comity.cli.output import Table
    from comity.identity.model import Application
    from comity.identity.service import list_applications

    found: list[Application] = []
    async with at(session, of) as place, place.transaction() as tx:
        while page := await list_applications(tx, place.caller, after=found[-1].id if found else None):
            found += page
    session.out.show(
        [
            {
                "client_id": str(each.app_id),
                "displayName": each.display_name,
                "public": each.is_public,
                "disabled": each.disabled_at is not None,
                "permissions": list(each.permissions),
                "scopes": list(each.scopes),
            }
            for each in found
        ],
        Table(
            ("Name", "Client id", "Kind", "Disabled"),
            [
                (
                    each.display_name,
                    each.app_id,
                    "public" if each.is_public else "confidential",
                    each.disabled_at is not None,
                )
                for each in found
            ],
            none="No program is registered.",
        ),
    )
