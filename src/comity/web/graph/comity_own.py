"""What Graph has no words for: plans with names, undo, why, who can. Under `/beta/comity` only (design D10)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal
from uuid import UUID

from starlette.responses import Response

from comity.access.explanation.model import Direction
from comity.access.explanation.service import explain_pair
from comity.access.model import AddressedBy, Person, Purpose
from comity.core.catalogue import sentence
from comity.core.ids import JobId, PlanId, RunId, UserId
from comity.core.permissions import Permission
from comity.db.crossings.address import find_by_address
from comity.db.transaction import as_uuid
from comity.directory import finding
from comity.directory.model import UserUnknown
from comity.insight.model import Audience, PersonReach, Reach
from comity.insight.who_can import open_report, stream_report
from comity.sync import approvals, plans, undoing
from comity.sync.planned import PlanKind, StoredPlan
from comity.sync.viewing import Shown, view
from comity.web.errors import OptionUnreadable
from comity.web.graph.bodies import Body
from comity.web.graph.odata.options import Searchable
from comity.web.graph.operation import Operation, get, post
from comity.web.graph.paging import asked, next_link
from comity.web.graph.visit import Errand, Visit, answer, collection, created, done, entity

PEOPLE_MAX: Final = 1000
"""People that a report names; it counts everybody."""


class NewPlan(Body, kw_only=True):
    """Of which job, and whether it is about accounts that were changed in the target."""

    job_id: UUID
    kind: Literal["preview", "drift"] = "preview"


async def make_plan(visit: Visit) -> Response:
    """POST /comity/plans: asked for now, made in the background."""
    wanted: NewPlan = visit.body
    plan_id = await plans.ask(visit.tx, visit.caller, job_id=JobId(wanted.job_id), kind=PlanKind(wanted.kind))
    await plans.order(visit.tx, visit.caller, plan_id)
    plan = await plans.get_plan(visit.tx, visit.caller, plan_id)
    return created(visit.context("comity/plans", entity=True), _plan_json(plan))


async def read_plan(visit: Visit) -> Response:
    """GET /comity/plans/{id}: how far it is, and what it counts."""
    plan = await plans.get_plan(visit.tx, visit.caller, PlanId(visit.id("plan")))
    return entity(visit.context("comity/plans", entity=True), _plan_json(plan))


async def list_items(errand: Errand) -> Response:
    """GET /comity/plans/{id}/items: names and values, as the reader may see them."""
    async with errand.visit() as visit:
        caller = visit.caller
    plan_id = PlanId(errand.id("plan"))
    resource = f"comity/plans/{plan_id}/items"
    page = asked(errand, _ITEMS, resource=resource, supported={"top", "skiptoken"})
    shown = await view(errand.ask.services.db, caller, plan_id, after=page.skip, at_most=page.size)
    onward = None if shown.after is None else next_link(errand, page, resource=resource, skip=shown.after)
    bodies = [_item_json(each) for each in shown.shown]
    return collection(errand.context("comity/plans/items"), bodies, next_link=onward)


async def approve_plan(visit: Visit) -> Response:
    """POST /comity/plans/{id}/approve: applied in the background, as far as it is still true."""
    await approvals.approve(visit.tx, visit.caller, PlanId(visit.id("plan")))
    return done()


async def undo_run(visit: Visit) -> Response:
    """POST /comity/runs/{id}/undo: plans that take a run back, to be read and approved."""
    visit.caller.check(Permission.SYNC_WRITE)
    found = await undoing.ask_undo(visit.tx, visit.caller, RunId(visit.id("run")))
    for each in found:
        await plans.order(visit.tx, visit.caller, each)
    bodies = [_plan_json(await plans.get_plan(visit.tx, visit.caller, each)) for each in found]
    return answer({"@odata.context": visit.context("comity/plans"), "value": bodies}, status=201)


async def explain(visit: Visit) -> Response:
    """GET /comity/why?from=…&to=…: every rule on both sides, and the smallest change that flips a refusal."""
    given = _query(visit, {"from", "to", "kind", "by"})
    actor, target = [await _person(visit, given.get(name, ""), name) for name in ("from", "to")]
    found = await explain_pair(
        visit.tx,
        visit.caller,
        actor=actor,
        target=target,
        purpose=Purpose.LOOKUP if given.get("kind") == "lookup" else Purpose.START,
        by=AddressedBy.PHONE if given.get("by") == "phone" else AddressedBy.EMAIL,
    )
    change = None
    if found.smallest_change is not None:
        change = [
            {
                "tenantId": str(each.tenant_id), "setting": each.setting, "policy": each.policy, "from": each.before,
                "to": each.after, "masked": each.masked,
            }
            for each in found.smallest_change
        ]  # fmt: skip
    language = visit.caller.language
    body = {
        "forward": _direction(found.forward, language),
        "reverse": _direction(found.reverse, language),
        "smallestChange": change,
    }
    return entity(visit.context("comity/why", entity=True), body)


async def report(visit: Visit) -> Response:
    """GET /comity/who-can?audience=outbound|inbound|domain&domain=…: counts of everybody, and names of some."""
    given = _query(visit, {"audience", "domain"})
    try:
        audience = Audience(given.get("audience", "outbound"))
    except ValueError as fault:
        raise OptionUnreadable(option="audience") from fault
    opened = await open_report(visit.tx, visit.caller, audience, given.get("domain"))
    counts = dict.fromkeys(Reach, 0)
    people: list[PersonReach] = []
    async for page in stream_report(visit.tx, opened):
        for each in page:
            counts[each.verdict.reach] += 1
        people += page[: PEOPLE_MAX - len(people)]
    body = {
        "audience": audience.value,
        **{reach.value: count for reach, count in counts.items()},
        "people": [
            {
                "id": str(each.user_id), "userPrincipalName": each.user_principal_name,
                "displayName": each.display_name, "policy": each.policy, "reach": each.verdict.reach.value,
                "rule": each.verdict.rule.value,
            }
            for each in people
        ],
    }  # fmt: skip
    return entity(visit.context("comity/who-can", entity=True), body)


def _plan_json(plan: StoredPlan) -> dict[str, Any]:
    tally = plan.tally
    names = (
        "create",
        "update",
        "delete",
        "restore",
        "skip",
        "refuse",
        "convert",
        "applied",
        "dropped",
        "held",
        "failed",
    )
    return {
        "id": str(plan.id), "jobId": str(plan.job_id), "kind": plan.kind.value, "state": plan.state.value,
        "createdDateTime": plan.created_at, "lookedAt": plan.looked_at,
        "counts": {name: getattr(tally, name) for name in names},
    }  # fmt: skip


def _item_json(item: Shown) -> dict[str, Any]:
    return {
        "step": item.step,
        "verdict": item.verdict.word,
        "sourceId": None if item.source_id is None else str(item.source_id),
        "targetId": None if item.target_id is None else str(item.target_id),
        "displayName": item.display_name,
        "userPrincipalName": item.user_principal_name,
        "changes": [{"attribute": each.attribute, "old": each.old, "new": each.new} for each in item.shifts],
        "reason": item.reason,
        "outcome": None if item.outcome is None else item.outcome.name.lower(),
        "changedSince": item.changed_since,
        "converts": item.converts,
    }


def _direction(found: Direction, language: str) -> dict[str, Any]:
    decision = found.decision
    return {
        "allowed": decision.allowed,
        "decidingRule": str(decision.deciding_rule),
        "reason": sentence(f"rule-{decision.deciding_rule}", decision.parameters, language),
        "decidedBy": None if decision.decided_by is None else str(decision.decided_by),
        "checks": [
            {
                "side": None if each.side is None else each.side.value, "rule": str(each.rule), "passed": each.passed,
                "setting": each.setting, "policy": each.policy, "value": each.value, "masked": each.masked,
            }
            for each in found.checks
        ],
    }  # fmt: skip


def _query(visit: Visit, known: set[str]) -> Mapping[str, str]:
    given = dict(visit.ask.query())
    if unknown := given.keys() - known:
        raise OptionUnreadable(option=min(unknown))
    return given


async def _person(visit: Visit, text: str, name: str) -> Person:
    """Somebody by id or address: one's own people, else whoever answers to exactly that address.

    Raises:
        OptionUnreadable, UserUnknown, PermissionMissing.
    """
    if not text:
        raise OptionUnreadable(option=name)
    visit.caller.check(Permission.EXTERNAL_ACCESS_READ)
    if user_id := as_uuid(text):
        for user in await finding.load_people(visit.tx, visit.caller, [UserId(user_id)]):
            home = user.home
            if home.user_id is not None:
                return Person(home.tenant_id, home.user_id)
        raise UserUnknown(user=text)
    found = await find_by_address(visit.tx, text)
    if not found:
        raise UserUnknown(user=text)
    return Person(found[0].tenant_id, found[0].user_id)


_ITEMS: Final = Searchable("comity.planItem", ("step",))

OPERATIONS: Final[tuple[Operation, ...]] = (
    post("/comity/plans", make_plan, "Ask for a plan of a job", body=NewPlan, beta=True, remark="ours alone"),
    get("/comity/plans/{plan}", read_plan, "How far a plan is, and what it counts", beta=True, remark="ours alone"),
    Operation(
        method="GET",
        path="/comity/plans/{plan}/items",
        runner=list_items,
        says="A plan with names and values",
        many=True,
        options=("top",),
        beta=True,
        remark="ours alone",
    ),
    post(
        "/comity/plans/{plan}/approve", approve_plan, "Have a plan applied", status=204, beta=True, remark="ours alone"
    ),
    post("/comity/runs/{run}/undo", undo_run, "Plan to take a run back", many=True, beta=True, remark="ours alone"),
    get("/comity/why", explain, "Why may somebody write to somebody, or not", beta=True, remark="ours alone"),
    get("/comity/who-can", report, "Who may write to people outside", beta=True, remark="ours alone"),
)
