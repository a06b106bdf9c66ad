"""From a line of the log, as it is stored, to the summary that is read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from comity.core.catalogue import sentence, sentences
from comity.directory.model import Attribute
from comity.sync.attributes import NAMES, TRUTHS
from comity.sync.groups.model import GroupAttribute, group_attributes_of
from comity.sync.log.model import (
    ErrorInformation,
    Initiator,
    ModifiedProperty,
    ProvisionedIdentity,
    ProvisioningSystem,
    ServicePrincipal,
    StatusInfo,
    Summary,
    SummaryStep,
)
from comity.sync.model import Action, Job, LogEntry, Reason, Status
from comity.sync.redaction import REDACTED, logged_attributes, redact
from comity.sync.steps import EXPORTS, SKIPPED, StepType

SOURCE: Final = "Azure Active Directory"
TARGET: Final = "Azure Active Directory (target tenant)"
SERVICE: Final = "Azure AD Provisioning Service"
_IS_SOFT_DELETED: Final = "IsSoftDeleted"

_WORDS: Final = {
    Action.CREATE: "create",
    Action.UPDATE: "update",
    Action.ADOPT: "update",
    Action.RESTORE: "update",
    Action.DELETE: "delete",
    Action.STAGED_DELETE: "stagedDelete",
}
_GROUP_NAMES: Final = {
    GroupAttribute.DISPLAY_NAME: "displayName",
    GroupAttribute.DESCRIPTION: "description",
    GroupAttribute.MAIL_NICKNAME: "mailNickname",
    GroupAttribute.MEMBERS: "members",
}
_IMPORTS: Final = {
    Action.CREATE: "EntryImportAdd",
    Action.UPDATE: "EntryImportUpdate",
    Action.DELETE: "EntryImportDelete",
}
_OUT_OF_SCOPE: Final[Mapping[str, str]] = {
    Reason.NOT_ENTITLED.value: "Assigned to the application",
    Reason.NOT_ACTIVE.value: "Active in the source system",
    Reason.NOT_IN_FILTER.value: "Scoping filter evaluation passed",
    Reason.NOT_ELIGIBLE.value: "User has the required role",
}
"""Which of the scoping step's questions was answered with no."""
_PASSING: Final = frozenset({Reason.CHANGED_MEANWHILE.value})


@dataclass(frozen=True, slots=True)
class Named:
    """What the source calls somebody."""

    display_name: str
    user_principal_name: str | None


@dataclass(frozen=True, slots=True)
class Around:
    """What a line does not say itself: its job, what is redacted there, how long each took, what people are called."""

    job: Job
    redacted: int
    milliseconds: int
    names: Mapping[UUID, Named]
    language: str


def render(line: LogEntry, around: Around) -> Summary:
    """The line as it is read."""
    job = around.job
    modified = _modified(line, around.redacted)
    return Summary(
        id=line_id(line),
        activity_date_time=line.at,
        change_id=line_id(line),
        cycle_id=str(line.run_id),
        duration_in_milliseconds=around.milliseconds,
        initiated_by=Initiator("", SERVICE, "system"),
        job_id=str(line.job_id),
        modified_properties=modified,
        provisioning_action=action_of(line, modified),
        provisioning_status_info=StatusInfo(line.status.name.lower(), _error(line, around.language)),
        provisioning_steps=_steps(line, around),
        service_principal=ServicePrincipal(str(job.id), job.name),
        source_identity=_source(line, around.names),
        source_system=ProvisioningSystem(str(job.tenant_id), SOURCE),
        target_identity=_target(line, modified),
        target_system=ProvisioningSystem(str(job.target_tenant_id), TARGET),
        tenant_id=str(job.target_tenant_id),
    )


def line_id(line: LogEntry) -> str:
    """One text that no other line has."""
    return f"{line.plan_id}.{line.step}"


def action_of(line: LogEntry, modified: Iterable[ModifiedProperty]) -> str:
    """Graph's word for what was done; switching an account off is a word of its own."""
    word = _WORDS.get(line.action, "other")
    if word == "update" and any(
        each.display_name == "accountEnabled" and each.new_value == "False" for each in modified
    ):
        return "disable"
    return word


# ── attributes ───────────────────────────────────────────────────────────────────────────────────


def _modified(line: LogEntry, redacted: int) -> list[ModifiedProperty]:
    if line.kind is not None:
        found = _modified_group(line)
    else:
        # Hidden when it was written; once more, for what the mapping hides only since.
        before, after = (redact(each, line.action, line.changed, redacted) for each in (line.before, line.after))
        found = []
        named = logged_attributes(line.action, line.changed) if line.action is not Action.DELETE else []
        for at, attribute in enumerate(named):
            old = before[at] if before else None
            new = after[at] if after else None
            if line.action is not Action.CREATE or new is not None:
                found += _changes(attribute, old, new)
    if line.action in (Action.DELETE, Action.RESTORE):
        gone = line.action is Action.DELETE
        found.append(ModifiedProperty(_IS_SOFT_DELETED, str(not gone), str(gone)))
    return found


def _changes(attribute: Attribute, old: str | None, new: str | None) -> list[ModifiedProperty]:
    if attribute is not Attribute.EXTENSIONS:
        name = NAMES.get(attribute, attribute.column)
        return [ModifiedProperty(name, _shown(attribute, old), _shown(attribute, new))]
    if REDACTED in (old, new):
        return [ModifiedProperty("extensions", old and REDACTED, new and REDACTED)]
    was, will_be = (json.loads(each) if each else {} for each in (old, new))
    return [
        ModifiedProperty(name, _text(was.get(name)), _text(will_be.get(name)))
        for name in sorted(was.keys() | will_be.keys())
        if was.get(name) != will_be.get(name)
    ]


