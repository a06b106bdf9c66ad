"""Rows and nouns of tenancy."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
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


async def load_settings(tx: Transaction) -> tuple[Any, ...]:
    """The columns of `settings`, in order."""
    row = await tx.row(Q.settings)
    assert row is not None, "every business tenant has its settings from the first day"
    return row


async def save_settings(tx: Transaction, **columns: object) -> None:
    """Save what members and guests may do."""
    await tx.execute(Q.save_settings, **columns)


async def make_default(tx: Transaction, domain: str) -> bool:
    """Make one of the tenant's domains its default; False if it is not its own."""
    row = await tx.row(Q.make_default_domain, name=domain)
    return bool(row and row[0])


async def drop_domain(tx: Transaction, domain: str) -> bool:
    """Give a domain up; False for the initial one, and for one that is not the tenant's."""
    return await tx.row(Q.drop_domain, name=domain) is not None


async def count_domain_users(tx: Transaction, domain: str) -> int:
    """How many accounts are named by a domain."""
    row = await tx.row(Q.domain_users, ending=f"@{domain}")
    return int(row[0]) if row else 0
