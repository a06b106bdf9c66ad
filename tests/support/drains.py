"""Drains that die at a chosen moment, and what tenants share with each other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from comity.core.ids import GroupId, JobId, UserId
from comity.db.database import Database
from comity.directory.model import User
from comity.directory.store import find_by_home
from comity.partners import service as partners
from comity.sync import service as sync
from comity.sync.drain import Phase, Progress, Watch, drain
from comity.sync.held import service as held
from comity.sync.model import Run, Threshold
from comity.sync.service import Principals, Standing
from tests.support.world import Org


class Killed(Exception):
    """The drain dies here: what it has not committed is gone, and nothing after this line is done."""


def kill_at(phase: Phase, count: int = 1) -> Watch:
    """A watcher that kills the drain when it enters the phase for the `count`-th time."""
    left = count

    def watch(progress: Progress) -> None:
        nonlocal left
        left -= progress.phase is phase
        if left == 0:
            raise Killed(phase)

    return watch


async def accept(org: Org, *, people_of: Org) -> None:
    """The tenant lets another's people in."""
    async with org.db.tenant(org.id) as tx:
        await partners.accept_users(tx, org.operator, people_of.id)


async def share(org: Org, *people: User | UserId, groups: tuple[GroupId, ...] = (), to: Org) -> JobId:
    """Share people and groups with one tenant; return the job."""
    async with org.db.tenant(org.id) as tx:
        shared = await sync.share_with(tx, org.operator, Principals(_ids(people), groups), to.id)
    return shared.job.id


async def unguard(org: Org) -> None:
    """No deletion of the tenant's jobs counts as an accident."""
    async with org.db.tenant(org.id) as tx:
        for each in await sync.list_standing(tx, org.operator):
            await held.set_threshold(tx, org.operator, each.job.id, Threshold(is_on=False))


async def unshare(org: Org, *people: User | UserId, groups: tuple[GroupId, ...] = (), to: Org) -> None:
    """Take people and groups back."""
    async with org.db.tenant(org.id) as tx:
        await sync.unshare(tx, org.operator, Principals(_ids(people), groups), target=to.id)


async def die(org: Org, phase: Phase, count: int = 1, **options: Any) -> None:
    """A drain of the tenant that is killed."""
    try:
        await drain(org.db, org.id, watch=kill_at(phase, count), **options)
    except Killed:
        return
    raise AssertionError(f"the drain was not {phase} for the {count}. time")


async def standing(org: Org) -> list[Standing]:
    """The tenant's jobs and how their last runs went."""
    async with org.db.tenant(org.id) as tx:
        return await sync.list_standing(tx, org.operator)


async def last_run(org: Org) -> Run:
    """How the last run of the tenant's only job went."""
    (only,) = await standing(org)
    assert only.last_run is not None
    return only.last_run


async def is_alive(org: Org, home: User) -> bool:
    """Does a living account in the tenant stand for her?"""
    async with org.db.tenant(org.id) as tx:
        found = await find_by_home(tx, home.tenant_id, home.id)
    return found is not None and found.deleted_at is None


def _ids(people: tuple[User | UserId, ...]) -> list[UserId]:
    return [each.id if isinstance(each, User) else each for each in people]


def counting(db: Database) -> Callable[[], int]:
    """Counts the statements of all transactions begun from now on."""
    begun: list[Callable[[], int]] = []
    db.on_begin.append(lambda tx: begun.append(lambda: tx.statements + 2))  # begin and commit count too
    return lambda: sum(each() for each in begun)
