"""Create tenants, give them domains, find them."""

from __future__ import annotations

from dataclasses import replace
from typing import Final
from uuid import UUID

from comity.audit.service import Record, record
from comity.core.caller import Caller
from comity.core.domains import normalize_domain
from comity.core.errors import Invalid
from comity.core.ids import PERSONAL_REALM, TenantId, new_id
from comity.core.permissions import Permission
from comity.db.database import Database
from comity.db.transaction import Transaction, as_uuid
from comity.events.feed import append
from comity.events.model import Change, ChangeKind
from comity.tenancy import store
from comity.tenancy.model import (
    Cloud,
    Domain,
    DomainInUse,
    DomainInvalid,
    DomainTaken,
    DomainUnknown,
    Tenant,
    TenantAmbiguous,
    TenantKind,
    TenantUnknown,
)

GUEST_AS_MEMBER: Final = UUID("a0b1b346-4d3e-4e8b-98f8-753987be4970")
"""Guests see what members see (`guestUserRoleId`, provisioning §11)."""
GUEST_RESTRICTED: Final = UUID("2af84b1e-32c8-42b7-82bc-daa82404023b")
"""Guests see nobody but themselves."""
GUEST_LIMITED: Final = UUID("10dae51f-b6af-4016-8d66-8c2a99b929b3")
"""Entra's "guest users have limited access" (provisioning §11), the default."""
SOFT_DELETE_S: Final = 30 * 86400
PERSONAL_DOMAIN: Final = "personal.comity.invalid"
"""A name that can never be registered (RFC 2606); the realm owns no domain."""


class TenantNameEmpty(Invalid):
    """A tenant needs a name."""

    code = "tenant-name-empty"


async def create_tenant(
    db: Database,
    caller: Caller,
    *,
    name: str,
    domain: str,
    cloud: Cloud = Cloud.COMMERCIAL,
    trial: bool = False,
    country: str | None = None,
    tenant_id: TenantId | None = None,
) -> Tenant:
    """Create a business tenant with its initial domain.

    Raises:
        DomainInvalid, DomainTaken, TenantNameEmpty, PermissionMissing.
    """
    caller.check(Permission.INSTALLATION)
    if not name.strip():
        raise TenantNameEmpty
    initial = checked_domain(domain)
    tenant_id = tenant_id or TenantId(new_id())
    async with db.tenant(tenant_id) as tx:
        tenant = Tenant(tenant_id, name.strip(), TenantKind.BUSINESS, initial, cloud, trial, country, tx.now, 1)
        await _refuse_taken(tx, initial)
        await store.add_tenant(tx, tenant, name_key=name_key(tenant.name))
        await store.add_domain(tx, Domain(initial, tenant_id, is_default=True, is_initial=True, added_at=tx.now))
        await store.add_tenant_rows(tx, guest_role=GUEST_LIMITED, retention_s=SOFT_DELETE_S)
        facts = {"name": tenant.name, "domain": initial, "cloud": cloud.value, "trial": trial}
        await record(tx, caller, Record("Create tenant", "tenant", tenant_id, after=facts))
        return tenant


async def ensure_personal_realm(db: Database) -> None:
    """The one realm of personal accounts exists from the first start on."""
    async with db.tenant(PERSONAL_REALM) as tx:
        if await store.get_tenant(tx, PERSONAL_REALM) is None:
            realm = Tenant(
                PERSONAL_REALM, "Personal accounts", TenantKind.PERSONAL, PERSONAL_DOMAIN, Cloud.COMMERCIAL,
                trial=False, country=None, created_at=tx.now, version=1,
            )  # fmt: skip
            await store.add_tenant(tx, realm, name_key=name_key(realm.name))


async def add_domain(tx: Transaction, caller: Caller, domain: str) -> Domain:
    """Give the caller's tenant one more domain.

    Raises:
        DomainInvalid, DomainTaken, PermissionMissing.
    """
    caller.check(Permission.DOMAIN_WRITE)
    name = checked_domain(domain)
    await _refuse_taken(tx, name)
    added = Domain(name, tx.tenant_id, is_default=False, is_initial=False, added_at=tx.now)
    await store.add_domain(tx, added)
    await record(tx, caller, Record("Add domain", "domain", tx.tenant_id, after={"domain": name}))
    # A partner may except this domain from what it refuses to trial tenants: decisions rest on it.
    append(tx, [Change(ChangeKind.ACCESS_CHANGED, tx.tenant_id)])
    return added


async def get_domain(tx: Transaction, caller: Caller, domain: str) -> Domain:
    """One of the tenant's own domains.

    Raises:
        DomainUnknown, PermissionMissing.
    """
    caller.check(Permission.DOMAIN_READ)
    found = next((each for each in await list_domains(tx) if each.name == normalize_domain(domain)), None)
    if found is None:
        raise DomainUnknown(domain=domain)
    return found


