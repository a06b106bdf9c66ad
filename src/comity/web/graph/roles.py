"""Directory roles: who has them, and giving and taking them (graph-api §3.6)."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from starlette.responses import Response

from comity.core.ids import UserId
from comity.core.permissions import Permission
from comity.db.transaction import as_uuid
from comity.directory import finding
from comity.identity.errors import AssignmentExists
from comity.identity.registrations.service import list_role_members
from comity.identity.roles import PERMISSIONS, TEMPLATE_IDS, DirectoryRole
from comity.identity.service import assign_role, resolve_role, unassign_role
from comity.web.graph.bodies import Body, Reference, read_reference
from comity.web.graph.directory_objects import role_id, role_json, show_principals
from comity.web.graph.listing import list_all
from comity.web.graph.odata.options import read_options
from comity.web.graph.operation import delete, get, post
from comity.web.graph.shape import Shape, flag, instant, text, texts, things
from comity.web.graph.visit import ObjectUnknown, Visit, collection, created, done, entity

READERS: Final = DirectoryRole.DIRECTORY_READERS


class Activation(Body, kw_only=True):
    """The template of a role."""

    role_template_id: UUID


class NewRoleAssignment(Body, kw_only=True):
    """A role for somebody, in the whole organisation."""

    principal_id: UUID
    role_definition_id: str
    directory_scope_id: str = "/"


@dataclass(frozen=True, slots=True)
class Assignment:
    """Somebody has a role."""

    role: DirectoryRole
    principal: UUID

    @property
    def id(self) -> str:
        """Opaque, and always the same."""
        data = TEMPLATE_IDS[self.role].bytes + self.principal.bytes
        return base64.urlsafe_b64encode(data).decode().rstrip("=")


DEFINITION: Final = Shape[DirectoryRole](
    "microsoft.graph.unifiedRoleDefinition",
    {
        "id": text(lambda role: str(TEMPLATE_IDS[role])),
        "description": text(lambda role: f"{role.value} of this organisation."),
        "displayName": text(lambda role: role.value),
        "isBuiltIn": flag(lambda _: True),
        "isEnabled": flag(lambda _: True),
        "resourceScopes": texts(lambda _: ["/"]),
        "templateId": text(lambda role: str(TEMPLATE_IDS[role])),
        "version": text(lambda _: "1"),
        "rolePermissions": things(
            lambda role: [
                {"allowedResourceActions": sorted(each.value for each in PERMISSIONS[role]), "condition": None}
            ]
        ),
    },
)
ASSIGNMENT: Final = Shape[Assignment](
    "microsoft.graph.unifiedRoleAssignment",
    {
        "id": text(lambda each: each.id),
        "principalId": text(lambda each: str(each.principal)),
        "roleDefinitionId": text(lambda each: str(TEMPLATE_IDS[each.role])),
        "directoryScopeId": text(lambda _: "/"),
        "appScopeId": text(lambda _: None),
        "condition": text(lambda _: None),
    },
)
TEMPLATE: Final = Shape[DirectoryRole](
    "microsoft.graph.directoryRoleTemplate",
    {
        "id": text(lambda role: str(TEMPLATE_IDS[role])),
        "deletedDateTime": instant(lambda _: None),
        "description": text(lambda role: f"{role.value} of this organisation."),
        "displayName": text(lambda role: role.value),
    },
)
_ROLE: Final = Shape[dict[str, Any]](
    "microsoft.graph.directoryRole",
    {
        "id": text(lambda body: body["id"]),
        "deletedDateTime": instant(lambda _: None),
        "description": text(lambda body: body["description"]),
        "displayName": text(lambda body: body["displayName"]),
        "roleTemplateId": text(lambda body: body["roleTemplateId"]),
    },
)


async def list_roles(visit: Visit) -> Response:
    """GET /directoryRoles: every role is active."""
    visit.caller.check(Permission.ROLE_READ)
    bodies = [role_json(visit.tx.tenant_id, each) for each in DirectoryRole]
    return list_all(visit, _ROLE, bodies, resource="directoryRoles")


async def delta_roles(visit: Visit) -> Response:
    """GET /directoryRoles/delta: they never change, so that the first round is the last."""
    visit.caller.check(Permission.ROLE_READ)
    bodies = [role_json(visit.tx.tenant_id, each) for each in DirectoryRole]
    given = dict(visit.ask.query())
    latest = "$deltatoken" in given
    link = f"{visit.base}/directoryRoles/delta?$deltatoken=none"
    return collection(visit.context("directoryRoles"), [] if latest else bodies, delta_link=link)


async def read_role(visit: Visit) -> Response:
    """GET /directoryRoles/{id}."""
    read_options(visit.ask, supported={"select"})
    visit.caller.check(Permission.ROLE_READ)
    role = _role(visit)
    return entity(visit.context("directoryRoles", entity=True), role_json(visit.tx.tenant_id, role))


async def activate_role(visit: Visit) -> Response:
    """POST /directoryRoles: it is active already."""
    visit.caller.check(Permission.ROLE_WRITE)
    activation: Activation = visit.body
    role = resolve_role(str(activation.role_template_id))
    return created(visit.context("directoryRoles", entity=True), role_json(visit.tx.tenant_id, role))


async def list_members(visit: Visit) -> Response:
    """GET /directoryRoles/{id}/members."""
    role = _role(visit)
    members = [principal for _, principal in await list_role_members(visit.tx, visit.caller, role)]
    users = await finding.load_people(visit.tx, visit.caller, [UserId(each) for each in members])
    return show_principals(visit, users=users, resource=f"directoryRoles/{role_id(visit.tx.tenant_id, role)}/members")


async def list_scoped_members(visit: Visit) -> Response:
    """GET /directoryRoles/{id}/scopedMembers: none, since there are no administrative units."""
    visit.caller.check(Permission.ROLE_READ)
    _role(visit)
    return collection(visit.context("scopedRoleMemberships"), [])


async def add_member(visit: Visit) -> Response:
    """POST /directoryRoles/{id}/members/$ref."""
    reference: Reference = visit.body
    await assign_role(visit.tx, visit.caller, _role(visit), UserId(read_reference(reference.id)))
    return done()


async def remove_member(visit: Visit) -> Response:
    """DELETE /directoryRoles/{id}/members/{id}/$ref."""
    if not await unassign_role(visit.tx, visit.caller, _role(visit), UserId(visit.id("member"))):
        raise ObjectUnknown(id=str(visit.id("member")))
    return done()


async def list_templates(visit: Visit) -> Response:
    """GET /directoryRoleTemplates."""
    visit.caller.check(Permission.ROLE_READ)
    return list_all(visit, TEMPLATE, list(DirectoryRole), resource="directoryRoleTemplates")


async def read_template(visit: Visit) -> Response:
    """GET /directoryRoleTemplates/{id}."""
    visit.caller.check(Permission.ROLE_READ)
    return entity(visit.context("directoryRoleTemplates", entity=True), TEMPLATE.show(_named(visit, "template")))


async def list_definitions(visit: Visit) -> Response:
    """GET /roleManagement/directory/roleDefinitions."""
    visit.caller.check(Permission.ROLE_READ)

    def shown(role: DirectoryRole) -> dict[str, Any]:
        return {**DEFINITION.show(role), "inheritsPermissionsFrom": _inherited(role)}

    selects = any(name.removeprefix("$").lower() in {"select", "skiptoken"} for name, _ in visit.ask.query())
    only = None if selects else shown
    return list_all(
        visit, DEFINITION, list(DirectoryRole), resource="roleManagement/directory/roleDefinitions", only=only
    )


def _inherited(role: DirectoryRole) -> list[dict[str, Any]]:
    """Every role reads what directory readers read."""
    return [] if role is READERS else [{"id": str(TEMPLATE_IDS[READERS])}]


async def read_definition(visit: Visit) -> Response:
    """GET /roleManagement/directory/roleDefinitions/{id}."""
    options = read_options(visit.ask, supported={"select", "expand"})
    select = options.select(DEFINITION.properties, type_name=DEFINITION.type)
    visit.caller.check(Permission.ROLE_READ)
    role = _named(visit, "definition")
    body = DEFINITION.show(role, select)
    if options.given.get("expand", "").lower() == "inheritspermissionsfrom":
        body["inheritsPermissionsFrom"] = [] if role is READERS else [DEFINITION.show(READERS)]
    elif select is None:
        body["inheritsPermissionsFrom"] = _inherited(role)
    return entity(visit.context("roleManagement/directory/roleDefinitions", select, entity=True), body)


async def list_assignments(visit: Visit) -> Response:
    """GET /roleManagement/directory/roleAssignments."""
    return await _assignments(visit, "roleAssignments")


async def list_all_assignments(visit: Visit) -> Response:
    """GET /roleManagement/directory/transitiveRoleAssignments: roles are given to people, not over groups."""
    return await _assignments(visit, "transitiveRoleAssignments")


async def read_assignment(visit: Visit) -> Response:
    """GET /roleManagement/directory/roleAssignments/{id}."""
    found = await _assignment(visit)
    return entity(visit.context("roleManagement/directory/roleAssignments", entity=True), ASSIGNMENT.show(found))


async def add_assignment(visit: Visit) -> Response:
    """POST /roleManagement/directory/roleAssignments."""
    draft: NewRoleAssignment = visit.body
    role = resolve_role(draft.role_definition_id)
    if not await assign_role(visit.tx, visit.caller, role, UserId(draft.principal_id)):
        raise AssignmentExists(role=role.value, principal=str(draft.principal_id))
    body = ASSIGNMENT.show(Assignment(role, draft.principal_id))
    return created(visit.context("roleManagement/directory/roleAssignments", entity=True), body)


async def remove_assignment(visit: Visit) -> Response:
    """DELETE /roleManagement/directory/roleAssignments/{id}."""
    visit.caller.check(Permission.ROLE_WRITE)
    found = await _assignment(visit)
    await unassign_role(visit.tx, visit.caller, found.role, UserId(found.principal))
    return done()


async def _assignments(visit: Visit, name: str) -> Response:
    found = [Assignment(role, principal) for role, principal in await list_role_members(visit.tx, visit.caller)]
    return list_all(visit, ASSIGNMENT, found, resource=f"roleManagement/directory/{name}")


async def _assignment(visit: Visit) -> Assignment:
    wanted = visit.parameter("assignment")
    try:
        data = base64.urlsafe_b64decode(wanted + "=" * (-len(wanted) % 4))
    except (binascii.Error, ValueError) as fault:
        raise ObjectUnknown(id=wanted) from fault
    for role, principal in await list_role_members(visit.tx, visit.caller):
        if TEMPLATE_IDS[role].bytes + principal.bytes == data:
            return Assignment(role, principal)
    raise ObjectUnknown(id=wanted)


def _role(visit: Visit) -> DirectoryRole:
    """The role of that id in the tenant, or of that template."""
    wanted = as_uuid(visit.parameter("role"))
    for each in DirectoryRole:
        if wanted in (role_id(visit.bearer.tenant_id, each), TEMPLATE_IDS[each]):
            return each
    raise ObjectUnknown(id=visit.parameter("role"))


def _named(visit: Visit, name: str) -> DirectoryRole:
    wanted = as_uuid(visit.parameter(name))
    found = next((each for each, template in TEMPLATE_IDS.items() if template == wanted), None)
    if found is None:
        raise ObjectUnknown(id=visit.parameter(name))
    return found


_R: Final = "/roleManagement/directory"
_ANY: Final = ("select", "filter", "top", "count")

OPERATIONS: Final = (
    get(
        "/directoryRoles",
        list_roles,
        "List directory roles",
        shape=_ROLE,
        many=True,
        options=_ANY,
        remark="every role is active",
    ),
    get(
        "/directoryRoles/delta",
        delta_roles,
        "Directory roles that changed",
        shape=_ROLE,
        many=True,
        remark="they never change",
    ),
    post("/directoryRoles", activate_role, "Activate a directory role", shape=_ROLE, body=Activation),
    get("/directoryRoles/{role}", read_role, "Read a directory role", shape=_ROLE, options=("select",)),
    get("/directoryRoles/{role}/members", list_members, "Who has a role", many=True, options=_ANY),
    get(
        "/directoryRoles/{role}/scopedMembers",
        list_scoped_members,
        "Who has a role in a part",
        many=True,
        remark="always empty: there are no administrative units",
    ),
    post("/directoryRoles/{role}/members/$ref", add_member, "Give somebody a role", status=204, body=Reference),
    delete("/directoryRoles/{role}/members/{member}/$ref", remove_member, "Take a role away"),
    get(
        "/directoryRoles/(roletemplateid)/{role}",
        read_role,
        "Read a directory role by its template",
        shape=_ROLE,
        options=("select",),
    ),
    get("/directoryRoleTemplates", list_templates, "List role templates", shape=TEMPLATE, many=True),
    get("/directoryRoleTemplates/{template}", read_template, "Read a role template", shape=TEMPLATE),
    get(f"{_R}/roleDefinitions", list_definitions, "List role definitions", shape=DEFINITION, many=True, options=_ANY),
    get(
        f"{_R}/roleDefinitions/{{definition}}",
        read_definition,
        "Read a role definition",
        shape=DEFINITION,
        options=("select", "expand"),
        remark="built-in roles only",
    ),
    get(f"{_R}/roleAssignments", list_assignments, "List role assignments", shape=ASSIGNMENT, many=True, options=_ANY),
    post(f"{_R}/roleAssignments", add_assignment, "Give somebody a role", shape=ASSIGNMENT, body=NewRoleAssignment),
    get(f"{_R}/roleAssignments/{{assignment}}", read_assignment, "Read a role assignment", shape=ASSIGNMENT),
    delete(f"{_R}/roleAssignments/{{assignment}}", remove_assignment, "Take a role away"),
    get(
        f"{_R}/transitiveRoleAssignments",
        list_all_assignments,
        "List role assignments over groups",
        shape=ASSIGNMENT,
        many=True,
        options=_ANY,
        beta=True,
    ),
)
