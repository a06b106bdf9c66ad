"""How fast is a first share? People per second against COPY of the finished rows (budget P1).

    uv run python bench/sync.py --people 50000 --targets 2

Shares N people of one tenant with other tenants and drains, with everything that a drain writes:
accounts, receipts, feeds, log, links. The yardstick is COPY of the finished user rows alone into an
identical table with the same indexes: as owner, without row-level security, from prebuilt text, on one
connection. Both run on the same server with the same durability, interleaved, medians of `--rounds`.

Prints one JSON object on its last line.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

import psycopg
from psycopg import sql

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # started as a program, `bench` is still a package

from bench.support import Lab, durability, open_lab, people_of
from comity.core.ids import TenantId
from comity.directory import service as directory
from comity.directory.store import insert_users
from comity.events.feed import append
from comity.events.model import Change, ChangeKind
from comity.partners import service as partners
from comity.sync import service as sync
from comity.sync.drain import Progress, drain
from comity.sync.service import Principals


async def fill(lab: Lab, source: TenantId, domain: str, count: int) -> None:
    """People of the source, in one group."""
    for start in range(0, count, 10_000):
        people = people_of(source, domain, range(start, min(start + 10_000, count)), at=lab.clock.now())
        async with lab.db.tenant(source) as tx:
            await insert_users(tx, people)
            append(tx, [Change(ChangeKind.USER_CREATED, each.id) for each in people])


async def share(lab: Lab, source: TenantId, targets: list[TenantId]) -> None:
    """Everybody of the source, as a group, with each target, which accepts."""
    operator = lab.operator(source)
    async with lab.db.tenant(source) as tx:
        group = await directory.create_group(tx, operator, name="Everybody")
        after = None
        while page := await directory.list_users(tx, operator, after=after, at_most=10_000):
            await directory.add_members(tx, operator, group.id, [each.id for each in page])
            after = page[-1].id
    for target in targets:
        async with lab.db.tenant(target) as tx:
            await partners.accept_users(tx, lab.operator(target), source)
        async with lab.db.tenant(source) as tx:
            await sync.share_with(tx, operator, Principals(groups=[group.id]), target)


def prebuilt(url: str, tenant: TenantId) -> bytes:
    """The finished rows of a target, as COPY text."""
    with psycopg.connect(url) as connection:
        connection.execute("set role comity_app")
        connection.execute("select set_config('comity.tenant', %s, false)", (str(tenant),))
        cursor = connection.cursor()
        with cursor.copy(
            sql.SQL("copy (select * from users where tenant_id = {}) to stdout").format(sql.Literal(tenant))
        ) as copy:
            return b"".join(bytes(chunk) for chunk in copy)


def copy_seconds(url: str, text: bytes) -> float:
    """One COPY into an identical table with the same indexes; no row-level security, no other rows."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("set role comity_owner")
        connection.execute("drop table if exists yardstick")
        connection.execute("create table yardstick (like users including all)")
        begun = time.perf_counter()
        with connection.transaction():
            connection.execute("set local synchronous_commit = on")
            with connection.cursor().copy("copy yardstick from stdin") as copy:
                copy.write(text)
        seconds = time.perf_counter() - begun
        connection.execute("drop table yardstick")
    return seconds


def indexes(url: str, table: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute("select count(*) from pg_indexes where tablename = %s", (table,)).fetchone()
    return int(row[0]) if row else 0


async def measure(people: int, targets: int, rounds: int) -> dict[str, object]:
    drains, copies, exported = [], [], 0
    with tempfile.TemporaryDirectory(prefix="comity-bench-") as data:
        async with open_lab(Path(data)) as lab:
            yardstick_indexes = indexes(lab.url, "users")
            for nr in range(rounds):
                source, domain = await lab.tenant(f"source{nr}")
                others = [(await lab.tenant(f"target{nr}x{each}"))[0] for each in range(targets)]
                await fill(lab, source, domain, people)
                await share(lab, source, others)
                await lab.settle()
                begun = time.perf_counter()
                done = await drain(lab.db, source, watch=report)
                drains.append(time.perf_counter() - begun)
                exported = done.total.created
                assert exported == people * targets, done
                text = prebuilt(lab.url, others[0])
                await lab.settle()
                copies.append(copy_seconds(lab.url, text))
            settings = durability(lab.url)
    print(file=sys.stderr)
    seconds, copy = statistics.median(drains), statistics.median(copies)
    return {
        "people": people,
        "targets": targets,
        "people_per_second": round(exported / seconds),
        "copy_people_per_second": round(people / copy),
        "ratio_to_copy": round((exported / seconds) / (people / copy), 3),
        "drain_s": [round(each, 2) for each in drains],
        "copy_s": [round(each, 2) for each in copies],
        "indexes": yardstick_indexes,
        "peak_mb": peak_mb(),
        **settings,
    }


def report(progress: Progress) -> None:
    print(f"\r{progress.counts.created:>9} created", end="", file=sys.stderr)


def peak_mb() -> int:
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    arguments.add_argument("--people", type=int, default=50_000)
    arguments.add_argument("--targets", type=int, default=2)
    arguments.add_argument("--rounds", type=int, default=3)
    given = arguments.parse_args()
    print(json.dumps(asyncio.run(measure(given.people, given.targets, given.rounds))))


if __name__ == "__main__":
    main()
