"""How fast a 50,000-row export comes in: `uv run python bench/import.py [--rows N] [--seed N]`.

A fresh embedded database in a temporary directory, flushed commits, the whole import with audit, feed
and address index. Prints what it does, then one JSON object on its last line. Exits with 1 when a good
row is missing or a bad one came in.
"""

# ruff: noqa: N999 - programs here are named after what they measure
from __future__ import annotations

import argparse
import asyncio
import csv
import json
import resource
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

# Started as a program, Python knows this directory only.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.exports import Export, write_export
from comity.core.caller import Caller
from comity.core.clock import BusinessClock
from comity.core.ids import TenantId, new_id
from comity.db.database import Address, Database
from comity.db.embedded import attach
from comity.db.migrate import migrate
from comity.directory.imports.model import ImportReport
from comity.directory.imports.service import import_users
from comity.tenancy.service import create_tenant

SECONDS_MAX = 60
DURABILITY = ("fsync", "synchronous_commit", "full_page_writes")


async def measure(directory: Path, url: str, *, rows: int, seed: int) -> dict[str, object]:
    """Import twice: everybody is new, then nothing changes."""
    await migrate(url, now=datetime.now(UTC))
    async with Database(Address(url, url), clock=BusinessClock(), size=2) as db:
        tenant_id = TenantId(new_id())
        operator = Caller.operator("bench", tenant_id=tenant_id)
        await create_tenant(db, operator, name="Bench", domain="bench.example", tenant_id=tenant_id)
        path = directory / "people.csv"
        with path.open("wb") as file:
            export = write_export(file, rows=rows, seed=seed, domain="bench.example")
        print(f"seed {seed}: {rows} rows, {len(export.bad)} of them bad, {path.stat().st_size >> 20} MiB")

        first, seconds = await timed(db, operator, path)
        faults = check(first, export)
        again, again_seconds = await timed(db, operator, path)
        if again.created or again.updated:
            faults.append(f"the second run created {again.created} and updated {again.updated}")
        async with db.direct() as connection:
            durability = {}
            for name in DURABILITY:
                row = await (await connection.execute("select current_setting(%s)", (name,))).fetchone()
                assert row is not None
                durability[name] = row[0]
    return {
        "rows": rows, "seed": seed, "seconds": round(seconds, 2), "rows_per_second": round(rows / seconds),
        "seconds_max": SECONDS_MAX, "again_seconds": round(again_seconds, 2), "created": first.created,
        "updated": first.updated, "unchanged": first.unchanged, "rejected": first.rejected, "guests": export.guests,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10, "durability": durability, "faults": faults,
    }  # fmt: skip


async def timed(db: Database, operator: Caller, path: Path) -> tuple[ImportReport, float]:
    """An import and its seconds."""
    began = time.perf_counter()
    report = await import_users(db, operator, path)
    return report, time.perf_counter() - began


def check(report: ImportReport, export: Export) -> list[str]:
    """What the import got wrong."""
    found = {}
    if report.rejected_file is not None:
        with Path(report.rejected_file).open(encoding="utf-8-sig", newline="") as file:
            found = {int(row["line"]): row["reason"] for row in csv.DictReader(file)}
    expected = {line: reason.value for line, reason in export.bad.items()}
    faults = [
        f"line {line}: expected {expected.get(line)}, found {found.get(line)}"
        for line in sorted(expected.keys() | found.keys())
        if expected.get(line) != found.get(line)
    ]
    if report.created != len(export.good):
        faults.append(f"{report.created} people created, {len(export.good)} expected")
    return faults


def main() -> int:
    """Run it; the last line is the result."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=50_000)
    options.add_argument("--seed", type=int, default=20_240_229)
    given = options.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="comity-bench-") as directory,
        attach(Path(directory) / "data") as lease,
    ):
        result = asyncio.run(measure(Path(directory), lease.connection.dsn, rows=given.rows, seed=given.seed))
    print(json.dumps(result))
    return 1 if result["faults"] else 0


if __name__ == "__main__":
    sys.exit(main())
