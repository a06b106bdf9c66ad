"""GET /users/delta."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from starlette.responses import Response

from comity.core.ids import UserId
from comity.core.permissions import Permission
from comity.db.walking import Found
from comity.directory import finding
from comity.directory.model import Attribute, User, attributes_of
from comity.events.model import ChangeKind
from comity.web.graph.delta import Touched, Tracked, by_id, follow, known
from comity.web.graph.user_shape import CHANGED, DEFAULT, USER, user_json
from comity.web.graph.visit import Visit

MANAGER: Final = "manager"


async def _walk(visit: Visit, after: UUID | None, at_most: int) -> Found[User]:
    return await finding.find_users(visit.tx, visit.caller, after=by_id(after), at_most=at_most)


async def _load(visit: Visit, ids: Sequence[UUID]) -> Mapping[UUID, User]:
    people = await finding.load_people(visit.tx, visit.caller, [UserId(each) for each in ids], deleted=True)
    return {user.id: user for user in people}


async def _show(
    _: Visit, user: User, select: tuple[str, ...] | None, touched: Touched | None, minimal: bool
) -> dict[str, Any]:
    names = [each for each in select or DEFAULT if each != MANAGER]
    changed = attributes_of(touched.changed) if touched is not None else ()
    if minimal:
        said = {CHANGED[each] for each in changed if each in CHANGED}
        names = [each for each in names if each in said or each == "id"]
    body = {"id": str(user.id), **known(user_json(user, names), select)}
    if (select is None or MANAGER not in select) or (touched is not None and Attribute.MANAGER_ID not in changed):
        return body
    if user.manager_id is None and touched is None:
        return body
    gone = {"@removed": {"reason": "deleted"}} if user.manager_id is None else {}
    manager = {"@odata.type": f"#{USER.type}", "id": str(user.manager_id or user.id), **gone}
    return {**body, "manager@delta": [manager]}


TRACKED: Final = Tracked(
    resource="users/delta",
    names=(*USER.properties, MANAGER),
    type=USER.type,
    kinds=frozenset(
        {
            ChangeKind.USER_CREATED,
            ChangeKind.USER_UPDATED,
            ChangeKind.USER_DELETED,
            ChangeKind.USER_RESTORED,
            ChangeKind.USER_PURGED,
        }
    ),
    whole=frozenset({ChangeKind.USER_CREATED, ChangeKind.USER_RESTORED}),
    walk=_walk,
    load=_load,
    is_deleted=lambda user: user.deleted_at is not None,
    id_of=lambda user: user.id,
    show=_show,
)


async def users_delta(visit: Visit) -> Response:
    """GET /users/delta: everybody, then who changed."""
    visit.caller.check(Permission.USER_READ)
    return await follow(visit, TRACKED)
