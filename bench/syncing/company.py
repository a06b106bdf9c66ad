"""Tenants that share their people with each other, for benchmarks of synchronisation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bench.support import Lab, people_of
from comity.core.caller import Caller, PrincipalKind, UserType
from comity.core.ids import GroupId, JobId, PrincipalId, TenantId, UserId
from comity.core.permissions import Permission
from comity.directory import service as directory
from comity.directory.store import insert_users
from comity.events.feed import append
from comity.events.model import Change, ChangeKind
from comity.partners import service as partners
from comity.sync import service as sync
from comity.sync.service import Principals

AT_ONCE: Final = 10_000


async def fill(lab: Lab, source: TenantId, domain: str, count: int) -> None:
    """People of the source."""
    for start in range(0, count, AT_ONCE):
        people = people_of(source, domain, range(start, min(start + AT_ONCE, count)), at=lab.clock.now())
        async with lab.db.tenant(source) as tx:
            await insert_users(tx, people)
            append(tx, [Change(ChangeKind.USER_CREATED, each.id) for each in people])


async def share(lab: Lab, source: TenantId, targets: Sequence[TenantId]) -> tuple[GroupId, list[JobId]]:
    """Everybody of the source, as a group, with each target, which accepts; return the group and the jobs."""
    operator = lab.operator(source)
    async with lab.db.tenant(source) as tx:
        group = await directory.create_group(tx, operator, name="Everybody")
    after = None
    while True:
        async with lab.db.tenant(source) as tx:
            page = await directory.list_users(tx, operator, after=after, at_most=AT_ONCE)
            await directory.add_members(tx, operator, group.id, [each.id for each in page if not each.is_external])
        if not page:
            break
        after = page[-1].id
    jobs = []
    for target in targets:
        async with lab.db.tenant(target) as tx:
            await partners.accept_users(tx, lab.operator(target), source)
        async with lab.db.tenant(source) as tx:
            jobs.append((await sync.share_with(tx, operator, Principals(groups=[group.id]), target)).job.id)
    return group.id, jobs


def somebody(tenant_id: TenantId, user_id: UserId) -> Caller:
    """A person of a tenant who searches."""
    return Caller(
        tenant_id=tenant_id, kind=PrincipalKind.USER, principal_id=PrincipalId(user_id), name="somebody",
        user_type=UserType.MEMBER, permissions=frozenset({Permission.PEOPLE_READ}),
    )  # fmt: skip
