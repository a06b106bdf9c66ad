"""Plans on a page: who would be hit, by name; approve, watch, stop, take back (mission M17; design D7)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final
from uuid import UUID

from starlette.responses import Response

from comity.core.errors import NotFound
from comity.core.ids import JobId, PlanId, RunId
from comity.core.permissions import Permission
from comity.db.transaction import Transaction, as_uuid
from comity.insight.blast import Blast, blast_radius
from comity.sync import approvals, controlling, plans
from comity.sync.approvals import Approval
from comity.sync.model import Job, Run
from comity.sync.planned import PlanKind, PlanState, StoredPlan
from comity.sync.service import list_standing
from comity.sync.service import start as start_job
from comity.sync.undoing import ask_undo
from comity.sync.viewing import View, view
from comity.web.admin.names import tenant_names
from comity.web.admin.visit import AdminPage, Visit
from comity.web.shell.forms import read_form
from comity.web.shell.pages import move_on, show

PAGE_SIZE: Final = 100
PLANS_MAX: Final = 20
"""Plans on one page: a share with all tenants of an organisation is one of each."""
REFRESH_S: Final = 1
"""While something is under way, the page comes again by itself."""
_BUSY: Final = (PlanState.PLANNING, PlanState.APPLYING)


class PlanNotNamed(NotFound):
    """The address names no plan."""

    code = "admin-plan-not-named"


@dataclass(frozen=True, slots=True)
class Sheet:
    """One plan as the page shows it."""

    plan: StoredPlan
    job: Job
    view: View
    blast: Blast
    approval: Approval | None
    run: Run | None
    """What the job did last: what can be taken back."""

    @property
    def is_waiting(self) -> bool:
        """Was it approved, and not begun yet?"""
        waits = self.approval is not None and self.approval.fault is None
        return waits and self.plan.state in (PlanState.PLANNED, PlanState.INTERRUPTED) and not self.plan.stop_asked

    @property
    def is_busy(self) -> bool:
        """Is something under way?"""
        return self.plan.state in _BUSY or self.is_waiting

    @property
    def settled(self) -> int:
        """How many items are through."""
        tally = self.plan.tally
        return tally.applied + tally.dropped + tally.held + tally.failed

    @property
    def may_be_offered(self) -> bool:
        """It could not be planned, and what it shares can be offered all the same: the other side has to accept."""
        proposal = self.plan.proposal
        return (
            self.plan.state is PlanState.REFUSED
            and self.approval is None
            and proposal is not None
            and bool(proposal.add_users or proposal.add_groups)
        )

    @property
    def may_be_undone(self) -> bool:
        """Did it do something that can be taken back?"""
        return (
            self.run is not None and self.plan.kind is not PlanKind.UNDO and bool(self.plan.tally.applied)
            and self.plan.state in (PlanState.APPLIED, PlanState.INTERRUPTED)
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class PlansPage(AdminPage):
    """What would happen, for each target; then what has."""

    template: ClassVar[str] = "admin/pages/sharing/plans.html"
    sheets: tuple[Sheet, ...]
    names: Mapping[object, str]
    after: int
    refresh_s: int | None
    fault: str | None = None

    @property
    def is_ready(self) -> bool:
        """Can all that is left be approved with one button?"""
        open_ = [each for each in self.sheets if each.plan.state in (PlanState.PLANNED, PlanState.INTERRUPTED)]
        return bool(open_) and not any(each.is_busy for each in self.sheets)

    @property
    def changes(self) -> int:
        """How many accounts they would change together."""
        return sum(each.plan.tally.changes for each in self.sheets)


async def show_plans(visit: Visit) -> Response:
    """GET /admin/{tenant}/share/plans?plan=…"""
    visit.caller.check(Permission.SYNC_READ)
    ids = [each for each in map(as_uuid, visit.queries("plan")) if each is not None][:PLANS_MAX]
    if not ids:
        raise PlanNotNamed
    after = visit.query("after")
    place = int(after) if after.isdecimal() and len(after) < 10 else 0
    sheets = [await _sheet(visit, PlanId(each), place) for each in ids]
    async with visit.transaction() as tx:
        names = await tenant_names(tx, [each.job.target_tenant_id for each in sheets])
    busy = any(each.is_busy for each in sheets)
    page = PlansPage(
        title="admin-plans-title", visit=visit, section="share", sheets=tuple(sheets), names=names, after=place,
        refresh_s=REFRESH_S if busy else None,
    )  # fmt: skip
    return show(visit.ask, page)


async def approve(visit: Visit) -> Response:
    """POST /admin/{tenant}/share/plans/approve: have these plans applied, as far as they are still true."""
    form = await read_form(visit.ask)
    ids = [each for each in map(as_uuid, form.all("plan")) if each is not None]
    caller = visit.caller_because(form.get("reason"))
    async with visit.transaction() as tx:
        for each in ids:
            await approvals.approve(tx, caller, PlanId(each))
    return move_on(visit.path("share", "plans", plan=ids))


async def stop(visit: Visit) -> Response:
    """POST /admin/{tenant}/share/stop: halt a job before its next batch."""
    form = await read_form(visit.ask)
    async with visit.transaction() as tx:
        await controlling.stop(tx, visit.caller, JobId(_id(form.required("job"))))
    return move_on(_back(visit, form.all("plan")))


async def start(visit: Visit) -> Response:
    """POST /admin/{tenant}/share/start: plan what a resting job would do, or let it run once that was seen."""
    form = await read_form(visit.ask)
    job_id = JobId(_id(form.required("job")))
    async with visit.transaction() as tx:
        if form.get("now") == "yes":
            await start_job(tx, visit.caller, job_id)
            return move_on(visit.path("share"))
        plan_id = await plans.ask(tx, visit.caller, job_id=job_id)
        await plans.order(tx, visit.caller, plan_id)
    return move_on(visit.path("share", "plans", plan=[plan_id]))


async def undo(visit: Visit) -> Response:
    """POST /admin/{tenant}/share/undo: plan what takes a run back; approving it does it."""
    form = await read_form(visit.ask)
    async with visit.transaction() as tx:
        asked = await ask_undo(tx, visit.caller, RunId(_id(form.required("run"))))
        for each in asked:
            await plans.order(tx, visit.caller, each)
    return move_on(visit.path("share", "plans", plan=asked))


async def _sheet(visit: Visit, plan_id: PlanId, after: int) -> Sheet:
    async with visit.transaction() as tx:
        plan = await plans.get_plan(tx, visit.caller, plan_id)
        job = await plans.plan_job(tx, plan.job_id, plan.proposal)
        approval = await approvals.get_approval(tx, visit.caller, plan_id)
        run = await _last_run(tx, visit, job)
    is_made = plan.state is not PlanState.PLANNING
    shown = await view(visit.db, visit.caller, plan_id, after=after, at_most=PAGE_SIZE) if is_made else View()
    blast = await blast_radius(visit.db, visit.caller, plan_id) if is_made else Blast()
    return Sheet(plan, job, shown, blast, approval, run)


async def _last_run(tx: Transaction, visit: Visit, job: Job) -> Run | None:
    return next((each.last_run for each in await list_standing(tx, visit.caller) if each.job.id == job.id), None)


def _back(visit: Visit, plan_ids: list[str]) -> str:
    ids = [each for each in map(as_uuid, plan_ids) if each is not None]
    return visit.path("share", "plans", plan=ids) if ids else visit.path("share")


def _id(text: str) -> UUID:
    found = as_uuid(text)
    if found is None:
        raise PlanNotNamed
    return found
