"""Provisioning: templates, jobs, schema, secrets, start, pause, restart, provision on demand (graph-api §5).

The job of a configuration has its service principal's id. `pause` is a true stop: what is under way halts before its
next batch, and nothing wakes the job but `start`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import msgspec
from starlette.responses import Response

from comity.core.catalogue import sentence
from comity.core.ids import UserId
from comity.core.permissions import Permission
from comity.db.transaction import as_uuid
from comity.identity.registrations import service as registrations
from comity.identity.registrations.service import turned
from comity.sync import configuring, controlling
from comity.sync.attributes import SOURCE_NAMES, SourceNames
from comity.sync.configurations import service as configurations
from comity.sync.configurations.service import TargetMissing
from comity.sync.demand import Provisioned, provision
from comity.sync.expressions.compiling import FUNCTIONS, by_name, compile_expression
from comity.sync.expressions.errors import EvaluationError, ExpressionError
from comity.sync.expressions.functions import Context
from comity.sync.model import Actions, Job, JobState, JobUnknown, Run, RunState, ScopeMode, Status
from comity.sync.scoping.model import FilterOperator
from comity.sync.service import list_standing, start
from comity.web.graph.bodies import Body, PropertyInvalid
from comity.web.graph.listing import list_all
from comity.web.graph.odata.options import read_options
from comity.web.graph.operation import Operation, delete, get, patch, post, put
from comity.web.graph.shape import Shape, flag, guid, text, thing, things
from comity.web.graph.visit import NEVER, Errand, ObjectUnknown, Visit, answer, collection, created, done, entity

TEMPLATE_ID: Final = "Azure2Azure"
RULE_ID: Final = "4b2c9d1e-8f0a-4b3e-9c55-0f2f9f7f7a10"
SOURCE: Final = "Azure Active Directory"
TARGET: Final = "Azure Active Directory (target tenant)"
UNSET: Final = msgspec.UNSET


class NewJob(Body, kw_only=True):
    """Which template the job follows."""

    template_id: str


class Secret(Body, kw_only=True):
    """One credential."""

    key: str
    value: str | None = None


class Secrets(Body, kw_only=True):
    """All credentials."""

    value: list[Secret]


class Credentials(Body, kw_only=True):
    """Credentials to be tried, or those that are kept."""

    application_identifier: str | None = None
    template_id: str | None = None
    use_saved_credentials: bool | None = None
    credentials: list[Secret] | None = None


class Criteria(Body, kw_only=True):
    """What a restart forgets."""

    reset_scope: str | None = None


class Restart(Body, kw_only=True):
    """How to restart."""

    criteria: Criteria | None = None


class Subject(Body, kw_only=True):
    """Whom to provision."""

    object_id: str
    object_type_name: str
    links: dict[str, Any] | None = None


class Demand(Body, kw_only=True):
    """Whom to provision, by which rule."""

    rule_id: str
    subjects: list[Subject]


class Demands(Body, kw_only=True):
    """People to be provisioned at once."""

    parameters: list[Demand]


class Expression(Body, kw_only=True):
    """An expression, and what to try it on."""

    expression: str
    target_attribute_definition: dict[str, Any] | None = None
    test_input_object: dict[str, Any] | None = None


class Schema(msgspec.Struct, rename="camel", kw_only=True):
    """A schema as clients send it back: rules, with all that they read."""

    synchronization_rules: list[dict[str, Any]]


class TokenRequest(Body, kw_only=True):
    """Credentials of a connector with OAuth."""

    credentials: list[dict[str, Any]]


TEMPLATE: Final = Shape[UUID](
    "microsoft.graph.synchronizationTemplate",
    {
        "id": text(lambda _: TEMPLATE_ID),
        "applicationId": guid(str),
        "default": flag(lambda _: True),
        "description": text(lambda _: "Share people of this organisation with another one."),
        "discoverable": flag(lambda _: True),
        "factoryTag": text(lambda _: TEMPLATE_ID),
        "metadata": things(lambda _: []),
    },
)


def schedule_of(job: Job) -> dict[str, Any]:
    """When the job runs."""
    state = {JobState.ACTIVE: "Active", JobState.QUARANTINE: "Active", JobState.PAUSED: "Paused"}
    return {"expiration": None, "interval": f"PT{job.interval_s // 60}M", "state": state.get(job.state, "Disabled")}


def execution_of(run: Run | None) -> dict[str, Any]:
    """How a run went; one that never was is told as Graph tells it."""
    counts = run.counts if run is not None else None
    exported = counts.changed if counts is not None else 0
    looked_at = exported + counts.skipped + counts.failed if counts is not None else 0
    failed = counts.failed if counts is not None else 0
    states = {RunState.SUCCEEDED: "Succeeded", RunState.ENTRY_ERRORS: "EntryLevelErrors"}
    code = "None" if run is None else run.error
    return {
        "activityIdentifier": None if run is None else str(run.id),
        "countEntitled": exported + failed,
        "countEntitledForProvisioning": exported + failed,
        "countEscrowed": failed,
        "countEscrowedRaw": failed,
        "countExported": exported,
        "countExports": exported,
        "countImported": looked_at,
        "countImportedDeltas": looked_at,
        "countImportedReferenceDeltas": 0,
        "state": "Failed" if run is None else states.get(run.state, "Failed"),
        "timeBegan": NEVER if run is None else run.started_at,
        "timeEnded": NEVER if run is None or run.ended_at is None else run.ended_at,
        "error": None if code is None else {"code": code, "message": "", "tenantActionable": run is not None},
    }


def status_of(job: Job, run: Run | None) -> dict[str, Any]:
    """How the job stands."""
    done_well = run is not None and run.state in (RunState.SUCCEEDED, RunState.ENTRY_ERRORS)
    moved = done_well and run is not None and run.counts.changed > 0
    return {
        "countSuccessiveCompleteFailures": int(run is not None and run.state is RunState.FAILED),
        "escrowsPruned": False,
        "code": "NotRun" if job.state is JobState.ACTIVE and run is None else job.state.value,
        "lastExecution": execution_of(run),
        "lastSuccessfulExecution": execution_of(run) if done_well else None,
        "lastSuccessfulExecutionWithExports": execution_of(run) if moved else None,
        "progress": [],
        "quarantine": None,
        "steadyStateFirstAchievedTime": run.ended_at if done_well and run is not None and run.ended_at else NEVER,
        "steadyStateLastAchievedTime": run.ended_at if done_well and run is not None and run.ended_at else NEVER,
        "synchronizedEntryCountByType": [],
        "troubleshootingUrl": "",
    }


Seen = tuple[Job, Run | None]
JOB: Final = Shape[Seen](
    "microsoft.graph.synchronizationJob",
    {
        "id": text(lambda seen: str(seen[0].id)),
        "templateId": text(lambda _: TEMPLATE_ID),
        "schedule": thing(lambda seen: schedule_of(seen[0])),
        "status": thing(lambda seen: status_of(*seen)),
        "synchronizationJobSettings": things(
            lambda _: [
                {"name": "AzureIngestionAttributeOptimization", "value": "False"},
                {"name": "LookaheadQueryEnabled", "value": "False"},
            ]
        ),
    },
)


async def list_templates(visit: Visit) -> Response:
    """GET …/synchronization/templates."""
    await _configuration(visit)
    return list_all(visit, TEMPLATE, [visit.id("principal")], resource=f"{_base(visit)}/templates")


async def read_template(visit: Visit) -> Response:
    """GET …/synchronization/templates/{id}."""
    await _configuration(visit)
    if visit.parameter("template").lower() != TEMPLATE_ID.lower():
        raise ObjectUnknown(id=visit.parameter("template"))
    return entity(visit.context(f"{_base(visit)}/templates", entity=True), TEMPLATE.show(visit.id("principal")))


async def read_template_schema(visit: Visit) -> Response:
    """GET …/synchronization/templates/{id}/schema: what a new job begins with."""
    await _configuration(visit)
    body = schema_json(TEMPLATE_ID, configuring.default_mapping(), None, Actions())
    return entity(visit.context(f"{_base(visit)}/templates('{TEMPLATE_ID}')/schema", entity=True), body)


async def list_jobs(visit: Visit) -> Response:
    """GET …/synchronization/jobs: one at most."""
    job = await _configuration(visit)
    shown = [] if configurations.is_hidden(job) else [await _seen(visit, job)]
    return list_all(visit, JOB, shown, resource=f"{_base(visit)}/jobs")


async def add_job(visit: Visit) -> Response:
    """POST …/synchronization/jobs."""
    draft: NewJob = visit.body
    if draft.template_id.lower() != TEMPLATE_ID.lower():
        raise PropertyInvalid(property="templateId", fault=f"{TEMPLATE_ID} is the one there is")
    job = await configurations.open_job(visit.tx, visit.caller, visit.id("principal"))
    return created(visit.context(f"{_base(visit)}/jobs", entity=True), JOB.show((job, None)))


async def read_job(visit: Visit) -> Response:
    """GET …/synchronization/jobs/{id}."""
    select = read_options(visit.ask, supported={"select"}).select(JOB.properties, type_name=JOB.type)
    job = await _job(visit)
    context = visit.context(f"{_base(visit)}/jobs", select, entity=True)
    return entity(context, JOB.show(await _seen(visit, job), select))


async def remove_job(visit: Visit) -> Response:
    """DELETE …/synchronization/jobs/{id}: it stops for good, and whom it brought stays."""
    job = await _job(visit)
    await configurations.close_job(visit.tx, visit.caller, job.id)
    return done()


async def start_job(visit: Visit) -> Response:
    """POST …/jobs/{id}/start: from where it stood, or from the beginning."""
    job = await _job(visit)
    if job.state is JobState.NOT_CONFIGURED:
        visit.caller.check(Permission.SYNC_WRITE)
        raise TargetMissing
    await start(visit.tx, visit.caller, job.id)
    return done()


async def pause_job(visit: Visit) -> Response:
    """POST …/jobs/{id}/pause: a true stop."""
    job = await _job(visit)
    await controlling.stop(visit.tx, visit.caller, job.id)
    return done()


async def restart_job(visit: Visit) -> Response:
    """POST …/jobs/{id}/restart."""
    wanted: Restart = visit.body
    scope = (wanted.criteria.reset_scope if wanted.criteria else None) or ""
    job = await _job(visit)
    await controlling.restart(visit.tx, visit.caller, job.id, controlling.read_resets(scope))
    return done()


async def put_secrets(visit: Visit) -> Response:
    """PUT …/synchronization/secrets: which tenant people go to. Nothing secret is kept."""
    wanted: Secrets = visit.body
    given = {each.key: each.value or "" for each in wanted.value}
    job = await configurations.configure(visit.tx, visit.caller, visit.id("principal"), given)
    if "SyncAll" in given:
        mode = ScopeMode.ALL if given["SyncAll"].lower() == "true" else ScopeMode.ASSIGNED
        await configuring.set_scope_mode(visit.tx, visit.caller, job.id, mode)
    return done()


async def check_credentials(errand: Errand) -> Response:
    """POST …/jobs/validateCredentials, also of a job: does the target let our people in?"""
    wanted: Credentials = errand.body
    async with errand.visit() as visit:
        visit.caller.check(Permission.SYNC_WRITE)
        caller = visit.caller
        job = await _configuration(visit)
    given = {each.key: each.value or "" for each in wanted.credentials or ()}
    if wanted.use_saved_credentials or not given:
        given = {"CompanyId": str(job.target_tenant_id)}
    await configurations.check_credentials(errand.ask.services.db, caller, given)
    return done()


async def provision_on_demand(errand: Errand) -> Response:
    """POST …/jobs/{id}/provisionOnDemand: bring people in line, now."""
    wanted: Demands = errand.body
    subjects = [each for one in wanted.parameters for each in one.subjects]
    async with errand.visit() as visit:
        job, caller = await _job(visit), visit.caller
    found = []
    for subject in subjects:
        who = as_uuid(subject.object_id)
        if who is None or subject.object_type_name.lower() != "user":
            raise PropertyInvalid(property="subjects", fault="people of this organisation, by their ids")
        found.append(await provision(errand.ask.services.db, caller, job.id, UserId(who)))
    if not found:
        raise PropertyInvalid(property="subjects", fault="somebody has to be named")
    key, told = _told(found[-1], caller.language)
    context = errand.context("microsoft.graph.stringKeyStringValuePair")
    return answer({"@odata.context": context, "key": json.dumps(key), "value": json.dumps(told, default=str)})


async def read_schema(visit: Visit) -> Response:
    """GET …/jobs/{id}/schema."""
    job = await _job(visit)
    mapping = await configuring.get_mapping(visit.tx, visit.caller, job.id)
    body = schema_json(str(job.id), mapping, job.filter, job.actions)
    return entity(visit.context(f"{_base(visit)}/jobs('{job.id}')/schema", entity=True), body)


async def put_schema(visit: Visit) -> Response:
    """PUT …/jobs/{id}/schema: mapping, scoping filter and actions."""
    wanted: Schema = visit.body
    job = await _job(visit)
    mapping, scope, actions = read_schema_json(wanted.synchronization_rules)
    await configuring.set_mapping(visit.tx, visit.caller, job.id, mapping)
    await configuring.set_filter(visit.tx, visit.caller, job.id, scope)
    await configuring.set_actions(visit.tx, visit.caller, job.id, actions)
    return done()


async def reset_schema(visit: Visit) -> Response:
    """DELETE …/jobs/{id}/schema: back to the default mapping."""
    job = await _job(visit)
    await configuring.set_mapping(visit.tx, visit.caller, job.id, None)
    await configuring.set_filter(visit.tx, visit.caller, job.id, None)
    await configuring.set_actions(visit.tx, visit.caller, job.id, Actions())
    return done()


async def discover(visit: Visit) -> Response:
    """POST …/schema/directories/{id}/discover: the attributes that can be mapped."""
    await _job(visit)
    visit.caller.check(Permission.SYNC_READ)
    wanted = visit.parameter("directory").lower()
    found = next((each for each in directories() if wanted in (each["id"].lower(), each["name"].lower())), None)
    if found is None:
        raise ObjectUnknown(id=visit.parameter("directory"))
    body = {**found, "discoveryDateTime": visit.tx.now}
    return entity(visit.context(f"{_base(visit)}/jobs/schema/directories", entity=True), body)


async def parse_expression(visit: Visit) -> Response:
    """POST …/schema/parseExpression: what an expression means, and what it makes of a test object."""
    wanted: Expression = visit.body
    await _job(visit)
    context = visit.context("microsoft.graph.parseExpressionResponse")
    try:
        found = compile_expression(wanted.expression, by_name, attributes=SourceNames())
    except ExpressionError as fault:
        error = {"code": fault.code, "message": sentence(fault.code, fault.parameters, visit.caller.language)}
        return answer({"@odata.context": context, "parsingSucceeded": False, "evaluationSucceeded": False,
                       "evaluationResult": [], "parsedExpression": None, "error": error})  # fmt: skip
    source: dict[str, Any] = {"expression": wanted.expression, "name": None, "parameters": [], "type": "Function"}
    properties = (wanted.test_input_object or {}).get("properties") or []
    row = {each["key"]: each.get("value") for each in properties if isinstance(each, dict) and "key" in each}
    told: dict[str, Any] = {"parsingSucceeded": True, "parsedExpression": source, "error": None}
    if wanted.test_input_object is None:
        return answer({"@odata.context": context, **told, "evaluationSucceeded": False, "evaluationResult": []})
    try:
        value = found.evaluate(row, Context(now=visit.tx.now))
    except EvaluationError as fault:
        told["error"] = {"code": fault.code, "message": sentence(fault.code, fault.parameters, visit.caller.language)}
        return answer({"@odata.context": context, **told, "evaluationSucceeded": False, "evaluationResult": []})
    results = [] if value is None else [str(each) for each in (value if isinstance(value, list | tuple) else [value])]
    return answer({"@odata.context": context, **told, "evaluationSucceeded": True, "evaluationResult": results})


async def list_operators(visit: Visit) -> Response:
    """GET …/schema/filterOperators."""
    await _job(visit)
    bodies = [
        {
            "id": each.value, "name": each.value, "arity": "Unary" if each.value.startswith("IS ") else "Binary",
            "multivaluedComparisonType": "Any", "supportedAttributeTypes": ["String", "Integer", "Boolean"],
        }
        for each in FilterOperator
    ]  # fmt: skip
    return collection(visit.context("filterOperators"), bodies)


async def list_functions(visit: Visit) -> Response:
    """GET …/schema/functions: what an expression may call."""
    await _job(visit)
    return collection(visit.context("functions"), [_function_json(name) for name in sorted(FUNCTIONS)])


async def acquire_token(visit: Visit) -> Response:
    """POST …/synchronization/acquireAccessToken: no connector here has OAuth, so nothing has to be fetched."""
    visit.caller.check(Permission.SYNC_WRITE)
    key = visit.id("principal") if "principal" in visit.ask.parameters else turned(visit.id("application"))
    await registrations.get_registration(visit.tx, visit.caller, key)
    return done()


def schema_json(
    id: str, mapping: Mapping[str, Any], scope: Mapping[str, Any] | None, actions: Actions
) -> dict[str, Any]:
    """A schema in Graph's form: one rule that maps users."""
    flows = [name for name, on in (("Add", actions.add), ("Update", actions.update), ("Delete", actions.delete)) if on]
    users = {
        "enabled": bool(flows),
        "flowTypes": ", ".join(flows) or "None",
        "metadata": [],
        "name": "Provision Azure Active Directory Users",
        "scope": scope,
        "sourceObjectName": "User",
        "targetObjectName": "User",
        "attributeMappings": [_mapping_json(each) for each in mapping["attributeMappings"]],
    }
    rule = {
        "containerFilter": None,
        "editable": True,
        "groupFilter": None,
        "id": RULE_ID,
        "metadata": [{"key": "supportsProvisionOnDemand", "value": "true"}],
        "name": "USER_INBOUND_USER",
        "objectMappings": [users],
        "priority": 1,
        "sourceDirectoryName": SOURCE,
        "targetDirectoryName": TARGET,
    }
    return {"id": id, "version": "1", "synchronizationRules": [rule], "directories": directories()}


