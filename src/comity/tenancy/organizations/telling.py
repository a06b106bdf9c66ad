"""Tell every tenant that sees a change of its organisation: an audit and a feed entry for each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from comity.audit.model import Facts
from comity.audit.service import Record, record
from comity.core.caller import Caller
from comity.core.ids import OrganizationId, TenantId
from comity.db.crossings.organization import at_each_seat
from comity.db.transaction import Transaction
from comity.events.feed import append
from comity.events.model import Change, ChangeKind
from comity.tenancy.organizations.decide import viewers
from comity.tenancy.organizations.model import Member, Organization
from comity.tenancy.store import get_tenant as find_tenant

OBJECT: Final = "organization"
"""The kind of object that audit names."""

# Entra's own names of these activities, so that people's alerts keep working.
CREATED: Final = "Create a MultiTenantOrg"
UPDATED: Final = "Update a MultiTenantOrg"
DISSOLVED: Final = "Hard Delete MultiTenantOrg"
TENANT_ADDED: Final = "Add MultiTenantOrg tenant"
TENANT_UPDATED: Final = "Update MultiTenantOrg tenant"
TENANT_JOINED: Final = "Tenant joining MultiTenantOrg tenant"
TENANT_REMOVED: Final = "Delete MultiTenantOrg tenant"


async def tell_viewers(
    tx: Transaction,
    caller: Caller,
    organization: Organization,
    members: Mapping[TenantId, Member],
    *,
    subject: TenantId | None,
    action: str,
    before: Facts | None = None,
    after: Facts | None = None,
) -> None:
    """Write audit and feed of the acting tenant, then of every other tenant that sees the change.

    `members` is the list that tells who sees it; `subject` is whose record changed, None for the
    organisation itself. Seats must still be there: tell first, then take them away.
    """
    await record(tx, caller, Record(action, OBJECT, organization.local_id, before=before, after=after))
    append(tx, [Change(ChangeKind.ORGANIZATION_CHANGED, organization.local_id)])
    actor = {"byTenant": str(tx.tenant_id)}

    async def tell(there: Transaction, local_id: OrganizationId) -> None:
        if await find_tenant(there, there.tenant_id) is None:
            return  # outside the installation: nobody there would read it
        facts = [None if each is None else {**each, **actor} for each in (before, after)]
        await record(there, seen_elsewhere(caller), Record(action, OBJECT, local_id, before=facts[0], after=facts[1]))
        append(there, [Change(ChangeKind.ORGANIZATION_CHANGED, local_id)])

    await at_each_seat(tx, organization.id, viewers(members, subject), tell)


def seen_elsewhere(caller: Caller) -> Caller:
    """The caller as another tenant's audit names him: who he is, not why; reasons are for his own tenant."""
    return replace(caller, reason=None)


def organization_facts(organization: Organization) -> Facts:
    """What audit shows of an organisation."""
    return {"displayName": organization.name, "description": organization.description}


def member_facts(member: Member) -> Facts:
    """What audit shows of a member's record."""
    facts = {
        "tenantId": str(member.tenant_id), "displayName": member.display_name, "role": member.role.value,
        "state": member.state.value, "addedByTenantId": str(member.added_by),
    }  # fmt: skip
    if member.desired_role is not None:
        facts["desiredRole"] = member.desired_role.value
    return facts
