"""Users: `GET /users`, `/users/{id or UPN}`, `/me` (graph-api §3.2)."""

from __future__ import annotations

from starlette.responses import Response

from comity.core.folding import address_key
from comity.core.ids import UserId
from comity.db.transaction import as_uuid
from comity.directory.model import User, UserAmbiguous, UserUnknown
from comity.directory.service import get_user, list_users, resolve_user
from comity.tenancy.service import list_domains
from comity.web.errors import DelegatedOnly
from comity.web.graph.odata import Options, read_options
from comity.web.graph.paging import Pages
from comity.web.graph.user_shape import DEFAULT, PROPERTIES, TYPE, user_json
from comity.web.graph.visit import Visit, collection, entity

ME = "me-token-to-replace"
"""What the Python SDK writes for /me, and replaces unless its client is a custom one."""


class Users:
    """The routes of users."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    async def list(self, visit: Visit) -> Response:
        """GET /users: living users in the order of their ids."""
        options = read_options(visit.ask, supported={"select", "top", "skiptoken"})
        page = self._pages.asked(visit, options, resource="users", known=list(PROPERTIES), type_name=TYPE)
        after = UserId(page.after) if page.after is not None else None
        # One more than asked for says whether there is a next page.
        found = await list_users(visit.tx, visit.caller, after=after, at_most=page.size + 1)
        shown = found[: page.size]
        link = None
        if len(found) > page.size:
            link = self._pages.next_link(visit, page, resource="users", after=shown[-1].id)
        properties = page.select or DEFAULT
        domain = await _initial_domain(visit, properties)
        items = [user_json(each, properties, initial_domain=domain) for each in shown]
        return collection(visit.context("users", page.select), items, next_link=link)

    async def get(self, visit: Visit) -> Response:
        """GET /users/{id or UPN}."""
        options = read_options(visit.ask, supported={"select"})
        key = visit.ask.parameters["user"]
        user = await (_me(visit) if key == ME else _find(visit, key))
        return await _entity(visit, user, options)

    async def me(self, visit: Visit) -> Response:
        """GET /me: the person whom the token names."""
        options = read_options(visit.ask, supported={"select"})
        return await _entity(visit, await _me(visit), options)


async def _entity(visit: Visit, user: User, options: Options) -> Response:
    select = options.select(list(PROPERTIES), type_name=TYPE)
    properties = select or DEFAULT
    body = user_json(user, properties, initial_domain=await _initial_domain(visit, properties))
    return entity(visit.context("users", select, entity=True), body)


async def _me(visit: Visit) -> User:
    user_id = visit.caller.user_id
    if user_id is None:
        raise DelegatedOnly
    return await get_user(visit.tx, visit.caller, user_id)


async def _find(visit: Visit, key: str) -> User:
    """The user of that id or UPN; a mail address that is no UPN is no key in Graph."""
    if visit.caller.user_id is not None and address_key(key) == address_key(visit.caller.name):
        return await _me(visit)
    try:
        user = await resolve_user(visit.tx, visit.caller, key)
    except UserAmbiguous as fault:
        raise UserUnknown(user=key) from fault
    if as_uuid(key) is None and address_key(user.user_principal_name) != address_key(key):
        raise UserUnknown(user=key)
    return user


async def _initial_domain(visit: Visit, properties: tuple[str, ...]) -> str:
    """The tenant's initial domain, read only if a property shows it."""
    if "identities" not in properties:
        return ""
    return next((each.name for each in await list_domains(visit.tx) if each.is_initial), "")
