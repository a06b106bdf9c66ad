"""Who of a tenant's people is findable where, why not, and what would mend it (mission M30).

Read from home: an admin sees his own people and how they stand in other tenants, never other tenants' people.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from comity.core.caller import Caller, UserType
from comity.core.ids import NOWHERE, TenantId, UserId
from comity.core.permissions import Permission
from comity.db.crossings.standing import AccountRow, StandingThere, load_standing
from comity.db.queries import Queries
from comity.db.transaction import Transaction
from comity.insight.coverage.decide import Bond, Offer, cell_of, mend
from comity.insight.coverage.model import (
    Account,
    Cell,
    Coverage,
    Covered,
    Gap,
    Incoming,
    MatrixRow,
    Mend,
    Pair,
    Reason,
    Represented,
)
from comity.sync import store as sync
from comity.sync.model import Job, JobState
from comity.sync.reading import Reading, read_page
from comity.tenancy.organizations import store as organizations
from comity.tenancy.organizations.service import load_membership
from comity.tenancy.service import get_tenant

Q: Final = Queries("comity.insight.coverage")
PAGE: Final = 2000
NAMED_MAX: Final = 50
"""People of a gap who are named; the others are counted."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What a report rests on besides the people: the tenant, whom it could be findable at, its sync jobs."""

    tenant_id: TenantId
    tenant_name: str
    targets: dict[TenantId, str]
    """Other tenants of the organisation, pending ones too, and those that something is shared with."""
    bonds: dict[TenantId, Bond]
    jobs: list[Job]
    names: Mapping[TenantId, str]


@dataclass(frozen=True, slots=True)
class Row:
    """One person at home, and how she stands in each target."""

    person: Covered
    collaborates: bool
    """Is she shared with anybody, or stands anywhere?"""
    cells: dict[TenantId, Cell]


async def cover(
    tx: Transaction, caller: Caller, *, everybody: bool = False, names: Mapping[TenantId, str] | None = None
) -> Coverage:
    """Where the tenant's people are findable by name and unified, and where not, with reasons and commands.

    The collaborating set is whoever is shared with anybody; `everybody`, or a tenant that shares nobody, looks
    at all its enabled members. `names` is what the reader calls tenants; without it, as the organisation does.

    Raises:
        PermissionMissing.
    """
    ground = await open_ground(tx, caller, names)
    wide = everybody or not ground.jobs
    report = Coverage(ground.tenant_id, ground.tenant_name)
    pairs = {target: Pair(target, name) for target, name in ground.targets.items()}
    accounts: dict[tuple[TenantId, Reason], UserId | None] = {}
    async for rows in stream_rows(tx, ground):
        for row in rows:
            if wide or row.collaborates:
                report.people += 1
                _count(pairs, accounts, row)
    for target, pair in pairs.items():
        for gap in pair.gaps.values():
            gap.mend = mend(
                gap.reason, gap.named, home=ground.tenant_id, target=target, names=ground.names,
                bond=ground.bonds[target], account_id=accounts[target, gap.reason],
            )  # fmt: skip
    report.pairs = sorted(pairs.values(), key=lambda each: each.target_name)
    report.incoming = await _incoming(tx, ground)
    return report


def _count(pairs: dict[TenantId, Pair], accounts: dict[tuple[TenantId, Reason], UserId | None], row: Row) -> None:
    for target, cell in row.cells.items():
        pair = pairs[target]
        pair.people += 1
        pair.found += cell.found
        pair.unified += cell.unified
        if cell.reason is not None:
            gap = pair.gaps.setdefault(cell.reason, Gap(cell.reason))
            gap.people += 1
            accounts.setdefault((target, cell.reason), cell.account_id)
            if len(gap.named) < NAMED_MAX:
                gap.named.append(row.person)


async def matrix(
    tx: Transaction, caller: Caller, *, after: UserId | None = None, at_most: int = PAGE
) -> list[MatrixRow]:
    """One page of the tenant's people × the tenants of the organisation, and how each is represented, by id.

    Raises:
        PermissionMissing.
    """
    ground = await open_ground(tx, caller)
    page = await _members(tx, after or NOWHERE, at_most)
    home = Cell(Represented.INTERNAL, True, True)
    return [MatrixRow(row.person, {ground.tenant_id: home, **row.cells}) for row in await load_rows(tx, ground, page)]


