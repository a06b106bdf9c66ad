"""Groups: list, read, create, change, delete; members and owners; delta (graph-api §3.3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import msgspec
from starlette.responses import Response

from comity.core.ids import GroupId, UserId
from comity.core.permissions import Permission
from comity.db.walking import Found
from comity.directory import finding, groups
from comity.directory.model import Group, GroupDraft, Kind
from comity.events.model import ChangeKind
from comity.web.graph import directory_objects as objects
from comity.web.graph.bodies import Body, PropertyInvalid, Reference, given_of, read_reference
from comity.web.graph.delta import Touched, Tracked, by_id, follow, known
from comity.web.graph.directory_objects import GROUP_SHAPE, GROUPS_ASKED, list_groups, show_members, show_principals
from comity.web.graph.listing import count_walked, list_all, list_walked
from comity.web.graph.odata.options import read_options
from comity.web.graph.operation import delete, get, patch, post
from comity.web.graph.user_bodies import GroupIds, ObjectIds, SecurityOnly
from comity.web.graph.user_shape import USER
from comity.web.graph.visit import Visit, created, done, entity, number

UNSET: Final = msgspec.UNSET
Text = str | None | msgspec.UnsetType
BOUND_MAX: Final = 20
DRAFTED: Final = frozenset(GroupDraft.__slots__)
MEMBERS: Final = "members"


class GroupChange(Body, kw_only=True):
    """What can be changed of a group."""

    display_name: str | msgspec.UnsetType = UNSET
    description: Text = UNSET
    mail_nickname: Text = UNSET
    mail_enabled: bool | msgspec.UnsetType = UNSET
    security_enabled: bool | msgspec.UnsetType = UNSET
    group_types: list[str] | msgspec.UnsetType = UNSET
    visibility: Text = UNSET
    classification: Text = UNSET
    members: list[str] = msgspec.field(name="members@odata.bind", default_factory=list)

    def changes(self) -> dict[str, Any]:
        """By field of `GroupDraft`."""
        given = {name: value for name, value in given_of(self).items() if name in DRAFTED}
        if "group_types" in given:
            given["group_types"] = given["group_types"] or None
        return given


class NewGroup(GroupChange, kw_only=True):
    """What a new group needs."""

    display_name: str
    mail_nickname: str
    mail_enabled: bool
    security_enabled: bool
    is_assignable_to_role: bool | None = None
    owners: list[str] = msgspec.field(name="owners@odata.bind", default_factory=list)


async def list_all_groups(visit: Visit) -> Response:
    """GET /groups."""

    async def show(found: Sequence[Group], page: Any) -> list[dict[str, Any]]:
        return [GROUP_SHAPE.show(each, page.select) for each in found]

    return await list_walked(
        visit,
        GROUPS_ASKED,
        resource="groups",
        find=lambda criterion, order, after, at_most: finding.find_groups(
            visit.tx, visit.caller, criterion=criterion, order=order, after=after, at_most=at_most
        ),
        count=lambda criterion: finding.count_groups(visit.tx, visit.caller, criterion),
        show=show,
    )


async def count_all_groups(visit: Visit) -> Response:
    """GET /groups/$count."""
    return await count_walked(
        visit, GROUPS_ASKED, count=lambda criterion: finding.count_groups(visit.tx, visit.caller, criterion)
    )


async def add_group(visit: Visit) -> Response:
    """POST /groups."""
    draft: NewGroup = visit.body
    if len(draft.members) + len(draft.owners) > BOUND_MAX:
        raise PropertyInvalid(property="members@odata.bind", fault=f"at most {BOUND_MAX} with the owners")
    if draft.is_assignable_to_role:
        raise PropertyInvalid(property="isAssignableToRole", fault="roles are given to people here, not to groups")
    group = await groups.create(
        visit.tx,
        visit.caller,
        GroupDraft(**draft.changes() | {"display_name": draft.display_name}),
        members=[read_reference(each) for each in draft.members],
        owners=[UserId(read_reference(each)) for each in draft.owners],
    )
    return created(
        visit.context("groups", entity=True), GROUP_SHAPE.show(group), location=f"{visit.base}/groups/{group.id}"
    )


async def read_group(visit: Visit) -> Response:
    """GET /groups/{id}."""
    select = read_options(visit.ask, supported={"select"}).select(GROUP_SHAPE.properties, type_name=GROUP_SHAPE.type)
    group = await finding.get_group(visit.tx, visit.caller, _id(visit))
    return entity(visit.context("groups", select, entity=True), GROUP_SHAPE.show(group, select))


async def change_group(visit: Visit) -> Response:
    """PATCH /groups/{id}; with `members@odata.bind` up to twenty members come along."""
    change: GroupChange = visit.body
    if len(change.members) > BOUND_MAX:
        raise PropertyInvalid(property="members@odata.bind", fault=f"at most {BOUND_MAX}")
    if change.changes() or not change.members:
        await groups.change(visit.tx, visit.caller, _id(visit), change.changes())
    if change.members:
        await groups.add_members(visit.tx, visit.caller, _id(visit), [read_reference(each) for each in change.members])
    return done()


async def delete_group(visit: Visit) -> Response:
    """DELETE /groups/{id}: to the recycle bin."""
    await groups.delete(visit.tx, visit.caller, _id(visit))
    return done()


async def list_members(visit: Visit) -> Response:
    """GET /groups/{id}/members."""
    return await _members(visit, "members", nested=False)


async def list_all_members(visit: Visit) -> Response:
    """GET /groups/{id}/transitiveMembers: over groups within it."""
    return await _members(visit, "transitiveMembers", nested=True)


async def list_member_users(visit: Visit) -> Response:
    """GET /groups/{id}/members/graph.user."""
    return await _member_users(visit, "members", nested=False)


async def list_all_member_users(visit: Visit) -> Response:
    """GET /groups/{id}/transitiveMembers/graph.user."""
    return await _member_users(visit, "transitiveMembers", nested=True)


async def count_members(visit: Visit) -> Response:
    """GET /groups/{id}/members/$count."""
    return number(len(await finding.list_principals(visit.tx, visit.caller, _id(visit))))


async def add_member(visit: Visit) -> Response:
    """POST /groups/{id}/members/$ref."""
    reference: Reference = visit.body
    await groups.add_members(visit.tx, visit.caller, _id(visit), [read_reference(reference.id)])
    return done()


async def remove_member(visit: Visit) -> Response:
    """DELETE /groups/{id}/members/{id}/$ref."""
    await groups.remove_member(visit.tx, visit.caller, _id(visit), visit.id("member"))
    return done()


async def list_owners(visit: Visit) -> Response:
    """GET /groups/{id}/owners."""
    owners = await groups.list_owners(visit.tx, visit.caller, _id(visit))
    users = await finding.load_people(visit.tx, visit.caller, owners)
    return show_principals(visit, users=users, resource=f"groups/{_id(visit)}/owners")


async def add_owner(visit: Visit) -> Response:
    """POST /groups/{id}/owners/$ref."""
    reference: Reference = visit.body
    await groups.add_owner(visit.tx, visit.caller, _id(visit), UserId(read_reference(reference.id)))
    return done()


async def remove_owner(visit: Visit) -> Response:
    """DELETE /groups/{id}/owners/{id}/$ref."""
    await groups.remove_owner(visit.tx, visit.caller, _id(visit), UserId(visit.id("owner")))
    return done()


async def list_parents(visit: Visit) -> Response:
    """GET /groups/{id}/memberOf: the groups that the group is in."""
    return await _parents(visit, "memberOf", nested=False)


async def list_all_parents(visit: Visit) -> Response:
    """GET /groups/{id}/transitiveMemberOf."""
    return await _parents(visit, "transitiveMemberOf", nested=True)


async def list_parent_groups(visit: Visit) -> Response:
    """GET /groups/{id}/memberOf/graph.group."""
    await finding.get_group(visit.tx, visit.caller, _id(visit))
    found = await finding.list_groups_of(visit.tx, visit.caller, _id(visit))
    return list_groups(visit, found, resource=f"groups/{_id(visit)}/memberOf/graph.group")


async def groups_delta(visit: Visit) -> Response:
    """GET /groups/delta: all groups, then which ones changed, and their members."""
    visit.caller.check(Permission.GROUP_READ)
    return await follow(visit, TRACKED)


async def _walk(visit: Visit, after: UUID | None, at_most: int) -> Found[Group]:
    return await finding.find_groups(visit.tx, visit.caller, after=by_id(after), at_most=at_most)


async def _load(visit: Visit, ids: Sequence[UUID]) -> Mapping[UUID, Group]:
    found = await finding.load_groups(visit.tx, visit.caller, [GroupId(each) for each in ids], deleted=True)
    return {each.id: each for each in found}


async def _show(
    visit: Visit, group: Group, select: tuple[str, ...] | None, touched: Touched | None, _: bool
) -> dict[str, Any]:
    names = tuple(each for each in select or GROUP_SHAPE.shown if each != MEMBERS)
    body = {"id": str(group.id), **known(GROUP_SHAPE.show(group, names or ("id",)), select)}
    if select is not None and MEMBERS not in select:
        return body
    if touched is None:
        principals = await finding.list_principals(visit.tx, visit.caller, GroupId(group.id))
        members = [_member(each, kind) for each, kind in principals]
    else:
        principals = await finding.list_principals(visit.tx, visit.caller, GroupId(group.id))
        kinds = dict(principals)
        members = [_member(each, kinds.get(each, Kind.USER)) for each in touched.came]
        gone = {"@removed": {"reason": "deleted"}}
        members += [{**_member(each, Kind.USER), **gone} for each in touched.went]
    return {**body, "members@delta": members} if members else body


def _member(member: UUID, kind: Kind) -> dict[str, Any]:
    return {"@odata.type": f"#microsoft.graph.{kind.value}", "id": str(member)}


TRACKED: Final = Tracked(
    resource="groups/delta",
    names=(*GROUP_SHAPE.properties, MEMBERS),
    type=GROUP_SHAPE.type,
    kinds=frozenset(
        {
            ChangeKind.GROUP_CREATED,
            ChangeKind.GROUP_UPDATED,
            ChangeKind.GROUP_DELETED,
            ChangeKind.GROUP_RESTORED,
            ChangeKind.MEMBER_ADDED,
            ChangeKind.MEMBER_REMOVED,
        }
    ),
    whole=frozenset({ChangeKind.GROUP_CREATED, ChangeKind.GROUP_RESTORED}),
    walk=_walk,
    load=_load,
    is_deleted=lambda group: group.deleted_at is not None,
    id_of=lambda group: group.id,
    show=_show,
)


async def _members(visit: Visit, name: str, *, nested: bool) -> Response:
    principals = await finding.list_principals(visit.tx, visit.caller, _id(visit), nested=nested)
    return await show_members(visit, principals, resource=f"groups/{_id(visit)}/{name}")


async def _member_users(visit: Visit, name: str, *, nested: bool) -> Response:
    principals = await finding.list_principals(visit.tx, visit.caller, _id(visit), nested=nested)
    users, _ = await objects.load_principals(visit, [each for each in principals if each[1] is Kind.USER])
    return list_all(visit, USER, users, resource=f"groups/{_id(visit)}/{name}/graph.user", context="users")


async def _parents(visit: Visit, name: str, *, nested: bool) -> Response:
    await finding.get_group(visit.tx, visit.caller, _id(visit))
    found = await finding.list_groups_of(visit.tx, visit.caller, _id(visit), nested=nested)
    return show_principals(visit, groups=found, resource=f"groups/{_id(visit)}/{name}")


def _id(visit: Visit) -> GroupId:
    return GroupId(visit.id("group"))


_LIST: Final = ("select", "filter", "search", "orderby", "top", "count")

OPERATIONS: Final = (
    get("/groups", list_all_groups, "List groups", shape=GROUP_SHAPE, many=True, options=_LIST),
    get("/groups/$count", count_all_groups, "Count groups", options=("filter", "search")),
    post("/groups", add_group, "Create a group", shape=GROUP_SHAPE, body=NewGroup),
    get(
        "/groups/delta", groups_delta, "Groups that changed", shape=GROUP_SHAPE, many=True, options=("select", "filter")
    ),
    get("/groups/{group}", read_group, "Read a group", shape=GROUP_SHAPE, options=("select",)),
    patch("/groups/{group}", change_group, "Change a group", body=GroupChange),
    delete("/groups/{group}", delete_group, "Delete a group", remark="every group stays 30 days in the recycle bin"),
    get("/groups/{group}/members", list_members, "List direct members", many=True, options=_LIST),
    get("/groups/{group}/members/$count", count_members, "Count direct members"),
    get(
        "/groups/{group}/members/graph.user",
        list_member_users,
        "List direct members who are users",
        shape=USER,
        many=True,
        options=_LIST,
    ),
    get(
        "/groups/{group}/transitiveMembers",
        list_all_members,
        "List members over groups within",
        many=True,
        options=_LIST,
    ),
    get(
        "/groups/{group}/transitiveMembers/graph.user",
        list_all_member_users,
        "List users over groups within",
        shape=USER,
        many=True,
        options=_LIST,
    ),
    post("/groups/{group}/members/$ref", add_member, "Add a member", status=204, body=Reference),
    delete("/groups/{group}/members/{member}/$ref", remove_member, "Remove a member"),
    get("/groups/{group}/owners", list_owners, "List owners", many=True, options=_LIST),
    post("/groups/{group}/owners/$ref", add_owner, "Add an owner", status=204, body=Reference),
    delete("/groups/{group}/owners/{owner}/$ref", remove_owner, "Remove an owner"),
    get("/groups/{group}/memberOf", list_parents, "List the groups that a group is in", many=True, options=_LIST),
    get(
        "/groups/{group}/memberOf/graph.group",
        list_parent_groups,
        "List them as groups",
        shape=GROUP_SHAPE,
        many=True,
        options=_LIST,
    ),
    get(
        "/groups/{group}/transitiveMemberOf", list_all_parents, "List them over other groups", many=True, options=_LIST
    ),
    post(
        "/groups/{group}/checkMemberGroups",
        objects.check_member_groups,
        "Is it in these groups?",
        status=200,
        body=GroupIds,
    ),
    post(
        "/groups/{group}/getMemberGroups",
        objects.get_member_groups,
        "All groups it is in",
        status=200,
        body=SecurityOnly,
    ),
    post(
        "/groups/{group}/checkMemberObjects",
        objects.check_member_objects,
        "Is it in these objects?",
        status=200,
        body=ObjectIds,
    ),
    post(
        "/groups/{group}/getMemberObjects",
        objects.get_member_groups,
        "All objects it is in",
        status=200,
        body=SecurityOnly,
    ),
)