def read_schema_json(
    rules: Sequence[Mapping[str, Any]],
) -> tuple[dict[str, Any], Mapping[str, Any] | None, Actions]:
    """Mapping, filter and actions of a schema.

    Raises:
        PropertyInvalid: it does not have exactly the one rule that maps users.
    """
    if len(rules) != 1 or not isinstance(rules[0].get("objectMappings"), list):
        raise PropertyInvalid(property="synchronizationRules", fault="one rule that maps users")
    users = [each for each in rules[0]["objectMappings"] if str(each.get("sourceObjectName", "")).lower() == "user"]
    if len(users) != 1:
        raise PropertyInvalid(property="objectMappings", fault="one mapping of users")
    flows = {each.strip().lower() for each in str(users[0].get("flowTypes") or "").split(",")}
    actions = Actions(add="add" in flows, update="update" in flows, delete="delete" in flows)
    if users[0].get("enabled") is False:
        actions = Actions(add=False, update=False, delete=False)
    rows = [_plain_mapping(each) for each in users[0].get("attributeMappings") or []]
    clearing = {
        row["source"]["name"]: {"flowNullValues": True}
        for row in rows
        if row.get("flowNullValues") and (row.get("source") or {}).get("type") == "Attribute"
    }
    return {"attributeMappings": rows, "sourceAttributes": clearing}, users[0].get("scope"), actions


