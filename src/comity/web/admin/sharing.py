"""Share users: what is shared with whom, and the form that shares more; every change begins as a plan (mission M16)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, Final
from uuid import UUID

from starlette.responses import Response

from comity.core.ids import GroupId, JobId, PlanId, TenantId, UserId
from comity.core.permissions import Permission
from comity.db.transaction import Transaction, as_uuid
from comity.directory.model import Group, User
from comity.directory.service import get_user, list_groups
from comity.people.service import find
from comity.sync import plans
from comity.sync.model import Origin, PrincipalKind
from comity.sync.planned import Proposal
from comity.sync.service import (
    NothingToShare,
    Principals,
    Standing,
    list_scope,
    list_standing,
    share_with,
    share_with_all,
)
from comity.tenancy.organizations.service import load_membership
from comity.tenancy.service import resolve_tenant
from comity.web.admin.names import tenant_names
from comity.web.admin.visit import AdminPage, Visit
from comity.web.shell.forms import Form, read_form
from comity.web.shell.pages import move_on, show

PEOPLE_SHOWN: Final = 50
"""Hits of the search for people to share."""
GROUPS_SHOWN: Final = 200
PRINCIPALS_SHOWN: Final = 50
"""Of whom a share consists; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Share:
    """One job as its row shows it: whom it offers, by name."""

    standing: Standing
    people: tuple[User, ...]
    groups: tuple[Group, ...]
    more: int
    """How many further people and groups."""


@dataclass(frozen=True, kw_only=True)
class SharesPage(AdminPage):
    """What is shared with whom."""

    template: ClassVar[str] = "admin/pages/sharing/shares.html"
    shares: tuple[Share, ...]
    names: dict[object, str]


@dataclass(frozen=True, kw_only=True)
class ShareFormPage(AdminPage):
    """Pick people or groups, then tenants."""

    template: ClassVar[str] = "admin/pages/sharing/form.html"
    query: str
    found: tuple[tuple[str, str, str], ...]
    """(id, name, address) of people who match."""
    picked: tuple[User, ...]
    groups: tuple[Group, ...]
    tenants: tuple[tuple[TenantId, str], ...]
    in_organization: bool
    chosen: frozenset[str] = field(default_factory=frozenset)


async def show_shares(visit: Visit) -> Response:
    """GET /admin/{tenant}/share"""
    async with visit.transaction() as tx:
        shares = [await _share(tx, visit, each) for each in await list_standing(tx, visit.caller)]
        names = await tenant_names(tx, [each.standing.job.target_tenant_id for each in shares])
    page = SharesPage(title="admin-shares-title", visit=visit, section="share", shares=tuple(shares), names=names)
    return show(visit.ask, page)


async def show_form(visit: Visit) -> Response:
    """GET /admin/{tenant}/share/new: what was picked so far stands in the address, so it works without script."""
    visit.caller.check(Permission.SYNC_WRITE)
    query = visit.query("query")
    async with visit.transaction() as tx:
        picked = [await get_user(tx, visit.caller, UserId(each)) for each in _ids(visit.queries("user"))]
        search = await find(tx, visit.caller, query, at_most=PEOPLE_SHOWN) if query else None
        groups = await list_groups(tx, visit.caller, at_most=GROUPS_SHOWN)
        membership = await load_membership(tx)
        known = [each.tenant_id for each in membership.others] if membership else []
        targets = {each.job.target_tenant_id for each in await list_standing(tx, visit.caller)} | set(known)
        names = await tenant_names(tx, targets)
    own = {each.id for each in picked}
    found = [
        (str(each.id), each.display_name, each.user_principal_name or "")
        for each in (search.people if search else ())
        if each.home_tenant_id == visit.tenant.id and each.id not in own
    ]
    page = ShareFormPage(
        title="admin-share-title", visit=visit, section="share", query=query, found=tuple(found),
        picked=tuple(picked), groups=tuple(groups), in_organization=bool(known),
        tenants=tuple(sorted(((each, names[each]) for each in targets), key=lambda each: each[1])),
        chosen=frozenset(visit.queries("group")),
    )  # fmt: skip
    return show(visit.ask, page)


