"""Deletions that look like an accident are held, with names, until somebody says what becomes of them (D8)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from comity.audit.service import list_for_object
from comity.core.clock import BusinessClock
from comity.core.errors import Forbidden
from comity.core.ids import CauseId, GroupId, JobId, new_id
from comity.core.permissions import Permission
from comity.db.database import Database
from comity.directory import service as directory
from comity.directory.model import User
from comity.events.feed import append
from comity.events.model import Change, ChangeKind
from comity.jobs.due import DueRows
from comity.jobs.mail.service import list_mails
from comity.jobs.model import Task
from comity.partners import service as partners
from comity.sync import configuring, controlling, store
from comity.sync import service as sync
from comity.sync.controlling import Reset
from comity.sync.drain import Phase, drain
from comity.sync.handlers import offered_held
from comity.sync.held import service as held
from comity.sync.held.model import HeldDelete, HeldState, NothingHeld
from comity.sync.model import Action, Actions, Counts, JobState, ScopeMode, Status, Threshold
from comity.sync.notifications.service import set_notification
from comity.sync.orders import HELD
from tests.support.books import wrong_accounts, wrong_entries
from tests.support.drains import accept, counting, die, is_alive, share, standing, unshare
from tests.support.world import Org

TEN_AND_ONE = 11
"""One more than a small job may delete."""


@pytest.fixture
async def shared(contoso: Org, fabrikam: Org) -> JobId:
    """Contoso shares thirty people with Fabrikam, which accepts; all is synced. Up to ten may go at once."""
    for each in await contoso.add_many(30):
        contoso.people[each.display_name] = each
    await accept(fabrikam, people_of=contoso)
    job = await share(contoso, *contoso.people.values(), to=fabrikam)
    await drain(contoso.db, contoso.id)
    return job


def people(org: Org) -> list[User]:
    return list(org.people.values())


async def delete(org: Org, gone: Sequence[User]) -> None:
    """One administrative change."""
    async with org.db.tenant(org.id) as tx:
        await directory.delete_users(tx, org.operator, [each.id for each in gone])


async def delete_one_by_one(org: Org, gone: Sequence[User]) -> None:
    """As many changes as people."""
    for each in gone:
        await delete(org, [each])


async def waiting(org: Org, job: JobId, *states: HeldState) -> list[HeldDelete]:
    async with org.db.tenant(org.id) as tx:
        return await held.list_held(tx, org.operator, job, states=states or (HeldState.WAITING,), at_most=1000)


async def allow(org: Org, job: JobId, who: Sequence[User] | None = None) -> int:
    async with org.db.tenant(org.id) as tx:
        return await held.allow(tx, org.operator, job, None if who is None else [each.id for each in who])


async def reject(org: Org, job: JobId, who: Sequence[User] | None = None) -> int:
    async with org.db.tenant(org.id) as tx:
        return await held.reject(tx, org.operator, job, None if who is None else [each.id for each in who])


async def set_threshold(org: Org, job: JobId, **threshold: Any) -> None:
    async with org.db.tenant(org.id) as tx:
        await held.set_threshold(tx, org.operator, job, Threshold(**threshold))


async def living(org: Org, of: Org) -> int:
    return sum([await is_alive(org, each) for each in people(of)])


# ── what is too many ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.usefixtures("shared")
async def test_new_jobs_have_the_threshold_on(contoso: Org):
    """500 or 10 %, whichever is smaller, but at least 10 (D8)."""
    (only,) = await standing(contoso)
    assert only.job.threshold == Threshold(is_on=True, number=500, percent=10)


async def test_as_many_as_the_threshold_go_through(contoso: Org, shared: JobId):
    """Exceeding counts, reaching does not (provisioning §8.1)."""
    await delete(contoso, people(contoso)[:10])
    assert (await drain(contoso.db, contoso.id)).total == Counts(deleted=10)
    assert await waiting(contoso, shared) == []


async def test_one_more_and_none_of_one_change_goes_through(contoso: Org, fabrikam: Org, shared: JobId):
    """Deletions that follow from one administrative change are planned whole before the first is applied."""
    gone = people(contoso)[:TEN_AND_ONE]
    await delete(contoso, gone)

    done = await drain(contoso.db, contoso.id)

    assert done.total == Counts(skipped=TEN_AND_ONE)
    assert await living(fabrikam, contoso) == 30
    assert {each.source_id for each in await waiting(contoso, shared)} == {each.id for each in gone}


@pytest.mark.parametrize("page_size", [1, 2, 4, 7])
async def test_one_change_counts_whole_over_pages_and_stretches(
    contoso: Org, fabrikam: Org, shared: JobId, page_size: int
):
    """The feed is read in stretches, and each in pages; what the change goes on with behind them counts as well."""
    await delete(contoso, people(contoso)[:TEN_AND_ONE])
    await drain(contoso.db, contoso.id, page_size=page_size)
    assert await living(fabrikam, contoso) == 30
    assert len(await waiting(contoso, shared)) == TEN_AND_ONE


async def unshare_group(org: Org, target: Org, group: GroupId, _: JobId) -> None:
    await unshare(org, groups=(group,), to=target)


async def delete_group(org: Org, _: Org, group: GroupId, __: JobId) -> None:
    async with org.db.tenant(org.id) as tx:
        await directory.delete_group(tx, org.operator, group)


async def empty_group(org: Org, _: Org, group: GroupId, __: JobId) -> None:
    async with org.db.tenant(org.id) as tx:
        await directory.remove_members(tx, org.operator, group, [each.id for each in people(org)])


async def filter_everybody(org: Org, _: Org, __: GroupId, job: JobId) -> None:
    clause = {"sourceOperandName": "city", "operatorName": "EQUALS", "targetOperand": {"values": ["Ulm"]}}
    async with org.db.tenant(org.id) as tx:
        await configuring.set_filter(tx, org.operator, job, {"groups": [{"name": "Ulm only", "clauses": [clause]}]})


async def narrow_scope(org: Org, target: Org, group: GroupId, job: JobId) -> None:
    async with org.db.tenant(org.id) as tx:
        await configuring.set_scope_mode(tx, org.operator, job, ScopeMode.ALL)
    await unshare(org, groups=(group,), to=target)
    async with org.db.tenant(org.id) as tx:
        await configuring.set_scope_mode(tx, org.operator, job, ScopeMode.ASSIGNED)


@pytest.mark.parametrize("change", [unshare_group, delete_group, empty_group, filter_everybody, narrow_scope])
@pytest.mark.parametrize("page_size", [3, 5000])
async def test_whatever_takes_many_out_of_scope_is_held(contoso: Org, fabrikam: Org, change: Any, page_size: int):
    """M46 with the safety catch on: a group unshared, deleted or emptied, a filter, a narrower scope."""
    for each in await contoso.add_many(25):
        contoso.people[each.display_name] = each
    async with contoso.db.tenant(contoso.id) as tx:
        group = await directory.create_group(tx, contoso.operator, name="Everybody")
        await directory.add_members(tx, contoso.operator, group.id, [each.id for each in people(contoso)])
    await accept(fabrikam, people_of=contoso)
    job = await share(contoso, groups=(group.id,), to=fabrikam)
    await drain(contoso.db, contoso.id)

    await change(contoso, fabrikam, group.id, job)
    await drain(contoso.db, contoso.id, page_size=page_size)

    assert await living(fabrikam, contoso) == 25
    assert len(await waiting(contoso, job)) == 25


async def test_single_changes_count_together_for_forty_minutes(
    contoso: Org, fabrikam: Org, shared: JobId, clock: BusinessClock
):
    """A drain per person: ten go, the rest is held; what lies further back counts no longer (business clock)."""
    gone = people(contoso)
    for each in gone[:15]:
        await delete(contoso, [each])
        await drain(contoso.db, contoso.id)
    assert await living(fabrikam, contoso) == 20
    assert {each.source_id for each in await waiting(contoso, shared)} == {each.id for each in gone[10:15]}

    await allow(contoso, shared)
    clock.offset += timedelta(minutes=41)
    await delete(contoso, gone[15:25])
    await drain(contoso.db, contoso.id)
    assert await living(fabrikam, contoso) == 5


async def test_what_waits_counts_as_well(contoso: Org, shared: JobId, clock: BusinessClock):
    """While an accident has not been looked at, nobody else is deleted either, however much later."""
    await delete(contoso, people(contoso)[:TEN_AND_ONE])
    await drain(contoso.db, contoso.id)
    clock.offset += timedelta(days=2)
    await delete(contoso, people(contoso)[20:21])
    await drain(contoso.db, contoso.id)
    assert len(await waiting(contoso, shared)) == TEN_AND_ONE + 1


@pytest.mark.usefixtures("shared")
async def test_additions_and_updates_go_on_meanwhile(contoso: Org, fabrikam: Org):
    """D-33: only deletions are held back."""
    await delete(contoso, people(contoso)[:TEN_AND_ONE])
    dana = await contoso.add_person("dana")
    await share(contoso, dana, to=fabrikam)
    await contoso.change(people(contoso)[20], city="Bonn")
    done = await drain(contoso.db, contoso.id)
    assert done.total == Counts(created=1, updated=1, skipped=TEN_AND_ONE)


@pytest.mark.usefixtures("shared")
async def test_disabled_people_are_neither_counted_nor_held(contoso: Org):
    """In cross-tenant sync that is an update (provisioning §8); holding it would keep a door open."""
    for each in people(contoso)[:20]:
        await contoso.change(each, account_enabled=False)
    assert (await drain(contoso.db, contoso.id)).total == Counts(updated=20)


@pytest.mark.usefixtures("shared")
async def test_the_threshold_is_each_jobs_own(contoso: Org, tailspin: Org):
    """Eleven leave one target, one leaves the other: held there, deleted here."""
    await accept(tailspin, people_of=contoso)
    await share(contoso, people(contoso)[0], to=tailspin)
    await drain(contoso.db, contoso.id)
    await delete(contoso, people(contoso)[:TEN_AND_ONE])
    done = await drain(contoso.db, contoso.id)
    assert done.total == Counts(deleted=1, skipped=TEN_AND_ONE)
    assert not await is_alive(tailspin, people(contoso)[0])


async def test_a_threshold_may_be_set_or_switched_off(contoso: Org, fabrikam: Org, shared: JobId):
    """In number and percent; audited."""
    await set_threshold(contoso, shared, number=2, percent=None)
    await delete(contoso, people(contoso)[:3])
    await drain(contoso.db, contoso.id)
    assert len(await waiting(contoso, shared)) == 3

    await set_threshold(contoso, shared, is_on=False)
    await delete(contoso, people(contoso)[3:30])
    await drain(contoso.db, contoso.id)
    assert await living(fabrikam, contoso) == 3
    async with contoso.db.tenant(contoso.id) as tx:
        entries = await list_for_object(tx, contoso.operator, shared)
    assert next(each.after for each in entries if each.action == "Update sync job") == {
        "thresholdEnabled": False, "number": 500, "percent": 10,
    }  # fmt: skip


async def test_nothing_is_held_while_the_delete_action_is_off(contoso: Org, shared: JobId):
    """M47: there is nothing to hold."""
    async with contoso.db.tenant(contoso.id) as tx:
        await configuring.set_actions(tx, contoso.operator, shared, Actions(delete=False))
    await delete(contoso, people(contoso)[:20])
    await drain(contoso.db, contoso.id)
    assert await waiting(contoso, shared) == []


async def test_groups_count_like_people(contoso: Org, fabrikam: Org):
    """Provisioning §8.1: users and groups."""
    async with contoso.db.tenant(contoso.id) as tx:
        groups = [
            (await directory.create_group(tx, contoso.operator, name=f"Group {n}")).id for n in range(TEN_AND_ONE)
        ]
    await accept(fabrikam, people_of=contoso)
    job = await share(contoso, groups=tuple(groups), to=fabrikam)
    async with fabrikam.db.tenant(fabrikam.id) as tx:
        await partners.update_sync_policy(
            tx, fabrikam.operator, contoso.id, lambda policy: type(policy)(user_sync=True, group_sync=True)
        )
    async with contoso.db.tenant(contoso.id) as tx:
        await configuring.set_groups(tx, contoso.operator, job, on=True)
    assert (await drain(contoso.db, contoso.id)).total.created == TEN_AND_ONE

    await unshare(contoso, groups=tuple(groups), to=fabrikam)
    await drain(contoso.db, contoso.id)
    rows = await waiting(contoso, job)
    assert [(each.kind, each.display_name) for each in rows] == [("group", f"Group {n}") for n in range(TEN_AND_ONE)]

    await allow(contoso, job)
    assert (await drain(contoso.db, contoso.id)).total.deleted == TEN_AND_ONE
    assert await waiting(contoso, job, *HeldState) == []


# ── who is held, and what is said ────────────────────────────────────────────────────────────────


async def test_held_people_are_shown_with_their_names(contoso: Org, shared: JobId):
    """To whoever may read people; others see that there are some."""
    gone = people(contoso)[:TEN_AND_ONE]
    await delete(contoso, gone)
    await drain(contoso.db, contoso.id)
    rows = await waiting(contoso, shared)
    assert [(each.display_name, each.kind) for each in rows] == [(each.display_name, "user") for each in gone]
    (only,) = await standing(contoso)
    assert (only.held.waiting, only.held.allowed, only.held.rejected) == (TEN_AND_ONE, 0, 0)
    assert (only.state, only.reason) == (JobState.QUARANTINE, "TooManyDeletes")

    reader = contoso.as_user(gone[0], permissions=frozenset({Permission.SYNC_READ}))
    async with contoso.db.tenant(contoso.id) as tx:
        seen = await held.list_held(tx, reader, shared)
        with pytest.raises(Forbidden):
            await held.allow(tx, reader, shared)
        with pytest.raises(Forbidden):
            await held.list_held(tx, contoso.as_user(gone[0]), shared)
    assert {each.display_name for each in seen} == {None}


@pytest.mark.usefixtures("shared")
async def test_the_log_says_that_a_delete_was_staged(contoso: Org, fabrikam: Org):
    """Graph `stagedDelete`, with its reason."""
    gone = people(contoso)[:TEN_AND_ONE]
    await delete(contoso, gone)
    await drain(contoso.db, contoso.id)
    async with contoso.db.tenant(contoso.id) as tx:
        (line, _) = await sync.read_log(tx, contoso.operator, source_id=gone[0].id)
    assert (line.action, line.status, line.code) == (Action.STAGED_DELETE, Status.SKIPPED, "TooManyDeletes")
    assert await wrong_entries(contoso.db, contoso.id, [fabrikam.id]) == []


async def test_what_is_allowed_is_done_as_a_run_of_its_own(contoso: Org, fabrikam: Org, shared: JobId):
    """Its cause is the approval, which is audited; so log and undo know it."""
    gone = people(contoso)[:TEN_AND_ONE]
    await delete(contoso, gone)
    await drain(contoso.db, contoso.id)
    assert await allow(contoso, shared) == TEN_AND_ONE
    assert (await drain(contoso.db, contoso.id)).total == Counts(deleted=TEN_AND_ONE)

    assert await waiting(contoso, shared, *HeldState) == []
    async with contoso.db.tenant(contoso.id) as tx:
        audit = await list_for_object(tx, contoso.operator, shared)
        runs = {each.cause: each for each in [(await sync.list_standing(tx, contoso.operator))[0].last_run] if each}
    (approval,) = [each for each in audit if each.action == "Allow held deletes"]
    assert approval.after is not None
    assert approval.after["waiting"] == TEN_AND_ONE
    assert runs[approval.cause].counts == Counts(deleted=TEN_AND_ONE)
    assert await wrong_entries(contoso.db, contoso.id, [fabrikam.id]) == []


async def test_what_was_allowed_does_not_count_against_the_next_ones(contoso: Org, fabrikam: Org, shared: JobId):
    """Somebody has looked at it: it was no accident."""
    await delete(contoso, people(contoso)[:TEN_AND_ONE])
    await drain(contoso.db, contoso.id)
    await allow(contoso, shared)
    await delete(contoso, people(contoso)[TEN_AND_ONE:15])
    await drain(contoso.db, contoso.id)
    assert await living(fabrikam, contoso) == 15


async def test_some_may_be_allowed_by_name_and_some_rejected(contoso: Org, fabrikam: Org, shared: JobId):
    """The rest waits on."""
    gone = people(contoso)[:12]
    await delete(contoso, gone)
    await drain(contoso.db, contoso.id)
    assert await allow(contoso, shared, gone[:2]) == 2
    assert await reject(contoso, shared, gone[2:5]) == 3
    await drain(contoso.db, contoso.id)

    assert [await is_alive(fabrikam, each) for each in gone] == [False] * 2 + [True] * 10
    assert {each.source_id for each in await waiting(contoso, shared)} == {each.id for each in gone[5:]}
    assert {each.source_id for each in await waiting(contoso, shared, HeldState.REJECTED)} == {
        each.id for each in gone[2:5]
    }
    with pytest.raises(NothingHeld) as refused:
        await allow(contoso, shared, [people(contoso)[20]])
    assert refused.value.parameters["people"] == str(people(contoso)[20].id)


async def test_what_was_rejected_stays_undone(contoso: Org, fabrikam: Org, shared: JobId):
    """Also when the job looks at everybody, and when one alone would be far below the threshold."""
    gone = people(contoso)[:TEN_AND_ONE]
    await delete(contoso, gone)
    await drain(contoso.db, contoso.id)
    await reject(contoso, shared)
    async with contoso.db.tenant(contoso.id) as tx:
        await controlling.restart(tx, contoso.operator, shared, controlling.read_resets(""))
    done = await drain(contoso.db, contoso.id)
    assert done.total == Counts(skipped=TEN_AND_ONE)
    assert await living(fabrikam, contoso) == 30

    await allow(contoso, shared, gone[:1])
    await drain(contoso.db, contoso.id)
    assert not await is_alive(fabrikam, gone[0])


async def test_restarting_without_mending_holds_them_again(contoso: Org, fabrikam: Org, shared: JobId):
    """Provisioning §8.1."""
    await delete(contoso, people(contoso)[:TEN_AND_ONE])
    await drain(contoso.db, contoso.id)
    async with contoso.db.tenant(contoso.id) as tx:
        await controlling.restart(tx, contoso.operator, shared, controlling.read_resets("Full"))
    await drain(contoso.db, contoso.id)
    assert await living(fabrikam, contoso) == 30


async def test_force_deletes_does_what_is_held(contoso: Org, fabrikam: Org, shared: JobId):
    """Graph's way to allow: restart with `ForceDeletes` (provisioning §8.1); `Full` alone does not (D-5)."""
    await delete(contoso, people(contoso)[:TEN_AND_ONE])
    await drain(contoso.db, contoso.id)
    async with contoso.db.tenant(contoso.id) as tx:
        await controlling.restart(tx, contoso.operator, shared, {Reset.FORCE_DELETES})
    await drain(contoso.db, contoso.id)
    assert await living(fabrikam, contoso) == 30 - TEN_AND_ONE


