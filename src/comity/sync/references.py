"""Managers who are not in the target yet: their reports are looked at again when they are (provisioning §5.4, D-16).

Within a stretch of the feed a lane keeps them in memory and looks at them a second time; whoever waits still then is
noted in the source, and found again by the page of a later drain that brings the manager there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from comity.core.ids import CauseId, UserId
from comity.db.transaction import Transaction
from comity.sync import store
from comity.sync.lanes import Lane
from comity.sync.model import Action, Receipt
from comity.sync.reading import Reading

_ARRIVALS: Final = frozenset({Action.CREATE, Action.RESTORE, Action.ADOPT})


async def note_references(
    tx: Transaction, lane: Lane, receipts: Iterable[Receipt], reading: Reading, causes: Mapping[UserId, CauseId]
) -> None:
    """Note who of a page waits for a manager, and take up those who waited for somebody on it.

    Not only who arrived counts: after a drain that was killed, he may stand there and nobody has looked yet.
    """
    if lane.settling:
        waiting = {
            each.id: each.manager_id
            for each in reading.people
            if lane.waiting.pop(each.id, None) is not None and each.manager_id is not None
        }
        if waiting or lane.someone_waits:
            await store.replace_references(tx, lane.job.id, [each.id for each in reading.people], waiting)
            lane.someone_waits = True
    else:
        there = {each.source_id for each in receipts if each.action in _ARRIVALS} | reading.links[lane.job.id].keys()
        await wake_reports(tx, lane, {each: causes[each] for each in there})


async def wake_reports(tx: Transaction, lane: Lane, there: Mapping[UserId, CauseId]) -> None:
    """Have those looked at again who waited for somebody that stands in the target now."""
    if lane.someone_waits and there:
        reports = await store.waiting_reports(tx, lane.job.id, list(there))
        lane.unresolved.update((report, there[manager]) for report, manager in reports.items())
