"""Form or join a multitenant organisation together with what that does to partner entries (provisioning §1.6).

Doors and commands come here; `tenancy.organizations` knows nothing of partners. Leaving and
removing touch no partner entry, so they are called there directly.
"""

from __future__ import annotations

from collections.abc import Collection

from comity.core.caller import Caller
from comity.core.ids import OrganizationId, TenantId
from comity.db.crossings.organization import at_each_seat
from comity.db.transaction import Transaction
from comity.partners import store
from comity.partners.changes import change_entries, make_entries
from comity.partners.decide import apply_templates, as_admin_center
from comity.partners.templates import change_templates
from comity.tenancy.organizations import service as organizations
from comity.tenancy.organizations.model import Membership
from comity.tenancy.organizations.telling import seen_elsewhere


async def form_organization(
    tx: Transaction, caller: Caller, *, name: str, description: str = "", admin_center: bool = False
) -> Membership:
    """Form an organisation; as the admin center does it, later joins are prepared for sync both ways.

    Raises:
        AlreadyInOrganization, OrganizationTextInvalid, TenantNotEligible, PermissionMissing.
    """
    membership = await organizations.create_organization(tx, caller, name=name, description=description)
    if admin_center:
        await change_templates(tx, caller, as_admin_center)
    return membership


async def join_organization(
    tx: Transaction, caller: Caller, *, inviter: TenantId, admin_center: bool = False
) -> Membership:
    """Join, and prepare partner entries between the caller's tenant and every other active one, both ways.

    Each side's own templates decide what the entries on its side say; unconfigured ones change no
    behaviour. As the admin center does it, the caller's templates allow sync and redemption first.

    Raises:
        InvitationUnknown, AlreadyInOrganization, OrganizationFull, CloudDiffers, TenantNotEligible,
        PermissionMissing.
    """
    membership = await organizations.join_organization(tx, caller, inviter=inviter)
    if admin_center:
        await change_templates(tx, caller, as_admin_center)
    joined = tx.tenant_id
    others = [each.tenant_id for each in membership.others]
    await prepare_partners(tx, caller, others)

    async def prepare(there: Transaction, _: OrganizationId) -> None:
        await prepare_partners(there, seen_elsewhere(caller), [joined])

    await at_each_seat(tx, membership.organization.id, others, prepare)
    return membership


async def prepare_partners(tx: Transaction, caller: Caller, partners: Collection[TenantId]) -> None:
    """Make the entries and sync policies that are missing, and apply the tenant's templates to all of them."""
    made = await make_entries(tx, partners, with_sync=True)
    templates = await store.load_templates(tx)
    await change_entries(
        tx, caller, partners,
        lambda entry: apply_templates(
            entry, templates, is_new=entry.tenant_id in made.entries, sync_is_new=entry.tenant_id in made.syncs
        ),
        made=made,
    )  # fmt: skip
