"""A hundred changes in a large tenant against the same in a small one (budget P2)."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

from bench.support import Lab, durability, open_lab
from bench.syncing.company import fill, share
from comity.core.ids import GroupId, TenantId, UserId
from comity.directory import service as directory
from comity.directory.model import Attribute
from comity.sync.drain import drain
from comity.sync.model import Counts

CHANGED, DISABLED, LEAVING, DELETED = 60, 20, 10, 10


async def measure(small: int, large: int, repeat: int) -> dict[str, object]:
    """The same changes in a tenant of each size, taken in turns; medians."""
    with tempfile.TemporaryDirectory(prefix="comity-bench-") as data:
        async with open_lab(Path(data)) as lab:
            sites = [await _site(lab, name, people) for name, people in (("small", small), ("large", large))]
            await lab.settle()
            for source, group, people in sites:  # once unmeasured: everything is planned, cached and compiled
                await _change(lab, source, group, people)
                await drain(lab.db, source)
            took: list[list[float]] = [[], []]
            for _ in range(repeat):
                for seconds, (source, group, people) in zip(took, sites, strict=True):
                    await _change(lab, source, group, people)
                    begun = time.perf_counter()
                    done = await drain(lab.db, source)
                    seconds.append(time.perf_counter() - begun)
                    expected = Counts(updated=CHANGED + DISABLED, deleted=LEAVING + DELETED)
                    assert done.total == expected, done.total
            settings = durability(lab.url)
    in_small, in_large = (statistics.median(each) for each in took)
    return {
        "small": small,
        "large": large,
        "incremental_s": round(in_large, 4),
        "incremental_small_s": round(in_small, 4),
        "incremental_ratio": round(in_large / in_small, 2),
        "incremental_range_s": [round(min(took[1]), 4), round(max(took[1]), 4)],
        **settings,
    }


async def _site(lab: Lab, name: str, people: int) -> tuple[TenantId, GroupId, list[UserId]]:
    """A tenant whose people stand in another already; those who are going to change, spread over all."""
    source, domain = await lab.tenant(name)
    target, _ = await lab.tenant(f"target-of-{name}")
    await fill(lab, source, domain, people)
    group, _ = await share(lab, source, [target])
    await lab.settle()
    done = await drain(lab.db, source)
    assert done.total.created == people, done
    async with lab.db.tenant(source) as tx:
        rows = await tx.rows("select id from users where tenant_id = %(tenant_id)s order by upn_key")
    count = CHANGED + DISABLED + LEAVING + DELETED
    step = len(rows) // (len(rows) // count)
    return source, group, [row[0] for start in range(step) for row in rows[start::step]]


async def _change(lab: Lab, source: TenantId, group: GroupId, people: list[UserId]) -> None:
    """A hundred changes of people whom nobody has changed before."""
    operator = lab.operator(source)
    take = iter(people)
    async with lab.db.tenant(source) as tx:
        for _ in range(CHANGED):
            await directory.update_user(tx, operator, next(take), {Attribute.CITY: f"Elsewhere {len(people)}"})
        for _ in range(DISABLED):
            await directory.update_user(tx, operator, next(take), {Attribute.ACCOUNT_ENABLED: False})
        await directory.remove_members(tx, operator, group, [next(take) for _ in range(LEAVING)])
        await directory.delete_users(tx, operator, [next(take) for _ in range(DELETED)])
    del people[: CHANGED + DISABLED + LEAVING + DELETED]
