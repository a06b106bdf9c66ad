"""Several pages in work at once: one is written in the target while the next is read in the source."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final, TypeVar

T = TypeVar("T")
AT_ONCE: Final = 2
"""As many as keep two processors busy; the pages must have nobody in common."""


async def abreast(pages: AsyncIterator[T], work: Callable[[T], Awaitable[None]]) -> None:
    """Work on pages as they come, a few at a time; the first failure ends all of it, and goes on."""
    under_way: set[asyncio.Task[None]] = set()
    try:
        async for page in pages:
            while len(under_way) >= AT_ONCE:
                await _settle(under_way)
            under_way.add(asyncio.ensure_future(_run(work, page)))
        while under_way:
            await _settle(under_way)
    finally:
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)


async def _run(work: Callable[[T], Awaitable[None]], page: T) -> None:
    await work(page)


async def _settle(under_way: set[asyncio.Task[None]]) -> None:
    done, _ = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
    under_way -= done
    for task in done:
        task.result()
