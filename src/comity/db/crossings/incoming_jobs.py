"""Whom another tenant would bring here: the receiving admin's view of a share before it is accepted.

The asking tenant sees of one other tenant the jobs that lead to it, and of those the people in their scope: name,
user principal name and nothing else. That tenant has to have offered them: its outbound half must allow it, which
sharing does. It sees no other job, no person out of scope, no group.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, LiteralString
from uuid import UUID

from comity.core.ids import JobId, TenantId, UserId
from comity.db.transaction import Transaction

_OFFERS: Final[LiteralString] = """
select true from partner where tenant_id = %(tenant_id)s and partner_tenant_id = %(target)s and redeem_outbound
"""
_JOBS: Final[LiteralString] = """
select id, name, state, mapping, filter is not null, scope_mode from sync_job
where tenant_id = %(tenant_id)s and target_tenant_id = %(target)s order by id
"""
_IN_SCOPE: Final[LiteralString] = """
from users u
where u.tenant_id = %(tenant_id)s and u.deleted_at is null and u.home_tenant_id is null
  and (%(everybody)s
       or exists (select from sync_assignment a
                  where a.tenant_id = u.tenant_id and a.job_id = %(job)s and a.principal_id = u.id)
       or exists (select from group_member m
                  join sync_assignment a
                    on a.tenant_id = m.tenant_id and a.job_id = %(job)s and a.principal_id = m.group_id
                  where m.tenant_id = u.tenant_id and m.member_id = u.id))
"""
_COUNT: Final[LiteralString] = f"select count(*) {_IN_SCOPE}"
_PEOPLE: Final[LiteralString] = f"""
select u.id, u.display_name, u.user_principal_name {_IN_SCOPE}
  and u.id > %(after)s order by u.id limit %(at_most)s
"""


@dataclass(frozen=True, slots=True)
class IncomingJob:
    """A job that leads here; the mapping is in Graph's form, None the default one."""

    id: JobId
    name: str
    state: str
    mapping: dict[str, Any] | None
    is_filtered: bool
    """A scoping filter may leave some of them out."""
    everybody: bool
    people: int


@dataclass(frozen=True, slots=True)
class IncomingPerson:
    """Somebody in the scope of such a job."""

    id: UserId
    display_name: str
    user_principal_name: str


async def list_incoming(tx: Transaction, source: TenantId) -> list[IncomingJob]:
    """The jobs by which a tenant offers people to the transaction's tenant; none, where it offers nothing."""
    target: UUID = tx.tenant_id
    found = []
    async with tx.become(source):
        if await tx.row(_OFFERS, target=target) is None:
            return []
        for job_id, name, state, mapping, filtered, scope_mode in await tx.rows(_JOBS, target=target):
            everybody = scope_mode == "all"
            row = await tx.row(_COUNT, job=job_id, everybody=everybody)
            people = int(row[0]) if row else 0
            found.append(IncomingJob(JobId(job_id), name, state, mapping, filtered, everybody, people))
    return found


async def list_incoming_people(
    tx: Transaction, source: TenantId, job: IncomingJob, *, after: UUID, at_most: int
) -> list[IncomingPerson]:
    """Who is in the scope of one of them, by id behind `after`."""
    target: UUID = tx.tenant_id
    async with tx.become(source):
        if await tx.row(_OFFERS, target=target) is None:
            return []
        if job.id not in {row[0] for row in await tx.rows(_JOBS, target=target)}:
            return []
        rows = await tx.rows(_PEOPLE, job=job.id, everybody=job.everybody, after=after, at_most=at_most)
    return [IncomingPerson(UserId(each[0]), each[1], each[2]) for each in rows]
