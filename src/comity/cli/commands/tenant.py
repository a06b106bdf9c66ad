"""`comity tenant`: tenants and their domains."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from comity.cli.options import Group
from comity.cli.session import Session, pass_session

if TYPE_CHECKING:
    from comity.cli.session import Installation
    from comity.core.caller import Caller
    from comity.tenancy.model import Tenant

CLOUDS = ("commercial", "gcc", "gcchigh", "dod")


@click.group(cls=Group)
def tenant() -> None:
    """Tenants and their domains."""


@tenant.command()
@click.argument("name")
@click.option("--domain", required=True, metavar="DOMAIN", help="The domain of its first users.")
@click.option("--cloud", type=click.Choice(CLOUDS), default="commercial", help="Which cloud it counts as.")
@click.option("--trial", is_flag=True, help="It has trial licences only.")
@click.option("--country", metavar="CODE", help="Two letters, such as DE.")
@click.option("--admin", default="admin", metavar="NAME", help="Local part of the first admin's userPrincipalName.")
@pass_session
async def create(
    session: Session, name: str, domain: str, cloud: str, trial: bool, country: str | None, admin: str
) -> None:
    """Create a tenant, and its first admin, who sets a password with the one-time link that is printed."""
    from comity.tenancy.model import Cloud
    from comity.tenancy.service import create_tenant

    async with session.open() as comity:
        caller = await session.operator(comity)
        made = await create_tenant(
            comity.db, caller, name=name, domain=domain, cloud=Cloud(cloud), trial=trial, country=country
        )
        upn, link, until = await _first_admin(comity, caller.in_tenant(made.id), made, admin)
        session.out.say(
            "The one-time link is shown this once; it opens a page to set the password. Or: comity user redeem LINK"
        )
        session.out.show(
            {
                **_facts(made, [made.initial_domain]),
                "admin": {"userPrincipalName": upn, "link": link, "expires": until},
            },
            {
                "tenant": f"{made.name} ({made.initial_domain})",
                "id": made.id,
                "first admin": upn,
                "one-time link": link,
                "valid until": until,
            },
        )


async def _first_admin(comity: Installation, caller: Caller, made: Tenant, local: str) -> tuple[str, str, str]:
    """An account with every right of the tenant, whose password is set with a link that is shown once."""
    from comity.core.ids import UserId, new_id
    from comity.directory.model import User
    from comity.directory.service import create_user
    from comity.identity.model import LinkPurpose
    from comity.identity.roles import DirectoryRole
    from comity.identity.service import assign_role, create_link

    async with comity.db.tenant(made.id) as tx:
        user = User(
            tenant_id=made.id, id=UserId(new_id()), display_name=f"{made.name} administrator", mail_nickname=local,
            user_principal_name=f"{local}@{made.initial_domain}", show_in_address_list=False, created_at=tx.now,
        )  # fmt: skip
        await create_user(tx, caller, user)
        await assign_role(tx, caller, DirectoryRole.GLOBAL_ADMINISTRATOR, user.id)
        link = await create_link(tx, caller, user.id, purpose=LinkPurpose.FIRST_ADMIN, at=comity.machine.now())
    address = f"{comity.settings.address}/welcome/{link.token}"
    return user.user_principal_name, address, link.expires_at.isoformat(timespec="seconds")


@tenant.command("list")
@pass_session
async def list_(session: Session) -> None:
    """List all tenants of the installation."""
    from comity.cli.output import Table
    from comity.tenancy.model import TenantKind
    from comity.tenancy.service import list_tenants

    async with session.open() as comity:
        caller = await session.operator(comity)
        found: list[Tenant] = []
        while page := await list_tenants(comity.db, caller, after=found[-1] if found else None):
            found += page
        business = [each for each in found if each.kind is TenantKind.BUSINESS]
        session.out.show(
            [_facts(each, [each.initial_domain]) for each in business],
            Table(
                ("Name", "Domain", "Id"),
                [(each.name, each.initial_domain, each.id) for each in business],
                none="There is no tenant yet: comity tenant create NAME --domain DOMAIN",
            ),
        )


@tenant.command()
@click.argument("name")
@pass_session
async def show(session: Session, name: str) -> None:
    """Show a tenant, named by id, domain or name."""
    from comity.cli.names import find_tenant
    from comity.tenancy.service import list_domains

    async with session.open() as comity:
        found = await find_tenant(comity.db, name)
        await session.caller(comity, found.id)
        async with comity.db.tenant(found.id) as tx:
            domains = [each.name for each in await list_domains(tx)]
        session.out.show(_facts(found, domains))


@tenant.group("domain", cls=Group)
def domain_() -> None:
    """A tenant's domains."""


@domain_.command()
@click.argument("name", metavar="DOMAIN")
@click.option("--tenant", "of", required=True, metavar="T", help="Whose it is.")
@pass_session
async def add(session: Session, name: str, of: str) -> None:
    """Give a tenant one more domain."""
    from comity.cli.names import find_tenant
    from comity.tenancy.service import add_domain

    async with session.open() as comity:
        found = await find_tenant(comity.db, of)
        caller = await session.caller(comity, found.id)
        async with comity.db.tenant(found.id) as tx:
            added = await add_domain(tx, caller, name)
        session.out.show({"tenant": str(found.id), "domain": added.name}, f"{added.name} belongs to {found.name} now.")


def _facts(tenant: Tenant, domains: list[str]) -> dict[str, object]:
    return {
        "id": str(tenant.id),
        "name": tenant.name,
        "domains": domains,
        "cloud": tenant.cloud.value,
        "trial": tenant.trial,
        "country": tenant.country,
        "created": tenant.created_at.isoformat(timespec="seconds"),
    }
