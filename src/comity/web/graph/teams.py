"""Teams administration: which external access policy people have (graph-api §8)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from starlette.responses import Response

from comity.access.assignments.model import AssignmentType, PolicySources
from comity.access.assignments.service import get_policy_sources
from comity.access.policies import grant_policy, list_policies, policy_object_id
from comity.core.ids import UserId
from comity.core.permissions import Permission
from comity.db.transaction import as_uuid
from comity.db.walking import Found
from comity.directory import finding
from comity.directory.model import User
from comity.web.graph.bodies import Body, PropertyInvalid
from comity.web.graph.listing import list_all
from comity.web.graph.odata.options import read_options
from comity.web.graph.operation import get, post
from comity.web.graph.shape import Edm, Shape, empty, flag, instant, text, things
from comity.web.graph.visit import ObjectUnknown, Visit, answer, collection, done, entity

POLICY: Final = "ExternalAccessPolicy"
GLOBAL: Final = "Global"
CONTEXT: Final = "admin/teams/userConfigurations"
SHOWN_MAX: Final = 100


class Assignment(Body, kw_only=True):
    """Who is to have which policy."""

    user_id: str
    policy_type: str
    policy_id: str | None = None
    id: str | None = None


class Assignments(Body, kw_only=True):
    """Several of them."""

    value: list[Assignment]


def _effective(sources: PolicySources, ids: Mapping[str, UUID]) -> list[dict[str, Any]]:
    """The policy that holds, and by what it came; Global comes by nothing."""
    if not sources.sources:
        return []
    source = sources.sources[0]
    direct = source.kind is not AssignmentType.GROUP
    assignment = {
        "assignmentType": "direct" if direct else "group",
        "displayName": source.policy,
        "groupId": None if source.group_id is None else str(source.group_id),
        "policyId": str(ids.get(source.policy, "")) or None,
    }
    return [{"policyType": POLICY, "policyAssignment": assignment}]


Seen = tuple[User, PolicySources, Mapping[str, UUID]]
CONFIGURATION: Final = Shape[Seen](
    "microsoft.graph.teamsAdministration.teamsUserConfiguration",
    {
        "id": text(lambda seen: str(seen[0].id)),
        "accountType": text(lambda seen: "guest" if seen[0].is_external else "user"),
        "createdDateTime": instant(lambda seen: seen[0].created_at),
        "modifiedDateTime": instant(lambda seen: seen[0].created_at),
        "tenantId": text(lambda seen: str(seen[0].tenant_id)),
        "userPrincipalName": text(lambda seen: seen[0].user_principal_name),
        "isEnterpriseVoiceEnabled": flag(lambda _: False),
        **empty("featureTypes", edm=Edm.TEXT),
        **empty("telephoneNumbers"),
        "effectivePolicyAssignments": things(lambda seen: _effective(seen[1], seen[2])),
    },
)


async def find_policy(visit: Visit) -> Response:
    """GET /admin/teams/policy/getPolicyId(type='…',name='…')."""
    _check_type(visit.parameter("policyType"))
    wanted = visit.parameter("policyName").removeprefix("Tag:").lower()
    ids = await _ids(visit)
    found = [
        {"name": name if name == GLOBAL else f"Tag:{name}", "policyId": str(each)}
        for name, each in ids.items()
        if wanted in ("", name.lower())
    ]
    return collection(visit.context("admin/teams/policy/getPolicyId"), found)


async def assign(visit: Visit) -> Response:
    """POST /admin/teams/policy/userAssignments/assign; without a policy, the own one is taken back."""
    wanted: Assignments = visit.body
    visit.caller.check(Permission.EXTERNAL_ACCESS_ASSIGN)
    names = {each: name for name, each in (await _ids(visit)).items()}
    for each in wanted.value:
        _check_type(each.policy_type)
        name = None
        if each.policy_id:
            name = names.get(as_uuid(each.policy_id) or UUID(int=0))
            if name is None:
                raise PropertyInvalid(property="policyId", fault="the id that getPolicyId answers")
        await grant_policy(visit.tx, visit.caller, _user(each.user_id), name)
    return done()


async def unassign(visit: Visit) -> Response:
    """POST /admin/teams/policy/userAssignments/unassign."""
    wanted: Assignments = visit.body
    visit.caller.check(Permission.EXTERNAL_ACCESS_ASSIGN)
    for each in wanted.value:
        _check_type(each.policy_type)
        await grant_policy(visit.tx, visit.caller, _user(each.user_id), None)
    return done()


async def list_configurations(visit: Visit) -> Response:
    """GET /admin/teams/userConfigurations: of the tenant's own people, the first hundred."""
    visit.caller.check(Permission.EXTERNAL_ACCESS_READ)
    found: Found[User] = await finding.find_users(visit.tx, visit.caller, at_most=SHOWN_MAX)
    ids = await _ids(visit)
    own = [each for each in found.items if not each.is_external]
    seen = [(each, await get_policy_sources(visit.tx, visit.caller, each.id), ids) for each in own]
    return list_all(visit, CONFIGURATION, seen, resource=CONTEXT)


