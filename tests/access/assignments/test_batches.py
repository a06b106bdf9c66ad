"""Many people at once: each with a result of her own, in the background, kept for 30 days."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from comity.access import policies
from comity.access.assignments.batches import carry_out, get_batch, list_batches, offered, start_batch
from comity.access.assignments.model import Batch, BatchResult, BatchStatus
from comity.access.errors import BatchNotFound, BatchTooLarge, NotAuthorized, PolicyNotFound
from comity.audit.service import list_for_object
from comity.core.ids import new_id
from comity.core.permissions import Permission
from comity.jobs.model import Order, Task
from tests.support.world import Org


@pytest.fixture
async def lucky(contoso: Org) -> Org:
    async with contoso.db.tenant(contoso.id) as tx:
        await policies.new_policy(tx, contoso.operator, "Lucky", {})
    return contoso


async def order(org: Org, identity: str | None, people: list[str]) -> UUID:
    async with org.db.tenant(org.id) as tx:
        return await start_batch(tx, org.operator, identity, people, name="Monday")


async def load(org: Org, batch_id: UUID) -> Batch:
    async with org.db.tenant(org.id) as tx:
        return await get_batch(tx, org.operator, batch_id)


async def test_each_person_gets_a_result_of_her_own(lucky, fabrikam):
    """By id, UPN or mail, with or without `sip:`; one who is not found stops nobody (external-access §5)."""
    annie, alan = await lucky.add_person("annie"), await lucky.add_person("alan", mail=f"twin@{lucky.domain}")
    await lucky.add_person("anna", mail=f"twin@{lucky.domain}")
    guest = await lucky.invite_guest(await fabrikam.add_person("bob"))
    named = [str(annie.id), f"sip:{alan.user_principal_name}", f"twin@{lucky.domain}", str(guest.id), "nobody"]

    batch_id = await order(lucky, "Tag:Lucky", named)
    before = await load(lucky, batch_id)
    await carry_out(lucky.db, lucky.id, batch_id)
    after = await load(lucky, batch_id)

    assert (before.status, before.total, before.not_started) == (BatchStatus.NOT_STARTED, 5, 5)
    assert [each.result for each in after.people] == [
        BatchResult.SUCCESS, BatchResult.SUCCESS, BatchResult.SEVERAL_USERS, BatchResult.INVALID_USER,
        BatchResult.USER_NOT_FOUND,
    ]  # fmt: skip
    assert (after.status, after.completed, after.errors, after.name) == (BatchStatus.COMPLETED, 5, 3, "Monday")
    async with lucky.db.tenant(lucky.id) as tx:
        for each in (annie, alan):
            assert (await policies.get_effective_policy(tx, lucky.operator, each.id)).name == "Lucky"


async def test_names_given_twice_count_once(lucky):
    """In any case, and whatever stands around them."""
    annie = await lucky.add_person("annie")
    upn = annie.user_principal_name

    batch = await load(lucky, await order(lucky, "Lucky", [upn, f" {upn.upper()} ", "", f"sip:{upn}"]))

    assert [each.named for each in batch.people] == [upn]


async def test_direct_assignments_are_taken_back(lucky):
    """With no policy; group and Global apply again."""
    annie = await lucky.add_person("annie")
    for identity in ("Lucky", None):
        await carry_out(lucky.db, lucky.id, await order(lucky, identity, [annie.user_principal_name]))

    async with lucky.db.tenant(lucky.id) as tx:
        assert (await policies.get_effective_policy(tx, lucky.operator, annie.id)).is_global
        entries = await list_for_object(tx, lucky.operator, annie.id)
    assert [each.after for each in entries if "policy" in each.action] == [
        {"ExternalAccessPolicy": None}, {"ExternalAccessPolicy": "Lucky"},
    ]  # fmt: skip
    assert {each.actor_name for each in entries} == {"tester"}


async def test_more_than_5000_are_refused(lucky):
    """Duplicates do not count."""
    await order(lucky, "Lucky", [f"p{n}" for n in range(5000)] * 2)
    with pytest.raises(BatchTooLarge) as refusal:
        await order(lucky, "Lucky", [f"p{n}" for n in range(5001)])
    with pytest.raises(PolicyNotFound):
        await order(lucky, "Nobody's", ["p1"])

    assert refusal.value.parameters == {"count": 5001, "limit": 5000}


async def test_a_policy_that_goes_meanwhile_is_a_result(lucky):
    """The order stands; what became of it is told per person."""
    annie = await lucky.add_person("annie")
    batch_id = await order(lucky, "Lucky", [str(annie.id)])
    async with lucky.db.tenant(lucky.id) as tx:
        await policies.remove_policy(tx, lucky.operator, "Lucky")

    await carry_out(lucky.db, lucky.id, batch_id)

    assert [each.result for each in (await load(lucky, batch_id)).people] == [BatchResult.BAD_POLICY]


async def test_two_workers_give_nothing_twice_and_progress_is_seen(lucky):
    """Whoever carries on holds the batch's row, page by page."""
    people = await lucky.add_many(10)
    batch_id = await order(lucky, "Lucky", [each.user_principal_name for each in people])
    seen: list[tuple[int, ...]] = []

    await asyncio.gather(
        *(carry_out(lucky.db, lucky.id, batch_id, progress=lambda *each: seen.append(each), page_size=3)
          for _ in range(2))
    )  # fmt: skip

    assert [each[0] for each in sorted(seen)] == [3, 6, 9, 10]
    async with lucky.db.tenant(lucky.id) as tx:
        entries = [len(await list_for_object(tx, lucky.operator, each.id)) for each in people]
    assert entries == [1] * 10


