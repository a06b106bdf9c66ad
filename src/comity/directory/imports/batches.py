"""Work through a batch; if it fails as a whole, find out which item is to blame (design §4.3)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

from comity.core.errors import ComityError, Conflict
from comity.db.errors import ValueRefused

T = TypeVar("T")


def batched(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Lists of `size` items, the last one shorter."""
    items = iter(items)
    while batch := list(islice(items, size)):
        yield batch


async def work_through(
    batch: Sequence[T],
    attempt: Callable[[Sequence[T]], Awaitable[None]],
    give_up: Callable[[T, ComityError], None],
) -> None:
    """Attempt the batch, in halves if it fails, until each guilty item stands alone and is given up.

    `attempt` is one transaction: it leaves nothing behind when it raises. Only what an item can be to
    blame for is caught: a refused row, a collision that does not go away.
    """
    if not batch:
        return
    try:
        await attempt(batch)
    except (ValueRefused, Conflict) as fault:
        if len(batch) == 1:
            give_up(batch[0], fault)
            return
        middle = len(batch) // 2
        await work_through(batch[:middle], attempt, give_up)
        await work_through(batch[middle:], attempt, give_up)
