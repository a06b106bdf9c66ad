"""Many tenants that all share their people with each other (budget P8).

    uv run python bench/mesh.py [--tenants 11] [--people 40000] [--samples 20]

- `fill_s`: until everybody of each tenant stands in all others, drains of two tenants at a time.
- `wasted_reads`: the part of the feed entries read that concerned nobody, while the tenants caught up with what the
  fill had written in them, and with the changes that follow.
- `mesh_p95_s`: from the commit of a change to its being found in all other tenants.

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
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # started as a program, `bench` is still a package

from bench.support import Lab, durability, open_lab
from bench.syncing.company import fill, share, somebody
from comity.core.ids import TenantId, UserId
from comity.directory import service as directory
from comity.directory.model import Attribute
from comity.people import service as people_search
from comity.sync.drain import Drained, drain

AT_ONCE: Final = 2
"""Tenants that are drained at a time: as many as there are processors to speak of."""


@dataclass
class Reads:
    """Entries of feeds that drains have read, and those that concerned nobody."""

    entries: int = 0
    wasted: int = 0

    def count(self, done: Drained) -> None:
        self.entries += done.entries
        self.wasted += done.wasted


async def measure(tenants: int, people: int, samples: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="comity-bench-") as data:
        async with open_lab(Path(data)) as lab:
            members = await _mesh(lab, tenants, people)
            reads = Reads()
            begun = time.perf_counter()
            created = await _drain_all(lab, members, reads)
            fill_s = time.perf_counter() - begun
            assert created == people * tenants * (tenants - 1), created
            await _drain_all(lab, members, reads)  # what the others' shares have written into each feed
            took = [await _change(lab, members, number, reads) for number in range(samples)]
            settings = durability(lab.url)
    return {
        "tenants": tenants,
        "people": people,
        "jobs": tenants * (tenants - 1),
        "fill_s": round(fill_s, 1),
        "accounts_per_second": round(created / fill_s),
        "mesh_p95_s": round(sorted(took)[max(0, -(-len(took) * 95 // 100) - 1)], 3),
        "mesh_p50_s": round(statistics.median(took), 3),
        "wasted_reads": round(reads.wasted / max(reads.entries, 1), 4),
        "entries_read": reads.entries,
        **settings,
    }


async def _mesh(lab: Lab, tenants: int, people: int) -> list[tuple[TenantId, list[UserId]]]:
    made = [await lab.tenant(f"tenant{number}") for number in range(tenants)]
    members = []
    for tenant_id, domain in made:
        await fill(lab, tenant_id, domain, people)
        async with lab.db.tenant(tenant_id) as tx:
            users = await directory.list_users(tx, lab.operator(tenant_id), at_most=1000)
        members.append((tenant_id, [each.id for each in users]))
    for tenant_id, _ in made:
        await share(lab, tenant_id, [each for each, _ in made if each != tenant_id])
    await lab.settle()
    return members


async def _drain_all(lab: Lab, members: list[tuple[TenantId, list[UserId]]], reads: Reads) -> int:
    free = asyncio.Semaphore(AT_ONCE)
    created = 0

    async def one(tenant_id: TenantId) -> None:
        nonlocal created
        async with free:
            done = await drain(lab.db, tenant_id)
        reads.count(done)
        created += done.total.created
        print(f"\r{created:>9} created", end="", file=sys.stderr)

    await asyncio.gather(*(one(tenant_id) for tenant_id, _ in members))
    print(file=sys.stderr)
    return created


async def _change(lab: Lab, members: list[tuple[TenantId, list[UserId]]], number: int, reads: Reads) -> float:
    """Somebody is renamed in one tenant, which is drained; until the last of the others finds the new name."""
    tenant_id, people = members[number % len(members)]
    name = f"changed{number:05}"
    changes = {Attribute.DISPLAY_NAME: name.title(), Attribute.GIVEN_NAME: name, Attribute.SURNAME: None}
    async with lab.db.tenant(tenant_id) as tx:
        await directory.update_user(tx, lab.operator(tenant_id), people[number], changes)
    begun = time.perf_counter()
    reads.count(await drain(lab.db, tenant_id))
    for other, theirs in members:
        if other == tenant_id:
            continue
        searcher = somebody(other, theirs[-1])
        async with lab.db.tenant(other) as tx:
            assert (await people_search.find(tx, searcher, name)).people, (other, name)
    return time.perf_counter() - begun


def options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tenants", type=int, default=11)
    parser.add_argument("--people", type=int, default=40_000, help="in each tenant")
    parser.add_argument("--samples", type=int, default=20, help="changes that are waited for")
    return parser


def main() -> None:
    given = options().parse_args()
    print(json.dumps(asyncio.run(measure(given.tenants, given.people, given.samples))))


if __name__ == "__main__":
    main()
