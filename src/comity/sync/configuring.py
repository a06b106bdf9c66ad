"""Say what a job offers and how: mapping, filter, scope mode, target object actions, groups.

Every change raises the job's version, so that plans made before are refused (design D7). A new mapping or filter
begins with a look at everybody, as if the job had never run (provisioning §3.5).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from comity.audit.model import Facts
from comity.audit.service import Record, record
from comity.core.caller import Caller
from comity.core.errors import Conflict, Invalid
from comity.core.ids import JobId, UserId
from comity.core.permissions import Permission
from comity.db.transaction import Transaction
from comity.events.feed import append
from comity.events.model import Change, ChangeKind
from comity.sync import store
from comity.sync.computing import compiled
from comity.sync.expressions.functions import Context
from comity.sync.expressions.values import Value
from comity.sync.interests import interests_of, mapping_of
from comity.sync.mapping_document import read_mapping, write_mapping
from comity.sync.model import Actions, Job, JobUnknown, ScopeMode
from comity.sync.scope_filter import compiled_filter
from comity.tenancy.service import list_domains


class JobChanged(Conflict):
    """The job was changed by somebody else meanwhile."""

    code = "sync-job-changed"


class GroupsNeedAssignment(Invalid):
    """Groups are synced where people and groups are assigned, not where everybody is offered (provisioning §5.6)."""

    code = "sync-groups-need-assignment"


class PersonUnknown(Invalid):
    """There is nobody of that id to try an expression on."""

    code = "sync-person-unknown"


async def get_mapping(tx: Transaction, caller: Caller, job_id: JobId) -> dict[str, Any]:
    """A job's mapping in Graph's form, the engine's own rows first.

    Raises:
        JobUnknown, PermissionMissing.
    """
    caller.check(Permission.SYNC_READ)
    return write_mapping(mapping_of(await _job(tx, job_id)))


def default_mapping() -> dict[str, Any]:
    """The mapping that a new job begins with, in Graph's form."""
    return write_mapping(read_mapping(None))


async def set_mapping(tx: Transaction, caller: Caller, job_id: JobId, document: Mapping[str, Any] | None) -> Job:
    """Save a mapping; None goes back to the default one. The next drain looks at everybody.

    Raises:
        MappingInvalid, ExpressionError (with line and column), JobUnknown, JobChanged, PermissionMissing.
    """
    caller.check(Permission.SYNC_WRITE)
    mapping = read_mapping(document)
    stored = None if document is None else write_mapping(mapping)
    return await _save(
        tx, caller, job_id, lambda job: replace(job, mapping=stored), "Update attribute mappings", full_look=True
    )


async def set_filter(tx: Transaction, caller: Caller, job_id: JobId, document: Mapping[str, Any] | None) -> Job:
    """Save a scoping filter; None lets everybody pass. The next drain looks at everybody.

    Raises:
        FilterError, JobUnknown, JobChanged, PermissionMissing.
    """
    caller.check(Permission.SYNC_WRITE)
    compiled_filter(document)
    return await _save(
        tx, caller, job_id, lambda job: replace(job, filter=document), "Update scoping filter", full_look=True
    )


async def set_scope_mode(tx: Transaction, caller: Caller, job_id: JobId, mode: ScopeMode) -> Job:
    """Offer everybody, or those assigned only; takes effect at once.

    Raises:
        GroupsNeedAssignment, JobUnknown, JobChanged, PermissionMissing.
    """
    caller.check(Permission.SYNC_WRITE)
    return await _save(tx, caller, job_id, lambda job: replace(job, scope_mode=mode), "Update sync scope")


async def set_groups(tx: Transaction, caller: Caller, job_id: JobId, *, on: bool) -> Job:
    """Sync assigned groups as groups, or no longer; those that are there stay when it is switched off.

    Raises:
        GroupsNeedAssignment, JobUnknown, JobChanged, PermissionMissing.
    """
    caller.check(Permission.SYNC_WRITE)
    return await _save(tx, caller, job_id, lambda job: replace(job, groups=on), "Update group provisioning")


async def set_actions(tx: Transaction, caller: Caller, job_id: JobId, actions: Actions) -> Job:
    """Say what the job may do to accounts in the target (Graph `flowTypes`).

    Raises:
        JobUnknown, JobChanged, PermissionMissing.
    """
    caller.check(Permission.SYNC_WRITE)
    return await _save(tx, caller, job_id, lambda job: replace(job, actions=actions), "Update target object actions")


async def try_expression(tx: Transaction, caller: Caller, text: str, user_id: UserId) -> Value:
    """What an expression makes of a real person, as a mapping of this tenant would evaluate it; nothing is saved.

    Raises:
        ExpressionError (with line and column), PersonUnknown, PermissionMissing.
    """
    caller.check(Permission.SYNC_READ)
    caller.check(Permission.USER_READ)
    people = await store.load_people(tx, [user_id])
    if not people:
        raise PersonUnknown(user=str(user_id))
    own = next((each.name for each in await list_domains(tx) if each.is_default), None)
    return compiled(text).evaluate(people[0], Context(now=tx.now, default_domain=own))


async def _save(
    tx: Transaction,
    caller: Caller,
    job_id: JobId,
    change: Callable[[Job], Job],
    action: str,
    *,
    full_look: bool = False,
) -> Job:
    before = await _job(tx, job_id)
    after = change(before)
    if after.groups and after.scope_mode is ScopeMode.ALL:
        raise GroupsNeedAssignment(job=before.name)
    if after == before:
        return before
    if not await store.configure(tx, after, interests_of(after), full_look=full_look):
        raise JobChanged(job=before.name)
    await record(
        tx, caller, Record(action, "syncJob", job_id, before=_facts(before, after), after=_facts(after, before))
    )
    append(tx, [Change(ChangeKind.JOB_CHANGED, job_id)])
    return replace(after, version=after.version + 1, watermark=None if full_look else after.watermark)


async def _job(tx: Transaction, job_id: JobId) -> Job:
    job = await store.get_job(tx, job_id)
    if job is None:
        raise JobUnknown(target=str(job_id))
    return job


def _facts(job: Job, other: Job) -> Facts:
    """What audit shows of a job beside another state of it: only what differs."""
    facts: dict[str, Any] = {}
    if job.mapping != other.mapping:
        facts["mapping"] = job.mapping
    if job.filter != other.filter:
        facts["filter"] = job.filter
    if job.scope_mode != other.scope_mode:
        facts["scope"] = job.scope_mode.value
    if job.groups != other.groups:
        facts["groups"] = job.groups
    if job.actions != other.actions:
        facts["actions"] = [
            name
            for name, is_on in (
                ("Add", job.actions.add),
                ("Update", job.actions.update),
                ("Delete", job.actions.delete),
            )
            if is_on
        ]
    return facts
