"""The nouns of tenancy: tenants and domains."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from comity.core.errors import Conflict, Invalid, NotFound
from comity.core.ids import TenantId


class TenantKind(StrEnum):
    """An organisation's sealed directory, or the one realm of personal accounts."""

    BUSINESS = "business"
    PERSONAL = "personal"


class Cloud(StrEnum):
    """Which of the vendor's clouds the tenant counts as (external-access §0)."""

    COMMERCIAL = "commercial"
    GCC = "gcc"
    GCCHIGH = "gcchigh"
    DOD = "dod"


@dataclass(frozen=True, slots=True)
class Tenant:
    """One tenant as the installation knows it."""

    id: TenantId
    name: str
    kind: TenantKind
    initial_domain: str
    """The domain of its first users; mangled UPNs of B2B users end in it."""
    cloud: Cloud
    trial: bool
    country: str | None
    created_at: datetime
    version: int


@dataclass(frozen=True, slots=True)
class Domain:
    """A domain that belongs to a tenant; lower case, IDNA."""

    name: str
    tenant_id: TenantId
    is_default: bool
    is_initial: bool
    added_at: datetime


class TenantUnknown(NotFound):
    """No tenant of that id, domain or name."""

    code = "tenant-unknown"


class TenantAmbiguous(Invalid):
    """Several tenants bear that name; lists them."""

    code = "tenant-ambiguous"


class DomainInvalid(Invalid):
    """Not a domain name of at least two labels."""

    code = "domain-invalid"


class DomainUnknown(NotFound):
    """The tenant has no domain of that name."""

    code = "domain-unknown"


class DomainInUse(Invalid):
    """People are named by the domain, or it is the initial or the default one."""

    code = "domain-in-use"


class DomainTaken(Conflict):
    """The domain belongs to a tenant already."""

    code = "domain-taken"