async def read_configuration(visit: Visit) -> Response:
    """GET /admin/teams/userConfigurations/{userId}."""
    select = read_options(visit.ask, supported={"select"}).select(
        CONFIGURATION.properties, type_name=CONFIGURATION.type
    )
    visit.caller.check(Permission.EXTERNAL_ACCESS_READ)
    people = await finding.load_people(visit.tx, visit.caller, [UserId(visit.id("configuration"))])
    if not people or people[0].is_external:
        raise ObjectUnknown(id=visit.parameter("configuration"))
    sources = await get_policy_sources(visit.tx, visit.caller, people[0].id)
    body = CONFIGURATION.show((people[0], sources, await _ids(visit)), select)
    return entity(visit.context(CONTEXT, select, entity=True), body)


async def read_root(visit: Visit) -> Response:
    """GET /admin/teams."""
    visit.caller.check(Permission.EXTERNAL_ACCESS_READ)
    context = visit.context("microsoft.graph.teamsAdministration.teamsAdminRoot")
    return answer({"@odata.context": context, "id": "teams"})


async def _ids(visit: Visit) -> dict[str, UUID]:
    """The tenant's policies by name, with the ids that Graph's clients use."""
    return {each.name: policy_object_id(visit.tx, each.name) for each in await list_policies(visit.tx, visit.caller)}


def _check_type(kind: str) -> None:
    if kind.lower() != POLICY.lower():
        raise PropertyInvalid(property="policyType", fault=f"{POLICY} is the one there is")


def _user(given: str) -> UserId:
    found = as_uuid(given)
    if found is None:
        raise PropertyInvalid(property="userId", fault="the id of a user")
    return UserId(found)


_P: Final = "/admin/teams/policy"

OPERATIONS: Final = (
    get("/admin/teams", read_root, "Read the root of Teams administration"),
    get(
        f"{_P}/getPolicyId/(name,type)/{{policyName}}/{{policyType}}",
        find_policy,
        "Find a policy's id",
        many=True,
        remark="external access policies",
    ),
    post(
        f"{_P}/userAssignments/assign",
        assign,
        "Give people policies",
        status=204,
        body=Assignments,
        remark="external access policies",
    ),
    post(
        f"{_P}/userAssignments/unassign",
        unassign,
        "Take people's policies back",
        status=204,
        body=Assignments,
        remark="external access policies",
    ),
    get(
        "/admin/teams/userConfigurations",
        list_configurations,
        "Who has which policy",
        shape=CONFIGURATION,
        many=True,
        options=("select", "filter", "top"),
        remark="the first hundred people",
    ),
    get(
        "/admin/teams/userConfigurations/{configuration}",
        read_configuration,
        "Which policy somebody has",
        shape=CONFIGURATION,
        options=("select",),
    ),
)
