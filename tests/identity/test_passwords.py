"""argon2id in a few threads."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from comity.identity import passwords as module
from comity.identity.errors import PasswordsBusy
from comity.identity.model import PasswordHash
from comity.identity.passwords import Passwords


@pytest.fixture
def light() -> Iterator[Passwords]:
    made = Passwords(memory_kib=64, passes=1)
    yield made
    made.close()


async def test_a_password_is_known_by_its_hash_alone(light):
    hashed = await light.hash("Grüße aus Köln")

    assert hashed.startswith("$argon2id$")
    assert "Gr" not in hashed
    assert await light.verify(hashed, "Grüße aus Köln")
    assert not await light.verify(hashed, "grüße aus köln")


async def test_letters_may_be_composed_either_way(light):
    """One keyboard sends ü, another u and two dots (RFC 8265)."""
    assert await light.verify(await light.hash("Gr\u00fc\u00dfe"), "Gru\u0308\u00dfe")


async def test_nobody_and_nonsense_are_never_right(light):
    assert not await light.verify(None, "nobody's password")
    assert not await light.verify(PasswordHash("not a hash"), "x")


async def test_older_parameters_are_noticed():
    """So that raising them reaches everybody who signs in again."""
    old, new = Passwords(memory_kib=64, passes=1), Passwords(memory_kib=128, passes=1)
    hashed = await old.hash("a password")

    assert await new.verify(hashed, "a password")
    assert new.outdated(hashed)
    assert not old.outdated(hashed)
    old.close()
    new.close()


async def test_too_many_at_once_are_refused_not_queued():
    busy = Passwords(memory_kib=8 * 1024, passes=4, threads=1, waiting_max=2)

    answers = await asyncio.gather(*(busy.hash("x" * 8) for _ in range(6)), return_exceptions=True)

    refused = [each for each in answers if isinstance(each, PasswordsBusy)]
    assert len(refused) == 3
    assert all(each.retry_after_s >= 1 for each in refused)
    assert await busy.verify(await busy.hash("x" * 8), "x" * 8), "there is room again"
    busy.close()


def test_the_parameters_are_no_weaker_than_recommended():
    """OWASP Password Storage Cheat Sheet: argon2id with at least 19 MiB, two passes, one lane."""
    assert module.MEMORY_KIB >= 19 * 1024
    assert module.PASSES >= 2
