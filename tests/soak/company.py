"""A company of 5,000 people who are shared with two tenants, on a server that flushes what it acknowledges.

It stands in template databases: before the first share, and with many changes that wait after it. So each
killed run begins with the same rows and ids, and what it ends in can be compared with an undisturbed run.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg import sql

from comity.core.caller import UserType
from comity.core.clock import BusinessClock
from comity.core.ids import GroupId, TenantId, UserId, new_id
from comity.db.database import Database
from comity.db.embedded import Lease, attach
from comity.db.embedded.processes import postgres_processes_in
from comity.db.migrate import migrate
from comity.directory import service as directory
from comity.directory.model import Attribute, User, bits
from comity.directory.store import insert_users, load_users, update_users
from comity.events.feed import append
from comity.events.model import EXTERNAL_BIT, Change, ChangeKind
from comity.sync.drain import Drained, drain
from comity.sync.model import Action
from comity.tenancy.service import ensure_personal_realm
from tests.soak.drainer import CAUSE, DURABLE, PAGE_SIZE, address_of, renewing
from tests.support.books import wrong_entries
from tests.support.drains import accept, share, unguard, unshare
from tests.support.embedded import guardians_of, is_living
from tests.support.postgres import Server, create_database
from tests.support.server import admin_dsn
from tests.support.waiting import wait_until
from tests.support.world import Org, make_org

PEOPLE: Final = 5000
_MANAGER: Final = Attribute.MANAGER_ID.bit

Picture = dict[str, Any]
"""What a run ends in, in words that do not hold ids made on the way."""


@dataclass(frozen=True)
class Company:
    """The tenant that shares and those that accept; `people` by number."""

    source: Org
    targets: tuple[Org, ...]
    people: tuple[UserId, ...]
    group: GroupId

    def on(self, db: Database) -> Company:
        """The same company in another database."""
        return replace(
            self, source=replace(self.source, db=db), targets=tuple(replace(each, db=db) for each in self.targets)
        )


class House:
    """The server, and databases on it."""

    def __init__(self, data: Path, lease: Lease) -> None:
        self.data = data
        self.lease = lease

    @contextlib.asynccontextmanager
    async def open(self, name: str) -> Any:
        """A database of the house, as a process of ours sees it."""
        address = address_of(self.lease, name)
        async with Database(address, clock=BusinessClock(), size=6, renew=renewing(self.lease, name)) as db:
            yield db

    def copy(self, template: str, name: str) -> None:
        """A database with the same rows; nobody may be connected to the template."""
        self._run(sql.SQL("create database {} template {} owner comity_owner strategy file_copy"), name, template)

    def drop(self, name: str) -> None:
        self._run(sql.SQL("drop database if exists {} with (force)"), name)

    def create(self, name: str) -> None:
        """An empty database of this schema."""
        create_database(Server(admin_dsn(self.lease.connection), self.lease.connection.dsn), name)
        url = address_of(self.lease, name).direct_url

        async def prepare() -> None:
            await migrate(url, now=datetime.now(UTC))
            async with self.open(name) as db:
                await ensure_personal_realm(db)

        asyncio.run(prepare())

    @contextlib.contextmanager
    def only_commits_flush(self) -> Iterator[None]:
        """Let PostgreSQL's log writer stand still, which would flush now and then what no commit asked for."""
        writers = [each for each in postgres_processes_in(self.data / "pgdata") if _is_log_writer(each)]
        for each in writers:
            os.kill(each, signal.SIGSTOP)
        try:
            yield
        finally:
            for each in writers:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(each, signal.SIGCONT)

    def kill(self) -> None:
        """SIGKILL to all of PostgreSQL and its guardian: what the operating system does not have is gone.

        They are stopped first: who sees the others die would clean up, and flush what he did.
        """
        processes = [*postgres_processes_in(self.data / "pgdata"), *guardians_of(self.data)]
        for how in (signal.SIGSTOP, signal.SIGKILL):
            for each in processes:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(each, how)
        wait_until(lambda: not any(is_living(each) for each in processes))

    def _run(self, statement: sql.SQL, *names: str) -> None:
        with psycopg.connect(admin_dsn(self.lease.connection), autocommit=True) as connection:
            connection.execute(statement.format(*map(sql.Identifier, names)))