async def test_whoever_comes_back_into_scope_is_held_no_longer(contoso: Org, fabrikam: Org, shared: JobId):
    """The cause was mended: nothing waits any more, and nothing was done."""
    gone = people(contoso)[:20]
    await unshare(contoso, *gone, to=fabrikam)
    await drain(contoso.db, contoso.id)
    assert len(await waiting(contoso, shared)) == 20

    await share(contoso, *gone, to=fabrikam)
    await drain(contoso.db, contoso.id)
    assert await waiting(contoso, shared, *HeldState) == []
    assert await wrong_accounts(contoso.db, contoso, fabrikam, shared) == []


async def test_whoever_came_back_before_the_allowed_deletion_was_done_stays(contoso: Org, fabrikam: Org, shared: JobId):
    """Everybody is decided on again when it is done."""
    gone = people(contoso)[:TEN_AND_ONE]
    await unshare(contoso, *gone, to=fabrikam)
    await drain(contoso.db, contoso.id)
    await share(contoso, gone[0], to=fabrikam)
    await allow(contoso, shared)
    await drain(contoso.db, contoso.id)
    assert [await is_alive(fabrikam, each) for each in gone] == [True] + [False] * 10
    assert await waiting(contoso, shared, *HeldState) == []


async def test_a_paused_job_does_what_is_allowed_once_it_goes_on(contoso: Org, fabrikam: Org, shared: JobId):
    """Nothing wakes a paused job (D8)."""
    await delete(contoso, people(contoso)[:TEN_AND_ONE])
    await drain(contoso.db, contoso.id)
    async with contoso.db.tenant(contoso.id) as tx:
        await sync.pause(tx, contoso.operator, shared)
        await held.allow(tx, contoso.operator, shared)
    await drain(contoso.db, contoso.id)
    assert await living(fabrikam, contoso) == 30
    async with contoso.db.tenant(contoso.id) as tx:
        await sync.start(tx, contoso.operator, shared)
    await drain(contoso.db, contoso.id)
    assert await living(fabrikam, contoso) == 19


