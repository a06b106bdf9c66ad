"""Make a proposal good: the change of a job that a plan showed, in the transaction in which the plan begins.

The feed is not told of it: the plan itself has looked at everybody whom it concerns, and what it holds back must
not be done by the drain that an entry would wake (design D7).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from comity.audit.service import Record, record
from comity.core.caller import Caller
from comity.db.transaction import Transaction
from comity.partners.service import offer_users
from comity.sync import store
from comity.sync.configuring import GroupsNeedAssignment, JobChanged
from comity.sync.interests import interests_of
from comity.sync.mapping_document import read_mapping, write_mapping
from comity.sync.model import Job, PrincipalKind, ScopeMode
from comity.sync.planned import KEEP, Proposal
from comity.sync.scope_filter import compiled_filter
from comity.sync.service import add_job


def check_proposal(job: Job, proposal: Proposal) -> None:
    """Say what is wrong with a proposal before anything is planned.

    Raises:
        MappingInvalid, ExpressionError, FilterError, GroupsNeedAssignment.
    """
    if proposal.mapping is not KEEP:
        read_mapping(proposal.mapping)
    if proposal.filter is not KEEP:
        compiled_filter(proposal.filter)
    if job.groups and proposal.scope_mode is ScopeMode.ALL:
        raise GroupsNeedAssignment(job=job.name)


async def commit_proposal(tx: Transaction, caller: Caller, job: Job, proposal: Proposal, *, is_new: bool) -> Job:
    """Change the job as proposed; return it with its new version.

    Raises:
        JobChanged: somebody else was faster, with a change or with opening the job.
    """
    if is_new:
        if any(each.name == job.name for each in await store.list_jobs(tx)):
            raise JobChanged(job=job.name)
        await add_job(tx, caller, job)
    if proposal.add_users or proposal.add_groups:
        await offer_users(tx, caller, job.target_tenant_id)
    before: dict[str, Any] = {}
    proposed = _as_saved(proposal.of(job), proposal)
    if proposed != job:
        if not await store.configure(tx, proposed, interests_of(proposed), full_look=False):
            raise JobChanged(job=job.name)
        before = _facts(job)
    if proposal.assigns:
        await store.unassign(tx, job.id, proposal.remove)
        await store.assign(tx, job.id, proposal.add_users, PrincipalKind.USER, at=tx.now)
        await store.assign(tx, job.id, proposal.add_groups, PrincipalKind.GROUP, at=tx.now)
        await store.touch_job(tx, job.id)
    await record(
        tx, caller, Record("Update sync job by plan", "syncJob", job.id, before=before, after=proposal.as_facts())
    )
    saved = await store.get_job(tx, job.id)
    assert saved is not None  # it was changed in this transaction
    return saved


def _as_saved(job: Job, proposal: Proposal) -> Job:
    """Mappings are saved in full, the engine's own rows first."""
    if proposal.mapping is KEEP or proposal.mapping is None:
        return job
    return replace(job, mapping=write_mapping(read_mapping(job.mapping)))


def _facts(job: Job) -> dict[str, Any]:
    return {
        "scope": job.scope_mode.value,
        "actions": {name: getattr(job.actions, name) for name in ("add", "update", "delete")},
        "mapping": job.mapping,
        "filter": job.filter,
    }
