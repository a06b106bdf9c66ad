"""The organisation: exactly one, the token's own tenant; its domains (graph-api §3.1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid5

import msgspec
from starlette.responses import Response

from comity.core.caller import UserType
from comity.core.permissions import Permission
from comity.db.transaction import as_uuid
from comity.tenancy import service
from comity.tenancy.model import Domain, Tenant, TenantUnknown
from comity.tenancy.service import get_tenant, list_domains, read_own_tenant
from comity.tenancy.settings import TenantSettings, change_contacts, load_settings
from comity.web.graph.bodies import Body, given_of
from comity.web.graph.listing import list_all
from comity.web.graph.odata.options import read_options
from comity.web.graph.operation import delete, get, patch, post
from comity.web.graph.shape import Edm, Shape, empty, flag, instant, never, number, text, texts, thing, things
from comity.web.graph.visit import Visit, collection, created, done, entity

UNSET: Final = msgspec.UNSET
MAILS: Final = (
    "marketingNotificationEmails", "securityComplianceNotificationMails", "securityComplianceNotificationPhones",
    "technicalNotificationMails",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Seen:
    """The tenant with all that is shown of it."""

    tenant: Tenant
    domains: Sequence[Domain]
    settings: TenantSettings


ORGANIZATION: Final = Shape[Seen](
    "microsoft.graph.organization",
    {
        "id": text(lambda seen: str(seen.tenant.id)),
        "countryLetterCode": text(lambda seen: seen.tenant.country),
        "createdDateTime": instant(lambda seen: seen.tenant.created_at),
        "displayName": text(lambda seen: seen.tenant.name),
        "tenantType": text(lambda _: "AAD"),
        "verifiedDomains": things(lambda seen: [_verified(each) for each in seen.domains]),
        "privacyProfile": thing(lambda seen: seen.settings.contacts.get("privacyProfile")),
        "marketingNotificationEmails": texts(
            lambda seen: seen.settings.contacts.get("marketingNotificationEmails", [])
        ),
        "securityComplianceNotificationMails": texts(
            lambda seen: seen.settings.contacts.get("securityComplianceNotificationMails", [])
        ),
        "securityComplianceNotificationPhones": texts(
            lambda seen: seen.settings.contacts.get("securityComplianceNotificationPhones", [])
        ),
        "technicalNotificationMails": texts(lambda seen: seen.settings.contacts.get("technicalNotificationMails", [])),
        **never("deletedDateTime", "onPremisesLastSyncDateTime", edm=Edm.INSTANT),
        **never("onPremisesSyncEnabled", edm=Edm.FLAG),
        **never(
            "city", "country", "defaultUsageLocation", "partnerTenantType", "postalCode", "preferredLanguage", "state",
            "street",
        ),
        **empty("assignedPlans", "provisionedPlans"),
        **empty("businessPhones", edm=Edm.TEXT),
    },
)  # fmt: skip
_FOR_GUESTS: Final = ("id", "displayName", "verifiedDomains")
"""What guests may know of the organisation (provisioning §11)."""

DOMAIN: Final = Shape[Domain](
    "microsoft.graph.domain",
    {
        "id": text(lambda domain: domain.name),
        "authenticationType": text(lambda _: "Managed"),
        "availabilityStatus": text(lambda _: None),
        "isAdminManaged": flag(lambda _: True),
        "isDefault": flag(lambda domain: domain.is_default),
        "isInitial": flag(lambda domain: domain.is_initial),
        "isRoot": flag(lambda _: True),
        "isVerified": flag(lambda _: True),
        "manufacturer": text(lambda _: None),
        "model": text(lambda _: None),
        "passwordNotificationWindowInDays": number(lambda _: None),
        "passwordValidityPeriodInDays": number(lambda _: None),
        "state": thing(lambda _: None),
        "supportedServices": texts(lambda _: ["Email", "OfficeCommunicationsOnline"]),
    },
)


class OrganizationChange(Body, kw_only=True):
    """What can be changed of the organisation."""

    marketing_notification_emails: list[str] | msgspec.UnsetType = UNSET
    privacy_profile: dict[str, str | None] | msgspec.UnsetType | None = UNSET
    security_compliance_notification_mails: list[str] | msgspec.UnsetType = UNSET
    security_compliance_notification_phones: list[str] | msgspec.UnsetType = UNSET
    technical_notification_mails: list[str] | msgspec.UnsetType = UNSET


class NewDomain(Body, kw_only=True):
    """The name of a domain."""

    id: str


class DomainChange(Body, kw_only=True):
    """What can be changed of a domain."""

    is_default: bool | msgspec.UnsetType = UNSET
    supported_services: list[str] | msgspec.UnsetType = UNSET


async def list_organizations(visit: Visit) -> Response:
    """GET /organization: a collection of exactly one."""
    select = _selected(visit)
    return collection(visit.context("organization", select), [await _shown(visit, select)])


async def get_organization(visit: Visit) -> Response:
    """GET /organization/{id}: the token's own tenant; any other is as unknown as one that does not exist."""
    select = _selected(visit)
    body = await _shown(visit, select)
    _check_own(visit)
    return entity(visit.context("organization", select, entity=True), body)


async def change_organization(visit: Visit) -> Response:
    """PATCH /organization/{id}: how it can be reached."""
    visit.caller.check(Permission.ORGANIZATION_WRITE)
    _check_own(visit)
    change: OrganizationChange = visit.body
    names = dict(zip(change.__struct_fields__, change.__struct_encode_fields__, strict=True))
    await change_contacts(visit.tx, visit.caller, {names[name]: value for name, value in given_of(change).items()})
    return done()


