"""How far readers are behind: numbers only."""

from __future__ import annotations

from comity.core.ids import PERSONAL_REALM, new_id
from comity.db.crossings.feed_lag import read_feed_lag
from comity.events import feed


async def test_the_worst_tenant_counts_for_each_reader(contoso, fabrikam, db):
    slow, quick = f"slow-{new_id().hex}", f"quick-{new_id().hex}"
    for org, people in ((contoso, 3), (fabrikam, 1)):
        for number in range(people):
            await org.add_person(f"person{number}")
        async with db.tenant(org.id) as tx:
            await feed.advance(tx, slow, 0)
            await feed.advance(tx, quick, await feed.load_position(tx))

    async with db.tenant(PERSONAL_REALM) as tx:
        lag = await read_feed_lag(tx)
        assert tx.tenant_id == PERSONAL_REALM, "and we are ourselves again"

    assert lag[slow] == 3
    assert lag[quick] == 0


async def test_nobody_is_named(contoso, db):
    """What comes out are readers' names and numbers; whose feed it is does not."""
    await contoso.add_person("annie")
    async with db.tenant(contoso.id) as tx:
        await feed.advance(tx, f"reader-{new_id().hex}", 0)
    async with db.tenant(PERSONAL_REALM) as tx:
        lag = await read_feed_lag(tx)

    assert str(contoso.id) not in str(lag)
    assert contoso.id.hex not in str(lag)
    assert all(isinstance(behind, int) for behind in lag.values())
