"""Many rows at once: by COPY into a temporary table, because row-level security refuses COPY (design §4.3)."""

from __future__ import annotations

import pytest
from psycopg import errors as pg

from comity.core.errors import NotFound
from comity.db.bulk import Staging, bulk, bulk_text
from comity.db.errors import ValueRefused
from comity.db.transaction import Transaction
from tests.support.world import Org

STAGED = Staging("staged_words", (("number", "bigint"), ("word", "text")))


async def staged(tx: Transaction) -> list[tuple[int, str | None]]:
    return [(row[0], row[1]) for row in await tx.rows("select number, word from staged_words order by number")]


async def test_copy_into_a_protected_table_is_refused(contoso: Org):
    """The reason why there is `bulk` at all: were it allowed, it would go past the policies."""
    with pytest.raises(pg.FeatureNotSupported):
        async with contoso.db.tenant(contoso.id) as tx:
            await tx.copy_in("copy users (tenant_id) from stdin", [])


async def test_rows_arrive_as_they_are(contoso: Org):
    """Tabs, line ends, backslashes, quotes and null are values, not syntax."""
    words = ["plain", "tab\there", "line\nend", "back\\slash", r"\N", '"quoted"', "Grüße 👋", "", None]

    async with contoso.db.tenant(contoso.id) as tx:
        await bulk(tx, STAGED, enumerate(words))
        assert await staged(tx) == list(enumerate(words))


async def test_ready_made_text_arrives_too(contoso: Org):
    async with contoso.db.tenant(contoso.id) as tx:
        await bulk_text(tx, STAGED, ["1\tone\n", "2\t\\N\n3\tthr", "ee\n"])
        assert await staged(tx) == [(1, "one"), (2, None), (3, "three")]


async def test_a_second_call_starts_over(contoso: Org):
    async with contoso.db.tenant(contoso.id) as tx:
        await bulk(tx, STAGED, [(1, "old"), (2, "old")])
        await bulk(tx, STAGED, [(3, "new")])
        assert await staged(tx) == [(3, "new")]


async def test_the_next_transaction_begins_empty(contoso: Org):
    """Whichever session of the pool it gets."""
    for _ in range(3):
        async with contoso.db.tenant(contoso.id) as tx:
            await bulk(tx, STAGED, [(1, "one")])
            assert await staged(tx) == [(1, "one")]


async def test_after_a_failed_part_the_table_is_made_again(contoso: Org):
    """A savepoint that is rolled back takes the table along that was made within it."""
    staging = Staging("staged_once", (("number", "bigint"),))

    async def fail(tx: Transaction) -> None:
        async with tx.savepoint():
            await bulk(tx, staging, [(1,)])
            raise NotFound

    async with contoso.db.tenant(contoso.id) as tx:
        with pytest.raises(NotFound):
            await fail(tx)
        await bulk(tx, staging, [(2,)])
        assert await tx.rows("select number from staged_once") == [(2,)]


@pytest.mark.parametrize("word", ["a\x00b", "\udfff"], ids=["NUL", "half a pair"])
async def test_a_character_that_cannot_be_stored_is_refused(contoso: Org, word: str):
    """From a file that somebody imports; it must not end as a crash."""
    with pytest.raises(ValueRefused):
        async with contoso.db.tenant(contoso.id) as tx:
            await bulk(tx, STAGED, [(1, word)])


async def test_nul_in_ready_made_text_is_refused(contoso: Org):
    with pytest.raises(ValueRefused):
        async with contoso.db.tenant(contoso.id) as tx:
            await bulk_text(tx, STAGED, [b"1\ta\x00b\n"])
