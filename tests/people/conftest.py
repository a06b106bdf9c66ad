"""People who search, and people who stand in a tenant for somebody from elsewhere."""

from __future__ import annotations

from typing import Any

from comity.core.caller import Caller, UserType
from comity.core.ids import UserId, new_id
from comity.core.permissions import Permission
from comity.directory.decide import mangled_upn
from comity.directory.model import ExternalUserState, User
from comity.directory.store import insert_users
from comity.events.feed import append
from comity.events.model import Change, ChangeKind
from comity.people import service
from comity.people.index.service import catch_up
from comity.people.model import FoundPerson, Search
from tests.support.world import Org


def searcher(org: Org, user: User) -> Caller:
    """A member who may search."""
    return org.as_user(user, permissions=frozenset({Permission.PEOPLE_READ, Permission.CHAT}))


async def search(org: Org, user: User, text: str, **more: Any) -> Search:
    """What a member finds."""
    async with org.db.tenant(org.id) as tx:
        return await service.find(tx, searcher(org, user), text, **more)


async def found(org: Org, user: User, text: str, **more: Any) -> list[FoundPerson]:
    """Whom a member finds."""
    return list((await search(org, user, text, **more)).people)


async def names(org: Org, user: User, text: str, **more: Any) -> list[str]:
    """Whom a member finds, by name."""
    return [each.display_name for each in await found(org, user, text, **more)]


async def index(*orgs: Org) -> None:
    """Let the index catch up, as a worker does soon after a change."""
    for org in orgs:
        await catch_up(org.db, org.id)


async def represent(org: Org, home: User, **attributes: Any) -> User:
    """Somebody from elsewhere as a sync brings her: a B2B member, shown in address lists."""
    user = User(**{
        "tenant_id": org.id, "id": UserId(new_id()), "display_name": home.display_name, "given_name": home.given_name,
        "surname": home.surname, "mail": home.mail, "user_type": UserType.MEMBER, "creation_type": "Invitation",
        "user_principal_name": mangled_upn(home.user_principal_name, org.domain),
        "external_user_state": ExternalUserState.ACCEPTED, "home_tenant_id": home.tenant_id, "home_user_id": home.id,
        "created_at": org.db.clock.now(), **attributes,
    })  # fmt: skip
    async with org.db.tenant(org.id) as tx:
        await insert_users(tx, [user])
        append(tx, [Change(ChangeKind.USER_CREATED, user.id, external=True)])
    return user