async def plan_share(visit: Visit) -> Response:
    """POST /admin/{tenant}/share/new: plan it, for each tenant; nothing is shared yet."""
    form = await read_form(visit.ask)
    wanted = Proposal(
        add_users=tuple(UserId(each) for each in _ids(form.all("user"))),
        add_groups=tuple(GroupId(each) for each in _ids(form.all("group"))),
        for_organization=form.get("with") == "all",
        for_later_tenants=form.get("with") == "all" and form.get("later") == "yes",
    )
    named = await _named(visit, form) if not wanted.for_organization else []
    async with visit.transaction() as tx:
        targets = [*await _targets(tx, form), *named]
        if not wanted.assigns or not targets:
            raise NothingToShare
        jobs = await _jobs(tx, visit, for_organization=wanted.for_organization)
        made = [
            await _plan(tx, visit, jobs.get(each), replace(wanted, opens=None if each in jobs else each))
            for each in targets
        ]
    return move_on(visit.path("share", "plans", plan=made))


async def offer(visit: Visit) -> Response:
    """POST /admin/{tenant}/share/offer: share without a plan, with a tenant that has not accepted yet."""
    form = await read_form(visit.ask)
    plan_id = as_uuid(form.required("plan"))
    if plan_id is None:
        raise NothingToShare
    async with visit.transaction() as tx:
        plan = await plans.get_plan(tx, visit.caller, PlanId(plan_id))
        proposal = plan.proposal or Proposal()
        principals = Principals(proposal.add_users, proposal.add_groups)
        job = await plans.plan_job(tx, plan.job_id, proposal)
        if proposal.for_organization:
            await share_with_all(tx, visit.caller, principals, for_later_tenants=proposal.for_later_tenants)
        else:
            await share_with(tx, visit.caller, principals, job.target_tenant_id)
    return move_on(visit.path("share"))


async def _targets(tx: Transaction, form: Form) -> list[TenantId]:
    if form.get("with") != "all":
        return [TenantId(each) for each in _ids(form.all("tenant"))]
    membership = await load_membership(tx)
    return sorted(each.tenant_id for each in membership.others) if membership else []


async def _named(visit: Visit, form: Form) -> list[TenantId]:
    """Tenants that were typed rather than chosen: by domain or name."""
    typed = [each.strip() for each in form.all("tenant") if each.strip() and as_uuid(each.strip()) is None]
    return [(await resolve_tenant(visit.db, each)).id for each in typed]


async def _jobs(tx: Transaction, visit: Visit, *, for_organization: bool) -> dict[TenantId, JobId]:
    """The job that a share with each tenant would go into."""
    origin = Origin.ORGANIZATION if for_organization else Origin.PAIR
    standing = await list_standing(tx, visit.caller)
    return {each.job.target_tenant_id: each.job.id for each in standing if each.job.origin is origin}


async def plan_withdrawal(visit: Visit) -> Response:
    """POST /admin/{tenant}/share/withdraw: plan that people and groups leave a share."""
    form = await read_form(visit.ask)
    job_id = as_uuid(form.required("job"))
    gone = tuple(_ids(form.all("principal")))
    if not gone or job_id is None:
        raise NothingToShare
    async with visit.transaction() as tx:
        plan_id = await _plan(tx, visit, JobId(job_id), Proposal(remove=gone))
    return move_on(visit.path("share", "plans", plan=[plan_id]))


async def _plan(tx: Transaction, visit: Visit, job_id: JobId | None, proposal: Proposal) -> PlanId:
    plan_id = await plans.ask(tx, visit.caller, job_id=job_id, proposal=proposal)
    await plans.order(tx, visit.caller, plan_id)
    return plan_id


async def _share(tx: Transaction, visit: Visit, standing: Standing) -> Share:
    scope = await list_scope(tx, visit.caller, standing.job.id)
    users = [UserId(each) for each, kind in scope if kind is PrincipalKind.USER]
    groups = {each for each, kind in scope if kind is PrincipalKind.GROUP}
    people = [await get_user(tx, visit.caller, each) for each in users[:PRINCIPALS_SHOWN]]
    named = [each for each in await list_groups(tx, visit.caller, at_most=GROUPS_SHOWN) if each.id in groups]
    return Share(standing, tuple(people), tuple(named), len(scope) - len(people) - len(named))


def _ids(texts: Sequence[str]) -> list[UUID]:
    """Those that are ids, each once."""
    found = (as_uuid(each) for each in texts)
    return list(dict.fromkeys(each for each in found if each is not None))
