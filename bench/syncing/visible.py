"""How soon is a change in one tenant found in another? (budget P3)

Everything is as in service: a worker process does what is due, and this process is only somebody who changes people
at home and somebody who searches elsewhere.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from bench.support import Lab, durability
from bench.syncing.company import fill, share, somebody
from comity.app import Comity, open_comity
from comity.core.caller import Caller
from comity.core.ids import TenantId, UserId
from comity.core.settings import Settings
from comity.directory import service as directory
from comity.directory.model import Attribute
from comity.people import service as people_search

Pair = tuple[TenantId, list[UserId], Caller]
"""Source, people of the source, and somebody who searches in the target."""
POLL_S: Final = 0.002
APART_S: Final = 0.35
"""Between two changes: more than the spacing of two drains of a tenant, so that each is measured by itself."""
PATIENCE_S: Final = 30.0
PEOPLE: Final = 200


async def measure(samples: int, busy_people: int) -> dict[str, object]:
    """Changes while nothing else goes on, and while another tenant shares many people."""
    with tempfile.TemporaryDirectory(prefix="comity-bench-") as directory_:
        async with _service(Path(directory_)) as lab:
            pair = await _pair(lab, "quiet", PEOPLE)
            idle = await _changes(lab, pair, samples, "idle")
            other, domain = await lab.tenant("busy")
            target, _ = await lab.tenant("target-of-busy")
            await fill(lab, other, domain, busy_people)
            await share(lab, other, [target])
            busy = await _changes(lab, pair, samples, "busy", until=lambda: stands(lab, target, busy_people))
            settings = durability(lab.url)
    return {
        "visible_p95_s": round(_p95(idle), 3),
        "visible_p50_s": round(statistics.median(idle), 3),
        "visible_busy_p95_s": round(_p95(busy), 3),
        "visible_busy_p50_s": round(statistics.median(busy), 3),
        "visible_samples": len(idle),
        "visible_busy_samples": len(busy),
        "busy_people": busy_people,
        **settings,
    }


@asynccontextmanager
async def _service(data: Path) -> AsyncIterator[Lab]:
    """An installation with its worker."""
    settings = Settings(data=data)
    async with open_comity(settings) as comity:
        hinting = asyncio.create_task(comity.hints.run())
        environment = {name: text for name, text in os.environ.items() if not name.startswith("COMITY_")}
        words = ("-m", "comity", "worker", "--data", str(data))
        worker = await asyncio.create_subprocess_exec(sys.executable, *words, env=environment)
        try:
            yield await _lab(comity)
        finally:
            worker.terminate()
            await worker.wait()
            hinting.cancel()


async def _lab(comity: Comity) -> Lab:
    return Lab(comity.db, await comity.db.url(), comity.clock)


async def _pair(lab: Lab, name: str, people: int) -> Pair:
    """Two tenants, one of which has shared its people with the other; waits until they are there."""
    source, domain = await lab.tenant(name)
    target, target_domain = await lab.tenant(f"target-of-{name}")
    await fill(lab, source, domain, people)
    await fill(lab, target, target_domain, 1)
    await share(lab, source, [target])
    await _until(lambda: stands(lab, target, people))
    async with lab.db.tenant(source) as tx:
        users = await directory.list_users(tx, lab.operator(source), at_most=people)
    async with lab.db.tenant(target) as tx:
        own = [each for each in await directory.list_users(tx, lab.operator(target)) if not each.is_external]
    return source, [each.id for each in users], somebody(target, own[0].id)


async def stands(lab: Lab, target: TenantId, people: int) -> bool:
    """Have so many people from elsewhere come to a tenant?"""
    async with lab.db.tenant(target) as tx:
        row = await tx.row(
            """select count(*) from (select from users
               where tenant_id = %(tenant_id)s and creation_type is not null limit %(people)s) as there""",
            people=people,
        )
    return row is not None and row[0] >= people


async def _changes(
    lab: Lab,
    pair: Pair,
    samples: int,
    word: str,
    *,
    until: Callable[[], Awaitable[bool]] | None = None,
) -> list[float]:
    """Rename people one after the other; how long until each is found by the new name elsewhere.

    Ends early when `until` says that what they happen beside is over.
    """
    source, people, searcher = pair
    operator = lab.operator(source)
    took: list[float] = []
    for number in range(samples):
        if until is not None and took and await until():
            break
        name = f"{word}{number:05}"
        changes = {Attribute.DISPLAY_NAME: name.title(), Attribute.GIVEN_NAME: name, Attribute.SURNAME: None}
        async with lab.db.tenant(source) as tx:
            await directory.update_user(tx, operator, people[number % len(people)], changes)
        took.append(await _until(lambda name=name: _finds(lab, searcher, name)))  # type: ignore[misc]
        await asyncio.sleep(APART_S)
    return took


async def _until(holds: Callable[[], Awaitable[bool]]) -> float:
    """Ask until it holds; how long that took."""
    begun = time.perf_counter()
    while True:
        if await holds():
            return time.perf_counter() - begun
        if time.perf_counter() - begun > PATIENCE_S:
            raise TimeoutError("nothing comes")
        await asyncio.sleep(POLL_S)


async def _finds(lab: Lab, searcher: Caller, name: str) -> bool:
    async with lab.db.tenant(searcher.tenant_id) as tx:
        return bool((await people_search.find(tx, searcher, name)).people)


def _p95(seconds: list[float]) -> float:
    return sorted(seconds)[max(0, -(-len(seconds) * 95 // 100) - 1)]
