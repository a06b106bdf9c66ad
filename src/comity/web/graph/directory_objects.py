"""Objects of the directory whatever they are: users, groups, roles, service principals side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID, uuid5

from starlette.responses import Response

from comity.core.ids import GroupId, UserId
from comity.core.permissions import Permission
from comity.db.transaction import Transaction, as_uuid
from comity.directory import finding, groups
from comity.directory.finding import GROUPS
from comity.directory.model import Group, Kind, User
from comity.directory.service import delete_users
from comity.identity.roles import TEMPLATE_IDS, DirectoryRole
from comity.web.graph.listing import list_all
from comity.web.graph.odata.options import Searchable, read_options, read_select
from comity.web.graph.operation import delete as deleting
from comity.web.graph.operation import get, post
from comity.web.graph.shape import Edm, Shape, empty, flag, instant, never, text, texts
from comity.web.graph.user_bodies import GroupIds, ObjectIds, SecurityOnly
from comity.web.graph.user_shape import USER
from comity.web.graph.visit import ObjectUnknown, Visit, collection, done, entity, value

GROUP_SHAPE: Final = Shape[Group](
    "microsoft.graph.group",
    {
        "id": text(lambda group: str(group.id)),
        "deletedDateTime": instant(lambda group: group.deleted_at),
        "classification": text(lambda group: group.classification),
        "createdDateTime": instant(lambda group: group.created_at),
        "description": text(lambda group: group.description),
        "displayName": text(lambda group: group.display_name),
        **never("expirationDateTime", edm=Edm.INSTANT),
        "groupTypes": texts(lambda group: list(group.group_types or ())),
        "isAssignableToRole": flag(lambda _: None),
        "mail": text(lambda _: None),
        "mailEnabled": flag(lambda group: group.mail_enabled),
        "mailNickname": text(lambda group: group.mail_nickname),
        **never("membershipRule", "membershipRuleProcessingState"),
        **never("onPremisesDomainName", "onPremisesNetBiosName", "onPremisesSamAccountName"),
        **never("onPremisesSecurityIdentifier", "preferredDataLocation", "preferredLanguage"),
        **never("onPremisesLastSyncDateTime", edm=Edm.INSTANT),
        **never("onPremisesSyncEnabled", edm=Edm.FLAG),
        **empty("proxyAddresses", edm=Edm.TEXT),
        "renewedDateTime": instant(lambda group: group.created_at),
        "securityEnabled": flag(lambda group: group.security_enabled),
        "securityIdentifier": text(lambda group: security_identifier(group.id)),
        "theme": text(lambda _: None),
        "uniqueName": text(lambda _: None),
        "visibility": text(lambda group: group.visibility),
        **empty("onPremisesProvisioningErrors", "serviceProvisioningErrors", "assignedLabels", "assignedLicenses"),
        **never("licenseProcessingState", edm=Edm.OBJECT),
        **empty("resourceBehaviorOptions", "resourceProvisioningOptions", "creationOptions", edm=Edm.TEXT),
        **never("allowExternalSenders", "autoSubscribeNewMembers", "hasMembersWithLicenseErrors", edm=Edm.FLAG),
        **never("hideFromAddressLists", "hideFromOutlookClients", "isArchived", "isSubscribedByMail", edm=Edm.FLAG),
        **never("isManagementRestricted", edm=Edm.FLAG),
        **never("unseenCount", edm=Edm.NUMBER),
    },
    (
        "id", "deletedDateTime", "classification", "createdDateTime", "description", "displayName",
        "expirationDateTime", "groupTypes", "isAssignableToRole", "mail", "mailEnabled", "mailNickname",
        "membershipRule", "membershipRuleProcessingState", "onPremisesDomainName", "onPremisesLastSyncDateTime",
        "onPremisesNetBiosName", "onPremisesSamAccountName", "onPremisesSecurityIdentifier", "onPremisesSyncEnabled",
        "preferredDataLocation", "preferredLanguage", "proxyAddresses", "renewedDateTime", "resourceBehaviorOptions",
        "resourceProvisioningOptions", "securityEnabled", "securityIdentifier", "theme", "uniqueName", "visibility",
        "onPremisesProvisioningErrors", "serviceProvisioningErrors",
    ),
)  # fmt: skip

GROUPS_ASKED: Final = Searchable(
    GROUP_SHAPE.type,
    tuple(GROUP_SHAPE.properties),
    filters=tuple(GROUPS.columns),
    starts=("displayName", "mailNickname", "mail"),
    orders=("displayName", "id"),
    searches=("displayName", "description"),
)


def security_identifier(group_id: UUID) -> str:
    """The security identifier that cloud groups have: made of the id's four numbers."""
    data = group_id.bytes_le
    numbers = [int.from_bytes(data[at : at + 4], "little") for at in range(0, 16, 4)]
    return "S-1-12-1-" + "-".join(map(str, numbers))


