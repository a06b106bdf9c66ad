"""Runs that are killed, and a database that is killed under them: the next run ends as an undisturbed one."""

from __future__ import annotations

import asyncio
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest

from comity.core.ids import UserId, new_id
from comity.directory.store import load_users
from comity.sync.drain import Phase, drain
from comity.sync.model import Counts
from tests.soak.company import (
    Company,
    House,
    Picture,
    differences,
    drain_undisturbed,
    faults,
    found,
    house,
    picture,
    reorganise,
)
from tests.soak.drainer import CAUSE, PAGE_SIZE, UNAVAILABLE
from tests.support.embedded import guardian_of, kill, postmaster_of
from tests.support.soak import seeds

pytestmark = pytest.mark.soak

ROOT = Path(__file__).parents[2]
OUTSIDE = "outside"
"""SIGKILL from another process, wherever the drain is."""
SERVER = "server"
"""SIGKILL to PostgreSQL or its guardian while the drain runs."""
MOMENTS = (*(each.value for each in Phase), OUTSIDE, SERVER)


@dataclass(frozen=True)
class Scene:
    """A template database, what an undisturbed run makes of it, and how often that enters each phase."""

    template: str
    company: Company
    ending: Picture
    phases: Counter[str]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A server of its own, which may be killed."""
    with house(tmp_path_factory.mktemp("durable")) as opened:
        yield opened


@pytest.fixture(scope="module")
def scenes(place: House) -> dict[str, Scene]:
    """A first share of 5,000 people, and thousands of changes after it."""

    async def prepare() -> dict[str, Scene]:
        async with place.open("first") as db:
            company = await found(db)
        place.copy("first", "later")
        async with place.open("later") as db:
            first = await undisturbed("first", company.on(db))
            await reorganise(company.on(db))
        place.copy("later", "latest")
        async with place.open("latest") as db:
            later = await undisturbed("later", company.on(db))
        return {"first": first, "later": later}

    place.create("first")
    return asyncio.run(prepare())


async def undisturbed(template: str, company: Company) -> Scene:
    """Run it once without disturbance."""
    _, phases = await drain_undisturbed(company)
    assert await faults(company) == []
    return Scene(template, company, await picture(company), phases)


@pytest.fixture
def name(place: House) -> Iterator[str]:
    """A database of the test's own."""
    name = f"run_{new_id().hex}"
    yield name
    place.lease.again()
    place.drop(name)


@pytest.mark.parametrize("seed", seeds(short=len(MOMENTS), long=7 * len(MOMENTS)))
async def test_a_killed_run_ends_as_an_undisturbed_one(place: House, scenes: dict[str, Scene], name: str, seed: int):
    """Whatever dies and whenever, running again leaves each step applied, receipted, logged and counted once; and
    nothing is left to do (design §4.6)."""
    numbers = random.Random(seed)
    moment = MOMENTS[seed % len(MOMENTS)]
    scene = scenes[numbers.choice(sorted(scenes))]
    place.copy(scene.template, name)

    await asyncio.to_thread(run_and_kill, place, scene, name, moment, numbers)

    async with place.open(name) as db:
        company = scene.company.on(db)
        await drain(db, company.source.id, cause=CAUSE, page_size=PAGE_SIZE)
        ending = await picture(company)
        assert await faults(company) == []
        assert differences(ending, scene.ending) == []
        assert (await drain(db, company.source.id, page_size=PAGE_SIZE)).total == Counts()
        assert differences(await picture(company), ending) == []


@pytest.mark.parametrize("seed", seeds(short=1, long=8))
async def test_a_run_that_was_reported_as_finished_is_finished(
    place: House, scenes: dict[str, Scene], name: str, seed: int
):
    """Its batches are not flushed one by one; the watermark after them is, and flushes them too (design §4.2)."""
    scene = scenes[random.Random(seed).choice(sorted(scenes))]
    place.copy(scene.template, name)

    await asyncio.to_thread(finish_and_kill_the_server, place, scene, name)

    async with place.open(name) as db:
        company = scene.company.on(db)
        assert await faults(company) == []
        assert differences(await picture(company), scene.ending) == []


@pytest.mark.parametrize("seed", seeds(short=2, long=20))
async def test_what_was_acknowledged_survives_the_server(place: House, scenes: dict[str, Scene], name: str, seed: int):
    """SIGKILL to the server at random while four writers commit: whoever was told "done" finds it done."""
    place.copy(scenes["first"].template, name)
    company = scenes["first"].company
    enough = random.Random(seed).randint(20, 200)

    acknowledged = await asyncio.to_thread(write_and_kill_the_server, place, company, name, enough)

    async with place.open(name) as db, db.tenant(company.source.id) as tx:
        users = await load_users(tx, sorted(acknowledged))
        entries = await tx.rows("select object_id from feed_entry where tenant_id = %(tenant_id)s")
    assert len(acknowledged) >= enough
    assert acknowledged - users.keys() == set()
    assert acknowledged - {row[0] for row in entries} == set()


def run_and_kill(place: House, scene: Scene, name: str, moment: str, numbers: random.Random) -> None:
    """Run the drain in a process of its own until it is killed, or the database under it."""
    if moment not in {OUTSIDE, SERVER}:
        with start(place, scene, name, moment, numbers.randint(1, scene.phases[moment])) as drainer:
            drainer.communicate()
        assert drainer.returncode == -signal.SIGKILL
        return
    with start(place, scene, name) as drainer:
        assert drainer.stdout is not None
        for _ in range(numbers.randint(1, scene.phases.total() - 1)):
            assert drainer.stdout.readline()
        if moment == OUTSIDE:
            drainer.kill()
            return
        kill_database(place, numbers.choice(["postmaster", "guardian", "all"]))
        drainer.communicate()
    assert drainer.returncode == UNAVAILABLE
    place.lease.again()


def kill_database(place: House, whom: str) -> None:
    """The postmaster, which its guardian starts again; the guardian, whose server then stops; or all at once."""
    if whom == "postmaster":
        kill(postmaster_of(place.data))
    elif whom == "guardian":
        kill(guardian_of(place.data))
    else:
        place.kill()


def start(
    place: House, scene: Scene, name: str, *moment: object, stdin: int = subprocess.DEVNULL
) -> subprocess.Popen[str]:
    """A process that drains; its lines say where it is."""
    source = scene.company.source.id
    return subprocess.Popen(
        [sys.executable, "-m", "tests.soak.drainer", str(place.data), name, str(source), *map(str, moment)],
        cwd=ROOT, stdin=stdin, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def finish_and_kill_the_server(place: House, scene: Scene, name: str) -> None:
    """The server dies at the very moment in which the drain says that it is done."""
    with place.only_commits_flush(), start(place, scene, name, stdin=subprocess.PIPE) as drainer:
        assert drainer.stdout is not None
        while drainer.stdout.readline().strip() != Phase.FINISHED:
            assert drainer.poll() is None
        place.kill()
    place.lease.again()


def write_and_kill_the_server(place: House, company: Company, name: str, enough: int) -> set[UserId]:
    """Whom the writers were told to have created, before and while the server died."""
    source = company.source
    command = [sys.executable, "-m", "tests.soak.writer", str(place.data), name, str(source.id), source.domain]
    acknowledged: set[UserId] = set()
    with (
        place.only_commits_flush(),
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as writer,
    ):
        assert writer.stdout is not None
        for line in writer.stdout:
            acknowledged.add(UserId(UUID(line.strip())))
            if len(acknowledged) == enough:
                place.kill()
    assert writer.returncode == UNAVAILABLE
    place.lease.again()
    return acknowledged
