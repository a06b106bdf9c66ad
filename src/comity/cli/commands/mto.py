"""`comity mto`: the multitenant organisation of a tenant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from comity.cli.options import Group
from comity.cli.place import Place, at, of_tenant
from comity.cli.session import Session, pass_session

if TYPE_CHECKING:
    from comity.core.ids import TenantId
    from comity.tenancy.organizations.model import Member


@click.group(cls=Group)
def mto() -> None:
    """Multitenant organisations: tenants that belong together."""


@mto.command()
@click.argument("name")
@click.option("--description", default="", metavar="TEXT", help="What it is for.")
@of_tenant
@pass_session
async def create(session: Session, name: str, description: str, of: str) -> None:
    """Form an organisation; the tenant is its owner."""
    from comity.tenancy.organizations.service import create_organization

    async with at(session, of) as place, place.transaction() as tx:
        made = await create_organization(tx, place.caller, name=name, description=description)
    session.out.show(
        {"id": str(made.organization.local_id), "name": made.organization.name},
        f"{made.organization.name} was formed by {place.tenant.name}.",
    )


@mto.command()
@click.argument("tenants", nargs=-1, required=True, metavar="TENANT…")
@click.option("--as-owner", is_flag=True, help="They will be owners, too.")
@click.option("--name", metavar="TEXT", help="What to call a tenant outside this installation.")
@of_tenant
@pass_session
async def invite(session: Session, tenants: tuple[str, ...], as_owner: bool, name: str | None, of: str) -> None:
    """Add tenants to the organisation; each has to join."""
    from comity.tenancy.organizations.model import Role
    from comity.tenancy.organizations.service import add_tenant

    role = Role.OWNER if as_owner else Role.MEMBER
    async with at(session, of) as place:
        ids = [await place.tenant_id(each) for each in tenants]
        async with place.transaction() as tx:
            added = [await add_tenant(tx, place.caller, each, display_name=name, role=role) for each in ids]
    session.out.show([_facts(each) for each in added], f"Invited: {', '.join(each.display_name for each in added)}.")


@mto.command()
@click.argument("inviter", metavar="TENANT")
@of_tenant
@pass_session
async def join(session: Session, inviter: str, of: str) -> None:
    """Join the organisation that another tenant has invited to."""
    from comity.tenancy.organizations.service import join_organization

    async with at(session, of) as place:
        owner = await place.tenant_id(inviter)
        async with place.transaction() as tx:
            joined = await join_organization(tx, place.caller, inviter=owner)
    session.out.show(
        {"id": str(joined.organization.local_id), "name": joined.organization.name},
        f"{place.tenant.name} belongs to {joined.organization.name} now.",
    )


@mto.command()
@of_tenant
@pass_session
async def leave(session: Session, of: str) -> None:
    """Leave the organisation; partner settings and people who were shared stay as they are."""
    from comity.tenancy.organizations.service import leave_organization

    async with at(session, of) as place:
        if not session.agrees(f"Shall {place.tenant.name} leave its organisation?"):
            raise click.Abort
        async with place.transaction() as tx:
            await leave_organization(tx, place.caller)
    session.out.show({"left": str(place.tenant.id)}, f"{place.tenant.name} belongs to no organisation now.")


@mto.command()
@click.argument("name", metavar="TENANT")
@of_tenant
@pass_session
async def remove(session: Session, name: str, of: str) -> None:
    """Take a tenant out of the organisation; for owners."""
    from comity.tenancy.organizations.service import remove_tenant

    async with at(session, of) as place:
        tenant_id = await place.tenant_id(name)
        if not session.agrees(f"Take {name} out of the organisation of {place.tenant.name}?"):
            raise click.Abort
        async with place.transaction() as tx:
            await remove_tenant(tx, place.caller, tenant_id)
    session.out.show({"removed": str(tenant_id)}, f"{name} was taken out.")


@mto.command()
@of_tenant
@pass_session
async def show(session: Session, of: str) -> None:
    """Show the organisation of a tenant, its members, and invitations that wait."""
    from comity.cli.output import Table
    from comity.tenancy.organizations.model import OrganizationMissing

    async with at(session, of) as place:
        invited = await _invitations(place)
        try:
            organization, members = await _organization(place)
        except OrganizationMissing:
            if not invited:
                raise
            organization, members = None, []
    out = session.out
    for each in invited:
        out.say(f"{each['inviter']} has invited {place.tenant.name} to {each['organization']}: comity mto join")
    if organization is not None:
        out.say(str(organization["name"]))
    out.show(
        {
            **(organization or {"id": None, "name": None}),
            "members": [_facts(each) for each in members],
            "invitations": invited,
        },
        Table(
            ("Tenant", "Role", "State", "Id"),
            [(each.display_name, each.role.value, each.state.value, each.tenant_id) for each in members],
            none="Not a member of any organisation yet.",
        ),
    )


async def _organization(place: Place) -> tuple[dict[str, object], list[Member]]:
    from comity.tenancy.organizations.service import get_organization, list_members

    async with place.transaction() as tx:
        found = (await get_organization(tx, place.caller)).organization
        members = await list_members(tx, place.caller)
    facts: dict[str, object] = {"id": str(found.local_id), "name": found.name, "description": found.description}
    return facts, sorted(members, key=lambda each: (each.display_name.casefold(), each.tenant_id))


async def _invitations(place: Place) -> list[dict[str, object]]:
    from comity.tenancy.organizations.service import list_invitations

    async with place.transaction() as tx:
        found = await list_invitations(tx, place.caller)
    return [
        {
            "organization": each.organization_name,
            "inviter": each.inviter_name or str(each.inviter),
            "inviterTenantId": str(each.inviter),
            "role": each.role.value,
        }
        for each in found
    ]


def _facts(member: Member) -> dict[str, object]:
    tenant_id: TenantId = member.tenant_id
    return {
        "tenantId": str(tenant_id),
        "displayName": member.display_name,
        "role": member.role.value,
        "state": member.state.value,
    }
