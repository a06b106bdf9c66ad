"""Who has a role in an application: people in sync configurations, applications in Graph (graph-api §3.6).

People assigned to a sync configuration are shared. What an application may do is its role in Graph; what it may do
on behalf of people is its permission grant.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from starlette.responses import Response

from comity.core.ids import GroupId, UserId
from comity.core.permissions import Permission
from comity.directory import finding
from comity.identity.errors import AssignmentExists
from comity.identity.registrations import service as registrations
from comity.identity.registrations.service import Registration
from comity.sync.configurations import service as configurations
from comity.sync.model import PrincipalKind
from comity.web.graph.applications import ACCESS_ROLE, find_principal, principal_of
from comity.web.graph.bodies import Body, PropertyInvalid
from comity.web.graph.graph_principal import GRAPH, ROLE_IDS, ROLE_NAMES, graph_id, graph_principal
from comity.web.graph.listing import list_all
from comity.web.graph.operation import delete, get, patch, post
from comity.web.graph.people import find_person
from comity.web.graph.shape import Shape, guid, instant, text
from comity.web.graph.visit import ObjectUnknown, Visit, collection, created, done, entity

DEFAULT_ROLE: Final = UUID(int=0)


class NewAssignment(Body, kw_only=True):
    """Who is to have which role in what."""

    principal_id: UUID
    resource_id: UUID
    app_role_id: UUID


class NewGrant(Body, kw_only=True):
    """What an application may do on behalf of people."""

    client_id: UUID
    consent_type: Literal["AllPrincipals", "Principal"]
    resource_id: UUID
    scope: str | None = None
    principal_id: UUID | None = None
    start_time: str | None = None
    expiry_time: str | None = None


class GrantChange(Body, kw_only=True):
    """Other permissions."""

    scope: str


@dataclass(frozen=True, slots=True)
class Assigned:
    """Somebody, a group or an application has a role."""

    principal: UUID
    principal_name: str
    kind: str
    """`User`, `Group` or `ServicePrincipal`."""
    resource: UUID
    resource_name: str
    role: UUID
    at: datetime | None = None

    @property
    def id(self) -> str:
        """Opaque, and always the same."""
        return _sealed(self.principal, self.resource, self.role)


ASSIGNMENT: Final = Shape[Assigned](
    "microsoft.graph.appRoleAssignment",
    {
        "id": text(lambda each: each.id),
        "deletedDateTime": instant(lambda _: None),
        "appRoleId": guid(lambda each: str(each.role)),
        "createdDateTime": instant(lambda each: each.at),
        "principalDisplayName": text(lambda each: each.principal_name),
        "principalId": guid(lambda each: str(each.principal)),
        "principalType": text(lambda each: each.kind),
        "resourceDisplayName": text(lambda each: each.resource_name),
        "resourceId": guid(lambda each: str(each.resource)),
    },
)
GRANT: Final = Shape[Registration](
    "microsoft.graph.oAuth2PermissionGrant",
    {
        "id": text(lambda one: _sealed(one.application.id, graph_id(one.application.tenant_id))),
        "clientId": text(lambda one: str(one.application.id)),
        "consentType": text(lambda _: "AllPrincipals"),
        "principalId": text(lambda _: None),
        "resourceId": text(lambda one: str(graph_id(one.application.tenant_id))),
        "scope": text(lambda one: " ".join(one.application.scopes)),
    },
)


async def list_assigned_to(visit: Visit) -> Response:
    """GET /servicePrincipals/{id}/appRoleAssignedTo."""
    resource = await find_principal(visit)
    context = f"servicePrincipals('{resource.application.id}')/appRoleAssignedTo"
    path = f"servicePrincipals/{resource.application.id}/appRoleAssignedTo"
    return list_all(visit, ASSIGNMENT, await _assigned_to(visit, resource), resource=path, context=context)


async def assign_to(visit: Visit) -> Response:
    """POST /servicePrincipals/{id}/appRoleAssignedTo."""
    draft: NewAssignment = visit.body
    if draft.resource_id != visit.id("principal"):
        raise PropertyInvalid(property="resourceId", fault="the service principal of the address")
    made = await _assign(visit, draft)
    context = f"servicePrincipals('{draft.resource_id}')/appRoleAssignedTo"
    return created(visit.context(context, entity=True), ASSIGNMENT.show(made))


async def unassign_from(visit: Visit) -> Response:
    """DELETE /servicePrincipals/{id}/appRoleAssignedTo/{id}."""
    return await _unassign(visit)


async def list_roles_of(visit: Visit) -> Response:
    """GET /servicePrincipals/{id}/appRoleAssignments: what an application may do."""
    client = await find_principal(visit)
    found = _permissions_of(client)
    path = f"servicePrincipals/{client.application.id}/appRoleAssignments"
    return list_all(visit, ASSIGNMENT, found, resource=path, context="appRoleAssignments")


async def add_role(visit: Visit) -> Response:
    """POST /servicePrincipals/{id}/appRoleAssignments."""
    draft: NewAssignment = visit.body
    made = await _assign(visit, draft)
    return created(visit.context("appRoleAssignments", entity=True), ASSIGNMENT.show(made))


async def list_user_roles(visit: Visit) -> Response:
    """GET /users/{id}/appRoleAssignments: by which configurations somebody is shared."""
    user = await find_person(visit)
    found = await _jobs_of(visit, user.id, user.display_name, "User")
    path = f"users/{user.id}/appRoleAssignments"
    return list_all(visit, ASSIGNMENT, found, resource=path, context="appRoleAssignments")


async def add_user_role(visit: Visit) -> Response:
    """POST /users/{id}/appRoleAssignments."""
    user = await find_person(visit)
    draft: NewAssignment = visit.body
    if draft.principal_id != user.id:
        raise PropertyInvalid(property="principalId", fault="the user of the address")
    made = await _assign(visit, draft)
    return created(visit.context(f"users('{user.id}')/appRoleAssignments", entity=True), ASSIGNMENT.show(made))


async def list_group_roles(visit: Visit) -> Response:
    """GET /groups/{id}/appRoleAssignments."""
    group = await finding.get_group(visit.tx, visit.caller, GroupId(visit.id("group")))
    found = await _jobs_of(visit, group.id, group.display_name, "Group")
    path = f"groups/{group.id}/appRoleAssignments"
    return list_all(visit, ASSIGNMENT, found, resource=path, context=f"groups('{group.id}')/appRoleAssignments")


async def add_group_role(visit: Visit) -> Response:
    """POST /groups/{id}/appRoleAssignments."""
    draft: NewAssignment = visit.body
    if draft.principal_id != visit.id("group"):
        raise PropertyInvalid(property="principalId", fault="the group of the address")
    made = await _assign(visit, draft)
    context = f"groups('{draft.principal_id}')/appRoleAssignments"
    return created(visit.context(context, entity=True), ASSIGNMENT.show(made))


async def remove_role(visit: Visit) -> Response:
    """DELETE …/appRoleAssignments/{id}."""
    return await _unassign(visit)


async def list_grants(visit: Visit) -> Response:
    """GET /oauth2PermissionGrants."""
    return list_all(visit, GRANT, await _grants(visit), resource="oauth2PermissionGrants")


async def delta_grants(visit: Visit) -> Response:
    """GET /oauth2PermissionGrants/delta: all of them each time, which clients merge."""
    bodies = [GRANT.show(each) for each in await _grants(visit)]
    link = f"{visit.base}/oauth2PermissionGrants/delta?$deltatoken=all"
    return collection(visit.context("oauth2PermissionGrants"), bodies, delta_link=link)


async def read_grant(visit: Visit) -> Response:
    """GET /oauth2PermissionGrants/{id}."""
    found = await _grant(visit)
    return entity(visit.context("oauth2PermissionGrants", entity=True), GRANT.show(found))


async def add_grant(visit: Visit) -> Response:
    """POST /oauth2PermissionGrants."""
    draft: NewGrant = visit.body
    if draft.resource_id != graph_id(visit.tx.tenant_id):
        raise PropertyInvalid(property="resourceId", fault="Graph is the only resource here")
    if draft.consent_type != "AllPrincipals":
        raise PropertyInvalid(property="consentType", fault="AllPrincipals: consent here is the organisation's")
    client = await principal_of(visit, draft.client_id)
    wanted = {*client.application.scopes, *(draft.scope or "").split()}
    made = await registrations.set_scopes(visit.tx, visit.caller, draft.client_id, sorted(wanted))
    return created(visit.context("oauth2PermissionGrants", entity=True), GRANT.show(made))


async def change_grant(visit: Visit) -> Response:
    """PATCH /oauth2PermissionGrants/{id}."""
    change: GrantChange = visit.body
    found = await _grant(visit)
    await registrations.set_scopes(visit.tx, visit.caller, found.application.id, change.scope.split())
    return done()


async def remove_grant(visit: Visit) -> Response:
    """DELETE /oauth2PermissionGrants/{id}."""
    found = await _grant(visit)
    await registrations.set_scopes(visit.tx, visit.caller, found.application.id, [])
    return done()


async def _assigned_to(visit: Visit, resource: Registration) -> list[Assigned]:
    if resource.application.app_id == GRAPH:
        found = await registrations.list_registrations(visit.tx, visit.caller)
        return [each for one in found for each in _permissions_of(one)]
    shared = await configurations.list_assigned(visit.tx, visit.caller, resource.application.id)
    names = await _names(visit, shared)
    return [
        Assigned(
            who, names.get(who, ""), _WORD[kind], resource.application.id, resource.application.display_name,
            ACCESS_ROLE, resource.application.created_at,
        )
        for who, kind in shared
    ]  # fmt: skip


async def _assign(visit: Visit, draft: NewAssignment) -> Assigned:
    resource = await principal_of(visit, draft.resource_id)
    visit.caller.check(Permission.APP_ROLE_WRITE)
    if resource.application.app_id == GRAPH:
        return await _permit(visit, draft, resource)
    if draft.app_role_id not in (DEFAULT_ROLE, ACCESS_ROLE):
        raise PropertyInvalid(property="appRoleId", fault="the service principal has no such role")
    kind, name = await _principal(visit, draft.principal_id)
    if not await configurations.assign(visit.tx, visit.caller, draft.resource_id, draft.principal_id, kind):
        raise AssignmentExists(role=resource.application.display_name, principal=str(draft.principal_id))
    return Assigned(
        draft.principal_id, name, _WORD[kind], draft.resource_id, resource.application.display_name,
        draft.app_role_id, visit.tx.now,
    )  # fmt: skip


async def _permit(visit: Visit, draft: NewAssignment, graph: Registration) -> Assigned:
    """Give an application a permission: a role in Graph."""
    name = ROLE_NAMES.get(draft.app_role_id)
    if name is None:
        raise PropertyInvalid(property="appRoleId", fault="Graph has no such role here")
    client = await principal_of(visit, draft.principal_id)
    if name in client.application.permissions:
        raise AssignmentExists(role=name, principal=str(draft.principal_id))
    wanted = [*client.application.permissions, name]
    await registrations.set_permissions(visit.tx, visit.caller, draft.principal_id, wanted)
    return Assigned(
        draft.principal_id, client.application.display_name, "ServicePrincipal", graph.application.id,
        graph.application.display_name, draft.app_role_id, visit.tx.now,
    )  # fmt: skip


async def _unassign(visit: Visit) -> Response:
    wanted = visit.parameter("assignment")
    ids = _opened(wanted)
    if ids is None or len(ids) != 3:
        raise ObjectUnknown(id=wanted)
    principal, resource, role = ids
    visit.caller.check(Permission.APP_ROLE_WRITE)
    if resource == graph_id(visit.tx.tenant_id):
        client = await principal_of(visit, principal)
        left = [each for each in client.application.permissions if ROLE_IDS.get(each) != role]
        if len(left) == len(client.application.permissions):
            raise ObjectUnknown(id=wanted)
        await registrations.set_permissions(visit.tx, visit.caller, principal, left)
    elif not await configurations.unassign(visit.tx, visit.caller, resource, principal):
        raise ObjectUnknown(id=wanted)
    return done()


async def _jobs_of(visit: Visit, who: UUID, name: str, kind: str) -> list[Assigned]:
    jobs = await configurations.list_jobs_of(visit.tx, visit.caller, who)
    return [Assigned(who, name, kind, each.id, each.name, ACCESS_ROLE, each.created_at) for each in jobs]


def _permissions_of(one: Registration) -> list[Assigned]:
    application = one.application
    graph = graph_principal(application.tenant_id).application
    return [
        Assigned(
            application.id, application.display_name, "ServicePrincipal", graph.id, graph.display_name, ROLE_IDS[each],
            application.created_at,
        )
        for each in application.permissions
        if each in ROLE_IDS
    ]  # fmt: skip


async def _names(visit: Visit, shared: Sequence[tuple[UUID, PrincipalKind]]) -> dict[UUID, str]:
    people = [UserId(who) for who, kind in shared if kind is PrincipalKind.USER]
    inner = [GroupId(who) for who, kind in shared if kind is PrincipalKind.GROUP]
    users = await finding.load_people(visit.tx, visit.caller, people) if people else []
    groups = await finding.load_groups(visit.tx, visit.caller, inner) if inner else []
    return {**{each.id: each.display_name for each in users}, **{each.id: each.display_name for each in groups}}


async def _principal(visit: Visit, wanted: UUID) -> tuple[PrincipalKind, str]:
    """Whether somebody or a group is meant, and the name."""
    for user in await finding.load_people(visit.tx, visit.caller, [UserId(wanted)]):
        return PrincipalKind.USER, user.display_name
    for group in await finding.load_groups(visit.tx, visit.caller, [GroupId(wanted)]):
        return PrincipalKind.GROUP, group.display_name
    raise ObjectUnknown(id=str(wanted))


async def _grants(visit: Visit) -> list[Registration]:
    return [each for each in await registrations.list_registrations(visit.tx, visit.caller) if each.application.scopes]


async def _grant(visit: Visit) -> Registration:
    wanted = visit.parameter("grant")
    ids = _opened(wanted)
    for each in await _grants(visit):
        if ids is not None and each.application.id == ids[0]:
            return each
    raise ObjectUnknown(id=wanted)


def _sealed(*ids: UUID) -> str:
    return base64.urlsafe_b64encode(b"".join(each.bytes for each in ids)).decode().rstrip("=")


def _opened(text: str) -> tuple[UUID, ...] | None:
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return None
    return tuple(UUID(bytes=data[at : at + 16]) for at in range(0, len(data), 16)) if len(data) % 16 == 0 else None


_WORD: Final = {PrincipalKind.USER: "User", PrincipalKind.GROUP: "Group"}
_S: Final = "/servicePrincipals/{principal}"
_ANY: Final = ("select", "filter", "top", "count")

OPERATIONS: Final = (
    get(f"{_S}/appRoleAssignedTo", list_assigned_to, "Who is assigned", shape=ASSIGNMENT, many=True, options=_ANY),
    post(
        f"{_S}/appRoleAssignedTo",
        assign_to,
        "Assign somebody, a group or an application",
        shape=ASSIGNMENT,
        body=NewAssignment,
        remark="sync configurations and Graph itself have roles",
    ),
    delete(f"{_S}/appRoleAssignedTo/{{assignment}}", unassign_from, "Take an assignment away"),
    get(
        f"{_S}/appRoleAssignments",
        list_roles_of,
        "What an application may do",
        shape=ASSIGNMENT,
        many=True,
        options=_ANY,
    ),
    post(f"{_S}/appRoleAssignments", add_role, "Let an application do something", shape=ASSIGNMENT, body=NewAssignment),
    delete(f"{_S}/appRoleAssignments/{{assignment}}", remove_role, "Take a permission away"),
    get(
        "/users/{user}/appRoleAssignments",
        list_user_roles,
        "By what somebody is shared",
        shape=ASSIGNMENT,
        many=True,
        options=_ANY,
    ),
    post("/users/{user}/appRoleAssignments", add_user_role, "Share somebody", shape=ASSIGNMENT, body=NewAssignment),
    delete("/users/{user}/appRoleAssignments/{assignment}", remove_role, "Share somebody no longer"),
    get(
        "/groups/{group}/appRoleAssignments",
        list_group_roles,
        "By what a group is shared",
        shape=ASSIGNMENT,
        many=True,
        options=_ANY,
    ),
    post("/groups/{group}/appRoleAssignments", add_group_role, "Share a group", shape=ASSIGNMENT, body=NewAssignment),
    delete("/groups/{group}/appRoleAssignments/{assignment}", remove_role, "Share a group no longer"),
    get(
        "/oauth2PermissionGrants",
        list_grants,
        "What applications may do for people",
        shape=GRANT,
        many=True,
        options=_ANY,
    ),
    get(
        "/oauth2PermissionGrants/delta",
        delta_grants,
        "Grants that changed",
        shape=GRANT,
        many=True,
        remark="all of them each time",
    ),
    get("/oauth2PermissionGrants/{grant}", read_grant, "Read a grant", shape=GRANT),
    post(
        "/oauth2PermissionGrants",
        add_grant,
        "Let an application act for people",
        shape=GRANT,
        body=NewGrant,
        remark="for the whole organisation only",
    ),
    patch("/oauth2PermissionGrants/{grant}", change_grant, "Change a grant", body=GrantChange),
    delete("/oauth2PermissionGrants/{grant}", remove_grant, "Take a grant away"),
)
