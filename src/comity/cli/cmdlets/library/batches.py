"""One policy for up to 5,000 people, given in the background (external-access §5)."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from comity.access.assignments import batches
from comity.access.assignments.decide import people_of_batch
from comity.access.assignments.model import Batch, BatchStatus
from comity.access.errors import BatchNotFound
from comity.access.identities import checked_name
from comity.cli.cmdlets.cmdlet import Answer, Change, Cmdlet, Given, Inlet, Parameter, Tenant
from comity.cli.cmdlets.kinds import TEXT, TEXT_OR_NULL, TEXTS, one_of
from comity.cli.cmdlets.library.assignments import POLICY_TYPE, at_time
from comity.cli.cmdlets.values import Record, Shape
from comity.cli.output import counted
from comity.db.transaction import as_uuid

STARTED: Final = Shape("BatchPolicyAssignmentOperationId", {"OperationId": "text"}, stands_for="OperationId")
USER_STATE: Final = Shape("UserState", {"Id": "text", "Result": "text", "State": "text"})
BATCH: Final = Shape(
    "BatchPolicyAssignmentOperation",
    {
        "OperationId": "text", "OperationName": "text", "OverallStatus": "text", "CreatedBy": "text",
        "CreatedTime": "text", "CompletedTime": "text", "CompletedCount": "number", "ErrorCount": "number",
        "InProgressCount": "number", "NotStartedCount": "number", "UserState": USER_STATE,
    },
    stands_for="OperationId",
)  # fmt: skip


def batch_record(batch: Batch) -> Record:
    """A batch as `Get-` returns it; the people are there only where one batch was asked for."""
    people = tuple(
        Record(
            USER_STATE,
            {"Id": each.named, "Result": None if each.result is None else each.result.value, "State": each.state.value},
        )
        for each in batch.people
    )
    return Record(
        BATCH,
        {
            "OperationId": str(batch.id), "OperationName": batch.name, "OverallStatus": batch.status.value,
            "CreatedBy": batch.created_by, "CreatedTime": at_time(batch.created_at),
            "CompletedTime": at_time(batch.completed_at), "CompletedCount": batch.completed,
            "ErrorCount": batch.errors, "InProgressCount": 0, "NotStartedCount": batch.not_started,
            "UserState": people,
        },
    )  # fmt: skip


def _check(given: Given) -> None:
    if name := given.known("PolicyName"):
        checked_name(name)
    people_of_batch(given.known("Identity", ()))


async def _new(tenant: Tenant, given: Given) -> Answer:
    people, policy = given.get("Identity"), given.get("PolicyName") or None
    batch_id = await batches.start_batch(tenant.tx, tenant.caller, policy, people, name=given.get("OperationName", ""))
    change = Change(counted(len(people_of_batch(people)), "person", "people"), {}, {POLICY_TYPE: policy})
    return Answer([Record(STARTED, {"OperationId": str(batch_id)})], [change], batch=batch_id)


def _id(given: Given) -> UUID | None:
    text = given.known("Identity")
    if text is None:
        return None
    found = as_uuid(text)
    if found is None:
        raise BatchNotFound(batch=text)
    return found


def _check_id(given: Given) -> None:
    _id(given)


async def _get(tenant: Tenant, given: Given) -> Answer:
    if (batch_id := _id(given)) is not None:
        found = [await batches.get_batch(tenant.tx, tenant.caller, batch_id)]
    else:
        found = await batches.list_batches(tenant.tx, tenant.caller)
    wanted = given.get("Status")
    return Answer([batch_record(each) for each in found if wanted in (None, each.status.value)])


CMDLETS: Final = (
    Cmdlet(
        "New-CsBatchPolicyAssignmentOperation",
        "Gives a policy to up to 5,000 people in the background; returns the operation's id.",
        (
            Parameter("PolicyType", one_of([POLICY_TYPE]), "The only type there is.", mandatory=True),
            Parameter("PolicyName", TEXT_OR_NULL, "The policy; `$null` or `''` takes it back.", mandatory=True),
            Parameter("Identity", TEXTS, "The people.", mandatory=True),
            Parameter("OperationName", TEXT, "A name for the operation."),
        ),
        returns=STARTED,
        changes=True,
        check=_check,
        ask=_new,
    ),
    Cmdlet(
        "Get-CsBatchPolicyAssignmentOperation",
        "Shows how far operations have come, and with -Identity what came of each person; kept for 30 days.",
        (
            Parameter("Identity", TEXT, "One operation, by id.", position=0, aliases=("OperationId",)),
            Parameter("Status", one_of(BatchStatus), "Those that have come so far."),
        ),
        exclusive=(("Identity", "Status"),),
        inlets=(Inlet(STARTED, {"Identity": "OperationId"}), Inlet(None, {"Identity": ""})),
        returns=BATCH,
        check=_check_id,
        ask=_get,
    ),
)
