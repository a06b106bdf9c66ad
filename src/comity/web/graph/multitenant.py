"""The multitenant organisation, its tenants, the join request, and other tenants' names (graph-api §4.1, §4.2)."""

from __future__ import annotations

from typing import Any, Final, Literal
from uuid import UUID, uuid5

import msgspec
from starlette.responses import Response

from comity.core.ids import TenantId
from comity.core.permissions import Permission
from comity.partners.organization import form_organization, join_organization
from comity.tenancy.model import Tenant
from comity.tenancy.organizations import service
from comity.tenancy.organizations.model import (
    Member,
    Membership,
    MemberUnknown,
    OrganizationMissing,
    Role,
)
from comity.tenancy.service import look_up_domain, look_up_tenant
from comity.web.graph.bodies import Body
from comity.web.graph.listing import list_all
from comity.web.graph.odata.options import read_options
from comity.web.graph.operation import delete, get, patch, post, put
from comity.web.graph.shape import Shape, guid, instant, text, thing
from comity.web.graph.visit import Visit, answer, created, done, entity

BASE: Final = "tenantRelationships/multiTenantOrganization"
NOBODY: Final = UUID(int=0)
UNSET: Final = msgspec.UNSET


class NewOrganization(Body, kw_only=True):
    """A name, and what the organisation is for."""

    display_name: str
    description: str | None = None


class OrganizationRenamed(Body, kw_only=True):
    """A new name or description."""

    display_name: str | msgspec.UnsetType | None = UNSET
    description: str | msgspec.UnsetType | None = UNSET


class NewMember(Body, kw_only=True):
    """A tenant to be added."""

    tenant_id: UUID
    display_name: str | None = None
    role: Literal["owner", "member"] | None = None


class RoleChange(Body, kw_only=True):
    """Owner or member."""

    role: Literal["owner", "member"]


class JoinRequest(Body, kw_only=True):
    """The owner who has added us; the zero id takes a failed request back."""

    added_by_tenant_id: UUID


def _transition(member: Member) -> dict[str, Any] | None:
    """What a pending tenant is on its way to."""
    if member.is_active:
        return None
    role = member.desired_role or member.role
    return {"desiredState": "active", "desiredRole": role.value, "status": "notStarted", "details": None}


ORGANIZATION: Final = Shape[Membership](
    "microsoft.graph.multiTenantOrganization",
    {
        "id": text(lambda membership: str(membership.organization.local_id)),
        "createdDateTime": instant(lambda membership: membership.organization.created_at),
        "displayName": text(lambda membership: membership.organization.name),
        "description": text(lambda membership: membership.organization.description),
        "state": text(lambda _: "active"),
    },
)
MEMBER: Final = Shape[Member](
    "microsoft.graph.multiTenantOrganizationMember",
    {
        "tenantId": text(lambda member: str(member.tenant_id)),
        "displayName": text(lambda member: member.display_name),
        "addedDateTime": instant(lambda member: member.added_at),
        "joinedDateTime": instant(lambda member: member.joined_at),
        "addedByTenantId": guid(lambda member: str(member.added_by)),
        "role": text(lambda member: member.role.value),
        "state": text(lambda member: member.state.value),
        "transitionDetails": thing(_transition),
    },
)
_BASIC: Final = ("tenantId", "displayName")
TENANT: Final = Shape[Tenant](
    "microsoft.graph.tenantInformation",
    {
        "tenantId": text(lambda tenant: str(tenant.id)),
        "federationBrandName": text(lambda _: None),
        "displayName": text(lambda tenant: tenant.name),
        "defaultDomainName": text(lambda tenant: tenant.initial_domain),
    },
)


async def read_organization(visit: Visit) -> Response:
    """GET …/multiTenantOrganization: outside of any, everything is null."""
    options = read_options(visit.ask, supported={"select", "expand"})
    select = options.select(ORGANIZATION.properties, type_name=ORGANIZATION.type)
    try:
        membership = await service.get_organization(visit.tx, visit.caller)
    except OrganizationMissing:
        return answer({"createdDateTime": None, "displayName": None, "description": None, "state": "inactive"})
    body = ORGANIZATION.show(membership, select)
    if options.given.get("expand", "").lower() == "tenants":
        body["tenants"] = [MEMBER.show(each) for each in await _members(visit)]
    return entity(visit.context(BASE, select, entity=True), body)


async def make_organization(visit: Visit) -> Response:
    """PUT …/multiTenantOrganization."""
    draft: NewOrganization = visit.body
    membership = await form_organization(
        visit.tx, visit.caller, name=draft.display_name, description=draft.description or ""
    )
    return created(visit.context(BASE, entity=True), ORGANIZATION.show(membership))


async def change_organization(visit: Visit) -> Response:
    """PATCH …/multiTenantOrganization."""
    change: OrganizationRenamed = visit.body
    name = None if isinstance(change.display_name, msgspec.UnsetType) else change.display_name
    description = None if isinstance(change.description, msgspec.UnsetType) else change.description or ""
    await service.update_organization(visit.tx, visit.caller, name=name, description=description)
    return done()


async def list_tenants(visit: Visit) -> Response:
    """GET …/tenants: names and ids only, for whoever may read no more."""
    members = await _members(visit)
    only = None if visit.caller.may(Permission.MTO_READ) else lambda each: MEMBER.show(each, _BASIC)
    supported = {"select", "filter", "top", "skiptoken", "count"}
    return list_all(visit, MEMBER, members, resource=f"{BASE}/tenants", supported=supported, only=only)


