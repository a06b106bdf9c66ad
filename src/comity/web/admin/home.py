"""/admin: where one administers, and how the tenant stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from starlette.responses import Response

from comity.core.permissions import Permission
from comity.identity.sessions.service import find_session
from comity.sync.model import JobState
from comity.sync.service import Standing, list_standing
from comity.tenancy.organizations.model import Membership
from comity.tenancy.organizations.service import load_membership
from comity.tenancy.service import get_tenant
from comity.web.admin.names import tenant_names
from comity.web.admin.visit import AdminPage, Visit, sign_in_first
from comity.web.asking import Ask
from comity.web.shell.cookies import SESSION, get_cookie
from comity.web.shell.pages import move_on, show


@dataclass(frozen=True, kw_only=True)
class HomePage(AdminPage):
    """How the tenant stands: its organisation, its shares, what is in trouble."""

    template: ClassVar[str] = "admin/pages/start/start.html"
    membership: Membership | None
    standing: tuple[Standing, ...] | None
    """None: the visitor may not see shares."""
    names: dict[object, str]

    @property
    def in_trouble(self) -> list[Standing]:
        """Jobs that rest or are quarantined."""
        return [each for each in self.standing or () if each.job.state is not JobState.ACTIVE]


async def enter(ask: Ask) -> Response:
    """GET /admin: on to the tenant in which one is at home."""
    signed_in = await find_session(ask.services.db, get_cookie(ask, SESSION), at=ask.services.machine.now())
    if signed_in is None:
        return sign_in_first(ask)
    person = signed_in.person
    async with ask.services.db.tenant(person.tenant_id, person=person.id) as tx:
        tenant = await get_tenant(tx, person.tenant_id)
    return move_on(f"/admin/{tenant.initial_domain}")


async def show_home(visit: Visit) -> Response:
    """GET /admin/{tenant}"""
    async with visit.transaction() as tx:
        membership = await load_membership(tx) if visit.caller.may(Permission.MTO_READ) else None
        standing = await list_standing(tx, visit.caller) if visit.caller.may(Permission.SYNC_READ) else None
        ids = [each.job.target_tenant_id for each in standing or ()]
        names = await tenant_names(tx, [*ids, *(each.tenant_id for each in membership.others)] if membership else ids)
    page = HomePage(
        title="admin-home-title", facts=(("tenant", visit.tenant.name),), visit=visit, section="home",
        membership=membership, standing=None if standing is None else tuple(standing), names=names,
    )  # fmt: skip
    return show(visit.ask, page)
