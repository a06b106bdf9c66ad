"""The floor of a feed: below it a reader starts over (design §4.5)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from comity.db.database import Database
from comity.db.transaction import Transaction
from comity.events import feed
from comity.events.model import FeedExpired
from tests.support.world import Org


class Interrupted:
    """A transaction between whose first two statements something happens elsewhere."""

    def __init__(self, tx: Transaction, happening: Callable[[], Awaitable[None]]) -> None:
        self._tx = tx
        self._happening: Callable[[], Awaitable[None]] | None = happening

    async def all(self, *arguments: Any, **parameters: Any) -> Any:
        return await self._then(await self._tx.all(*arguments, **parameters))

    async def row(self, *arguments: Any, **parameters: Any) -> Any:
        return await self._then(await self._tx.row(*arguments, **parameters))

    async def _then(self, result: Any) -> Any:
        happening, self._happening = self._happening, None
        if happening is not None:
            await happening()
        return result


async def test_a_cut_between_two_statements_is_noticed(contoso: Org, db: Database):
    """The sweeper cuts entries while a reader reads: it may be told to start over, but never reads past a gap."""
    await contoso.add_many(10)

    async def cut() -> None:
        async with db.tenant(contoso.id) as sweeping:
            await feed.trim(sweeping, before=sweeping.now + timedelta(seconds=1))
        await contoso.add_person("annie")

    async with db.tenant(contoso.id) as tx:
        with pytest.raises(FeedExpired):
            await feed.read(Interrupted(tx, cut), after=3)  # type: ignore[arg-type]