async def test_the_job_does_it_and_forgets_it_after_30_days(lucky, clock):
    """On the business clock: the order comes back when its time is over."""
    annie = await lucky.add_person("annie")
    batch_id = await order(lucky, "Lucky", [str(annie.id)])
    work = offered(lucky.db)
    task = Task(Order(work.kind, lucky.id, batch_id), new_id(), 1, None)

    again_at = await work.handler(task)
    batch = await load(lucky, batch_id)
    clock.offset += timedelta(days=29)
    assert await work.handler(task) == again_at
    clock.offset += timedelta(days=2)
    async with lucky.db.tenant(lucky.id) as tx:
        listed = await list_batches(tx, lucky.operator)
        with pytest.raises(BatchNotFound):
            await get_batch(tx, lucky.operator, batch_id)
    last = await work.handler(task)

    assert batch.completed_at is not None
    assert again_at == batch.completed_at + timedelta(days=30)
    assert (listed, last) == ([], None)
    async with lucky.db.tenant(lucky.id) as tx:
        assert await tx.rows("select from access_batch where tenant_id = %(tenant_id)s") == []
    assert await carry_out(lucky.db, lucky.id, batch_id) is None


async def test_a_communications_administrator_may_assign_and_change_nothing(lucky):
    """External-access §16: batch also for that role."""
    annie = await lucky.add_person("annie")
    communications = lucky.as_user(annie, permissions=frozenset({Permission.EXTERNAL_ACCESS_ASSIGN}))
    reader = lucky.as_user(annie, permissions=frozenset({Permission.EXTERNAL_ACCESS_READ}))
    async with lucky.db.tenant(lucky.id) as tx:
        batch_id = await start_batch(tx, communications, "Lucky", [str(annie.id)])
        await list_batches(tx, communications)
        for work in (
            start_batch(tx, reader, "Lucky", [str(annie.id)]),
            policies.set_policy(tx, communications, {"EnableFederationAccess": False}),
            policies.grant_policy(tx, communications, annie.id, "Lucky"),
            list_batches(tx, lucky.as_user(annie)), get_batch(tx, lucky.as_user(annie), batch_id),
        ):  # fmt: skip
            with pytest.raises(NotAuthorized) as refusal:
                await work
            assert refusal.value.code == "NotAuthorized"