@pytest.mark.parametrize("phase", [Phase.PLANNING, Phase.APPLYING, Phase.APPLIED, Phase.ADVANCED])
async def test_a_kill_neither_loses_nor_doubles_what_is_held_or_allowed(
    contoso: Org, fabrikam: Org, shared: JobId, phase: Phase
):
    """Held and allowed deletions are rows; killed anywhere, the next drain goes on with them."""
    gone = people(contoso)[:TEN_AND_ONE]
    await delete(contoso, gone)
    await die(contoso, phase)
    await drain(contoso.db, contoso.id)
    assert len(await waiting(contoso, shared)) == TEN_AND_ONE

    await allow(contoso, shared)
    await die(contoso, phase)
    await drain(contoso.db, contoso.id)
    assert await living(fabrikam, contoso) == 19
    assert await waiting(contoso, shared, *HeldState) == []
    assert await wrong_entries(contoso.db, contoso.id, [fabrikam.id]) == []


async def test_whom_the_job_tells_is_told_once_how_many_are_held(
    contoso: Org, shared: JobId, db: Database, clock: BusinessClock
):
    """A mail, when deletions begin to be held; none if the cause was mended before it went out."""
    async with db.tenant(contoso.id) as tx:
        await set_notification(
            tx, contoso.operator, shared, recipients=["ops@example.org"], enabled=True, language="en"
        )
    rows = DueRows(db, machine=clock)
    for gone in (people(contoso)[:TEN_AND_ONE], people(contoso)[TEN_AND_ONE:15]):
        await delete(contoso, gone)
        await drain(db, contoso.id)
    told = [each.order for each in await rows.waiting(HELD) if each.order.tenant_id == contoso.id]
    assert [each.key for each in told] == [shared]

    await offered_held(db).handler(Task(told[0], run=new_id(), attempt=1, cause=None))
    async with db.tenant(contoso.id) as tx:
        (mail,) = await list_mails(tx, contoso.operator)
    assert mail.letter.code == "sync-mail-held"
    assert {name: mail.letter.facts[name] for name in ("held", "threshold")} == {"held": 15, "threshold": "500 / 10 %"}

    await reject(contoso, shared)
    await offered_held(db).handler(Task(told[0], run=new_id(), attempt=2, cause=None))
    async with db.tenant(contoso.id) as tx:
        assert len(await list_mails(tx, contoso.operator)) == 1


