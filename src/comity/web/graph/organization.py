"""The organisation: exactly one, the token's own tenant (graph-api §3.1)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from starlette.responses import Response

from comity.db.transaction import as_uuid
from comity.tenancy.model import Domain, Tenant, TenantUnknown
from comity.tenancy.service import read_own_tenant
from comity.web.graph.odata import read_options
from comity.web.graph.visit import Visit, collection, entity

TYPE: Final = "microsoft.graph.organization"

_SHOWN: Final[dict[str, Callable[[Tenant, Sequence[Domain]], Any]]] = {
    "id": lambda tenant, _: str(tenant.id),
    "countryLetterCode": lambda tenant, _: tenant.country,
    "createdDateTime": lambda tenant, _: tenant.created_at,
    "displayName": lambda tenant, _: tenant.name,
    "tenantType": lambda _, __: "AAD",
    "verifiedDomains": lambda _, domains: [_domain_json(each) for each in domains],
}
_NEVER_SET: Final = (
    "deletedDateTime", "city", "country", "defaultUsageLocation", "onPremisesLastSyncDateTime", "onPremisesSyncEnabled",
    "partnerTenantType", "postalCode", "preferredLanguage", "privacyProfile", "state", "street",
)  # fmt: skip
_ALWAYS_EMPTY: Final = (
    "assignedPlans", "businessPhones", "marketingNotificationEmails", "provisionedPlans",
    "securityComplianceNotificationMails", "securityComplianceNotificationPhones", "technicalNotificationMails",
)  # fmt: skip
PROPERTIES: Final = (*_SHOWN, *_NEVER_SET, *_ALWAYS_EMPTY)


async def list_organizations(visit: Visit) -> Response:
    """GET /organization: a collection of exactly one."""
    select = read_options(visit.ask, supported={"select"}).select(PROPERTIES, type_name=TYPE)
    return collection(visit.context("organization", select), [await _shown(visit, select)])


async def get_organization(visit: Visit) -> Response:
    """GET /organization/{id}: the token's own tenant; any other is as unknown as one that does not exist."""
    select = read_options(visit.ask, supported={"select"}).select(PROPERTIES, type_name=TYPE)
    body = await _shown(visit, select)
    wanted = visit.ask.parameters["organization"]
    if as_uuid(wanted) != visit.tx.tenant_id:
        raise TenantUnknown(tenant=wanted)
    return entity(visit.context("organization", select, entity=True), body)


async def _shown(visit: Visit, select: tuple[str, ...] | None) -> dict[str, Any]:
    tenant, domains = await read_own_tenant(visit.tx, visit.caller)
    return {name: _value(tenant, domains, name) for name in select or PROPERTIES}


def _value(tenant: Tenant, domains: Sequence[Domain], name: str) -> Any:
    if name in _ALWAYS_EMPTY:
        return []
    shown = _SHOWN.get(name)
    return shown(tenant, domains) if shown else None


def _domain_json(domain: Domain) -> dict[str, Any]:
    return {
        "capabilities": None,
        "isDefault": domain.is_default,
        "isInitial": domain.is_initial,
        "name": domain.name,
        "type": "Managed",
    }
