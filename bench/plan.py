"""How long does a plan take, how soon does a stop halt, how fast is an undo? (budget P9)

    uv run python bench/plan.py [--people 1000000] [--changes 10000] [--stops 30] [--stop-people 60000]

- `first_page_s`, `whole_s`: a plan of a job with so many people, of whom so many have changed: until its first page
  can be read, and until it is whole.
- `undo_ratio`: people per second of undoing what the plan did, against those of applying it.
- `stop_p99_s`: from the commit of a stop to the end of a drain that is at work with many people.

Prints one JSON object on its last line.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # started as a program, `bench` is still a package

from bench.support import Lab, durability, open_lab
from bench.syncing.company import AT_ONCE, fill, share
from comity.core.ids import JobId, PlanId, TenantId
from comity.directory.model import Attribute
from comity.events.feed import append
from comity.events.model import Change, ChangeKind
from comity.sync import plans
from comity.sync import service as sync
from comity.sync.controlling import stop
from comity.sync.drain import Phase, Progress, drain
from comity.sync.undoing import ask_undo
from comity.sync.viewing import view

PAGE = 100
READ_EVERY_S = 0.02


async def measure(given: argparse.Namespace) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="comity-bench-") as data:
        async with open_lab(Path(data)) as lab:
            figures = await _plan(lab, given.people, given.changes)
            figures |= await _stops(lab, given.stop_people, given.stops)
            figures |= durability(lab.url)
    figures["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return figures


async def _plan(lab: Lab, people: int, changes: int) -> dict[str, Any]:
    """Plan, apply, and take back again."""
    source, job = await _shared(lab, "planned", people)
    await drain(lab.db, source)
    await touch(lab, source, every=max(people // changes, 1))
    await lab.settle()
    operator = lab.operator(source)
    async with lab.db.tenant(source) as tx:
        plan_id = await plans.ask(tx, operator, job_id=job)
    begun = time.perf_counter()
    making = asyncio.create_task(plans.make(lab.db, operator, plan_id))
    while True:
        if (await view(lab.db, operator, plan_id, at_most=PAGE)).shown:
            break
        await asyncio.sleep(READ_EVERY_S)
    first = time.perf_counter() - begun
    planned = (await making).tally.changes
    whole = time.perf_counter() - begun
    applied_s = await _apply(lab, source, plan_id)
    async with lab.db.tenant(source) as tx:
        standing = await sync.list_standing(tx, operator)
        run = standing[0].last_run
        assert run is not None
        assert run.counts.changed == planned, run
        (undo_id,) = await ask_undo(tx, operator, run.id)
    begun = time.perf_counter()
    taken_back = (await plans.make(lab.db, operator, undo_id)).tally.changes
    undo_plan = time.perf_counter() - begun
    undone_s = await _apply(lab, source, undo_id)
    return {
        "people": people,
        "changes": planned,
        "first_page_s": round(first, 3),
        "whole_s": round(whole, 2),
        "apply_people_per_second": round(planned / applied_s),
        "undo_people_per_second": round(taken_back / undone_s),
        "undo_ratio": round((taken_back / undone_s) / (planned / applied_s), 2),
        "undo_plan_s": round(undo_plan, 2),
    }


async def _apply(lab: Lab, source: TenantId, plan_id: PlanId) -> float:
    begun = time.perf_counter()
    done = await plans.apply(lab.db, lab.operator(source), plan_id)
    assert not done.stopped
    return time.perf_counter() - begun


async def _stops(lab: Lab, people: int, count: int) -> dict[str, Any]:
    """Stop a drain at random moments, let the job go on, and stop it again."""
    source, job = await _shared(lab, "stopped", people)
    operator, chance = lab.operator(source), random.Random(1)
    took: list[float] = []
    while len(took) < count:
        at_work = asyncio.Event()

        def watch(progress: Progress, at_work: asyncio.Event = at_work) -> None:
            if progress.phase is Phase.READING:
                at_work.set()

        draining = asyncio.create_task(drain(lab.db, source, watch=watch))
        await asyncio.wait({draining, asyncio.create_task(at_work.wait())}, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.sleep(chance.uniform(0.0, 0.4))
        if draining.done():  # everything is in line: something new to do
            await draining
            await touch(lab, source, every=1)
            continue
        async with lab.db.tenant(source) as tx:
            await stop(tx, operator, job)
        begun = time.perf_counter()
        await draining
        took.append(time.perf_counter() - begun)
        async with lab.db.tenant(source) as tx:
            await sync.start(tx, operator, job)
    took.sort()
    return {
        "stop_p99_s": round(took[max(0, -(-len(took) * 99 // 100) - 1)], 3),
        "stop_p50_s": round(took[len(took) // 2], 3),
        "stops": count,
    }


async def _shared(lab: Lab, name: str, people: int) -> tuple[TenantId, JobId]:
    source, domain = await lab.tenant(name)
    target, _ = await lab.tenant(f"target-of-{name}")
    await fill(lab, source, domain, people)
    _, (job,) = await share(lab, source, [target])
    await lab.settle()
    return source, job


async def touch(lab: Lab, source: TenantId, *, every: int) -> None:
    """One in so many people moves house: past the service, which would take each of them by herself."""
    async with lab.db.tenant(source) as tx:
        ids = [
            row[0]
            for number, row in enumerate(
                await tx.rows("select id from users where tenant_id = %(tenant_id)s order by id")
            )
            if number % every == 0
        ]
    for start in range(0, len(ids), AT_ONCE):
        some = ids[start : start + AT_ONCE]
        async with lab.db.tenant(source) as tx:
            await tx.execute(
                """update users set version = version + 1, city = 'House ' || version
                   where tenant_id = %(tenant_id)s and id = any (%(ids)s)""",
                ids=some,
            )
            append(tx, [Change(ChangeKind.USER_UPDATED, each, changed=Attribute.CITY.bit) for each in some])


def options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--changes", type=int, default=10_000)
    parser.add_argument("--stops", type=int, default=30)
    parser.add_argument("--stop-people", type=int, default=60_000)
    return parser


def main() -> None:
    print(json.dumps(asyncio.run(measure(options().parse_args()))))


if __name__ == "__main__":
    main()
