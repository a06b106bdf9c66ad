"""The steps of one person's way through provisioning, in the form of Graph's `provisioningStep` (provisioning §7)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from comity.sync.model import Action, Person, Skip, Status, Step


class StepType(StrEnum):
    """Graph's `provisioningStepType`."""

    IMPORT = "import"
    SCOPING = "scoping"
    MATCHING = "matching"
    PROCESSING = "processing"
    REFERENCES = "referenceResolution"
    EXPORT = "export"


@dataclass(frozen=True, slots=True)
class ProvisioningStep:
    """One step: Graph's name, type, status and facts; its sentence is made at the door."""

    name: str
    type: StepType
    status: Status
    details: Mapping[str, object] = field(default_factory=dict)


EXPORTS: Final = {
    Action.CREATE: "EntryExportAdd",
    Action.UPDATE: "EntryExportUpdate",
    Action.ADOPT: "EntryExportUpdate",
    Action.RESTORE: "EntryExportUpdate",
    Action.UNLINK: "EntryExportUpdate",
    Action.DELETE: "EntryExportDelete",
}
SKIPPED: Final = "EntrySynchronizationSkip"


def steps_of(
    person: Person, *, assigned: bool, passes: bool, said: Step | Skip | None, failure: Skip | None, waits: bool
) -> list[ProvisioningStep]:
    """The steps that a person went through.

    `assigned` and `passes` say how she stands to assignment and filter; `said` is what was decided, None if she
    was in line; `failure` what went wrong when it was done; `waits` that her manager is not in the target.
    """
    target_id = None if said is None else said.target_id
    matched = target_id is not None and not (isinstance(said, Step) and said.action is Action.CREATE)
    scope = {
        "Active in the source system": person.account_enabled and not person.is_deleted,
        "Assigned to the application": assigned,
        "Scoping filter evaluation passed": passes,
    }
    return [
        ProvisioningStep("EntryImport", StepType.IMPORT, Status.SUCCESS, {"id": str(person.id)}),
        ProvisioningStep(
            "EntrySynchronizationScoping",
            StepType.SCOPING,
            Status.SUCCESS if assigned and passes else Status.SKIPPED,
            scope,
        ),
        ProvisioningStep(
            "EntryMatching",
            StepType.MATCHING,
            Status.SUCCESS,
            {"matched": matched, **({"id": str(target_id)} if matched else {})},
        ),
        ProvisioningStep(
            "EntryReferenceResolution",
            StepType.REFERENCES,
            Status.WARNING if waits else Status.SUCCESS,
            {"manager": "not in the target"} if waits else {},
        ),
        _export(said, failure),
    ]


def _export(said: Step | Skip | None, failure: Skip | None) -> ProvisioningStep:
    if failure is not None:
        return ProvisioningStep(SKIPPED, StepType.EXPORT, Status.FAILURE, {"code": failure.reason.value})
    if isinstance(said, Step):
        return ProvisioningStep(EXPORTS[said.action], StepType.EXPORT, Status.SUCCESS, {"id": str(said.target_id)})
    if said is None:
        return ProvisioningStep(SKIPPED, StepType.EXPORT, Status.SKIPPED, {"code": "RedundantExport"})
    status = Status.FAILURE if said.failed else Status.SKIPPED
    return ProvisioningStep(SKIPPED, StepType.EXPORT, status, {"code": said.reason.value})


def failed_import(code: str) -> list[ProvisioningStep]:
    """The only step where the target cannot be reached at all."""
    return [ProvisioningStep("EntryImport", StepType.IMPORT, Status.FAILURE, {"code": code})]
