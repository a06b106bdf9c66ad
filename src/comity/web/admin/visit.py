"""An administrator's visit: who is signed in with this browser, and what she may do in the tenant of the path.

She signs in at home; in another tenant she acts as the account that stands for her there, with its roles.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import ClassVar
from urllib.parse import urlencode

from starlette.responses import Response

from comity.core.caller import Caller, PrincipalKind, UserType
from comity.core.ids import PrincipalId, UserId
from comity.core.permissions import Permission
from comity.db.database import Database
from comity.db.transaction import Transaction
from comity.identity.decide import person_permissions
from comity.identity.model import Person
from comity.identity.service import list_roles
from comity.identity.sessions.service import find_session
from comity.identity.standing import find_representation, load_standing
from comity.tenancy.model import Tenant, TenantAmbiguous, TenantKind, TenantUnknown
from comity.tenancy.service import resolve_tenant
from comity.tenancy.settings import load_settings
from comity.web.asking import Ask
from comity.web.routing import Endpoint
from comity.web.shell.cookies import SESSION, get_cookie
from comity.web.shell.pages import Page, move_on


@dataclass(frozen=True, slots=True)
class Visit:
    """Who asks what of which tenant."""

    ask: Ask
    tenant: Tenant
    caller: Caller

    @property
    def db(self) -> Database:
        """For use cases that take several transactions."""
        return self.ask.services.db

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """One transaction of the tenant."""
        async with self.db.tenant(self.tenant.id) as tx:
            yield tx

    def caller_because(self, reason: str) -> Caller:
        """The visitor, with the reason that she gave for a change."""
        return replace(self.caller, reason=reason or None)

    def path(self, *parts: object, **query: object) -> str:
        """A path of the tenant's admin center."""
        path = "/".join(("/admin", self.tenant.initial_domain, *map(str, parts)))
        return f"{path}?{urlencode(query, doseq=True)}" if query else path

    def query(self, name: str) -> str:
        """A value of the query; empty if it is not there."""
        return next((value.strip() for key, value in self.ask.query() if key == name), "")

    def queries(self, name: str) -> list[str]:
        """All values of a name in the query."""
        return [value for key, value in self.ask.query() if key == name]


@dataclass(frozen=True, kw_only=True)
class AdminPage(Page):
    """What every page of the admin center knows."""

    wide: ClassVar[bool] = True
    visit: Visit
    section: str
    """Which entry of the navigation it belongs to."""

    @property
    def may_write(self) -> bool:
        """May the visitor change what this section is about? Pages show forms only to those."""
        return self.visit.caller.may(_WRITES.get(self.section, Permission.CROSS_TENANT_WRITE))


_WRITES = {
    "share": Permission.SYNC_WRITE,
    "accept": Permission.CROSS_TENANT_WRITE,
    "external-access": Permission.EXTERNAL_ACCESS_WRITE,
    "users": Permission.USER_WRITE,
}

Handler = Callable[[Visit], Awaitable[Response]]


def visiting(handler: Handler) -> Endpoint:
    """Let `handler` answer, once it is known who asks; whoever is not signed in does that first."""

    async def endpoint(ask: Ask) -> Response:
        signed_in = await find_session(ask.services.db, get_cookie(ask, SESSION), at=ask.services.machine.now())
        if signed_in is None:
            return sign_in_first(ask)
        tenant = await _tenant(ask)
        with ask.gate.tenant(tenant.id):
            async with ask.services.db.tenant(tenant.id) as tx:
                caller = await load_caller(tx, ask, signed_in.person)
            return await handler(Visit(ask, tenant, caller))

    return endpoint


async def _tenant(ask: Ask) -> Tenant:
    """The tenant that the path names; who asks in vain learns nothing of others."""
    named = ask.parameters["tenant"]
    try:
        tenant = await resolve_tenant(ask.services.db, named)
    except TenantAmbiguous as fault:
        raise TenantUnknown(tenant=named) from fault
    if tenant.kind is not TenantKind.BUSINESS:
        raise TenantUnknown(tenant=named)
    return tenant


async def load_caller(tx: Transaction, ask: Ask, person: Person) -> Caller:
    """The person in the transaction's tenant, with her rights there.

    Raises:
        TenantUnknown: she does not stand in it; whether there is such a tenant is not said.
    """
    user_id = await _own_id(tx, person)
    standing = None if user_id is None else await load_standing(tx, user_id)
    if standing is None:
        raise TenantUnknown(tenant=ask.parameters["tenant"])
    asking = Caller.system("admin center", tenant_id=tx.tenant_id)
    roles = frozenset(each.value for each in await list_roles(tx, asking, standing.person.id))
    user_type = UserType.GUEST if standing.person.is_guest else UserType.MEMBER
    settings = await load_settings(tx)
    permissions = person_permissions(
        user_type, roles, guest_level=settings.guest_level, reads_others=settings.members_read_users
    )
    return Caller(
        tenant_id=tx.tenant_id,
        kind=PrincipalKind.USER,
        principal_id=PrincipalId(standing.person.id),
        name=standing.person.user_principal_name,
        roles=roles,
        permissions=permissions,
        user_type=user_type,
        request_id=ask.id,
        language=ask.language,
    )


async def _own_id(tx: Transaction, person: Person) -> UserId | None:
    if person.tenant_id == tx.tenant_id:
        return person.id
    found = await find_representation(tx, person)
    return found.id if found is not None and found.is_redeemed else None


def sign_in_first(ask: Ask) -> Response:
    """To the sign-in page, and back to the page that was asked for."""
    url = ask.request.url
    here = url.path if ask.request.method != "GET" else f"{url.path}?{url.query}" if url.query else url.path
    return move_on(f"/signin?{urlencode({'to': here})}")
