"""The recycle bin: list, read, restore, delete for good (graph-api §3.4)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal
from uuid import UUID

import msgspec
from starlette.responses import Response

from comity.core.ids import GroupId, UserId
from comity.core.permissions import Permission
from comity.directory import finding, groups
from comity.directory.model import Group, User
from comity.directory.service import purge_users, restore_group, restore_user
from comity.web.errors import CastMissing
from comity.web.graph.bodies import Body
from comity.web.graph.directory_objects import GROUP_SHAPE, GROUPS_ASKED
from comity.web.graph.listing import list_walked
from comity.web.graph.operation import delete, get, post
from comity.web.graph.user_shape import ASKED, USER
from comity.web.graph.visit import ObjectUnknown, Visit, collection, done, entity


class Restore(Body, kw_only=True):
    """How a restore goes about conflicts."""

    auto_reconcile_proxy_conflict: bool | None = None
    new_user_principal_name: str | msgspec.UnsetType | None = msgspec.UNSET


class OwnedBy(Body, kw_only=True):
    """Whose, and of which type."""

    user_id: UUID
    type: Literal["Group", "group"] = "Group"


async def list_untyped(_: Visit) -> Response:
    """GET /directory/deletedItems: the type has to be named."""
    raise CastMissing


async def list_users(visit: Visit) -> Response:
    """GET /directory/deletedItems/graph.user."""

    async def show(found: Sequence[User], page: Any) -> list[dict[str, Any]]:
        return [USER.show(each, page.select) for each in found]

    return await list_walked(
        visit,
        ASKED,
        resource="directory/deletedItems/graph.user",
        context="users",
        find=lambda criterion, order, after, at_most: finding.find_deleted_users(
            visit.tx, visit.caller, criterion=criterion, order=order, after=after, at_most=at_most
        ),
        count=lambda criterion: finding.count_deleted_users(visit.tx, visit.caller, criterion),
        show=show,
    )


async def list_groups(visit: Visit) -> Response:
    """GET /directory/deletedItems/graph.group."""

    async def show(found: Sequence[Group], page: Any) -> list[dict[str, Any]]:
        return [GROUP_SHAPE.show(each, page.select) for each in found]

    return await list_walked(
        visit,
        GROUPS_ASKED,
        resource="directory/deletedItems/graph.group",
        context="groups",
        find=lambda criterion, order, after, at_most: finding.find_deleted_groups(
            visit.tx, visit.caller, criterion=criterion, order=order, after=after, at_most=at_most
        ),
        count=lambda criterion: finding.count_deleted_groups(visit.tx, visit.caller, criterion),
        show=show,
    )


async def read_item(visit: Visit) -> Response:
    """GET /directory/deletedItems/{id}."""
    return _shown(visit, await _item(visit))


async def restore_item(visit: Visit) -> Response:
    """POST /directory/deletedItems/{id}/restore."""
    wanted: Restore = visit.body
    match await _item(visit):
        case User() as user:
            upn = wanted.new_user_principal_name
            renamed = upn if isinstance(upn, str) else None
            return _shown(visit, await restore_user(visit.tx, visit.caller, user.id, rename=renamed))
        case group:
            return _shown(visit, await restore_group(visit.tx, visit.caller, group.id))


async def purge_item(visit: Visit) -> Response:
    """DELETE /directory/deletedItems/{id}: for good."""
    match await _item(visit):
        case User() as user:
            await purge_users(visit.tx, visit.caller, [user.id])
        case group:
            await groups.purge(visit.tx, visit.caller, group.id)
    return done()


async def list_owned(visit: Visit) -> Response:
    """POST /directory/deletedItems/getUserOwnedObjects."""
    wanted: OwnedBy = visit.body
    visit.caller.check(Permission.GROUP_READ)
    found = await finding.list_owned_groups(visit.tx, visit.caller, UserId(wanted.user_id), deleted=True)
    bodies = [GROUP_SHAPE.show(each, typed=True) for each in found if each.deleted_at is not None]
    return collection(visit.context("directoryObjects"), bodies)


def _shown(visit: Visit, item: User | Group) -> Response:
    body = USER.show(item, typed=True) if isinstance(item, User) else GROUP_SHAPE.show(item, typed=True)
    return entity(visit.context("directoryObjects", entity=True), body)


async def _item(visit: Visit) -> User | Group:
    """What lies in the recycle bin under that id, as far as the caller may know it."""
    wanted = visit.id("item")
    if visit.caller.may(Permission.USER_READ):
        people = await finding.load_people(visit.tx, visit.caller, [UserId(wanted)], deleted=True)
        if people and people[0].deleted_at is not None:
            return people[0]
    visit.caller.check(Permission.GROUP_READ)
    found = await finding.load_groups(visit.tx, visit.caller, [GroupId(wanted)], deleted=True)
    if found and found[0].deleted_at is not None:
        return found[0]
    raise ObjectUnknown(id=str(wanted))


_D: Final = "/directory/deletedItems"
_LIST: Final = ("select", "filter", "orderby", "top", "count")

OPERATIONS: Final = (
    get(_D, list_untyped, "Refused: the type has to be named", status=400),
    get(f"{_D}/graph.user", list_users, "List deleted users", shape=USER, many=True, options=_LIST),
    get(f"{_D}/graph.group", list_groups, "List deleted groups", shape=GROUP_SHAPE, many=True, options=_LIST),
    post(
        f"{_D}/getUserOwnedObjects", list_owned, "List deleted groups of an owner", status=200, many=True, body=OwnedBy
    ),
    get(f"{_D}/{{item}}", read_item, "Read a deleted user or group"),
    post(f"{_D}/{{item}}/restore", restore_item, "Restore a user or group", status=200, body=Restore),
    delete(f"{_D}/{{item}}", purge_item, "Delete a user or group for good"),
)