async def open_ground(tx: Transaction, caller: Caller, names: Mapping[TenantId, str] | None = None) -> Ground:
    """What a report rests on; for whoever reads the tenant's people and its sync jobs.

    Raises:
        PermissionMissing.
    """
    caller.check(Permission.USER_READ)
    caller.check(Permission.SYNC_READ)
    tenant = await get_tenant(tx, tx.tenant_id)
    membership = await load_membership(tx)
    targets: dict[TenantId, str] = {}
    bonds: dict[TenantId, Bond] = {}
    if membership is not None:
        for member in (await organizations.load_members(tx, membership.organization.id)).values():
            if member.tenant_id != tx.tenant_id:
                targets[member.tenant_id] = member.display_name
                waits_for = None if member.is_active else member.tenant_id
                bonds[member.tenant_id] = Bond(True, member.is_active, waits_for)
    else:
        for invitation in await organizations.load_invitations(tx):
            targets[invitation.inviter] = invitation.inviter_name or str(invitation.inviter)
            bonds[invitation.inviter] = Bond(True, False, tx.tenant_id)
    jobs = await sync.list_jobs(tx)
    for job in jobs:
        targets.setdefault(job.target_tenant_id, str(job.target_tenant_id))
        bonds.setdefault(job.target_tenant_id, Bond(False, False))
    called = {tenant.id: tenant.name, **targets, **(names or {})}
    return Ground(tenant.id, tenant.name, {each: called[each] for each in targets}, bonds, jobs, called)


async def stream_rows(tx: Transaction, ground: Ground) -> AsyncIterator[list[Row]]:
    """The tenant's enabled members and how they stand elsewhere, page by page in id order."""
    after: UUID = NOWHERE
    while page := await _members(tx, after, PAGE):
        yield await load_rows(tx, ground, page)
        after = page[-1].id


async def load_rows(tx: Transaction, ground: Ground, people: list[Covered]) -> list[Row]:
    """How these people of the tenant stand in each target."""
    ids = [each.id for each in people]
    reading = await read_page(tx, ground.jobs, ground.jobs, ids) if ground.jobs and ids else None
    there = {target: await load_standing(tx, target, ids) for target in ground.targets}
    return [_row(ground, reading, there, each) for each in people]


def _row(ground: Ground, reading: Reading | None, there: dict[TenantId, StandingThere], person: Covered) -> Row:
    offered = [job for job in ground.jobs if reading is not None and person.id in reading.in_scope[job.id]]
    cells = {}
    for target, standing in there.items():
        jobs = [job for job in offered if job.target_tenant_id == target]
        running = any(job.state in (JobState.ACTIVE, JobState.QUARANTINE) for job in jobs)
        account = _account(standing.accounts.get(person.id))
        cells[target] = cell_of(account, Offer(bool(jobs), running, standing.lets_in), ground.bonds[target])
    stands = any(each.represented is not Represented.NOT for each in cells.values())
    return Row(person, bool(offered) or stands, cells)


def _account(row: AccountRow | None) -> Account | None:
    if row is None:
        return None
    return Account(row.id, row.user_type == UserType.GUEST.value, row.deleted, row.enabled, row.shown)


async def _members(tx: Transaction, after: UUID, at_most: int) -> list[Covered]:
    return await tx.all(Covered, Q.members, after=after, at_most=at_most)


async def _incoming(tx: Transaction, ground: Ground) -> list[Incoming]:
    """Whether other tenants' people stand here, from what is here."""
    counts: dict[UUID, int] = dict(await tx.rows(Q.people_from, sources=list(ground.targets)))
    let_in = {row[0] for row in await tx.rows(Q.let_in)}
    found = []
    for source, name in sorted(ground.targets.items(), key=lambda each: each[1]):
        there = source in let_in
        accept = None if there else Mend(ground.tenant_id, ("comity", "accept", name, "--tenant", ground.tenant_name))
        found.append(Incoming(source, name, there, counts.get(source, 0), accept))
    return found
