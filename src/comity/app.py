"""The wiring: settings → server → database → rooms → web process, worker, command line.

The only file that knows everyone. What is heavy is imported where it is used, because a supervisor needs
none of it and `--help` may not wait for it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from concurrent.futures import Future

    from comity.core.clock import BusinessClock, MachineClock
    from comity.core.settings import Settings
    from comity.db.database import Address, Database
    from comity.db.embedded import Lease
    from comity.events.feed import Feed, Observer
    from comity.events.hints import PostgresHints
    from comity.jobs.model import Work
    from comity.subscriptions.delivering import Postman

Server = tuple["Lease | None", tuple[str, str]]
"""The lease on a server of our own, and the URLs: for transactions, and past any pooler."""

CLOCK_S = 1.0
"""How often a process without a tick looks whether somebody moved the clock."""


@dataclass(frozen=True, slots=True)
class Comity:
    """An opened installation: everything that doors and workers are made of."""

    settings: Settings
    clock: BusinessClock
    machine: MachineClock
    db: Database
    feed: Feed
    hints: PostgresHints

    async def refresh_clock(self) -> None:
        """Read the business clock's offset again: somebody may have moved it."""
        from comity.tenancy.installation import read_installation

        self.clock.offset = (await read_installation(self.db)).clock_offset


@asynccontextmanager
async def open_comity(
    settings: Settings, *, may_migrate: bool | None = None, server: Future[Server] | None = None
) -> AsyncIterator[Comity]:
    """Open the installation; the embedded server is started if nobody did, and leaves after its last user.

    `may_migrate` says whether a schema that is behind is brought up to date; by default that of a server
    of our own. `server` was looked for already. What was changed is hinted to other processes at the end.

    Raises:
        DatabaseUnavailable, EmbeddedServerError, SchemaNewer, SchemaOlder, RolesMissing.
    """
    import asyncio

    from comity.core.clock import BusinessClock, MachineClock
    from comity.db.database import Address, Database
    from comity.db.ready import make_ready
    from comity.events.feed import Feed, wire
    from comity.events.hints import PostgresHints
    from comity.tenancy.service import ensure_personal_realm

    machine = MachineClock()
    clock = BusinessClock(machine)
    looking = asyncio.to_thread(find_server, settings) if server is None else asyncio.wrap_future(server)
    lease, urls = await looking
    address = Address(*urls)
    try:
        own = lease is not None
        await make_ready(address.direct_url, now=machine.now(), may_migrate=own if may_migrate is None else may_migrate)
        async with Database(
            address,
            clock=clock,
            size=settings.pool_size,
            wait_s=settings.pool_wait_s,
            renew=_renewing(lease) if lease is not None else None,
        ) as db:
            feed = Feed()
            hints = PostgresHints(db)
            feed.observers += observers()
            feed.realm_observers += realm_observers()
            feed.committed.append(hints.mark)
            db.on_begin.append(lambda tx: wire(tx, feed))
            comity = Comity(settings, clock, machine, db, feed, hints)
            await comity.refresh_clock()
            await ensure_personal_realm(db)
            yield comity
            await hints.flush()
    finally:
        if lease is not None:
            lease.close()


def find_server(settings: Settings) -> Server:
    """The server that was named, or our own with a lease on it; started if nobody did.

    Raises:
        EmbeddedServerError.
    """
    from comity.db.embedded import attach

    if settings.database_url is not None:
        direct = settings.database_direct_url or settings.database_url
        return None, (settings.database_url.value, direct.value)
    lease = attach(settings.data)
    return lease, (lease.connection.dsn, lease.connection.dsn)


def _renewing(lease: Lease) -> Callable[[], Awaitable[Address]]:
    """Before each new connection: the server runs, or is started again if its guardian was killed."""

    async def renew() -> Address:
        import asyncio

        from comity.db.database import Address

        dsn = (await asyncio.to_thread(lease.again)).dsn
        return Address(dsn, dsn)

    return renew


def observers() -> list[Observer]:
    """What the rooms do within a transaction that changed something, in this order."""
    from comity.access import handlers as access
    from comity.people import handlers as people
    from comity.subscriptions import handlers as subscriptions
    from comity.sync import handlers as sync

    return [access.observe, people.observe, sync.observe, subscriptions.observe]


def realm_observers() -> list[Observer]:
    """The same for a personal account that is changed, disabled or deleted."""
    from comity.access import handlers as access

    return [access.observe]


def works(comity: Comity) -> list[Work]:
    """What the rooms offer to do in the background."""
    from comity.access import handlers as access
    from comity.directory import handlers as directory
    from comity.jobs.mail import handlers as mail
    from comity.jobs.mail.choosing import choose_sender
    from comity.people import handlers as people
    from comity.subscriptions import handlers as subscriptions
    from comity.sync import handlers as sync
    from comity.sync import retention as sync_retention

    return [
        mail.offered(comity.db, choose_sender(comity.settings), address=comity.settings.mail_from),
        sync.offered(comity.db),
        sync.offered_plans(comity.db),
        sync_retention.offered(comity.db),
        sync.offered_held(comity.db),
        sync.offered_approvals(comity.db),
        directory.offered(comity.db),
        people.offered(comity.db),
        *access.offered(comity.db),
        subscriptions.offered(_postman(comity), business=comity.clock),
    ]