def _modified_group(line: LogEntry) -> list[ModifiedProperty]:
    named = [each for each in group_attributes_of(line.changed) if each in _GROUP_NAMES]
    before, after = line.before or [None] * len(named), line.after or [None] * len(named)
    return [
        ModifiedProperty(_GROUP_NAMES[each], old, new)
        for each, old, new in zip(named, before, after, strict=False)
        if old != new
    ]


def _shown(attribute: Attribute, value: str | None) -> str | None:
    """Truths as the reference product writes them."""
    return value.capitalize() if attribute in TRUTHS and value in ("true", "false") else value


def _text(value: object) -> str | None:
    return None if value is None else str(value)


# ── who ──────────────────────────────────────────────────────────────────────────────────────────


def _kind(line: LogEntry) -> str:
    return "User" if line.kind is None else "Group"


def _source(line: LogEntry, names: Mapping[UUID, Named]) -> ProvisionedIdentity:
    named = names.get(line.source_id)
    details = {"id": str(line.source_id), "odatatype": _kind(line)}
    if named is None:  # whoever is gone for good is known by id
        return ProvisionedIdentity(str(line.source_id), None, _kind(line), details)
    if named.user_principal_name is not None:
        details["UserPrincipalName"] = named.user_principal_name
    return ProvisionedIdentity(str(line.source_id), named.display_name, _kind(line), details)


def _target(line: LogEntry, modified: Sequence[ModifiedProperty]) -> ProvisionedIdentity:
    """Of the other tenant only what the line itself says."""
    known = {each.display_name: each.new_value for each in modified if each.new_value is not None}
    details = {"odatatype": _kind(line)}
    if line.target_id is not None:
        details["id"] = str(line.target_id)
    if upn := known.get("userPrincipalName"):
        details["UserPrincipalName"] = upn
    target_id = None if line.target_id is None else str(line.target_id)
    return ProvisionedIdentity(target_id, known.get("displayName"), _kind(line), details)


# ── why ──────────────────────────────────────────────────────────────────────────────────────────


def _error(line: LogEntry, language: str) -> ErrorInformation | None:
    if line.code is None:
        return None
    category = "success"
    if line.status is Status.FAILURE:
        category = "failure" if line.code in _PASSING else "nonServiceFailure"
    facts = line.details or {}
    return ErrorInformation(
        error_code=line.code,
        error_category=category,
        reason=_why(line.code, facts, language),
        recommended_action=_said(f"provisioning-{line.code}-action", "provisioning-action", facts, language),
        additional_details=json.dumps(facts, default=str, ensure_ascii=False) if facts else None,
    )


def _why(code: str, facts: Mapping[str, object], language: str) -> str:
    """The reason's sentence; an expression that failed says itself what it could not do."""
    error = facts.get("error")
    if code == Reason.EVALUATION.value and isinstance(error, str) and error in sentences("en"):
        return f"{_said(f'provisioning-{code}', code, facts, language)} {sentence(error, facts, language)}"
    return _said(f"provisioning-{code}", "provisioning-reason", {"code": code, **facts}, language)


def _said(code: str, otherwise: str, facts: Mapping[str, object], language: str) -> str:
    return sentence(code if code in sentences("en") else otherwise, facts, language)


# ── steps ────────────────────────────────────────────────────────────────────────────────────────


def _steps(line: LogEntry, around: Around) -> list[SummaryStep]:
    """Import, scoping, matching, references, export."""
    language = around.language
    who = {"who": str(line.source_id)}
    out = _OUT_OF_SCOPE.get(line.code or "") if line.status is Status.SKIPPED else None
    done = line.status is Status.SUCCESS
    waits = bool(line.details and line.details.get("manager") == "waiting")
    matched = line.target_id is not None and line.action is not Action.CREATE
    scope = {each: str(each != out) for each in _OUT_OF_SCOPE.values()}
    name = EXPORTS.get(line.action, SKIPPED) if done else SKIPPED
    export = name if done else f"{SKIPPED}-{line.status.name.lower()}"
    return [
        _step(_IMPORTS.get(line.action, "EntryImport"), StepType.IMPORT, "success", "import", who, language),
        _step(
            "EntrySynchronizationScoping", StepType.SCOPING, "skipped" if out else "success",
            "scoping-out" if out else "scoping-in", scope, language,
        ),
        _step(
            "EntryMatching", StepType.MATCHING, "success", "matching-found" if matched else "matching-none",
            {"id": str(line.target_id)} if matched else {}, language,
        ),
        _step(
            "EntryReferenceResolution", StepType.REFERENCES, "warning" if waits else "success",
            "references-waiting" if waits else "references", {}, language,
        ),
        _step(
            name, StepType.EXPORT, line.status.name.lower(), export,
            {"SkipReason" if line.status is Status.SKIPPED else "ErrorCode": line.code} if line.code else {}, language,
        ),
    ]  # fmt: skip


def _step(name: str, kind: StepType, status: str, code: str, details: Mapping[str, str], language: str) -> SummaryStep:
    return SummaryStep(name, kind.value, status, sentence(f"provisioning-step-{code}", details, language), details)
