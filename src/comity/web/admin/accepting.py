"""Accept people: who would come, as what, and what that lets them do here (mission M18, M44)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

from starlette.responses import Response

from comity.core.ids import TenantId
from comity.core.permissions import Permission
from comity.db.transaction import Transaction, as_uuid
from comity.partners.model import Partner
from comity.partners.service import accept_users, list_partners, withdraw_acceptance
from comity.sync.incoming import IncomingShare, list_shares
from comity.tenancy.model import TenantUnknown
from comity.tenancy.organizations.service import load_membership
from comity.tenancy.service import resolve_tenant
from comity.web.admin.names import tenant_names
from comity.web.admin.rights import Right, rights_table
from comity.web.admin.visit import AdminPage, Visit
from comity.web.shell.forms import read_form
from comity.web.shell.pages import move_on, show

PARTNERS_MAX: Final = 100


@dataclass(frozen=True, slots=True)
class Offering:
    """One tenant that could send people, what it offers, and what we said so far."""

    tenant_id: TenantId
    partner: Partner | None
    shares: tuple[IncomingShare, ...]

    @property
    def is_accepted(self) -> bool:
        """Do we let its people in?"""
        return bool(self.partner and self.partner.sync and self.partner.sync.user_sync)

    @property
    def was_refused(self) -> bool:
        """Did we say no, or take a yes back?"""
        return bool(self.partner and self.partner.sync and self.partner.sync.user_sync is False)


@dataclass(frozen=True, kw_only=True)
class AcceptPage(AdminPage):
    """What other tenants offer, and the difference between a member and a guest here."""

    template: ClassVar[str] = "admin/pages/sharing/accept.html"
    offerings: tuple[Offering, ...]
    names: Mapping[object, str]
    rights: tuple[Right, ...]


async def show_incoming(visit: Visit) -> Response:
    """GET /admin/{tenant}/accept; `?from=` names a tenant that is neither a partner nor in the organisation yet."""
    visit.caller.check(Permission.POLICY_READ)
    extra = await _named(visit, visit.query("from"))
    async with visit.transaction() as tx:
        known = {each.tenant_id: each for each in await list_partners(tx, visit.caller, at_most=PARTNERS_MAX)}
        membership = await load_membership(tx)
        organization = [each.tenant_id for each in membership.others] if membership is not None else []
        ids = {*known, *organization, *extra}
        shares = await list_shares(tx, visit.caller, ids)
        names = await tenant_names(tx, ids)
        rights = await rights_table(tx, visit.caller)
    offerings = [
        Offering(each, known.get(each), tuple(share for share in shares if share.source == each))
        for each in sorted(ids, key=lambda each: names[each])
    ]
    page = AcceptPage(
        title="admin-accept-title", visit=visit, section="accept", offerings=tuple(offerings), names=names,
        rights=rights,
    )  # fmt: skip
    return show(visit.ask, page)


async def decide(visit: Visit) -> Response:
    """POST /admin/{tenant}/accept: accept, refuse or withdraw."""
    form = await read_form(visit.ask)
    partner = as_uuid(form.required("partner"))
    if partner is None:
        raise TenantUnknown(tenant=form.get("partner"))
    caller = visit.caller_because(form.get("reason"))
    async with visit.transaction() as tx:
        if form.get("answer") == "accept":
            await accept_users(tx, caller, TenantId(partner))
        else:
            await _refuse(tx, visit, TenantId(partner))
    return move_on(visit.path("accept"))


async def _refuse(tx: Transaction, visit: Visit, partner: TenantId) -> None:
    """Say no, also to somebody about whom nothing was said before."""
    await accept_users(tx, visit.caller, partner, redeem=False)
    await withdraw_acceptance(tx, visit.caller, partner)


async def _named(visit: Visit, text: str) -> list[TenantId]:
    if not text:
        return []
    found = await resolve_tenant(visit.db, text)
    return [] if found.id == visit.tenant.id else [found.id]