def role_id(tenant_id: UUID, role: DirectoryRole) -> UUID:
    """The id of a role in one tenant: another one in every tenant, and always the same there."""
    return uuid5(tenant_id, f"directoryRole:{TEMPLATE_IDS[role]}")


def role_json(tenant_id: UUID, role: DirectoryRole, *, typed: bool = False) -> dict[str, Any]:
    """A directory role as Graph shows it."""
    kind = {"@odata.type": "#microsoft.graph.directoryRole"} if typed else {}
    return {
        **kind,
        "id": str(role_id(tenant_id, role)),
        "deletedDateTime": None,
        "description": f"{role.value} of this organisation.",
        "displayName": role.value,
        "roleTemplateId": str(TEMPLATE_IDS[role]),
    }


PRINCIPAL: Final = Shape[Mapping[str, Any]](
    "microsoft.graph.directoryObject",
    {
        "id": text(lambda body: body["id"]),
        "displayName": text(lambda body: body.get("displayName")),
        "mail": text(lambda body: body.get("mail")),
        "deletedDateTime": instant(lambda body: body.get("deletedDateTime")),
    },
)
"""What all have in common, and can be asked by."""


def show_mixed(visit: Visit, bodies: Sequence[Mapping[str, Any]], *, resource: str) -> Response:
    """A page of objects of several types, each said to be what it is."""
    options = read_options(visit.ask, supported={"select", "filter", "search", "orderby", "top", "count", "skiptoken"})
    known = {*USER.properties, *GROUP_SHAPE.properties, "roleTemplateId", "@odata.type"}
    chosen = read_select(options.given.get("select", ""), known, type_name=PRINCIPAL.type)

    def more(body: Mapping[str, Any]) -> Mapping[str, Any]:
        return {name: each for name, each in body.items() if name == "@odata.type" or name in (chosen or body)}

    rest = {name: text(_member(name)) for name in sorted(known - {*PRINCIPAL.properties})}
    kept = Shape(PRINCIPAL.type, {**PRINCIPAL.properties, **rest})
    return list_all(visit, kept, bodies, resource=resource, context="directoryObjects", only=more)


def _member(name: str) -> Callable[[Mapping[str, Any]], Any]:
    return lambda body: body.get(name)


def show_principals(
    visit: Visit,
    *,
    users: Sequence[User] = (),
    groups: Sequence[Group] = (),
    roles: Sequence[DirectoryRole] = (),
    others: Sequence[Mapping[str, Any]] = (),
    resource: str,
) -> Response:
    """A page of users, groups and roles."""
    select = _wanted(visit)
    of_users = [each for each in select if each in USER.properties] or None
    of_groups = [each for each in select if each in GROUP_SHAPE.properties] or None
    bodies = [
        *({**USER.show(each, of_users, typed=True), "id": str(each.id)} for each in users),
        *({**GROUP_SHAPE.show(each, of_groups, typed=True), "id": str(each.id)} for each in groups),
        *(role_json(visit.tx.tenant_id, each, typed=True) for each in roles),
        *others,
    ]  # fmt: skip
    return show_mixed(visit, bodies, resource=resource)


def _wanted(visit: Visit) -> list[str]:
    given = next((each for name, each in visit.ask.query() if name.removeprefix("$").lower() == "select"), "")
    spelling = {each.lower(): each for each in (*USER.properties, *GROUP_SHAPE.properties)}
    return [spelling[each.strip().lower()] for each in given.split(",") if each.strip().lower() in spelling]


def list_groups(
    visit: Visit, found: Sequence[Group], *, resource: str, context: str = "groups", typed: bool = False
) -> Response:
    """A page of groups at hand."""
    return list_all(visit, GROUP_SHAPE, found, resource=resource, context=context, typed=typed)


async def show_members(visit: Visit, principals: Sequence[tuple[UUID, Kind]], *, resource: str) -> Response:
    """A page of users and groups by their ids."""
    users, within = await load_principals(visit, principals)
    return show_principals(visit, users=users, groups=within, resource=resource)


async def load_principals(visit: Visit, principals: Sequence[tuple[UUID, Kind]]) -> tuple[list[User], list[Group]]:
    """Users and groups by their ids, each in the order of ids."""
    people = [UserId(each) for each, kind in principals if kind is Kind.USER]
    inner = [GroupId(each) for each, kind in principals if kind is Kind.GROUP]
    users = await finding.load_people(visit.tx, visit.caller, people) if people else []
    within = await finding.load_groups(visit.tx, visit.caller, inner) if inner else []
    return sorted(users, key=lambda user: user.id), within


