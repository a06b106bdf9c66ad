"""An initial run against COPY of the finished rows (budget P1)."""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql

from bench.support import durability, open_lab
from bench.syncing.company import fill, share
from comity.core.ids import TenantId
from comity.sync.drain import PAGES_UNDER_WAY, Progress, drain

CONNECTIONS: Final = PAGES_UNDER_WAY
"""So many transactions a drain has open at most."""


async def measure(people: int, targets: int, rounds: int) -> dict[str, object]:
    """Share, drain, and COPY what came of it; medians."""
    drains, copies, together, exported = [], [], [], 0
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
                copies.append(copy_seconds(lab.url, [text]))
                together.append(copy_seconds(lab.url, parts(text, CONNECTIONS)))
            settings = durability(lab.url)
    print(file=sys.stderr)
    rate = exported / statistics.median(drains)
    copy_rate, together_rate = people / statistics.median(copies), people / statistics.median(together)
    return {
        "people": people,
        "targets": targets,
        "people_per_second": round(rate),
        "copy_people_per_second": round(copy_rate),
        "ratio_to_copy": round(rate / copy_rate, 3),
        "connections": CONNECTIONS,
        "ratio_to_copy_same_connections": round(rate / together_rate, 3),
        "drain_s": [round(each, 2) for each in drains],
        "copy_s": [round(each, 2) for each in copies],
        "copy_same_connections_s": [round(each, 2) for each in together],
        "indexes": yardstick_indexes,
        **settings,
    }


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


def parts(text: bytes, count: int) -> list[bytes]:
    """The same rows, dealt to as many connections."""
    rows = text.splitlines(keepends=True)
    size = -(-len(rows) // count)
    return [b"".join(rows[start : start + size]) for start in range(0, len(rows), size)]


def copy_seconds(url: str, texts: list[bytes]) -> float:
    """COPY, a connection for each text, into an identical table with the same indexes; no row-level security."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("set role comity_owner")
        connection.execute("drop table if exists yardstick")
        connection.execute("create table yardstick (like users including all)")
        with ThreadPoolExecutor(len(texts)) as pool:
            begun = time.perf_counter()
            list(pool.map(lambda text: _copy(url, text), texts))
            seconds = time.perf_counter() - begun
        connection.execute("drop table yardstick")
    return seconds


def _copy(url: str, text: bytes) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("set role comity_owner")
        connection.execute("set local synchronous_commit = on")
        with connection.cursor().copy("copy yardstick from stdin") as copy:
            copy.write(text)


def indexes(url: str, table: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute("select count(*) from pg_indexes where tablename = %s", (table,)).fetchone()
    return int(row[0]) if row else 0


def report(progress: Progress) -> None:
    print(f"\r{progress.counts.created:>9} created", end="", file=sys.stderr)
