"""Stop, undo and restore, killed at any transaction, or the database under them: nothing is lost or done twice.

`test_killed_drain` shows the same for runs of another size.
"""

from __future__ import annotations

import asyncio
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from comity.core.ids import JobId, PlanId, new_id
from comity.db.database import Database
from comity.directory import service as directory
from comity.sync import plans
from comity.sync import service as sync
from comity.sync.drain import drain
from comity.sync.model import Counts, JobState
from comity.sync.undoing import ask_undo
from tests.soak.actor import CAUSE, DEEDS, PAGE, STOPPED, count_transactions
from tests.soak.company import House, house
from tests.soak.drainer import UNAVAILABLE
from tests.support.books import wrong_entries
from tests.support.drains import accept, last_run, share, unshare
from tests.support.embedded import guardian_of, kill, postmaster_of
from tests.support.soak import seeds
from tests.support.world import Org, make_org

pytestmark = pytest.mark.soak

ROOT = Path(__file__).parents[2]
KINDS = [(deed, victim) for deed in DEEDS for victim in ("process", "postmaster", "guardian", "all")]
State = dict[Any, Any]


@dataclass(frozen=True)
class Scene:
    """A share and many changes after it: who lived in the target before they were run, and who does after it."""

    source: Org
    target: Org
    job: JobId
    undo: PlanId
    before: State
    after: State
    transactions: dict[str, int]
    """How many each deed takes, undisturbed."""

    def on(self, db: Database) -> Scene:
        """The same scene in another database."""
        return replace(self, source=replace(self.source, db=db), target=replace(self.target, db=db))

    def about(self, deed: str) -> UUID:
        """What the deed is done to."""
        return self.undo if deed == "undo" else self.job


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A server of its own, which may be killed."""
    with house(tmp_path_factory.mktemp("deeds")) as opened:
        yield opened


@pytest.fixture(scope="module")
def scene(place: House) -> Scene:
    """Databases `changed`, before the run, and `run`, after it, with an undo that is planned."""

    async def prepare() -> Scene:
        async with place.open("changed") as db:
            source, target = await make_org(db, "Alder"), await make_org(db, "Birch")
            job = await found_and_change(source, target)
            before = await state_of(target)
        place.copy("changed", "run")
        async with place.open("run") as db:
            ran = replace(source, db=db)
            taken = {"restore": await count_in(db, lambda: drain(db, ran.id, cause=CAUSE, page_size=PAGE))}
            after = await state_of(replace(target, db=db))
            async with db.tenant(ran.id) as tx:
                (undo,) = await ask_undo(tx, ran.operator, (await last_run(ran)).id)
            await plans.make(db, ran.operator, undo)
        place.copy("run", "undone")
        async with place.open("undone") as db:
            ran = replace(source, db=db)
            taken["undo"] = await count_in(db, lambda: plans.apply(db, ran.operator, undo, page_size=PAGE))
            assert await state_of(replace(target, db=db)) == before
        taken["stop"] = taken["restore"] // 2
        return Scene(source, target, job, undo, before, after, taken)

    place.create("changed")
    return asyncio.run(prepare())


async def found_and_change(source: Org, target: Org) -> JobId:
    """Somebody comes, changes, leaves, comes back and is adopted, forty of each; all of it one cause, not yet run."""
    db = source.db
    people = await source.add_many(240)
    await accept(target, people_of=source)
    job = await share(source, *people[:160], to=target)
    await drain(db, source.id)
    await unshare(source, *people[:40], to=target)
    async with db.tenant(source.id) as tx:
        await directory.delete_users(tx, source.operator, [each.id for each in people[40:60]])
    await drain(db, source.id)

    await share(source, *people[:40], *people[160:], to=target)
    async with db.tenant(source.id) as tx:
        for each in people[40:60]:
            await directory.restore_user(tx, source.operator, each.id)
    for each in people[60:100]:
        await source.change(each, city="Bonn", manager_id=people[0].id)
    await unshare(source, *people[100:140], to=target)
    for number, each in enumerate(people[160:200]):
        await target.invite_guest(each, home_known=number % 2 == 0)
    async with db.tenant(source.id) as tx:
        await tx.execute("update feed_entry set cause = null where tenant_id = %(tenant_id)s")
    return job


async def count_in(db: Database, act: Any) -> int:
    """How many transactions it takes."""
    begun: list[int] = []
    count_transactions(db, begun.append)
    await act()
    return len(begun)


async def state_of(org: Org) -> State:
    """Everybody of other tenants who lives here, whole; versions, the time of the invitation and new ids aside."""
    async with org.db.tenant(org.id) as tx:
        rows = await tx.rows(
            "select to_jsonb(u) - 'version' - 'external_state_at' - 'created_at' - 'id' - 'manager_id', "
            "(select home_user_id from users m where m.tenant_id = u.tenant_id and m.id = u.manager_id) "
            "from users u where tenant_id = %(tenant_id)s and deleted_at is null and creation_type is not null"
        )
    return {row[0]["user_principal_name"]: row for row in rows}


@pytest.fixture
def name(place: House) -> Iterator[str]:
    """A database of the test's own."""
    name = f"deed_{new_id().hex}"
    yield name
    place.lease.again()
    place.drop(name)