async def find_objects(visit: Visit, ids: Sequence[UUID]) -> tuple[list[User], list[Group]]:
    """The users and groups of these ids, as far as the caller may know them."""
    users = await finding.load_people(visit.tx, visit.caller, [UserId(each) for each in ids])
    found = await finding.load_groups(visit.tx, visit.caller, [GroupId(each) for each in ids])
    return users, found


async def get_by_ids(visit: Visit) -> Response:
    """POST /directoryObjects/getByIds: whoever is not there is left out."""
    wanted: ObjectIds = visit.body
    ids = [each for each in map(as_uuid, wanted.ids[:1000]) if each is not None]
    kinds = {each.lower() for each in wanted.types or ("user", "group")}
    users, found = await find_objects(visit, ids)
    bodies = [
        *(USER.show(each, typed=True) for each in users if kinds & {"user", "directoryobject"}),
        *(GROUP_SHAPE.show(each, typed=True) for each in found if kinds & {"group", "directoryobject"}),
    ]
    return collection(visit.context("directoryObjects"), bodies)


async def read_object(visit: Visit) -> Response:
    """GET /directoryObjects/{id}."""
    users, found = await find_objects(visit, [visit.id("object")])
    context = visit.context("directoryObjects", entity=True)
    for user in users:
        return entity(context, USER.show(user, typed=True))
    for group in found:
        return entity(context, GROUP_SHAPE.show(group, typed=True))
    raise ObjectUnknown(id=str(visit.id("object")))


async def delete_object(visit: Visit) -> Response:
    """DELETE /directoryObjects/{id}: a user or a group, to the recycle bin."""
    users, found = await find_objects(visit, [visit.id("object")])
    if users:
        await delete_users(visit.tx, visit.caller, [users[0].id])
    elif found:
        await groups.delete(visit.tx, visit.caller, found[0].id)
    else:
        raise ObjectUnknown(id=str(visit.id("object")))
    return done()


async def check_member_groups(visit: Visit) -> Response:
    """POST /directoryObjects/{id}/checkMemberGroups, also of groups and service principals."""
    wanted: GroupIds = visit.body
    known = {str(each.id) for each in await above(visit)}
    return _strings(visit, [each for each in wanted.group_ids if each.lower() in known])


async def get_member_groups(visit: Visit) -> Response:
    """POST /directoryObjects/{id}/getMemberGroups."""
    wanted: SecurityOnly = visit.body
    return _strings(visit, [str(each.id) for each in await above(visit, security_only=wanted.security_enabled_only)])


async def check_member_objects(visit: Visit) -> Response:
    """POST /directoryObjects/{id}/checkMemberObjects."""
    wanted: ObjectIds = visit.body
    known = {str(each.id) for each in await above(visit)}
    return _strings(visit, [each for each in wanted.ids if each.lower() in known])


async def above(visit: Visit, *, security_only: bool | None = False) -> list[Group]:
    """Groups that the path's object is in, over others as well."""
    key = next(name for name in ("object", "group", "principal") if name in visit.ask.parameters)
    await _check_there(visit.tx, visit, visit.id(key), key)
    found = await finding.list_groups_of(visit.tx, visit.caller, visit.id(key), nested=True)
    return [each for each in found if each.security_enabled or not security_only]


async def _check_there(tx: Transaction, visit: Visit, object_id: UUID, key: str) -> None:
    """The object exists: a group for a group's route, anything for the others."""
    visit.caller.check(Permission.GROUP_READ_BASIC)
    if key == "group":
        await finding.get_group(tx, visit.caller, GroupId(object_id))
    elif key == "object":
        users, found = await find_objects(visit, [object_id])
        if not users and not found:
            raise ObjectUnknown(id=str(object_id))


def _strings(visit: Visit, found: Sequence[str]) -> Response:
    return value(visit.context("Collection(Edm.String)"), list(found))


OPERATIONS: Final = (
    post("/directoryObjects/getByIds", get_by_ids, "Read objects by their ids", status=200, many=True, body=ObjectIds),
    get("/directoryObjects/{object}", read_object, "Read an object"),
    deleting("/directoryObjects/{object}", delete_object, "Delete a user or group"),
    post(
        "/directoryObjects/{object}/checkMemberGroups",
        check_member_groups,
        "Is it in these groups?",
        status=200,
        body=GroupIds,
    ),
    post(
        "/directoryObjects/{object}/getMemberGroups", get_member_groups, "All its groups", status=200, body=SecurityOnly
    ),
    post(
        "/directoryObjects/{object}/checkMemberObjects",
        check_member_objects,
        "Is it in these objects?",
        status=200,
        body=ObjectIds,
    ),
    post(
        "/directoryObjects/{object}/getMemberObjects",
        get_member_groups,
        "All objects it is in",
        status=200,
        body=SecurityOnly,
    ),
)