def directories() -> list[dict[str, Any]]:
    """The two directories, with the attributes that can be mapped."""
    attributes: list[dict[str, Any]] = [
        {
            "anchor": name == "objectId", "apiExpressions": [], "caseExact": True, "defaultValue": None,
            "flowNullValues": False, "metadata": [], "multivalued": False, "mutability": "ReadWrite", "name": name,
            "referencedObjects": [], "required": name == "objectId",
            "type": "Reference" if name == "manager" else "Boolean" if name in _TRUTHS else "String",
        }
        for name in sorted(SOURCE_NAMES)
    ]  # fmt: skip
    user = {"metadata": [], "name": "User", "supportedApis": [], "attributes": attributes}
    return [
        {
            "discoverabilities": "None", "discoveryDateTime": None, "id": key, "name": name, "objects": [user],
            "readOnly": False, "version": "1",
        }
        for key, name in (("source", SOURCE), ("target", TARGET))
    ]  # fmt: skip


_TRUTHS: Final = frozenset({"accountEnabled", "showInAddressList", "IsSoftDeleted"})


def _mapping_json(row: Mapping[str, Any]) -> dict[str, Any]:
    source = row.get("source")
    if source is not None and source.get("type") == "Constant":
        source = {"type": "Constant", "name": str(source.get("value")), "expression": f'"{source.get("value")}"'}
    shown = None if source is None else {"expression": source.get("expression"), "name": source.get("name"),
                                         "parameters": [], "type": source["type"]}  # fmt: skip
    default = row.get("defaultValue")
    return {
        "defaultValue": None if default is None else str(default),
        "exportMissingReferences": False,
        "flowBehavior": row.get("flowBehavior", "FlowWhenChanged"),
        "flowType": row.get("flowType", "Always"),
        "flowNullValues": bool(row.get("flowNullValues")),
        "matchingPriority": row.get("matchingPriority", 0),
        "source": shown,
        "targetAttributeName": row["targetAttributeName"],
    }


