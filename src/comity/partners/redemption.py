"""Somebody signed in at home comes to a tenant where she is invited: has she to be asked first?

The prompt is suppressed only if her home says so toward the tenant, outbound, and the tenant toward her home,
inbound; any other combination asks (provisioning §2).
"""

from __future__ import annotations

from dataclasses import dataclass

from comity.core.caller import Caller
from comity.core.ids import PERSONAL_REALM, TenantId, UserId
from comity.db.database import Database
from comity.directory.invitations import accept_invitation, find_invitation
from comity.directory.service import get_user
from comity.identity.model import Person
from comity.identity.standing import find_representation
from comity.partners.service import load_inbound_half, load_outbound_half
from comity.tenancy.service import list_domains


@dataclass(frozen=True, slots=True)
class Arrival:
    """How somebody from elsewhere stands in a tenant."""

    user_id: UserId
    is_redeemed: bool


async def arrive(db: Database, tenant_id: TenantId, home: Person) -> Arrival | None:
    """The account that stands, or may stand, for somebody in another tenant; None if she has none.

    Where both tenants waive the prompt, an invitation that waits for her is redeemed on the way.
    """
    addresses = await _proven_addresses(db, home)
    async with db.tenant(tenant_id) as tx:
        standing = await find_representation(tx, home)
        found = Arrival(standing.id, standing.is_redeemed) if standing else None
        if found is None:
            invited = [each for each in [await find_invitation(tx, address) for address in addresses] if each]
            found = Arrival(invited[0].id, is_redeemed=False) if len({each.id for each in invited}) == 1 else None
    if found is None or found.is_redeemed or not await is_waived(db, home.tenant_id, tenant_id):
        return found
    await redeem(db, tenant_id, found.user_id, home)
    return Arrival(found.user_id, is_redeemed=True)


async def redeem(db: Database, tenant_id: TenantId, user_id: UserId, home: Person) -> None:
    """She says yes, or both tenants have said it for her.

    Raises:
        UserUnknown: the account stands for somebody else by now.
    """
    caller = Caller.system("invitation redemption", tenant_id=tenant_id)
    async with db.tenant(tenant_id) as tx:
        await accept_invitation(tx, caller, user_id, home_tenant_id=home.tenant_id, home_user_id=home.id)


async def is_waived(db: Database, home_tenant_id: TenantId, resource_tenant_id: TenantId) -> bool:
    """Do both tenants suppress the prompt for people of the one in the other? Personal accounts are always asked."""
    if home_tenant_id == PERSONAL_REALM:
        return False
    async with db.tenant(home_tenant_id) as tx:
        outbound = await load_outbound_half(tx, resource_tenant_id)
    if not outbound.redeem:
        return False
    async with db.tenant(resource_tenant_id) as tx:
        inbound = await load_inbound_half(tx, home_tenant_id)
    return inbound is not None and inbound.redeem


async def _proven_addresses(db: Database, home: Person) -> list[str]:
    """Under which she may have been invited: those of her home's own domains, which nobody else can claim."""
    personal = home.tenant_id == PERSONAL_REALM
    caller = Caller.system("invitation redemption", tenant_id=home.tenant_id)
    async with db.tenant(home.tenant_id, person=home.id if personal else None) as tx:
        user = await get_user(tx, caller, home.id)
        domains = {each.name for each in await list_domains(tx)}
    found = {user.user_principal_name.lower()}
    if user.mail and (personal or user.mail.rpartition("@")[2].lower() in domains):
        found.add(user.mail.lower())
    return sorted(found)
