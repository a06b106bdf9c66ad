"""Users: list, read, create, change, delete; managers, reports, memberships (graph-api §3.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from starlette.responses import Response

from comity.core.caller import UserType
from comity.core.ids import UserId, new_id
from comity.core.permissions import Permission
from comity.directory import finding, managers
from comity.directory.model import Attribute, Group, User
from comity.directory.service import create_user, delete_users, update_user
from comity.identity.decide import check_password
from comity.identity.errors import OldPasswordWrong, PasswordUnfit
from comity.identity.roles import TEMPLATE_IDS
from comity.identity.service import (
    change_own_password,
    list_roles,
    load_own_password,
    revoke_tokens,
    set_password,
)
from comity.web.graph.bodies import Anything, PropertyInvalid, Reference, read_reference
from comity.web.graph.directory_objects import GROUP_SHAPE, list_groups, show_principals
from comity.web.graph.listing import count_walked, list_all, list_walked
from comity.web.graph.odata.options import Expand, read_options, read_select
from comity.web.graph.operation import Operation, delete, get, post, put
from comity.web.graph.people import find_person, me, person_id
from comity.web.graph.user_bodies import (
    GroupIds,
    ObjectIds,
    PasswordChange,
    PasswordCheck,
    SecurityOnly,
    UserChange,
    UserDraft,
)
from comity.web.graph.user_shape import ASKED, USER, user_json
from comity.web.graph.users_delta import users_delta
from comity.web.graph.visit import Errand, Visit, answer, created, done, entity, value

OWN: Final = frozenset(
    {Attribute.BUSINESS_PHONE, Attribute.MOBILE_PHONE, Attribute.PREFERRED_LANGUAGE, Attribute.OFFICE_LOCATION}
)
"""What members may change of themselves (provisioning §11)."""
EXPANDED_MAX: Final = 20


async def list_users(visit: Visit) -> Response:
    """GET /users: living users."""

    async def show(users: Sequence[User], page: Any) -> list[dict[str, Any]]:
        expand = page.options.expand(ASKED)
        return [await _shown(visit, each, page.select, expand) for each in users]

    return await list_walked(
        visit,
        ASKED,
        resource="users",
        find=lambda criterion, order, after, at_most: finding.find_users(
            visit.tx, visit.caller, criterion=criterion, order=order, after=after, at_most=at_most
        ),
        count=lambda criterion: finding.count_users(visit.tx, visit.caller, criterion),
        show=show,
    )


async def count_users(visit: Visit) -> Response:
    """GET /users/$count."""
    return await count_walked(
        visit, ASKED, count=lambda criterion: finding.count_users(visit.tx, visit.caller, criterion)
    )


async def read_user(visit: Visit) -> Response:
    """GET /users/{id or UPN}, GET /me."""
    options = read_options(visit.ask, supported={"select", "expand"})
    user = await find_person(visit)
    select = options.select(USER.properties, type_name=USER.type)
    body = await _shown(visit, user, select, options.expand(ASKED))
    return entity(visit.context("users", select, entity=True), body)


async def add_user(errand: Errand) -> Response:
    """POST /users; the password is hashed before the transaction begins."""
    draft: UserDraft = errand.body
    if draft.password is None:
        raise PropertyInvalid(property="passwordProfile.password", fault="a password is needed")
    check_password(draft.password)
    hashed = await errand.ask.services.passwords.hash(draft.password)
    async with errand.visit() as visit:
        changes = {each.column: given for each, given in draft.changes().items()}
        user = User(
            **{
                "tenant_id": visit.tx.tenant_id,
                "id": UserId(new_id()),
                "created_at": visit.tx.now,
                "user_type": UserType.MEMBER,
                **changes,
            }
        )
        user = await create_user(visit.tx, visit.caller, user)
        await set_password(visit.tx, visit.caller, user.id, hashed, at=visit.ask.services.machine.now())
        return created(visit.context("users", entity=True), user_json(user), location=f"{visit.base}/users/{user.id}")


async def change_user(errand: Errand) -> Response:
    """PATCH /users/{id or UPN}, PATCH /me."""
    change: UserChange = errand.body
    hashed = None
    if change.password is not None:
        check_password(change.password)
        hashed = await errand.ask.services.passwords.hash(change.password)
    async with errand.visit() as visit:
        user_id = await person_id(visit)
        changes = change.changes()
        own = visit.caller.user_id == user_id and visit.caller.may_for_herself(Permission.USER_WRITE)
        caller = visit.caller
        if own and not caller.may(Permission.USER_WRITE) and set(changes) <= OWN:
            caller = replace(caller, permissions=caller.permissions | {Permission.USER_WRITE})
        if changes or hashed is None:
            await update_user(visit.tx, caller, user_id, changes)
        if hashed is not None:
            await set_password(visit.tx, visit.caller, user_id, hashed, at=visit.ask.services.machine.now())
        return done()


async def delete_user(visit: Visit) -> Response:
    """DELETE /users/{id or UPN}: to the recycle bin."""
    visit.caller.check(Permission.USER_WRITE)
    user = await find_person(visit)
    await delete_users(visit.tx, visit.caller, [user.id])
    return done()


async def read_manager(visit: Visit) -> Response:
    """GET /users/{id}/manager."""
    options = read_options(visit.ask, supported={"select"})
    manager = await managers.get_manager(visit.tx, visit.caller, (await find_person(visit)).id)
    select = options.select(USER.properties, type_name=USER.type)
    return entity(visit.context("directoryObjects", entity=True), user_json(manager, select, typed=True))


async def set_manager(visit: Visit) -> Response:
    """PUT /users/{id}/manager/$ref."""
    reference: Reference = visit.body
    manager = UserId(read_reference(reference.id))
    visit.caller.check(Permission.USER_WRITE)
    await managers.set_manager(visit.tx, visit.caller, (await find_person(visit)).id, manager)
    return done()


async def drop_manager(visit: Visit) -> Response:
    """DELETE /users/{id}/manager/$ref."""
    visit.caller.check(Permission.USER_WRITE)
    await managers.drop_manager(visit.tx, visit.caller, (await find_person(visit)).id)
    return done()


async def list_reports(visit: Visit) -> Response:
    """GET /users/{id}/directReports."""
    user = await find_person(visit)
    found = await finding.list_reports(visit.tx, visit.caller, user.id)
    resource = f"users/{user.id}/directReports"
    return list_all(visit, USER, found, resource=resource, context="directoryObjects", typed=True)


async def list_memberships(visit: Visit) -> Response:
    """GET /users/{id}/memberOf: groups and directory roles."""
    return await _memberships(visit, "memberOf", nested=False)


async def list_all_memberships(visit: Visit) -> Response:
    """GET /users/{id}/transitiveMemberOf."""
    return await _memberships(visit, "transitiveMemberOf", nested=True)


async def list_group_memberships(visit: Visit) -> Response:
    """GET /users/{id}/memberOf/graph.group."""
    user = await find_person(visit)
    found = await finding.list_groups_of(visit.tx, visit.caller, user.id)
    return list_groups(visit, found, resource=f"users/{user.id}/memberOf/graph.group")


async def list_all_group_memberships(visit: Visit) -> Response:
    """GET /users/{id}/transitiveMemberOf/graph.group."""
    user = await find_person(visit)
    found = await finding.list_groups_of(visit.tx, visit.caller, user.id, nested=True)
    return list_groups(visit, found, resource=f"users/{user.id}/transitiveMemberOf/graph.group")


async def list_owned(visit: Visit) -> Response:
    """GET /users/{id}/ownedObjects: groups that somebody answers for."""
    user = await find_person(visit)
    groups = await finding.list_owned_groups(visit.tx, visit.caller, user.id)
    return list_groups(visit, groups, resource=f"users/{user.id}/ownedObjects", context="directoryObjects", typed=True)


async def check_member_groups(visit: Visit) -> Response:
    """POST /users/{id}/checkMemberGroups: which of these groups is somebody in, over others as well?"""
    wanted: GroupIds = visit.body
    user = await find_person(visit)
    found = await groups_above(visit, user.id)
    return strings(visit, [each for each in wanted.group_ids if each.lower() in {str(one.id) for one in found}])


async def get_member_groups(visit: Visit) -> Response:
    """POST /users/{id}/getMemberGroups."""
    user = await find_person(visit)
    wanted: SecurityOnly = visit.body
    found = await groups_above(visit, user.id, security_only=bool(wanted.security_enabled_only))
    return strings(visit, [str(each.id) for each in found])


async def check_member_objects(visit: Visit) -> Response:
    """POST /users/{id}/checkMemberObjects: groups and directory roles."""
    wanted: ObjectIds = visit.body
    user = await find_person(visit)
    known = {str(each.id) for each in await groups_above(visit, user.id)} | await _role_ids(visit, user.id)
    return strings(visit, [each for each in wanted.ids if each.lower() in known])


async def get_member_objects(visit: Visit) -> Response:
    """POST /users/{id}/getMemberObjects."""
    wanted: SecurityOnly = visit.body
    user = await find_person(visit)
    groups = await groups_above(visit, user.id, security_only=bool(wanted.security_enabled_only))
    return strings(visit, [*(str(each.id) for each in groups), *sorted(await _role_ids(visit, user.id))])


async def revoke_sessions(visit: Visit) -> Response:
    """POST /users/{id}/revokeSignInSessions."""
    user = await find_person(visit)
    if visit.caller.user_id == user.id and visit.caller.user_type is not UserType.MEMBER:
        visit.caller.check(Permission.USER_WRITE)
    await revoke_tokens(visit.tx, visit.caller, user.id, at=visit.ask.services.machine.now())
    return value(visit.context("Edm.Boolean"), found=True)


async def change_password(errand: Errand) -> Response:
    """POST /me/changePassword: whoever knows her password sets another."""
    wanted: PasswordChange = errand.body
    check_password(wanted.new_password)
    passwords = errand.ask.services.passwords
    async with errand.visit() as visit:
        await me(visit)
        stored = await load_own_password(visit.tx, visit.caller)
    if not await passwords.verify(stored, wanted.current_password):
        raise OldPasswordWrong
    hashed = await passwords.hash(wanted.new_password)
    async with errand.visit() as visit:
        await change_own_password(visit.tx, visit.caller, hashed, at=visit.ask.services.machine.now())
    return done()


async def judge_password(visit: Visit) -> Response:
    """POST /users/validatePassword (beta)."""
    wanted: PasswordCheck = visit.body
    faults = []
    try:
        check_password(wanted.password)
    except PasswordUnfit as fault:
        faults.append(fault.code)
    results = [
        {
            "ruleName": "password_not_meet_complexity",
            "validationPassed": not faults,
            "message": "Password does not meet complexity requirements." if faults else "Password is valid.",
        }
    ]
    return answer(
        {
            "@odata.context": visit.context("microsoft.graph.passwordValidationInformation"),
            "isValid": not faults,
            "validationResults": results,
        }
    )


async def groups_above(visit: Visit, principal: UUID, *, security_only: bool = False) -> list[Group]:
    """Groups that a principal is in, over others as well."""
    found = await finding.list_groups_of(visit.tx, visit.caller, principal, nested=True)
    return [each for each in found if each.security_enabled or not security_only]


def strings(visit: Visit, found: Sequence[str]) -> Response:
    """A collection of texts."""
    return value(visit.context("Collection(Edm.String)"), list(found))


async def _shown(
    visit: Visit, user: User, select: Sequence[str] | None, expand: Expand | None, *, level: int = 1
) -> dict[str, Any]:
    body = user_json(user, select)
    if expand is None or user.manager_id is None:
        return body
    visit.caller.check(Permission.USER_READ)
    manager = next(iter(await finding.load_people(visit.tx, visit.caller, [user.manager_id])), None)
    if manager is None:
        return body
    chosen = read_select(",".join(expand.select or ()), USER.properties, type_name=USER.type)
    shown = {"@odata.type": f"#{USER.type}", **user_json(manager, chosen)}
    if level < expand.levels:
        above = await _shown(visit, manager, (), expand, level=level + 1)
        shown.update({name: each for name, each in above.items() if name == "manager"})
    return {**body, "manager": shown}


async def _memberships(visit: Visit, name: str, *, nested: bool) -> Response:
    user = await find_person(visit)
    groups = await finding.list_groups_of(visit.tx, visit.caller, user.id, nested=nested)
    roles = await list_roles(visit.tx, visit.caller, user.id) if visit.caller.may(Permission.ROLE_READ) else []
    return show_principals(visit, groups=groups, roles=roles, resource=f"users/{user.id}/{name}")


async def _role_ids(visit: Visit, user_id: UserId) -> set[str]:
    if not visit.caller.may(Permission.ROLE_READ):
        return set()
    return {str(TEMPLATE_IDS[each]) for each in await list_roles(visit.tx, visit.caller, user_id)}


_LIST: Final = ("select", "filter", "search", "orderby", "top", "count", "expand")
_ANY: Final = ("select", "filter", "orderby", "top", "count")

OPERATIONS: Final = (
    get("/users", list_users, "List users", shape=USER, many=True, options=_LIST),
    get("/users/$count", count_users, "Count users", options=("filter", "search")),
    Operation(
        method="POST", path="/users", runner=add_user, says="Create a user", shape=USER, status=201, body=UserDraft
    ),
    get("/users/delta", users_delta, "Users that changed", shape=USER, many=True, options=("select", "filter")),
    get("/users/{user}", read_user, "Read a user", shape=USER, options=("select", "expand")),
    get("/me", read_user, "Read the person who is signed in", shape=USER, options=("select", "expand")),
    Operation(
        method="PATCH", path="/users/{user}", runner=change_user, says="Change a user", status=204, body=UserChange
    ),
    Operation(method="PATCH", path="/me", runner=change_user, says="Change oneself", status=204, body=UserChange),
    delete("/users/{user}", delete_user, "Delete a user"),
    get("/users/{user}/manager", read_manager, "Read a user's manager", shape=USER, options=("select",)),
    put("/users/{user}/manager/$ref", set_manager, "Set a user's manager", body=Reference),
    delete("/users/{user}/manager/$ref", drop_manager, "Remove a user's manager"),
    get("/users/{user}/directReports", list_reports, "List a user's reports", shape=USER, many=True, options=_ANY),
    get("/users/{user}/memberOf", list_memberships, "List a user's groups and roles", many=True, options=_ANY),
    get(
        "/users/{user}/transitiveMemberOf", list_all_memberships, "List them over other groups", many=True, options=_ANY
    ),
    get(
        "/users/{user}/memberOf/graph.group",
        list_group_memberships,
        "List a user's groups",
        shape=GROUP_SHAPE,
        many=True,
        options=_ANY,
    ),
    get(
        "/users/{user}/transitiveMemberOf/graph.group",
        list_all_group_memberships,
        "List a user's groups over other groups",
        shape=GROUP_SHAPE,
        many=True,
        options=_ANY,
    ),
    get("/users/{user}/ownedObjects", list_owned, "List what a user answers for", many=True, options=_ANY),
    post(
        "/users/{user}/checkMemberGroups", check_member_groups, "Is a user in these groups?", status=200, body=GroupIds
    ),
    post("/users/{user}/getMemberGroups", get_member_groups, "All groups of a user", status=200, body=SecurityOnly),
    post(
        "/users/{user}/checkMemberObjects",
        check_member_objects,
        "Is a user in these groups and roles?",
        status=200,
        body=ObjectIds,
    ),
    post(
        "/users/{user}/getMemberObjects",
        get_member_objects,
        "All groups and roles of a user",
        status=200,
        body=SecurityOnly,
    ),
    post("/users/{user}/revokeSignInSessions", revoke_sessions, "End a user's sessions", status=200, body=Anything),
    Operation(
        method="POST",
        path="/me/changePassword",
        runner=change_password,
        says="Change one's password",
        status=204,
        body=PasswordChange,
    ),
    post("/users/validatePassword", judge_password, "Judge a password", status=200, body=PasswordCheck, beta=True),
)