@pytest.mark.parametrize("seed", seeds(short=len(KINDS), long=9 * len(KINDS)))
async def test_a_killed_deed_ends_as_an_undisturbed_one(place: House, scene: Scene, name: str, seed: int):
    """Done again, or gone on with: each step is applied, receipted, logged and counted once (design §4.6); a stop that
    was acknowledged holds."""
    numbers = random.Random(seed)
    deed, victim = KINDS[seed % len(KINDS)]
    place.copy("run" if deed == "undo" else "changed", name)

    lines = await asyncio.to_thread(do_and_kill, place, scene, name, deed, victim, numbers)

    async with place.open(name) as db:
        here = scene.on(db)
        if STOPPED in lines:
            assert await state_of_job(here) is JobState.PAUSED
        await go_on(here, deed)
        assert await wrong_entries(db, here.source.id, [here.target.id]) == []
        assert await state_of(here.target) == (scene.before if deed == "undo" else scene.after)
        assert await do_again(here, deed) == Counts()


def do_and_kill(place: House, scene: Scene, name: str, deed: str, victim: str, numbers: random.Random) -> list[str]:
    """Do the deed in a process of its own until it is killed, or the database under it; what it said."""
    moment = numbers.randint(2, scene.transactions[deed])
    command = [sys.executable, "-m", "tests.soak.actor", str(place.data), name, str(scene.source.id), deed,
               str(scene.about(deed)), str(moment if victim == "process" else 0)]  # fmt: skip
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as actor:
        assert actor.stdout is not None
        lines = []
        for line in actor.stdout:
            lines.append(line.strip())
            if lines[-1] == str(moment) and victim != "process":
                kill_database(place, victim)
    # Whoever had nothing more to ask of the database has not noticed that it is gone.
    assert actor.returncode in ({-signal.SIGKILL} if victim == "process" else {UNAVAILABLE, 0})
    place.lease.again()
    return lines


def kill_database(place: House, whom: str) -> None:
    """The postmaster, which its guardian starts again; the guardian, whose server then stops; or all at once."""
    if whom == "postmaster":
        kill(postmaster_of(place.data))
    elif whom == "guardian":
        kill(guardian_of(place.data))
    else:
        place.kill()


async def state_of_job(scene: Scene) -> JobState:
    async with scene.source.db.tenant(scene.source.id) as tx:
        (found,) = await sync.list_standing(tx, scene.source.operator)
    return found.job.state


async def go_on(scene: Scene, deed: str) -> None:
    """What an administrator does who sees that it was cut off."""
    db, source = scene.source.db, scene.source
    if deed == "undo":
        assert not (await plans.apply(db, source.operator, scene.undo, page_size=PAGE)).stopped
        return
    async with db.tenant(source.id) as tx:
        await sync.start(tx, source.operator, scene.job)
    await drain(db, source.id, cause=CAUSE, page_size=PAGE)


async def do_again(scene: Scene, deed: str) -> Counts:
    """Whatever more it would do."""
    db, source = scene.source.db, scene.source
    if deed != "undo":
        return (await drain(db, source.id, page_size=PAGE)).total
    before = await last_run(source)
    await plans.apply(db, source.operator, scene.undo, page_size=PAGE)
    after = await last_run(source)
    return Counts() if before == after else after.counts