def _postman(comity: Comity) -> Postman:
    """Who tells subscribers, in the words of the door that took their subscriptions."""
    from comity.core.outbound import Outbound
    from comity.identity.sealing import Sealer, load_secret_key
    from comity.subscriptions.delivering import Postman
    from comity.subscriptions.store import Store
    from comity.web.graph.notices import write_card, write_envelope

    rows = Store(Sealer(load_secret_key(comity.settings.secret_key_path)))
    outbound = Outbound.over(comity.settings)
    return Postman(comity.db, rows, outbound, comity.machine, envelope=write_envelope, card=write_card)


async def run_worker(settings: Settings, *, may_migrate: bool | None = None, supervisor: int | None = None) -> None:
    """Do background work until a signal, or the supervisor's end, says stop."""
    import asyncio

    from comity.cli.children import Lifeline
    from comity.core.ids import PERSONAL_REALM
    from comity.directory.handlers import SWEEP
    from comity.jobs.due import DueRows, put
    from comity.jobs.model import Order
    from comity.jobs.procrastinate_queue import ProcrastinateQueue
    from comity.jobs.schema import prepare_queue
    from comity.jobs.worker import Worker
    from comity.people.handlers import INDEX
    from comity.sync.orders import SWEEP as SYNC_SWEEP

    async with Lifeline(supervisor) as life, open_comity(settings, may_migrate=may_migrate) as comity:
        if may_migrate is not False:
            await prepare_queue(await comity.db.direct_url())
        hinting = asyncio.create_task(comity.hints.run())
        async with comity.db.tenant(PERSONAL_REALM) as tx:
            await put(tx, Order(SWEEP, PERSONAL_REALM))
            await put(tx, Order(SYNC_SWEEP, PERSONAL_REALM))
            await put(tx, Order(INDEX, PERSONAL_REALM))
        # Before the queue is opened, by which others see that a worker is here: what the rooms do takes long to import.
        offered = works(comity)
        async with ProcrastinateQueue(comity.db.direct_url) as queue:
            worker = Worker(
                DueRows(comity.db, machine=comity.machine),
                queue,
                comity.hints,
                offered,
                business=comity.clock,
                machine=comity.machine,
                refresh=comity.refresh_clock,
            )
            life.ready()
            await worker.run(stop=life.stop, drain_s=settings.drain_s)
        hinting.cancel()


def run_web(settings: Settings, *, listener: int, may_migrate: bool | None = None, supervisor: int) -> None:
    """Answer requests on an inherited socket until a signal, or the supervisor's end, says stop."""
    import asyncio
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as ahead:
        server = ahead.submit(find_server, settings)  # it starts while we import
        from comity.web.server import loop_factory

        with asyncio.Runner(loop_factory=loop_factory) as runner:
            runner.run(_serve(settings, server, listener=listener, may_migrate=may_migrate, supervisor=supervisor))


async def _serve(
    settings: Settings, server: Future[Server], *, listener: int, may_migrate: bool | None, supervisor: int
) -> None:
    import asyncio
    import socket
    from functools import partial

    from comity.cli.children import Lifeline
    from comity.core.listening import Listener
    from comity.identity.passwords import Passwords
    from comity.identity.sealing import Sealer, load_secret_key
    from comity.jobs.presence import worker_is_present
    from comity.web.app import build
    from comity.web.server import run
    from comity.web.services import Services

    async with (
        Lifeline(supervisor) as life,
        open_comity(settings, may_migrate=may_migrate, server=server) as comity,
    ):
        passwords = Passwords()
        services = Services.over(
            comity.db,
            settings=settings,
            machine=comity.machine,
            sealer=Sealer(load_secret_key(settings.secret_key_path)),
            passwords=passwords,
            checks={"worker": partial(worker_is_present, comity.db)},
        )
        background = [asyncio.create_task(comity.hints.run()), asyncio.create_task(_keep_time(comity))]
        life.ready()
        served = Listener.over(socket.socket(fileno=listener), tls=settings.serves_https)
        await run(build(services), settings, served, stop=life.stop)
        for each in background:
            each.cancel()
        passwords.close()


async def _keep_time(comity: Comity) -> None:
    """Follow the installation's clock; a database that is away is waited for."""
    import asyncio

    from comity.core.errors import Unavailable
    from comity.core.logs import get_logger

    while True:
        await asyncio.sleep(CLOCK_S)
        try:
            await comity.refresh_clock()
        except Unavailable as fault:
            get_logger().warning("clock-not-read", code=fault.code)


class _Wiring:
    """What the command line borrows."""

    open = staticmethod(open_comity)
    run_web = staticmethod(run_web)
    run_worker = staticmethod(run_worker)


def main(arguments: Sequence[str] | None = None, environment: Mapping[str, str] | None = None) -> int:
    """`comity`: run one command line; return its exit code."""
    from comity.cli.failures import run
    from comity.cli.root import main as command
    from comity.cli.session import Session

    return run(command, arguments, Session(_Wiring(), os.environ if environment is None else environment))


if __name__ == "__main__":
    sys.exit(main())
