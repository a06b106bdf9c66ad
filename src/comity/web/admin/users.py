"""Users: list, search, and one person with home, representations, and the policy that holds for her."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

from starlette.responses import Response

from comity.access.assignments.model import PolicySources
from comity.access.assignments.service import get_policy_sources
from comity.access.policies import list_policies
from comity.core.ids import TenantId, UserId
from comity.core.permissions import Permission
from comity.db.transaction import as_uuid
from comity.directory.model import User, UserUnknown
from comity.directory.service import get_user, list_users
from comity.people.service import find
from comity.sync.model import LogEntry
from comity.sync.representations import Representation, list_representations
from comity.sync.service import read_log
from comity.web.admin.names import tenant_names
from comity.web.admin.visit import AdminPage, Visit
from comity.web.shell.pages import show

PAGE_SIZE: Final = 50


@dataclass(frozen=True, kw_only=True)
class UsersPage(AdminPage):
    """People of the tenant, at home here or not."""

    template: ClassVar[str] = "admin/pages/users/users.html"
    query: str
    users: tuple[User, ...]
    names: Mapping[object, str]
    after: UserId | None


@dataclass(frozen=True, kw_only=True)
class UserPage(AdminPage):
    """One person."""

    template: ClassVar[str] = "admin/pages/users/user.html"
    user: User
    names: Mapping[object, str]
    manager: User | None
    sources: PolicySources | None
    """None for people who are at home elsewhere, and where the visitor may not see policies."""
    policies: tuple[str, ...]
    representations: tuple[Representation, ...]
    """Accounts that stand for her elsewhere, as far as this tenant's shares put them there."""
    log: tuple[LogEntry, ...]


async def show_users(visit: Visit) -> Response:
    """GET /admin/{tenant}/users"""
    query = visit.query("query")
    place = as_uuid(visit.query("after"))
    async with visit.transaction() as tx:
        if query:
            search = await find(tx, visit.caller, query, at_most=PAGE_SIZE)
            # Beyond the tenant nobody has a name to sign in with: those are not the tenant's to show.
            here = [each for each in search.people if each.user_principal_name is not None]
            users = [await get_user(tx, visit.caller, UserId(each.id)) for each in here]
            after = None
        else:
            users = await list_users(tx, visit.caller, after=UserId(place) if place else None, at_most=PAGE_SIZE + 1)
            after = users[PAGE_SIZE - 1].id if len(users) > PAGE_SIZE else None
            users = users[:PAGE_SIZE]
        names = await tenant_names(tx, _homes(users))
    page = UsersPage(
        title="admin-users-title", visit=visit, section="users", query=query, users=tuple(users), names=names,
        after=after,
    )  # fmt: skip
    return show(visit.ask, page)


async def show_user(visit: Visit) -> Response:
    """GET /admin/{tenant}/users/{id}"""
    wanted = visit.ask.parameters["user"]
    user_id = as_uuid(wanted)
    if user_id is None:
        raise UserUnknown(user=wanted)
    async with visit.transaction() as tx:
        user = await get_user(tx, visit.caller, UserId(user_id))
        manager = await get_user(tx, visit.caller, user.manager_id) if user.manager_id else None
        sees_policies = user.home_tenant_id is None and visit.caller.may(Permission.EXTERNAL_ACCESS_READ)
        sources = await get_policy_sources(tx, visit.caller, user.id) if sees_policies else None
        policies = [each.name for each in await list_policies(tx, visit.caller)] if sees_policies else []
        sees_log = visit.caller.may(Permission.PROVISIONING_LOG_READ) and user.home_tenant_id is None
        log = await read_log(tx, visit.caller, source_id=user.id, at_most=20) if sees_log else []
        elsewhere = await list_representations(tx, visit.caller, user.id) if sees_log else []
        names = await tenant_names(tx, [*_homes([user]), *(each.tenant_id for each in elsewhere)])
    page = UserPage(
        title="admin-user-title", facts=(("name", user.display_name),), visit=visit, section="users", user=user,
        names=names, manager=manager, sources=sources, policies=tuple(policies),
        representations=tuple(elsewhere), log=tuple(log),
    )  # fmt: skip
    return show(visit.ask, page)


def _homes(users: list[User]) -> list[TenantId]:
    return [each.home_tenant_id for each in users if each.home_tenant_id is not None]