def _plain_mapping(row: Mapping[str, Any]) -> dict[str, Any]:
    kept = (
        "targetAttributeName",
        "source",
        "defaultValue",
        "flowType",
        "flowBehavior",
        "matchingPriority",
        "flowNullValues",
    )
    found = {name: row[name] for name in kept if name in row}
    source = found.get("source")
    if isinstance(source, dict):
        plain = {
            name: each for name, each in source.items() if name in {"type", "name", "expression"} and each is not None
        }
        if plain.get("type") == "Constant":
            plain = {"type": "Constant", "value": plain.get("name", "").strip('"')}
        found["source"] = plain
    return found


def _function_json(name: str) -> dict[str, Any]:
    return {"id": name, "name": name, "parameters": []}


def _told(found: Provisioned, language: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """What became of one person, in the two texts that Graph answers with."""
    failed = any(each.status is Status.FAILURE for each in found.steps)
    result = "Failure" if failed else "Success" if found.action != "none" else "Skipped"
    details = (
        {} if found.code is None else {"errorCode": found.code, "errorMessage": sentence(found.code, {}, language)}
    )
    steps = [
        {
            "name": each.name, "type": each.type.value, "status": each.status.name.capitalize(),
            "description": each.name, "details": dict(each.details),
        }
        for each in found.steps
    ]  # fmt: skip
    told = {
        "action": found.action.capitalize() if found.action != "none" else "Other",
        "changeId": str(found.plan_id),
        "modifiedProperties": [
            {"displayName": each.attribute, "oldValue": each.old, "newValue": each.new} for each in found.modified
        ],
        "provisioningSteps": steps,
        "statusInfo": {"status": result, **details},
        "targetIdentity": None if found.target_id is None else {"id": str(found.target_id), "type": "User"},
    }
    return {"result": result, "details": details}, told


async def _configuration(visit: Visit) -> Job:
    return await configurations.get_configuration(visit.tx, visit.caller, visit.id("principal"))


async def _job(visit: Visit) -> Job:
    """The job that the path names: the one of its configuration."""
    if visit.id("job") != visit.id("principal"):
        visit.caller.check(Permission.SYNC_READ)
        raise JobUnknown(target=visit.parameter("job"))
    return await configurations.get_job(visit.tx, visit.caller, visit.id("principal"))


async def _seen(visit: Visit, job: Job) -> Seen:
    found = await list_standing(visit.tx, visit.caller)
    return job, next((each.last_run for each in found if each.job.id == job.id), None)


def _base(visit: Visit) -> str:
    return f"servicePrincipals/{visit.id('principal')}/synchronization"


def _run(method: str, path: str, runner: Callable[[Errand], Any], says: str, **more: Any) -> Operation:
    return Operation(method=method, path=path, runner=runner, says=says, **more)


_S: Final = "/servicePrincipals/{principal}/synchronization"
_J: Final = f"{_S}/jobs/{{job}}"
_ONE: Final = "a configuration has one job, with its service principal's id"

OPERATIONS: Final[tuple[Operation, ...]] = (
    get(f"{_S}/templates", list_templates, "List templates", shape=TEMPLATE, many=True, options=("select", "filter")),
    get(f"{_S}/templates/{{template}}", read_template, "Read a template", shape=TEMPLATE),
    get(f"{_S}/templates/{{template}}/schema", read_template_schema, "Read what a new job maps"),
    get(f"{_S}/jobs", list_jobs, "List jobs", shape=JOB, many=True, options=("select", "filter"), remark=_ONE),
    post(f"{_S}/jobs", add_job, "Add the job", shape=JOB, body=NewJob, remark=_ONE),
    _run(
        "POST",
        f"{_S}/jobs/validateCredentials",
        check_credentials,
        "Does the target let our people in?",
        status=204,
        body=Credentials,
    ),
    get(_J, read_job, "Read the job and how it stands", shape=JOB, options=("select",)),
    delete(_J, remove_job, "Delete the job; whom it brought stays"),
    post(f"{_J}/start", start_job, "Start or go on", status=204),
    post(f"{_J}/pause", pause_job, "Stop truly", status=204),
    post(f"{_J}/restart", restart_job, "Restart", status=204, body=Restart),
    _run(
        "POST",
        f"{_J}/validateCredentials",
        check_credentials,
        "Does the target let our people in?",
        status=204,
        body=Credentials,
    ),
    _run(
        "POST",
        f"{_J}/provisionOnDemand",
        provision_on_demand,
        "Provision people now",
        body=Demands,
        remark="people; a group's members one by one",
    ),
    get(f"{_J}/schema", read_schema, "Read mapping, filter and actions"),
    put(f"{_J}/schema", put_schema, "Set mapping, filter and actions", body=Schema),
    patch(f"{_J}/schema", put_schema, "Set mapping, filter and actions", body=Schema),
    delete(f"{_J}/schema", reset_schema, "Go back to the default mapping"),
    post(f"{_J}/schema/directories/{{directory}}/discover", discover, "What can be mapped", status=200),
    post(f"{_J}/schema/parseExpression", parse_expression, "Try an expression", status=200, body=Expression),
    get(f"{_J}/schema/filterOperators", list_operators, "Operators of scoping filters", many=True),
    get(f"{_J}/schema/functions", list_functions, "Functions of expressions", many=True),
    put(f"{_S}/secrets", put_secrets, "Say which tenant people go to", body=Secrets, remark="nothing secret is kept"),
    post(
        f"{_S}/acquireAccessToken",
        acquire_token,
        "Fetch a connector's token",
        status=204,
        body=TokenRequest,
        remark="there is no such connector",
    ),
    post(
        "/applications/{application}/synchronization/acquireAccessToken",
        acquire_token,
        "Fetch a connector's token",
        status=204,
        body=TokenRequest,
        remark="there is no such connector",
    ),
)
