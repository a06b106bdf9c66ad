"""Rows and nouns of tenancy."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from comity.core.ids import TenantId
from comity.db.queries import Queries
from comity.db.transaction import Transaction
from comity.tenancy.model import Cloud, Domain, Tenant, TenantKind

Q: Final = Queries("comity.tenancy")


async def add_tenant(tx: Transaction, tenant: Tenant, *, name_key: str) -> None:
    """Save a new tenant."""
    await tx.execute(
        Q.add_tenant,
        id=tenant.id, name=tenant.name, name_key=name_key, kind=tenant.kind.value, initial_domain=tenant.initial_domain,
        cloud=tenant.cloud.value, trial=tenant.trial, country=tenant.country, created_at=tenant.created_at,
    )  # fmt: skip


async def add_tenant_rows(tx: Transaction, *, guest_role: UUID, retention_s: int) -> None:
    """Save what every tenant has from its first day."""
    await tx.execute(Q.add_tenant_rows, guest_role=guest_role, retention_s=retention_s)


async def add_domain(tx: Transaction, domain: Domain) -> None:
    """Save a new domain."""
    await tx.execute(
        Q.add_domain,
        name=domain.name, id=domain.tenant_id, is_default=domain.is_default, is_initial=domain.is_initial,
        added_at=domain.added_at,
    )  # fmt: skip


async def get_tenant(tx: Transaction, tenant_id: TenantId) -> Tenant | None:
    """The tenant of that id."""
    return await tx.one(_tenant, Q.get_tenant, id=tenant_id)


async def find_tenants(tx: Transaction, *, name_key: str, domain: str | None) -> list[Tenant]:
    """Tenants of that name or domain, at most 20."""
    return await tx.all(_tenant, Q.find_tenants, name_key=name_key, domain=domain)


async def list_tenants(tx: Transaction, *, after_key: str, after_id: UUID, at_most: int) -> list[Tenant]:
    """Tenants in order of their names."""
    return await tx.all(_tenant, Q.list_tenants, after_key=after_key, after_id=after_id, at_most=at_most)


async def get_domain(tx: Transaction, name: str) -> Domain | None:
    """The domain of that name, whoever's it is."""
    return await tx.one(Domain, Q.get_domain, name=name)


async def list_domains(tx: Transaction, tenant_id: TenantId) -> list[Domain]:
    """The tenant's domains, the initial one first."""
    return await tx.all(Domain, Q.domains_of, id=tenant_id)


def _tenant(
    id: UUID,
    name: str,
    kind: str,
    initial_domain: str,
    cloud: str,
    trial: bool,
    country: str | None,
    created_at: datetime,
    version: int,
) -> Tenant:
    return Tenant(
        TenantId(id),
        name,
        TenantKind(kind),
        initial_domain,
        Cloud(cloud),
        trial,
        country,
        created_at,
        version,
    )