async def read_tenant(visit: Visit) -> Response:
    """GET …/tenants/{tenantId}."""
    select = read_options(visit.ask, supported={"select"}).select(MEMBER.properties, type_name=MEMBER.type)
    wanted = visit.id("tenant")
    found = next((each for each in await _members(visit) if each.tenant_id == wanted), None)
    if found is None:
        raise MemberUnknown(tenant=str(wanted))
    shown = select if visit.caller.may(Permission.MTO_READ) else _BASIC
    return entity(visit.context(f"{BASE}/tenants", select, entity=True), MEMBER.show(found, shown))


async def add_tenant(visit: Visit) -> Response:
    """POST …/tenants."""
    draft: NewMember = visit.body
    member = await service.add_tenant(
        visit.tx, visit.caller, TenantId(draft.tenant_id), display_name=draft.display_name,
        role=Role(draft.role or "member"),
    )  # fmt: skip
    return created(visit.context(f"{BASE}/tenants", entity=True), MEMBER.show(member))


async def change_tenant(visit: Visit) -> Response:
    """PATCH …/tenants/{tenantId}."""
    change: RoleChange = visit.body
    await service.change_role(visit.tx, visit.caller, TenantId(visit.id("tenant")), role=Role(change.role))
    return done()


async def remove_tenant(visit: Visit) -> Response:
    """DELETE …/tenants/{tenantId}."""
    await service.remove_tenant(visit.tx, visit.caller, TenantId(visit.id("tenant")))
    return done()


async def read_join_request(visit: Visit) -> Response:
    """GET …/joinRequest: who added us to the organisation that we are in; nobody before that."""
    read_options(visit.ask, supported={"select"})
    visit.caller.check(Permission.MTO_READ)
    membership = await service.load_membership(visit.tx)
    body: dict[str, Any] = {
        "id": str(uuid5(visit.tx.tenant_id, "joinRequest")),
        "addedByTenantId": str(NOBODY if membership is None else membership.me.added_by),
        "memberState": None if membership is None else membership.me.state.value,
        "role": None if membership is None else membership.me.role.value,
        "transitionDetails": None,
    }
    return entity(visit.context(f"{BASE}/joinRequest", entity=True), body)


async def join(visit: Visit) -> Response:
    """PATCH …/joinRequest: join, at once."""
    request: JoinRequest = visit.body
    if request.added_by_tenant_id == NOBODY:
        visit.caller.check(Permission.MTO_WRITE)
    else:
        await join_organization(visit.tx, visit.caller, inviter=TenantId(request.added_by_tenant_id))
    return done()


async def find_by_id(visit: Visit) -> Response:
    """GET …/findTenantInformationByTenantId(tenantId='…')."""
    tenant = await look_up_tenant(visit.tx, visit.caller, visit.parameter("tenantId"))
    return entity(visit.context(TENANT.type), TENANT.show(tenant))


async def find_by_domain(visit: Visit) -> Response:
    """GET …/findTenantInformationByDomainName(domainName='…')."""
    tenant = await look_up_domain(visit.tx, visit.caller, visit.parameter("domainName"))
    return entity(visit.context(TENANT.type), TENANT.show(tenant))


async def _members(visit: Visit) -> list[Member]:
    if visit.caller.may(Permission.MTO_READ):
        return await service.list_members(visit.tx, visit.caller)
    return list((await service.get_organization(visit.tx, visit.caller)).tenants)


_M: Final = "/tenantRelationships/multiTenantOrganization"
_AT_ONCE: Final = "done at once, where the reference product takes hours"

OPERATIONS: Final = (
    get(_M, read_organization, "Read the multitenant organisation", shape=ORGANIZATION, options=("select", "expand")),
    put(_M, make_organization, "Form a multitenant organisation", shape=ORGANIZATION, status=201, body=NewOrganization),
    patch(_M, change_organization, "Rename or describe it", body=OrganizationRenamed),
    get(
        f"{_M}/tenants", list_tenants, "List its tenants", shape=MEMBER, many=True, options=("select", "filter", "top")
    ),
    post(f"{_M}/tenants", add_tenant, "Add a tenant", shape=MEMBER, body=NewMember),
    get(f"{_M}/tenants/{{tenant}}", read_tenant, "Read one of its tenants", shape=MEMBER, options=("select",)),
    patch(f"{_M}/tenants/{{tenant}}", change_tenant, "Make a tenant owner or member", body=RoleChange, remark=_AT_ONCE),
    delete(f"{_M}/tenants/{{tenant}}", remove_tenant, "Take a tenant out", remark=_AT_ONCE),
    get(f"{_M}/joinRequest", read_join_request, "Read how the own tenant joined", options=("select",)),
    patch(f"{_M}/joinRequest", join, "Join", body=JoinRequest, remark=_AT_ONCE),
    get(
        "/tenantRelationships/findTenantInformationByTenantId/(tenantid)/{tenantId}",
        find_by_id,
        "What a tenant is called, by its id",
        shape=TENANT,
    ),
    get(
        "/tenantRelationships/findTenantInformationByDomainName/(domainname)/{domainName}",
        find_by_domain,
        "What a tenant is called, by a domain",
        shape=TENANT,
    ),
)
