"""The worker: what is due is done, by whoever offered to; what fails is told once and tried again."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import pytest

from comity.core import logs
from comity.core.clock import BusinessClock, FixedClock, MachineClock
from comity.core.ids import PERSONAL_REALM, TenantId, new_id
from comity.db.database import Database
from comity.db.errors import DatabaseUnavailable
from comity.events.hints import PostgresHints
from comity.jobs.due import DueRows, put
from comity.jobs.model import Handler, Order, Task, Work
from comity.jobs.procrastinate_queue import ProcrastinateQueue
from comity.jobs.schema import prepare_queue
from comity.jobs.worker import Worker, backoff
from tests.support.logs import put_back

WAIT_S = 20


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What is logged, as JSON lines."""
    stream = io.StringIO()
    with put_back():
        logs.configure("info", stream=stream)
        yield stream


def told(log: io.StringIO, event: str) -> list[dict[str, object]]:
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    return [line for line in lines if line["event"] == event]


def order_of(kind: str) -> Order:
    return Order(kind, TenantId(new_id()))


async def make_due(db: Database, order: Order) -> None:
    async with db.tenant(PERSONAL_REALM) as tx:
        await put(tx, order)


@pytest.fixture
async def queue(db: Database) -> AsyncIterator[ProcrastinateQueue]:
    """The queue in the database that the due rows are in."""
    await prepare_queue(db.address.direct_url)
    async with ProcrastinateQueue(db.direct_url) as made:
        yield made


async def unchanged() -> None:
    """The clock stays as it is."""


class Scene:
    """A worker that the test moves by hand."""

    def __init__(self, db: Database, queue: ProcrastinateQueue, due: DueRows, machine: FixedClock | MachineClock):
        self.db, self.queue, self.due, self.machine = db, queue, due, machine

    def worker(self, kind: str, handler: Handler, *, spacing: timedelta = timedelta(0)) -> Worker:
        return Worker(
            self.due,
            self.queue,
            PostgresHints(self.db),
            [Work(kind=kind, handler=handler, spacing=spacing)],
            business=self.db.clock,
            machine=self.machine,
            refresh=unchanged,
        )

    async def do_once(self, worker: Worker, order: Order) -> None:
        await self.due.claim([order.kind])
        await worker.do(order)


@pytest.fixture
def scene(db: Database, queue: ProcrastinateQueue, due: DueRows, machine: FixedClock) -> Scene:
    return Scene(db, queue, due, machine)


async def test_what_is_due_is_done_by_who_offered_to(db: Database, queue: ProcrastinateQueue, kind: str):
    """From the commit that made it due to the handler: row, tick, queue, worker."""
    scene = Scene(db, queue, DueRows(db, machine=MachineClock()), MachineClock())
    order, done = order_of(kind), asyncio.Event()

    async def handler(task: Task) -> None:
        if task.order == order:
            done.set()

    stop = asyncio.Event()
    running = asyncio.create_task(scene.worker(kind, handler).run(stop=stop, drain_s=1.0))
    await make_due(db, order)
    await asyncio.wait_for(done.wait(), WAIT_S)
    stop.set()
    await running

    assert await scene.due.waiting(kind) == []


async def test_a_failure_is_told_once_and_tried_again_later(
    scene: Scene, kind: str, machine: FixedClock, log: io.StringIO
):
    """With the trace, because it is a bug; then it waits on the machine clock."""
    order, attempts = order_of(kind), []

    async def handler(task: Task) -> None:
        attempts.append(task.attempt)
        if len(attempts) < 3:
            raise ValueError("broken")

    worker = scene.worker(kind, handler)
    await make_due(scene.db, order)
    await scene.do_once(worker, order)
    await scene.do_once(worker, order)
    assert attempts == [1]

    machine.advance(backoff(1))
    await scene.do_once(worker, order)
    machine.advance(backoff(2))
    await scene.do_once(worker, order)

    failures = told(log, "work-failed")
    assert attempts == [1, 2, 3]
    assert [each["attempt"] for each in failures] == [1, 2]
    assert failures[0]["order"] == order.name
    assert "ValueError: broken" in str(failures[0]["exception"])
    assert await scene.due.waiting(kind) == []


async def test_a_part_that_is_away_is_no_bug(scene: Scene, kind: str, log: io.StringIO):
    """A trace of every worker for each hiccup of the database would hide the others."""

    async def handler(_: Task) -> None:
        raise DatabaseUnavailable(detail="gone")

    await make_due(scene.db, order := order_of(kind))
    await scene.do_once(scene.worker(kind, handler), order)

    assert [each.get("exception") for each in told(log, "work-failed")] == [None]


async def test_backoff_grows_and_ends():
    """A thing that stays broken is tried every five minutes."""
    assert [backoff(each).total_seconds() for each in (1, 2, 3, 4, 100)] == [1, 2, 4, 8, 300]


async def test_work_may_ask_to_be_done_again(scene: Scene, kind: str, clock: BusinessClock):
    """A schedule is an order that comes back, on the business clock."""
    order, runs = order_of(kind), []

    async def handler(_: Task) -> datetime:
        runs.append(clock.now())
        return clock.now() + timedelta(minutes=40)

    worker = scene.worker(kind, handler)
    await make_due(scene.db, order)
    await scene.do_once(worker, order)
    await scene.do_once(worker, order)
    assert len(runs) == 1

    clock.offset += timedelta(minutes=41)
    await scene.do_once(worker, order)

    assert len(runs) == 2


