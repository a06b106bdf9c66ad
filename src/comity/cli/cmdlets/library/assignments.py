"""Who gets which policy: granted to a person, to a group with a rank, or tenant-wide (external-access §5)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from comity.access.assignments import service
from comity.access.assignments.model import AssignmentType, GroupAssignment
from comity.access.errors import RankRequired
from comity.access.identities import checked_name
from comity.access.policies import grant_policy
from comity.cli.cmdlets.cmdlet import TENANT, Answer, Change, Cmdlet, Given, Inlet, Parameter, Tenant
from comity.cli.cmdlets.errors import ParameterNeeded
from comity.cli.cmdlets.kinds import NUMBER, SWITCH, TEXT, TEXT_OR_NULL, one_of
from comity.cli.cmdlets.library.people import ONLINE_USER, find_user, user_records
from comity.cli.cmdlets.values import Record, Shape
from comity.directory.service import resolve_group

POLICY_TYPE: Final = "ExternalAccessPolicy"
GROUP_ASSIGNMENT: Final = Shape(
    "GroupPolicyAssignment",
    {
        "GroupId": "text", "PolicyType": "text", "PolicyName": "text", "Rank": "number", "CreatedTime": "text",
        "CreatedBy": "text",
    },
)  # fmt: skip
SOURCE: Final = Shape("PolicySource", {"AssignmentType": "text", "PolicyName": "text", "Reference": "text"})
USER_ASSIGNMENT: Final = Shape(
    "UserPolicyAssignment", {"PolicyType": "text", "PolicyName": "text", "PolicySource": SOURCE}
)


def at_time(instant: datetime | None) -> str | None:
    """An instant as scripts see it."""
    return None if instant is None else instant.isoformat().replace("+00:00", "Z")


def assignment_record(assignment: GroupAssignment) -> Record:
    """A group's policy as `Get-` returns it."""
    return Record(
        GROUP_ASSIGNMENT,
        {
            "GroupId": str(assignment.group_id), "PolicyType": POLICY_TYPE, "PolicyName": assignment.policy,
            "Rank": assignment.rank, "CreatedTime": at_time(assignment.created_at), "CreatedBy": assignment.created_by,
        },
    )  # fmt: skip


def _check_grant(given: Given) -> None:
    _check_policy(given)
    if "Rank" in given and "Group" not in given:
        raise ParameterNeeded(cmdlet="Grant-CsExternalAccessPolicy", parameter="-Group")
    if "Group" in given and "Rank" not in given and given.get("PolicyName") is not None:
        raise RankRequired(property="Group")


def _check_policy(given: Given) -> None:
    if (name := given.known("PolicyName")) is not None:
        checked_name(name)


def _whole_tenant(given: Given) -> str | None:
    if any(each in given for each in ("Identity", "Group", "Global")) or given.get("Force"):
        return None
    name = given.known("PolicyName")
    return f"Grant {'no policy' if name is None else name} to everybody in the tenant who has no other?"


async def _grant(tenant: Tenant, given: Given) -> Answer:
    policy = given.get("PolicyName")
    if "Group" in given:
        return await _grant_group(tenant, given.get("Group"), policy, given.get("Rank"))
    if "Identity" in given:
        user = await find_user(tenant, given.get("Identity"))
        (before,) = await user_records(tenant, [user])
        await grant_policy(tenant.tx, tenant.caller, user.id, policy)
        (after,) = await user_records(tenant, [user])
        change = Change(user.user_principal_name, before.properties, after.properties)
        return Answer([after] if given.get("PassThru") else [], [change])
    before_name = await service.get_tenant_policy(tenant.tx, tenant.caller)
    await service.grant_tenant(tenant.tx, tenant.caller, policy)
    after_name = await service.get_tenant_policy(tenant.tx, tenant.caller)
    return Answer(changes=[Change("the tenant", {POLICY_TYPE: before_name}, {POLICY_TYPE: after_name})])


async def _grant_group(tenant: Tenant, name: str, policy: str | None, rank: int | None) -> Answer:
    group = await resolve_group(tenant.tx, tenant.caller, name)
    before = await _of_group(tenant, str(group.id))
    await service.grant_group(tenant.tx, tenant.caller, group.id, policy, rank=rank)
    return Answer(changes=[Change(group.display_name, before, await _of_group(tenant, str(group.id)))])


async def _of_group(tenant: Tenant, group_id: str) -> Mapping[str, object] | None:
    """The group's assignment, as properties."""
    found = await service.list_group_assignments(tenant.tx, tenant.caller)
    return next((assignment_record(each).properties for each in found if str(each.group_id) == group_id), None)


async def _new(tenant: Tenant, given: Given) -> Answer:
    group = await resolve_group(tenant.tx, tenant.caller, given.get("GroupId"))
    made = await service.assign_group(
        tenant.tx, tenant.caller, group.id, given.get("PolicyName"), rank=given.get("Rank")
    )
    return Answer(changes=[Change(group.display_name, None, assignment_record(made).properties)])


async def _get(tenant: Tenant, given: Given) -> Answer:
    found = await service.list_group_assignments(tenant.tx, tenant.caller)
    if (name := given.get("GroupId")) is not None:
        group = await resolve_group(tenant.tx, tenant.caller, name)
        found = [each for each in found if each.group_id == group.id]
    return Answer([assignment_record(each) for each in found])