def _is_log_writer(process: int) -> bool:
    try:
        return b"walwriter" in Path(f"/proc/{process}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return False  # it has ended meanwhile, so it was another


@contextlib.contextmanager
def house(data: Path) -> Iterator[House]:
    """A server of one's own that flushes."""
    with attach(data, settings=DURABLE) as lease:
        yield House(data, lease)


# ── the company, and what happens in it ──────────────────────────────────────────────────────────


async def found(db: Database) -> Company:
    """5,000 people with managers, some disabled, some guests; 4,000 are shared by name and 1,000 by a group. Of
    some an account stands in a target already."""
    source, *targets = [await make_org(db, name) for name in ("Alder", "Birch", "Cedar")]
    people = tuple(UserId(new_id()) for _ in range(PEOPLE))
    now = db.clock.now()
    users = [
        User(
            tenant_id=source.id, id=people[n], display_name=f"Person {n}", given_name="Person", surname=str(n),
            user_principal_name=f"p{n}@{source.domain}", mail=f"p{n}@{source.domain}", city=f"City {n % 17}",
            manager_id=people[(n * 7) % 300] if n >= 300 else None, created_at=now,
            account_enabled=n % 50 != 7, user_type=UserType.GUEST if n % 500 == 9 else UserType.MEMBER,
        )
        for n in range(PEOPLE)
    ]  # fmt: skip
    async with db.tenant(source.id) as tx:
        await insert_users(tx, users)
        append(tx, [Change(ChangeKind.USER_CREATED, each) for each in people])
        group = await directory.create_group(tx, source.operator, name="The last thousand")
        await directory.add_members(tx, source.operator, group.id, people[4000:])
    for target in targets:
        for n in range(20, 40):
            await target.invite_guest(users[n], home_known=n % 2 == 0)
        await accept(target, people_of=source)
        await share(source, *people[:4000], groups=(group.id,), to=target)
    await unguard(source)  # what happens later is meant
    return Company(source, tuple(targets), people, group.id)


async def reorganise(company: Company) -> None:
    """Thousands of changes after the first share: attributes, names, deletions, moves, shares taken back."""
    source, people = company.source, company.people
    db, birch = source.db, company.targets[0]
    await _edit(company, people[0:1500], city="New City")
    await _edit(company, people[3000:3400], account_enabled=False)
    async with db.tenant(source.id) as tx:
        await directory.delete_users(tx, source.operator, people[1500:1800])
    await unshare(source, *people[1700:2300], to=birch)
    async with db.tenant(source.id) as tx:
        await directory.remove_members(tx, source.operator, company.group, people[4000:4300])
        await directory.add_members(tx, source.operator, company.group, people[1800:2100])
    for each in people[1500:1510]:
        async with db.tenant(source.id) as tx:
            await directory.restore_user(tx, source.operator, each)


async def _edit(company: Company, people: tuple[UserId, ...], **changes: Any) -> None:
    """Change many users in one transaction, past the service."""
    changed = bits({Attribute[name.upper()] for name in changes})
    async with company.source.db.tenant(company.source.id) as tx:
        users = await load_users(tx, people)
        await update_users(tx, [replace(each, **changes) for each in users.values()])
        append(tx, [Change(ChangeKind.USER_UPDATED, each, changed=changed) for each in people])


async def drain_undisturbed(company: Company) -> tuple[Drained, Counter[str]]:
    """Drain in this process; also how often each phase was entered."""
    phases: Counter[str] = Counter()
    done = await drain(
        company.source.db, company.source.id, cause=CAUSE, page_size=PAGE_SIZE,
        watch=lambda progress: phases.update([progress.phase.value]),
    )  # fmt: skip
    return done, phases


# ── what a run ends in ───────────────────────────────────────────────────────────────────────────


async def picture(company: Company) -> Picture:
    """Everything that a run leaves in source and targets, comparable between runs.

    Whether a manager was set with the account or a moment later depends on which page came first, so steps
    that only set a manager are left out, and whom she has in the end is compared.
    """
    db, source = company.source.db, company.source.id
    shown: Picture = {
        "people": await _all(db, source, _PEOPLE),
        "jobs": await _all(db, source, _JOBS),
        "links": await _all(db, source, _LINKS),
        "escrow": await _all(db, source, _ESCROW),
        "runs": {row[:-1] for row in await _all(db, source, _RUNS)},
        "skips": set(await _all(db, source, _SKIPS)),
    }
    for target in company.targets:
        name = target.tenant.name.split()[0]
        rows = await _all(db, target.id, _ACCOUNTS)
        homes = {row[0]: row[1] for row in rows}
        shown[f"{name} accounts"] = sorted((home, homes.get(manager), *rest) for _, home, manager, *rest in rows)
        shown[f"{name} steps"] = _by_person(await _all(db, target.id, _STEPS))
        shown[f"{name} feed"] = Counter(
            (kind, homes[account], changed & ~_MANAGER)
            for kind, account, changed in await _all(db, target.id, _FEED)
            if account in homes and changed != EXTERNAL_BIT | _MANAGER
        )
    return shown


def _by_person(steps: list[tuple[Any, ...]]) -> dict[Any, list[tuple[Any, ...]]]:
    found: defaultdict[Any, list[tuple[Any, ...]]] = defaultdict(list)
    for person, action, changed, cause in steps:
        if (action, changed) != (Action.UPDATE, _MANAGER):
            found[person].append((action, changed & ~_MANAGER, cause))
    return dict(found)


def differences(left: Picture, right: Picture) -> list[str]:
    """Where two pictures differ, shortened."""
    return [f"{name}: {str(left[name])[:300]} … {str(right[name])[:300]}" for name in left if left[name] != right[name]]


async def faults(company: Company) -> list[str]:
    """What does not balance in the books of the company's drains."""
    return await wrong_entries(company.source.db, company.source.id, [each.id for each in company.targets])


async def _all(db: Database, tenant_id: TenantId, query: Any) -> list[tuple[Any, ...]]:
    async with db.tenant(tenant_id) as tx:
        return await tx.rows(query)


_PEOPLE = "select * from users where tenant_id = %(tenant_id)s order by id"
_JOBS = "select id, state, state_reason, watermark from sync_job where tenant_id = %(tenant_id)s order by id"
_LINKS = """
select job_id, source_id, target_id is not null, state from sync_object where tenant_id = %(tenant_id)s
order by job_id, source_id
"""
_ESCROW = "select job_id, source_id, code from sync_escrow where tenant_id = %(tenant_id)s order by job_id, source_id"
_RUNS = """
select job_id, cause, kind, state, error, created, deleted, restored, failed, skipped from sync_run
where tenant_id = %(tenant_id)s
"""
_SKIPS = """
select job_id, source_id, action, status, code from provisioning_log where tenant_id = %(tenant_id)s and status <> 0
"""
_ACCOUNTS = """
select id, coalesce(home_user_id, id), manager_id, upn_key, display_name, surname, mail, city, user_type,
  account_enabled, show_in_address_list, creation_type, external_user_state, deleted_at is not null, deleted_by,
  home_tenant_id
from users where tenant_id = %(tenant_id)s
"""
_STEPS = """
select source_id, action, changed, cause from sync_receipt where tenant_id = %(tenant_id)s order by plan_id, step
"""
_FEED = "select kind, object_id, changed from feed_entry where tenant_id = %(tenant_id)s"