async def test_two_runs_of_one_order_keep_their_distance(scene: Scene, kind: str, machine: FixedClock):
    """Wake-ups of one tenant lie at least 250 ms apart (design D8)."""
    order, runs = order_of(kind), []

    async def handler(_: Task) -> None:
        runs.append(machine.now())

    worker = scene.worker(kind, handler, spacing=timedelta(milliseconds=250))
    for _ in range(2):
        await make_due(scene.db, order)
        await scene.do_once(worker, order)
    assert len(runs) == 1

    machine.advance(timedelta(milliseconds=250))
    await scene.do_once(worker, order)

    assert len(runs) == 2


async def test_an_order_of_an_unknown_kind_stays(scene: Scene, kind: str):
    """Another version may know it."""

    async def handler(_: Task) -> None:
        raise AssertionError

    await make_due(scene.db, order := order_of(f"{kind}-new"))
    await scene.due.claim([order.kind])

    await scene.worker(kind, handler).do(order)

    assert [each.order for each in await scene.due.waiting(order.kind)] == [order]


async def test_who_is_stopped_gives_the_order_back(scene: Scene, kind: str):
    """The next worker need not wait for the lease to run out."""
    order, begun = order_of(kind), asyncio.Event()

    async def handler(_: Task) -> None:
        begun.set()
        await asyncio.Event().wait()

    await make_due(scene.db, order)
    await scene.due.claim([kind])
    doing = asyncio.create_task(scene.worker(kind, handler).do(order))
    await asyncio.wait_for(begun.wait(), WAIT_S)
    doing.cancel()
    await asyncio.wait({doing})

    (waiting,) = await scene.due.waiting(kind)
    assert doing.cancelled()
    assert waiting.leased_until is None
    assert [each.order for each in (await scene.due.claim([kind]))[0]] == [order]


async def test_long_work_keeps_its_lease(db: Database, queue: ProcrastinateQueue, kind: str):
    """It says that it goes on, several times per lease."""
    order, seen = order_of(kind), asyncio.Event()

    async def handler(_: Task) -> None:
        async with asyncio.timeout(WAIT_S):
            await seen.wait()

    class Watched(DueRows):
        async def renew(self, task: Task) -> bool:
            renewed = await super().renew(task)
            seen.set()
            return renewed

    scene = Scene(db, queue, Watched(db, machine=MachineClock(), lease=timedelta(seconds=0.3)), MachineClock())
    await make_due(db, order)
    await scene.do_once(scene.worker(kind, handler), order)

    assert seen.is_set()
    assert await scene.due.waiting(kind) == []


async def test_who_lost_the_order_stops(db: Database, queue: ProcrastinateQueue, kind: str, log: io.StringIO):
    """Its process was stopped for too long, and another has begun: one of them must end."""
    late = FixedClock(MachineClock().now() + timedelta(hours=1))
    scene = Scene(db, queue, DueRows(db, machine=MachineClock(), lease=timedelta(seconds=0.3)), MachineClock())
    thief = DueRows(db, machine=late)
    order, cancelled = order_of(kind), asyncio.Event()

    async def handler(_: Task) -> None:
        await thief.claim([kind])
        assert await thief.take(order) is not None
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    await make_due(db, order)
    await asyncio.wait_for(scene.do_once(scene.worker(kind, handler), order), WAIT_S)

    assert cancelled.is_set()
    assert len(told(log, "lease-lost")) == 1


@asynccontextmanager
async def _worker_that_vanishes(scene: Scene) -> AsyncIterator[asyncio.Event]:
    """Takes an order and never says anything again."""
    begun = asyncio.Event()

    async def vanish(order: Order) -> None:
        assert await scene.due.take(order) is not None
        begun.set()
        await asyncio.Event().wait()

    stop = asyncio.Event()
    async with ProcrastinateQueue(scene.db.direct_url) as line:
        gone = asyncio.create_task(line.serve(vanish, concurrency=1, stop=stop, drain_s=0.0))
        yield begun
        stop.set()
        await gone


async def test_the_order_of_a_killed_worker_is_done_by_another(
    scene: Scene, kind: str, machine: FixedClock, log: io.StringIO
):
    """Its lease runs out, and its place in the queue is freed."""
    order, done = order_of(kind), asyncio.Event()

    async def handler(_: Task) -> None:
        done.set()

    async with _worker_that_vanishes(scene) as begun:
        await make_due(scene.db, order)
        worker = scene.worker(kind, handler)
        await worker.tick.look()
        await asyncio.wait_for(begun.wait(), WAIT_S)

        machine.advance(scene.due.lease)
        stop = asyncio.Event()
        running = asyncio.create_task(worker.run(stop=stop, drain_s=1.0))
        await asyncio.wait_for(done.wait(), WAIT_S)
        stop.set()
        await running

    assert [each["order"] for each in told(log, "order-lost")] == [order.name]


async def test_the_tick_says_when_to_look_again(scene: Scene, kind: str):
    """A spacing that ends within the second is not waited for any longer than it takes."""

    async def handler(_: Task) -> None:
        return None

    worker = scene.worker(kind, handler, spacing=timedelta(milliseconds=250))
    await make_due(scene.db, order := order_of(kind))
    await scene.do_once(worker, order)
    assert await worker.tick.look() == 1.0

    await make_due(scene.db, order)

    assert await worker.tick.look() == 0.25
