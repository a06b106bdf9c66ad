"""`comity partner` and `comity accept`: what one tenant declares toward another."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from comity.cli.commands.cleanup import cleanup
from comity.cli.commands.partner_kept import keep
from comity.cli.options import Command, Group
from comity.cli.place import at, of_tenant
from comity.cli.session import Session, pass_session

if TYPE_CHECKING:
    from comity.core.ids import TenantId
    from comity.partners.model import Partner, PartnerSettings


@click.group(cls=Group)
def partner() -> None:
    """What a tenant declares toward others: automatic redemption, inbound sync."""


partner.add_command(keep)
partner.add_command(cleanup)


@partner.command("list")
@of_tenant
@pass_session
async def list_(session: Session, of: str) -> None:
    """List the partners of a tenant."""
    from comity.cli.output import Table
    from comity.partners.service import list_partners

    found: list[Partner] = []
    async with at(session, of) as place:
        names = await place.names()
        async with place.transaction() as tx:
            while page := await list_partners(tx, place.caller, after=found[-1].tenant_id if found else None):
                found += page
    session.out.show(
        [_facts(each, names) for each in found],
        Table(
            ("Partner", "Their people get in", "Redeem inbound", "Redeem outbound", "Organisation", "Id"),
            [
                (
                    names.get(each.tenant_id, "outside this installation"),
                    bool(each.sync and each.sync.user_sync),
                    bool(each.settings.redeem_inbound),
                    bool(each.settings.redeem_outbound),
                    each.in_organization,
                    each.tenant_id,
                )
                for each in found
            ],
            none="Nothing is declared toward anybody.",
        ),
    )


@partner.command()
@click.argument("name", metavar="PARTNER")
@of_tenant
@pass_session
async def show(session: Session, name: str, of: str) -> None:
    """Show what a tenant declares toward a partner."""
    from comity.partners.service import get_partner

    async with at(session, of) as place:
        names = await place.names()
        partner_id = await place.tenant_id(name)
        async with place.transaction() as tx:
            found = await get_partner(tx, place.caller, partner_id)
    session.out.show(_facts(found, names))


@partner.command("set")
@click.argument("name", metavar="PARTNER")
@click.option("--redeem-inbound/--no-redeem-inbound", default=None, help="Their people appear here without a prompt.")
@click.option("--redeem-outbound/--no-redeem-outbound", default=None, help="Ours appear there without a prompt.")
@click.option("--sync/--no-sync", default=None, help="Their sync may create people here (isSyncAllowed).")
@click.option("--group-sync/--no-group-sync", default=None, help="Their sync may create groups here, too.")
@of_tenant
@pass_session
async def set_(
    session: Session,
    name: str,
    redeem_inbound: bool | None,
    redeem_outbound: bool | None,
    sync: bool | None,
    group_sync: bool | None,
    of: str,
) -> None:
    """Change settings toward a partner; what is not named stays."""
    from comity.partners.model import PartnerUnknown, SyncPolicy
    from comity.partners.service import (
        accept_users,
        create_partner,
        create_sync_policy,
        get_partner,
        update_partner,
        update_sync_policy,
        withdraw_acceptance,
    )

    def change(settings: PartnerSettings) -> PartnerSettings:
        inbound = settings.redeem_inbound if redeem_inbound is None else redeem_inbound
        outbound = settings.redeem_outbound if redeem_outbound is None else redeem_outbound
        return replace(settings, redeem_inbound=inbound, redeem_outbound=outbound)

    async with at(session, of) as place:
        names = await place.names()
        partner_id = await place.tenant_id(name)
        async with place.transaction() as tx:
            try:
                found = await get_partner(tx, place.caller, partner_id)
            except PartnerUnknown:
                found = await create_partner(tx, place.caller, partner_id)
            if sync is True:
                found = await accept_users(tx, place.caller, partner_id, redeem=False)
            elif sync is False:
                found = await withdraw_acceptance(tx, place.caller, partner_id)
            if group_sync is not None:
                if found.sync is None:
                    await create_sync_policy(tx, place.caller, partner_id, SyncPolicy())
                found = await update_sync_policy(
                    tx, place.caller, partner_id, lambda policy: replace(policy, group_sync=group_sync)
                )
            if redeem_inbound is not None or redeem_outbound is not None:
                found = await update_partner(tx, place.caller, partner_id, change)
    session.out.show(_facts(found, names))


@click.command(cls=Command)
@click.argument("partners", nargs=-1, required=True, metavar="PARTNER…")
@click.option("--withdraw", is_flag=True, help="Let no more of them in; who is here stays.")
@of_tenant
@pass_session
async def accept(session: Session, partners: tuple[str, ...], withdraw: bool, of: str) -> None:
    """Let a partner's people in: inbound sync, and redemption without a prompt.

    Partners are named by id, domain or name.
    """
    from comity.partners.service import accept_users, withdraw_acceptance

    async with at(session, of) as place:
        names = await place.names()
        ids = [await place.tenant_id(each) for each in partners]
        async with place.transaction() as tx:
            change = withdraw_acceptance if withdraw else accept_users
            found = [await change(tx, place.caller, each) for each in ids]
    verb = "lets in no more people of" if withdraw else "lets in the people of"
    whose = ", ".join(names.get(each, str(each)) for each in ids)
    session.out.show([_facts(each, names) for each in found], f"{place.tenant.name} {verb} {whose}.")


def _facts(entry: Partner, names: dict[TenantId, str]) -> dict[str, object]:
    """In Graph's words."""
    return {
        "tenantId": str(entry.tenant_id),
        "name": names.get(entry.tenant_id),
        "inboundAllowed": bool(entry.settings.redeem_inbound),
        "outboundAllowed": bool(entry.settings.redeem_outbound),
        "isSyncAllowed": bool(entry.sync and entry.sync.user_sync),
        "isGroupSyncAllowed": bool(entry.sync and entry.sync.group_sync),
        "isInMultiTenantOrganization": entry.in_organization,
    }