async def _set(tenant: Tenant, given: Given) -> Answer:
    group = await resolve_group(tenant.tx, tenant.caller, given.get("GroupId"))
    before = await _of_group(tenant, str(group.id))
    after = await service.set_group_assignment(
        tenant.tx, tenant.caller, group.id, identity=given.get("PolicyName"), rank=given.get("Rank")
    )
    return Answer(changes=[Change(group.display_name, before, assignment_record(after).properties)])


async def _remove(tenant: Tenant, given: Given) -> Answer:
    group = await resolve_group(tenant.tx, tenant.caller, given.get("GroupId"))
    before = await _of_group(tenant, str(group.id))
    await service.remove_group_assignment(tenant.tx, tenant.caller, group.id)
    return Answer(changes=[Change(group.display_name, before, None)])


async def _get_of_user(tenant: Tenant, given: Given) -> Answer:
    user = await find_user(tenant, given.get("Identity"))
    found = await service.get_policy_sources(tenant.tx, tenant.caller, user.id)
    sources = tuple(
        Record(
            SOURCE,
            {
                "AssignmentType": each.kind.value, "PolicyName": each.policy,
                "Reference": None if each.group_id is None else str(each.group_id),
            },
        )
        for each in found.sources
        if each.kind is not AssignmentType.TENANT
    )  # fmt: skip
    if not sources:
        return Answer()
    winner = sources[0].properties["PolicyName"]
    return Answer([Record(USER_ASSIGNMENT, {"PolicyType": POLICY_TYPE, "PolicyName": winner, "PolicySource": sources})])


_TYPE: Final = one_of([POLICY_TYPE])
_GROUP: Final = Parameter("GroupId", TEXT, "The group, by id or name.", position=0, mandatory=True)
_OF_TYPE: Final = Parameter("PolicyType", _TYPE, "The only type there is.", position=1, mandatory=True)
_RANK: Final = Parameter("Rank", NUMBER, "Its position, from 1, which wins; the last by default.")

CMDLETS: Final = (
    Cmdlet(
        "Grant-CsExternalAccessPolicy",
        "Gives a policy to a person, a group or the whole tenant; `-PolicyName $null` takes it back.",
        (
            Parameter("Identity", TEXT, "The person.", position=0),
            Parameter("PolicyName", TEXT_OR_NULL, "The policy; `$null` for none.", position=1, mandatory=True),
            Parameter("Group", TEXT, "A group's direct members, by id or name."),
            Parameter("Rank", NUMBER, "The group's position, from 1, which wins."),
            Parameter("Global", SWITCH, "Everybody who has no other."),
            Parameter("PassThru", SWITCH, "Returns the person."),
            TENANT,
            Parameter("Force", SWITCH, "Does not ask, where neither person nor group is named."),
        ),
        exclusive=(("Identity", "Group", "Global"),),
        inlets=(Inlet(ONLINE_USER, {"Identity": "Identity"}), Inlet(None, {"Identity": ""})),
        returns=ONLINE_USER,
        passes_thru=True,
        changes=True,
        check=_check_grant,
        question=_whole_tenant,
        ask=_grant,
    ),
    Cmdlet(
        "New-CsGroupPolicyAssignment",
        "Gives a policy to a group; those behind it move on by one.",
        (
            _GROUP,
            _OF_TYPE,
            Parameter("PolicyName", TEXT, "The policy.", position=2, mandatory=True),
            _RANK,
        ),
        changes=True,
        check=_check_policy,
        ask=_new,
    ),
    Cmdlet(
        "Get-CsGroupPolicyAssignment",
        "Lists the groups that have a policy, by rank.",
        (
            Parameter("GroupId", TEXT, "One group, by id or name.", position=0),
            Parameter("PolicyType", _TYPE, "The only type there is.", position=1),
        ),
        returns=GROUP_ASSIGNMENT,
        ask=_get,
    ),
    Cmdlet(
        "Set-CsGroupPolicyAssignment",
        "Changes a group's policy, its rank, or both.",
        (_GROUP, _OF_TYPE, Parameter("PolicyName", TEXT, "Another policy.", position=2), _RANK),
        inlets=(Inlet(GROUP_ASSIGNMENT, {"GroupId": "GroupId", "PolicyType": "PolicyType"}),),
        changes=True,
        check=_check_policy,
        ask=_set,
    ),
    Cmdlet(
        "Remove-CsGroupPolicyAssignment",
        "Takes a group's policy away; those behind it move up.",
        (_GROUP, _OF_TYPE),
        inlets=(Inlet(GROUP_ASSIGNMENT, {"GroupId": "GroupId", "PolicyType": "PolicyType"}),),
        changes=True,
        ask=_remove,
    ),
    Cmdlet(
        "Get-CsUserPolicyAssignment",
        "Tells where a person's policy comes from: direct and by groups, the one that holds first.",
        (
            Parameter("Identity", TEXT, "The person.", position=0, mandatory=True),
            Parameter("PolicyType", _TYPE, "The only type there is."),
        ),
        inlets=(Inlet(ONLINE_USER, {"Identity": "Identity"}), Inlet(None, {"Identity": ""})),
        returns=USER_ASSIGNMENT,
        ask=_get_of_user,
    ),
)
