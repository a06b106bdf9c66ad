"""The contract of the queue, for every implementation (design D5)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from comity.core.ids import TenantId, new_id
from comity.jobs.model import Order, QueueUnavailable
from comity.jobs.procrastinate_queue import ProcrastinateQueue
from comity.jobs.queue import Do, Queue
from comity.jobs.schema import prepare_queue

WAIT_S = 20


@asynccontextmanager
async def on_procrastinate(queue_url: str) -> AsyncIterator[Queue]:
    async def url() -> str:
        return queue_url

    async with ProcrastinateQueue(url) as queue:
        yield queue


@pytest.fixture(params=[on_procrastinate])
async def queue(request: pytest.FixtureRequest, queue_url: str) -> AsyncIterator[Queue]:
    """Each implementation in turn, with nothing in it."""
    async with request.param(queue_url) as made:
        yield made


class Served:
    """Serves a queue and notes what came; each order waits for `gate` before it is done."""

    def __init__(self, queue: Queue) -> None:
        self.queue = queue
        self.begun: list[Order] = []
        self.done: list[Order] = []
        self.stop = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()
        self.changed = asyncio.Condition()

    async def do(self, order: Order) -> None:
        self.begun.append(order)
        await self._tell()
        await self.gate.wait()
        self.done.append(order)
        await self._tell()

    async def _tell(self) -> None:
        async with self.changed:
            self.changed.notify_all()

    async def until(self, so: Callable[[], bool]) -> None:
        async with asyncio.timeout(WAIT_S), self.changed:
            await self.changed.wait_for(so)


@asynccontextmanager
async def serving(queue: Queue, *, drain_s: float = 5.0, do: Do | None = None) -> AsyncIterator[Served]:
    served = Served(queue)
    task = asyncio.create_task(queue.serve(do or served.do, concurrency=4, stop=served.stop, drain_s=drain_s))
    try:
        yield served
    finally:
        served.gate.set()
        served.stop.set()
        await task


def an_order() -> Order:
    return Order("test", TenantId(new_id()))


async def test_what_is_deferred_is_done(queue: Queue):
    """Whether somebody serves already or only later."""
    before, after = an_order(), an_order()
    await queue.defer(before)

    async with serving(queue) as served:
        await queue.defer(after)
        await served.until(lambda: len(served.done) == 2)

    assert set(served.done) == {before, after}


async def test_an_order_waits_in_line_once(queue: Queue):
    """A tick that repeats itself makes no work."""
    order = an_order()
    for _ in range(3):
        await queue.defer(order)

    async with serving(queue) as served:
        await served.until(lambda: len(served.done) == 1)
        await queue.defer(last := an_order())
        await served.until(lambda: last in served.done)

    assert served.done == [order, last]


async def test_an_order_never_runs_twice_at_the_same_time(queue: Queue):
    """Deferred while it runs, it waits until that is over."""
    order = an_order()
    async with serving(queue) as served:
        served.gate.clear()
        await queue.defer(order)
        await served.until(lambda: len(served.begun) == 1)
        await queue.defer(order)
        await queue.defer(other := an_order())
        await served.until(lambda: other in served.begun)
        assert served.begun == [order, other]
        served.gate.set()
        await served.until(lambda: len(served.done) == 3)

    assert sorted(served.done, key=str) == sorted([order, order, other], key=str)


async def test_orders_of_several_tenants_run_beside_each_other(queue: Queue):
    """A long one holds nobody up, as long as there is room."""
    async with serving(queue) as served:
        served.gate.clear()
        for _ in range(3):
            await queue.defer(an_order())
        await served.until(lambda: len(served.begun) == 3)
        assert served.done == []


async def test_no_more_run_than_there_is_room_for(queue: Queue):
    """Concurrency is bounded (design §7)."""
    async with serving(queue) as served:
        served.gate.clear()
        for _ in range(6):
            await queue.defer(an_order())
        await served.until(lambda: len(served.begun) == 4)
        assert len(served.begun) == 4
        served.gate.set()
        await served.until(lambda: len(served.done) == 6)


async def test_stopping_lets_running_orders_finish(queue: Queue):
    """SIGTERM drains."""
    async with serving(queue) as served:
        served.gate.clear()
        await queue.defer(order := an_order())
        await served.until(lambda: bool(served.begun))
        served.stop.set()
        served.gate.set()

    assert served.done == [order]


async def test_stopping_cancels_what_does_not_end(queue: Queue):
    """Whoever is cancelled gives the order back; the queue does not keep it."""
    cancelled: list[Order] = []
    begun = asyncio.Event()

    async def never_ends(order: Order) -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(order)
            raise

    async with serving(queue, drain_s=0.1, do=never_ends) as served:
        await queue.defer(order := an_order())
        await asyncio.wait_for(begun.wait(), WAIT_S)
        served.stop.set()
    async with serving(queue) as served:
        await queue.defer(order)
        await served.until(lambda: bool(served.done))

    assert cancelled == [order]
    assert served.done == [order]


async def test_a_forgotten_order_can_run_again(queue_url: str):
    """Its worker was killed: until that is known, the order's place is taken."""
    order, begun = an_order(), asyncio.Event()

    async def begin_and_vanish(_: Order) -> None:
        begun.set()
        await asyncio.Event().wait()

    async with on_procrastinate(queue_url) as killed, on_procrastinate(queue_url) as queue:
        stop = asyncio.Event()
        gone = asyncio.create_task(killed.serve(begin_and_vanish, concurrency=1, stop=stop, drain_s=0.0))
        await killed.defer(order)
        await asyncio.wait_for(begun.wait(), WAIT_S)

        await queue.forget(order)
        await queue.defer(order)
        async with serving(queue) as served:
            await served.until(lambda: served.done == [order])
        stop.set()
        await gone


async def test_a_queue_that_is_not_there_says_so():
    """One kind of error, whatever the library raises."""

    async def nowhere() -> str:
        return "postgresql://nobody@127.0.0.1:1/nothing?connect_timeout=1"

    with pytest.raises(QueueUnavailable):
        async with ProcrastinateQueue(nowhere, wait_s=0.5):
            pass


async def test_preparing_the_queue_twice_changes_nothing(queue_url: str):
    """Every worker does it when it starts."""
    assert await prepare_queue(queue_url) == ()
