"""The access lock: whoever decides for keeps and whoever changes the rules wait for each other (design §4.7)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from comity.access import handlers, locks, policies, service
from comity.access.model import Person
from comity.core.ids import PERSONAL_REALM, TenantId, UserId, new_id
from comity.db.transaction import Transaction
from comity.directory.model import Attribute
from comity.directory.service import delete_users, purge_users, restore_user
from comity.events.feed import Feed, append, wire
from comity.events.model import Change, ChangeKind
from comity.tenancy.service import add_domain
from tests.support.personal import make_personal
from tests.support.world import Org


def anybody(tenant_id: TenantId) -> Person:
    return Person(tenant_id, UserId(new_id()))


async def version(org: Org) -> int:
    async with org.db.tenant(org.id) as tx:
        return await locks.load_version(tx)


@pytest.fixture
def wired(db):
    """A process whose feed tells access of directory changes, as `app` wires it."""
    feed = Feed()
    feed.observers.append(handlers.observe)
    feed.realm_observers.append(handlers.observe)
    db.on_begin.append(lambda tx: wire(tx, feed))
    return db


async def test_a_change_waits_for_those_who_hold_the_state_still(contoso):
    """It commits only after them, so nothing that they store was refused before."""
    order = []

    async def change() -> None:
        async with contoso.db.tenant(contoso.id) as tx:
            await service.set_configuration(tx, contoso.operator, {"AllowFederatedUsers": False})
        order.append("change")

    async with contoso.db.tenant(contoso.id) as tx:
        await locks.hold_shared(tx, [anybody(contoso.id)])
        changing = asyncio.create_task(change())
        await wait_for_waiter(tx)
        order.append("holder")
    await changing

    assert order == ["holder", "change"]


async def test_holders_do_not_wait_for_each_other(contoso, fabrikam):
    """Shared is shared: sends of many people run side by side."""
    people = [anybody(contoso.id), anybody(fabrikam.id)]
    async with contoso.db.tenant(contoso.id) as one, contoso.db.tenant(contoso.id) as other:
        await locks.hold_shared(one, people)
        await locks.hold_shared(other, reversed(people))


async def test_locks_held_already_cost_nothing(contoso):
    """One statement for all, none for those that are held."""
    people = [anybody(contoso.id), anybody(contoso.id), anybody(PERSONAL_REALM)]
    async with contoso.db.tenant(contoso.id) as tx:
        before = tx.statements
        await locks.hold_shared(tx, people)
        await locks.hold_shared(tx, people)

        assert tx.statements == before + 1


def test_a_personal_account_is_locked_by_its_own_id():
    """The realm is no tenant whose people share a lock (design §4.9)."""
    one, other = anybody(PERSONAL_REALM), anybody(PERSONAL_REALM)

    assert locks.owner_of(one) != locks.owner_of(other)
    assert locks.lock_key(one.user_id) != locks.lock_key(one.user_id, purpose=b"comity.chat")
    assert -(2**63) <= locks.lock_key(one.user_id) < 2**63


async def test_a_persons_state_raises_the_version(wired, contoso):
    """Created, disabled, renamed, deleted, restored, purged: each can alter a decision (design §4.7)."""
    versions = [await version(contoso)]

    async def note(work: Callable[[Transaction], Awaitable[object]]) -> object:
        async with wired.tenant(contoso.id) as tx:
            result = await work(tx)
        versions.append(await version(contoso))
        return result

    annie = await contoso.add_person("annie")
    versions.append(await version(contoso))
    await contoso.change(annie, account_enabled=False)
    versions.append(await version(contoso))
    await contoso.change(annie, mail=f"a@{contoso.domain}")
    versions.append(await version(contoso))
    await note(lambda tx: delete_users(tx, contoso.operator, [annie.id]))
    await note(lambda tx: restore_user(tx, contoso.operator, annie.id))
    await note(lambda tx: delete_users(tx, contoso.operator, [annie.id]))
    await note(lambda tx: purge_users(tx, contoso.operator, [annie.id]))

    assert versions == list(range(versions[0], versions[0] + 8))


@pytest.mark.parametrize("kind", [ChangeKind.USER_UPDATED, ChangeKind.USER_DELETED])
async def test_a_personal_account_that_goes_waits_for_those_who_write_to_it(wired, contoso, kind):
    """The realm has no feed, and its people are locked by their own ids; whoever says what he did is heard (§4.9)."""
    dana = await make_personal(wired, "dana")
    order = []

    async def change() -> None:
        async with wired.tenant(PERSONAL_REALM, person=dana.user.id) as tx:
            append(tx, [Change(kind, dana.user.id, changed=Attribute.ACCOUNT_ENABLED.bit)])
        order.append("change")

    async with wired.tenant(contoso.id) as tx:
        await locks.hold_shared(tx, [dana.person])
        changing = asyncio.create_task(change())
        await wait_for_waiter(tx)
        order.append("holder")
    await changing

    assert order == ["holder", "change"]


async def test_a_title_or_a_b2b_identity_leaves_the_version_alone(wired, contoso):
    """A share of thousands must not make every chat of the tenant wait."""
    annie = await contoso.add_person("annie")
    before = await version(contoso)

    await contoso.change(annie, job_title="Buyer")
    async with wired.tenant(contoso.id) as tx:
        changes = [Change(ChangeKind.USER_CREATED, new_id(), external=True), Change(ChangeKind.GROUP_CREATED, new_id())]
        await handlers.observe(tx, changes)

    assert await version(contoso) == before


async def test_a_new_domain_raises_the_version(wired, contoso):
    """A partner's exceptions for trial tenants name domains (external-access §6, F4)."""
    before = await version(contoso)

    async with wired.tenant(contoso.id) as tx:
        await add_domain(tx, contoso.operator, f"second.{contoso.domain}")

    assert await version(contoso) == before + 1


async def test_one_transaction_raises_the_version_once(wired, contoso):
    """However much it changes: a setting of its own, and people."""
    before = await version(contoso)

    async with wired.tenant(contoso.id) as tx:
        await service.set_configuration(tx, contoso.operator, {"AllowFederatedUsers": False})
        await policies.new_policy(tx, contoso.operator, "P", {})
        await handlers.observe(tx, [Change(ChangeKind.USER_UPDATED, new_id(), changed=Attribute.MAIL.bit)])

    assert await version(contoso) == before + 1


async def test_who_is_purged_has_no_policy_any_more(wired, contoso):
    """A soft-deleted person keeps hers; a tombstone would keep a policy in use for ever."""
    annie = await contoso.add_person("annie")
    async with wired.tenant(contoso.id) as tx:
        await policies.new_policy(tx, contoso.operator, "P", {})
        await policies.grant_policy(tx, contoso.operator, annie.id, "P")
        await delete_users(tx, contoso.operator, [annie.id])
    async with wired.tenant(contoso.id) as tx:
        assert await tx.row("select count(*) from access_policy_user where tenant_id = %(tenant_id)s") == (1,)
        await purge_users(tx, contoso.operator, [annie.id])
    async with wired.tenant(contoso.id) as tx:
        assert await tx.row("select count(*) from access_policy_user where tenant_id = %(tenant_id)s") == (0,)


async def wait_for_waiter(tx: Transaction) -> None:
    """Until somebody waits for an advisory lock that this transaction holds."""
    blocked = """
        select count(*) from pg_locks held join pg_locks waiting using (locktype, database, classid, objid, objsubid)
        where held.locktype = 'advisory' and held.granted and held.pid = pg_backend_pid() and not waiting.granted
    """
    async with asyncio.timeout(10):
        while True:
            if await tx.row(blocked) != (0,):
                return