async def make_default_domain(tx: Transaction, caller: Caller, domain: str) -> Domain:
    """New people are named by this domain from now on.

    Raises:
        DomainUnknown, PermissionMissing.
    """
    caller.check(Permission.DOMAIN_WRITE)
    found = await get_domain(tx, caller, domain)
    if found.is_default:
        return found
    before = next((each.name for each in await list_domains(tx) if each.is_default), None)
    await store.make_default(tx, found.name)
    was, now = {"default": before}, {"default": found.name}
    await record(tx, caller, Record("Update domain", "domain", tx.tenant_id, before=was, after=now))
    append(tx, [Change(ChangeKind.ACCESS_CHANGED, tx.tenant_id)])
    return replace(found, is_default=True)


async def remove_domain(tx: Transaction, caller: Caller, domain: str) -> None:
    """Give up a domain by which nobody is named.

    Raises:
        DomainUnknown, DomainInUse, PermissionMissing.
    """
    caller.check(Permission.DOMAIN_WRITE)
    found = await get_domain(tx, caller, domain)
    users = await store.count_domain_users(tx, found.name)
    if found.is_initial or found.is_default or users:
        raise DomainInUse(domain=found.name, users=users)
    await store.drop_domain(tx, found.name)
    await record(tx, caller, Record("Remove domain", "domain", tx.tenant_id, before={"domain": found.name}))
    append(tx, [Change(ChangeKind.ACCESS_CHANGED, tx.tenant_id)])


async def get_tenant(tx: Transaction, tenant_id: TenantId) -> Tenant:
    """The tenant of that id.

    Raises:
        TenantUnknown.
    """
    tenant = await store.get_tenant(tx, tenant_id)
    if tenant is None:
        raise TenantUnknown(tenant=str(tenant_id))
    return tenant


async def look_up_tenant(tx: Transaction, caller: Caller, tenant_id: str) -> Tenant:
    """What any tenant of the installation is called, by its id.

    Raises:
        TenantUnknown, PermissionMissing.
    """
    caller.check(Permission.TENANT_LOOKUP)
    found = as_uuid(tenant_id)
    if found is None or found == PERSONAL_REALM:
        raise TenantUnknown(tenant=tenant_id)
    return await get_tenant(tx, TenantId(found))


async def look_up_domain(tx: Transaction, caller: Caller, domain: str) -> Tenant:
    """What the tenant is called that a domain belongs to.

    Raises:
        TenantUnknown, PermissionMissing.
    """
    caller.check(Permission.TENANT_LOOKUP)
    name = normalize_domain(domain)
    found = None if name is None else await store.get_domain(tx, name)
    if found is None:
        raise TenantUnknown(tenant=domain)
    return await get_tenant(tx, found.tenant_id)


async def read_own_tenant(tx: Transaction, caller: Caller) -> tuple[Tenant, list[Domain]]:
    """The caller's own tenant with its domains, the initial one first.

    Raises:
        PermissionMissing.
    """
    caller.check(Permission.ORGANIZATION_READ)
    return await get_tenant(tx, tx.tenant_id), await list_domains(tx)


async def resolve_tenant(db: Database, text: str) -> Tenant:
    """Find a tenant by id, domain or name, as people name it on the command line.

    Raises:
        TenantUnknown, TenantAmbiguous (lists the candidates' ids and domains).
    """
    async with db.tenant(PERSONAL_REALM) as tx:
        if tenant_id := as_uuid(text):
            return await get_tenant(tx, TenantId(tenant_id))
        found = await store.find_tenants(tx, name_key=name_key(text), domain=normalize_domain(text))
    if not found:
        raise TenantUnknown(tenant=text)
    if len(found) > 1:
        raise TenantAmbiguous(tenant=text, candidates=[f"{each.id} {each.initial_domain}" for each in found])
    return found[0]


async def list_tenants(
    db: Database, caller: Caller, *, after: Tenant | None = None, at_most: int = 100
) -> list[Tenant]:
    """All tenants of the installation, by name; for the operator."""
    caller.check(Permission.INSTALLATION)
    async with db.tenant(PERSONAL_REALM) as tx:
        return await store.list_tenants(
            tx,
            after_key=name_key(after.name) if after else "",
            after_id=after.id if after else UUID(int=0),
            at_most=at_most,
        )


async def list_domains(tx: Transaction) -> list[Domain]:
    """The transaction's tenant's domains, the initial one first."""
    return await store.list_domains(tx, tx.tenant_id)


def checked_domain(text: str) -> str:
    """The domain in its one form.

    Raises:
        DomainInvalid.
    """
    name = normalize_domain(text)
    if name is None:
        raise DomainInvalid(domain=text)
    return name


def name_key(name: str) -> str:
    """How tenant names compare: without case and outer blanks."""
    return name.strip().casefold()


async def _refuse_taken(tx: Transaction, domain: str) -> None:
    if await store.get_domain(tx, domain) is not None:
        raise DomainTaken(domain=domain)