# ── many ─────────────────────────────────────────────────────────────────────────────────────────


async def test_many_who_leave_by_single_changes_are_held_beyond_the_threshold(
    contoso: Org, fabrikam: Org, db: Database
):
    """40,000 in small: people leave one by one while drains run; never more than the threshold is deleted."""
    crowd = await contoso.add_many(300)
    await accept(fabrikam, people_of=contoso)
    job = await share(contoso, *crowd, to=fabrikam)
    await drain(db, contoso.id)

    for number, each in enumerate(crowd):
        await delete(contoso, [each])
        if number % 20 == 19:
            await drain(db, contoso.id)
    await drain(db, contoso.id)

    contoso.people = {str(each.id): each for each in crowd}
    alive = await living(fabrikam, contoso)
    assert 300 - alive <= 30
    assert len(await waiting(contoso, job)) == alive
    assert await wrong_entries(db, contoso.id, [fabrikam.id]) == []


async def test_forty_thousand_who_leave_by_single_changes_within_a_minute_are_held_set_wise(
    contoso: Org, fabrikam: Org, db: Database
):
    """40,000 changes of as many causes: the threshold holds, and no statement is about a single person."""
    crowd = [each.id for each in await contoso.add_many(40_000)]
    await accept(fabrikam, people_of=contoso)
    job = await share(contoso, *crowd, to=fabrikam)
    await drain(db, contoso.id)
    async with db.tenant(contoso.id) as tx:
        await store.unassign(tx, job, crowd)
        append(tx, [Change(ChangeKind.ASSIGNMENT_REMOVED, job, each, cause=CauseId(new_id())) for each in crowd])

    statements = counting(db)
    done = await drain(db, contoso.id)

    (only,) = await standing(contoso)
    assert (done.total.deleted, only.held.waiting) == (0, 40_000)
    assert statements() <= 60 + 20 * 40