async def list_all_domains(visit: Visit) -> Response:
    """GET /domains."""
    visit.caller.check(Permission.DOMAIN_READ)
    return list_all(visit, DOMAIN, await list_domains(visit.tx), resource="domains")


async def read_domain(visit: Visit) -> Response:
    """GET /domains/{name}."""
    select = read_options(visit.ask, supported={"select"}).select(DOMAIN.properties, type_name=DOMAIN.type)
    domain = await _domain(visit)
    return entity(visit.context("domains", select, entity=True), DOMAIN.show(domain, select))


async def add_domain(visit: Visit) -> Response:
    """POST /domains: it is the tenant's at once, since nobody here asks the DNS."""
    draft: NewDomain = visit.body
    domain = await service.add_domain(visit.tx, visit.caller, draft.id)
    return created(visit.context("domains", entity=True), DOMAIN.show(domain))


async def change_domain(visit: Visit) -> Response:
    """PATCH /domains/{name}: make it the default."""
    change: DomainChange = visit.body
    visit.caller.check(Permission.DOMAIN_WRITE)
    domain = await _domain(visit)
    if change.is_default is True:
        await service.make_default_domain(visit.tx, visit.caller, domain.name)
    return done()


async def remove_domain(visit: Visit) -> Response:
    """DELETE /domains/{name}."""
    await service.remove_domain(visit.tx, visit.caller, visit.parameter("domain"))
    return done()


async def verify_domain(visit: Visit) -> Response:
    """POST /domains/{name}/verify: a domain that is the tenant's is verified."""
    visit.caller.check(Permission.DOMAIN_WRITE)
    return entity(visit.context("domains", entity=True), DOMAIN.show(await _domain(visit)))


async def list_verification_records(visit: Visit) -> Response:
    """GET /domains/{name}/verificationDnsRecords: what would prove the domain to others."""
    domain = await _domain(visit)
    proof = f"MS=ms{uuid5(visit.tx.tenant_id, domain.name).int % 100_000_000:08}"
    body = _record(domain, "verification", "Txt", {"text": proof})
    return collection(visit.context(f"domains('{domain.name}')/verificationDnsRecords"), [body])


async def list_service_records(visit: Visit) -> Response:
    """GET /domains/{name}/serviceConfigurationRecords: none, since Comity serves under one address for all."""
    domain = await _domain(visit)
    return collection(visit.context(f"domains('{domain.name}')/serviceConfigurationRecords"), [])


def _record(domain: Domain, purpose: str, kind: str, more: dict[str, Any]) -> dict[str, Any]:
    return {
        "@odata.type": f"#microsoft.graph.domainDns{kind}Record",
        "id": str(uuid5(domain.tenant_id, f"{purpose}:{domain.name}")),
        "isOptional": False,
        "label": domain.name,
        "recordType": kind,
        "supportedService": "Email",
        "ttl": 3600,
        **more,
    }


async def _domain(visit: Visit) -> Domain:
    return await service.get_domain(visit.tx, visit.caller, visit.parameter("domain"))


def _selected(visit: Visit) -> tuple[str, ...] | None:
    options = read_options(visit.ask, supported={"select"})
    return options.select(ORGANIZATION.properties, type_name=ORGANIZATION.type)


def _check_own(visit: Visit) -> None:
    wanted = visit.parameter("organization")
    if as_uuid(wanted) != visit.tx.tenant_id:
        raise TenantUnknown(tenant=wanted)


async def _shown(visit: Visit, select: Sequence[str] | None) -> dict[str, Any]:
    if visit.caller.user_type is UserType.GUEST and not visit.caller.may(Permission.ORGANIZATION_READ):
        seen = Seen(await get_tenant(visit.tx, visit.tx.tenant_id), await list_domains(visit.tx), _NOTHING)
        return ORGANIZATION.show(seen, [each for each in select or _FOR_GUESTS if each in _FOR_GUESTS])
    tenant, domains = await read_own_tenant(visit.tx, visit.caller)
    return ORGANIZATION.show(Seen(tenant, domains, await load_settings(visit.tx)), select)


_NOTHING: Final[Any] = None


def _verified(domain: Domain) -> dict[str, Any]:
    return {
        "capabilities": None,
        "isDefault": domain.is_default,
        "isInitial": domain.is_initial,
        "name": domain.name,
        "type": "Managed",
    }


OPERATIONS: Final = (
    get(
        "/organization", list_organizations, "Read the organisation", shape=ORGANIZATION, many=True, options=("select",)
    ),
    get(
        "/organization/{organization}",
        get_organization,
        "Read the organisation by its id",
        shape=ORGANIZATION,
        options=("select",),
    ),
    patch(
        "/organization/{organization}",
        change_organization,
        "Say how the organisation can be reached",
        body=OrganizationChange,
    ),
    get("/domains", list_all_domains, "List domains", shape=DOMAIN, many=True, options=("select", "filter", "top")),
    post(
        "/domains",
        add_domain,
        "Add a domain",
        shape=DOMAIN,
        body=NewDomain,
        remark="verified at once: nobody here asks the DNS",
    ),
    get("/domains/{domain}", read_domain, "Read a domain", shape=DOMAIN, options=("select",)),
    patch("/domains/{domain}", change_domain, "Make a domain the default", body=DomainChange),
    delete("/domains/{domain}", remove_domain, "Remove a domain"),
    post("/domains/{domain}/verify", verify_domain, "Verify a domain", status=200, shape=DOMAIN),
    get("/domains/{domain}/verificationDnsRecords", list_verification_records, "What proves a domain to others"),
    get(
        "/domains/{domain}/serviceConfigurationRecords",
        list_service_records,
        "What services need of a domain",
        remark="always empty",
    ),
)
