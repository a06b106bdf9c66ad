"""`comity app`: programs that may sign in to a tenant."""

from __future__ import annotations

import click

from comity.cli.options import Group
from comity.cli.session import Session, pass_session

_tenant = click.option("--tenant", "of", required=True, metavar="T", help="In which tenant.")


@click.group(cls=Group)
def app() -> None:
    """Programs that may sign in: app registrations."""


@app.command()
@click.argument("name")
@_tenant
@click.option(
    "--permission", "permissions", multiple=True, metavar="NAME", help="Application permission, by Graph name."
)
@click.option("--all-permissions", is_flag=True, help="Every application permission that Comity knows.")
@click.option("--scope", "scopes", multiple=True, metavar="NAME", help="Delegated permission, by Graph name.")
@click.option("--public", is_flag=True, help="A client on people's devices, without a secret.")
@pass_session
async def create(
    session: Session,
    name: str,
    of: str,
    permissions: tuple[str, ...],
    all_permissions: bool,
    scopes: tuple[str, ...],
    public: bool,
) -> None:
    """Register a program; the secret of a confidential one is shown this once."""
    from comity.cli.names import find_tenant
    from comity.identity.decide import APPLICATION_PERMISSIONS
    from comity.identity.service import add_secret, register_application

    async with session.open() as comity:
        found = await find_tenant(comity.db, of)
        caller = await session.caller(comity, found.id)
        wanted = APPLICATION_PERMISSIONS if all_permissions else permissions
        async with comity.db.tenant(found.id) as tx:
            made = await register_application(
                tx, caller, name=name, permissions=wanted, scopes=scopes, is_public=public
            )
            secret = None if public else await add_secret(tx, caller, made.id, at=comity.machine.now())
    session.out.show(
        {
            "tenant": str(found.id),
            "client_id": str(made.app_id),
            "client_secret": secret.value if secret else None,
            "expires": secret.expires_at.isoformat(timespec="seconds") if secret else None,
            "permissions": list(made.permissions),
            "scopes": list(made.scopes),
        }
    )


@app.command("list")
@_tenant
@pass_session
async def list_(session: Session, of: str) -> None:
    """List a tenant's programs."""
    from comity.cli.names import find_tenant
    from comity.cli.output import Table
    from comity.identity.model import Application
    from comity.identity.service import list_applications

    found: list[Application] = []
    async with session.open() as comity:
        tenant = await find_tenant(comity.db, of)
        caller = await session.caller(comity, tenant.id)
        async with comity.db.tenant(tenant.id) as tx:
            while page := await list_applications(tx, caller, after=found[-1].id if found else None):
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
