"""The queue on procrastinate, in PostgreSQL.

Its jobs are deleted when they are done, whatever came of them: success, failure and the next attempt are
kept in due rows. Its own schedule is not used, because it runs on the database's clock.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final
from uuid import UUID

import psycopg
from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.jobs import Status

from comity.core.ids import TenantId
from comity.core.logs import get_logger
from comity.jobs.model import Order, QueueUnavailable
from comity.jobs.presence import WORKER_NAME
from comity.jobs.queue import Do
from comity.jobs.schema import OPTIONS

log = get_logger()

TASK: Final = "comity.order"
QUEUE: Final = "comity"
CONNECTIONS_MAX: Final = 4
WAIT_S: Final = 10.0
POLL_S: Final = 2.0
"""How long an order may wait in line if its notification was lost."""
AGAIN_S: Final = 1.0
"""Between two attempts to serve, when the database is away."""


class ProcrastinateQueue:
    """Orders as procrastinate's jobs; open it as an async context manager.

    `url` is asked for before each connection: the direct URL, never that of a pooler.
    """

    def __init__(self, url: Callable[[], Awaitable[str]], *, wait_s: float = WAIT_S) -> None:
        self._do: Do | None = None
        self._wait_s = wait_s
        self._app = App(
            connector=PsycopgConnector(
                conninfo=url,
                min_size=1,
                max_size=CONNECTIONS_MAX,
                timeout=wait_s,
                kwargs={"options": OPTIONS, "application_name": WORKER_NAME},
            )
        )
        self._app.task(name=TASK, queue=QUEUE)(self._run)

    async def __aenter__(self) -> ProcrastinateQueue:
        try:
            async with asyncio.timeout(self._wait_s):
                await self._app.open_async()
        except TimeoutError as fault:
            await self._app.close_async()
            raise QueueUnavailable(detail=f"no connection within {self._wait_s} s") from fault
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._app.close_async()

    async def defer(self, order: Order) -> None:
        """See `Queue.defer`."""
        job = self._app.configure_task(TASK, queue=QUEUE, lock=order.name, queueing_lock=order.name)
        with _translated(), suppress(AlreadyEnqueued):
            await job.defer_async(kind=order.kind, tenant=str(order.tenant_id), key=str(order.key))

    async def forget(self, order: Order) -> None:
        """See `Queue.forget`."""
        manager = self._app.job_manager
        with _translated():
            for job in await manager.list_jobs_async(lock=order.name, status=Status.DOING.value):
                if job.id is not None:
                    await manager.finish_job_by_id_async(job.id, Status.FAILED, delete_job=True)

    async def serve(self, do: Do, *, concurrency: int, stop: asyncio.Event, drain_s: float) -> None:
        """See `Queue.serve`."""
        self._do = do
        stopping = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                await self._serve_once(stopping, concurrency=concurrency, drain_s=drain_s)
        finally:
            stopping.cancel()

    async def _serve_once(self, stopping: asyncio.Task[Any], *, concurrency: int, drain_s: float) -> None:
        """Serve until it is time to stop, or until procrastinate gives up because a connection broke."""
        serving = asyncio.create_task(
            self._app.run_worker_async(
                queues=[QUEUE],
                concurrency=concurrency,
                fetch_job_polling_interval=POLL_S,
                shutdown_graceful_timeout=drain_s,
                delete_jobs="always",
                install_signal_handlers=False,
            )
        )
        try:
            await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            serving.cancel()  # it finishes what runs, within its time, before it ends
            outcome = (await asyncio.gather(serving, return_exceptions=True))[0]
        if isinstance(outcome, Exception):
            log.warning("queue-lost", fault=str(outcome) or type(outcome).__name__)
        if not stopping.done():
            await asyncio.wait({stopping}, timeout=AGAIN_S)

    async def _run(self, *, kind: str, tenant: str, key: str) -> None:
        if self._do is None:
            raise RuntimeError("nobody serves")
        await self._do(Order(kind, TenantId(UUID(tenant)), UUID(key)))


@contextmanager
def _translated() -> Iterator[None]:
    """The library's troubles with the database, in our words."""
    try:
        yield
    except (ConnectorException, psycopg.OperationalError) as fault:
        raise QueueUnavailable(detail=str(fault.__cause__ or fault)) from fault
