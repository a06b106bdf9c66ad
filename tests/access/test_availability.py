"""The date from which chat with personal accounts is available; in a database of its own, as it is one for all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from comity.access import service
from comity.access.availability import get_consumer_date, set_consumer_date
from comity.access.errors import AccessRefused
from comity.access.model import Decision, Purpose, Rule
from comity.core.caller import Caller
from comity.core.clock import BusinessClock
from comity.core.errors import PermissionMissing
from comity.core.ids import PERSONAL_REALM
from comity.db.database import Address, Database
from comity.db.migrate import migrate
from comity.tenancy.installation import CONSUMER_DATE, list_audit
from comity.tenancy.service import ensure_personal_realm
from tests.chat.conftest import Chatter, chatter
from tests.support.personal import make_personal
from tests.support.postgres import Server, create_database
from tests.support.world import Org

OPERATOR = Caller.operator("tester", tenant_id=PERSONAL_REALM, reason="roll-out")


@pytest.fixture(scope="module")
def apart(server: Server, worker_id: str) -> str:
    """An installation that no other test shares."""
    name = f"comity_date_{worker_id}"
    create_database(server, name)
    asyncio.run(migrate(server.url(name), now=datetime.now(UTC)))
    return server.url(name)


@pytest.fixture
async def db(apart: str, clock: BusinessClock) -> AsyncIterator[Database]:
    async with Database(Address(apart, apart), clock=clock, size=8) as database:
        await ensure_personal_realm(database)
        await set_consumer_date(database, OPERATOR, None)
        yield database


@pytest.fixture
async def annie(contoso: Org) -> Chatter:
    return await chatter(contoso, "annie")


@pytest.fixture
async def dana(db: Database) -> Chatter:
    account = await make_personal(db, "dana")
    return Chatter(db, account.caller, account.person)


async def decide(one: Chatter, other: Chatter) -> Decision:
    async with one.transaction() as tx:
        return await service.decide_pair(tx, one.caller, actor=one.person, target=other.person, purpose=Purpose.START)


async def test_before_the_date_every_such_decision_says_so(db, clock, annie, dana, fabrikam):
    """On the business clock, in both directions; between tenants nothing changes (M3)."""
    bob = await chatter(fabrikam, "bob")
    await set_consumer_date(db, OPERATOR, clock.now() + timedelta(days=3))
    for one, other in ((annie, dana), (dana, annie)):
        assert await decide(one, other) == Decision(False, Rule.CONSUMER_NOT_YET_AVAILABLE)
    assert (await decide(annie, bob)).allowed

    clock.offset += timedelta(days=3, minutes=1)
    assert (await decide(annie, dana)).allowed


async def test_settings_can_be_changed_before_it(db, clock, contoso):
    """Admins stage their policies (access notes §3, 7)."""
    await set_consumer_date(db, OPERATOR, clock.now() + timedelta(days=3))
    async with db.tenant(contoso.id) as tx:
        changed = await service.set_configuration(tx, contoso.operator, {"AllowTeamsConsumerInbound": False})
    assert not changed.allow_teams_consumer_inbound


async def test_moving_the_date_is_audited_and_the_operators_alone(db, clock, annie):
    """With before, after and reason; what stays equal leaves no trace."""
    since = clock.now()
    day = datetime(2099, 1, 1, tzinfo=UTC)
    await set_consumer_date(db, OPERATOR, day)
    await set_consumer_date(db, OPERATOR, day)
    with pytest.raises(PermissionMissing):
        await set_consumer_date(db, annie.caller, None)

    assert await get_consumer_date(db) == day
    async with db.tenant(PERSONAL_REALM) as tx:
        (entry,) = await list_audit(tx, action=CONSUMER_DATE, since=since)
    assert (entry.before, entry.after, entry.reason) == (
        {"available_from": None}, {"available_from": day.isoformat()}, "roll-out",
    )  # fmt: skip


async def test_after_the_commit_of_a_later_date_nothing_is_stored(db, clock, annie, dana):
    """Whoever writes to a personal account holds the realm's lock, too (design §4.7)."""
    chat = (await annie.start(dana, "hello")).chat
    await dana.accept(chat.id)
    stop = asyncio.Event()
    refused = 0

    async def write(who: Chatter) -> None:
        nonlocal refused
        while not stop.is_set():
            try:
                await who.post(chat.id, "text")
            except AccessRefused:
                refused += 1

    async def last_change() -> int:
        return int((await annie.chat(chat.id)).chat.last_change)

    async def switch() -> None:
        try:
            for _ in range(10):
                position = await last_change()
                while await last_change() < position + 3:
                    pass
                await set_consumer_date(db, OPERATOR, clock.now() + timedelta(days=1))
                at_commit, before = await last_change(), refused
                while refused < before + 4:
                    assert await last_change() == at_commit
                await set_consumer_date(db, OPERATOR, None)
        finally:
            stop.set()

    async with asyncio.timeout(60):
        await asyncio.gather(write(annie), write(dana), switch())

    assert refused >= 40
