"""What the target keeps is left to it: attributes, disabled accounts, people who never come ."""

from __future__ import annotations

from dataclasses import replace

import pytest

from comity.audit.service import list_for_object
from comity.core.caller import UserType
from comity.core.errors import Forbidden
from comity.core.ids import JobId, PlanId, UserId, new_id
from comity.db.values import array_text
from comity.directory.model import Attribute, User
from comity.directory.store import find_by_home
from comity.partners import kept as keeping
from comity.partners.model import AttributeNotKept, Kept
from comity.sync import configuring, plan_store, plans
from comity.sync import service as sync
from comity.sync.drain import drain
from comity.sync.mapping_document import write_mapping
from comity.sync.mapping_rows import DEFAULT
from comity.sync.model import Counts, LogEntry, Reason, Status
from comity.sync.planned import Item, PlanOutdated, Verdict
from tests.support.books import wrong_entries
from tests.support.drains import accept, is_alive, share, standing, unshare
from tests.support.world import Org


@pytest.fixture
async def annie(contoso: Org, fabrikam: Org) -> User:
    """Contoso shares Annie with Fabrikam, which accepts; all is synced."""
    annie = await contoso.add_person("annie", city="Köln", department="Sales")
    await accept(fabrikam, people_of=contoso)
    await share(contoso, annie, to=fabrikam)
    await drain(contoso.db, contoso.id)
    return annie


async def keep(org: Org, *attributes: Attribute, of: Org, disabled: bool = False) -> None:
    async with org.db.tenant(org.id) as tx:
        await keeping.set_kept(
            tx, org.operator, of.id, lambda kept: replace(kept, attributes=frozenset(attributes), disabled=disabled)
        )


async def veto(org: Org, *people: User) -> None:
    async with org.db.tenant(org.id) as tx:
        await keeping.veto(tx, org.operator, people[0].tenant_id, [each.id for each in people])


async def there(org: Org, home: User) -> User:
    async with org.db.tenant(org.id) as tx:
        found = await find_by_home(tx, home.tenant_id, home.id)
    assert found is not None
    return found


async def last_line(org: Org, person: User) -> LogEntry:
    async with org.db.tenant(org.id) as tx:
        return (await sync.read_log(tx, org.operator, source_id=person.id))[0]


async def plan(org: Org, job: JobId) -> tuple[PlanId, list[Item]]:
    async with org.db.tenant(org.id) as tx:
        plan_id = await plans.ask(tx, org.operator, job_id=job)
    await plans.make(org.db, org.operator, plan_id)
    async with org.db.tenant(org.id) as tx:
        return plan_id, await plan_store.list_items(tx, plan_id)


async def pause(org: Org) -> JobId:
    async with org.db.tenant(org.id) as tx:
        (only,) = await sync.list_standing(tx, org.operator)
        await sync.pause(tx, org.operator, only.job.id)
    return only.job.id


# ── attributes ───────────────────────────────────────────────────────────────────────────────────


async def test_an_attribute_that_the_target_keeps_is_never_overwritten(contoso: Org, fabrikam: Org, annie: User):
    """What else has changed flows; the log says what was left, and to whom it belongs."""
    await keep(fabrikam, Attribute.CITY, of=contoso)
    await fabrikam.change(await there(fabrikam, annie), city="Ulm")
    await contoso.change(annie, city="Bonn", department="Legal")
    assert (await drain(contoso.db, contoso.id)).total == Counts(updated=1)

    account = await there(fabrikam, annie)
    assert (account.city, account.department) == ("Ulm", "Legal")
    line = await last_line(contoso, annie)
    assert (line.status, line.code, line.details) == (Status.SUCCESS, "TargetOwned", {"attributes": ["city"]})
    assert await wrong_entries(contoso.db, contoso.id, [fabrikam.id]) == []


async def test_nothing_but_what_the_target_keeps_is_a_skip(contoso: Org, fabrikam: Org, annie: User):
    """Skipped with `TargetOwned`, in the log."""
    await keep(fabrikam, Attribute.CITY, of=contoso)
    await contoso.change(annie, city="Bonn")
    assert (await drain(contoso.db, contoso.id)).total == Counts(skipped=1)
    line = await last_line(contoso, annie)
    assert (line.status, line.code, line.details) == (Status.SKIPPED, "TargetOwned", {"attributes": ["city"]})


@pytest.mark.usefixtures("annie")
async def test_whoever_is_new_brings_all_attributes(contoso: Org, fabrikam: Org):
    """There is nothing to overwrite."""
    await keep(fabrikam, Attribute.CITY, of=contoso)
    bob = await contoso.add_person("bob", city="Köln")
    await share(contoso, bob, to=fabrikam)
    await drain(contoso.db, contoso.id)
    assert (await there(fabrikam, bob)).city == "Köln"


async def test_a_plan_shows_what_is_left_to_the_target(contoso: Org, fabrikam: Org, annie: User):
    """Skipped with its reason, or updated with what remains; and applying it does that."""
    bob = await contoso.add_person("bob", city="Köln")
    await share(contoso, bob, to=fabrikam)
    await drain(contoso.db, contoso.id)
    job = await pause(contoso)
    await keep(fabrikam, Attribute.CITY, of=contoso)
    await contoso.change(annie, city="Bonn")
    await contoso.change(bob, city="Bonn", department="Legal")

    plan_id, items = await plan(contoso, job)
    said = {each.source_id: (each.verdict, each.reason, each.changed) for each in items}
    assert said == {
        annie.id: (Verdict.SKIP, Reason.TARGET_OWNED, Attribute.CITY.bit),
        bob.id: (Verdict.UPDATE, Reason.TARGET_OWNED, Attribute.DEPARTMENT.bit),
    }
    applied = await plans.apply(contoso.db, contoso.operator, plan_id)
    assert applied.plan.tally.applied == 1
    account = await there(fabrikam, bob)
    assert (account.city, account.department) == ("Köln", "Legal")


async def test_a_plan_is_refused_when_the_target_keeps_something_else_by_now(contoso: Org, fabrikam: Org, annie: User):
    """Plan guard (design D7): both partners' settings."""
    job = await pause(contoso)
    await contoso.change(annie, city="Bonn")
    plan_id, _ = await plan(contoso, job)
    await keep(fabrikam, Attribute.CITY, of=contoso)
    with pytest.raises(PlanOutdated) as refused:
        await plans.apply(contoso.db, contoso.operator, plan_id)
    assert refused.value.parameters == {"changed": "what the target keeps"}


async def test_released_attributes_flow_again(contoso: Org, fabrikam: Org, annie: User):
    await keep(fabrikam, Attribute.CITY, of=contoso)
    await contoso.change(annie, city="Bonn")
    await drain(contoso.db, contoso.id)
    await keep(fabrikam, of=contoso)
    await contoso.change(annie, department="Legal")
    await drain(contoso.db, contoso.id)
    assert (await there(fabrikam, annie)).city == "Bonn"


async def test_m45_a_kept_user_type_is_the_targets_to_change(contoso: Org, fabrikam: Org, annie: User):
    """M45: a job maps it again and again, but not what the target keeps; so its admin is not refused."""
    job = (await standing(contoso))[0].job.id
    document = write_mapping(DEFAULT)
    for row in document["attributeMappings"]:
        if row["targetAttributeName"] == "userType":
            row |= {"flowType": "Always", "source": {"type": "Constant", "value": "Member"}}
    async with contoso.db.tenant(contoso.id) as tx:
        await configuring.set_mapping(tx, contoso.operator, job, document)
    await keep(fabrikam, Attribute.USER_TYPE, of=contoso)
    await fabrikam.change(await there(fabrikam, annie), user_type=UserType.GUEST)
    await drain(contoso.db, contoso.id)
    assert (await there(fabrikam, annie)).user_type is UserType.GUEST


async def test_what_marks_an_account_as_somebodys_cannot_be_kept(contoso: Org, fabrikam: Org):
    """Whom it stands for, and whether it is deleted, are not attributes."""
    with pytest.raises(AttributeNotKept):
        await keep(fabrikam, Attribute.IS_DELETED, of=contoso)


# ── disabled accounts ────────────────────────────────────────────────────────────────────────────


async def test_an_account_that_the_target_disabled_stays_disabled(contoso: Org, fabrikam: Org, annie: User):
    """`accountEnabled=false` set at the target is never lifted, if the target says so."""
    await keep(fabrikam, of=contoso, disabled=True)
    await fabrikam.change(await there(fabrikam, annie), account_enabled=False)
    await contoso.change(annie, department="Legal")
    await drain(contoso.db, contoso.id)
    account = await there(fabrikam, annie)
    assert (account.account_enabled, account.department) == (False, "Legal")
    assert (await last_line(contoso, annie)).code == "TargetOwned"


async def test_what_the_source_disabled_the_source_enables(contoso: Org, fabrikam: Org, annie: User):
    """Only what was set at the target is the target's."""
    await keep(fabrikam, of=contoso, disabled=True)
    await contoso.change(annie, account_enabled=False)
    await drain(contoso.db, contoso.id)
    assert not (await there(fabrikam, annie)).account_enabled
    await contoso.change(annie, account_enabled=True)
    await drain(contoso.db, contoso.id)
    assert (await there(fabrikam, annie)).account_enabled


async def test_the_target_may_confirm_what_the_source_disabled(contoso: Org, fabrikam: Org, annie: User):
    """Enabled and disabled again at the target: now it is the target's word."""
    await keep(fabrikam, of=contoso, disabled=True)
    await contoso.change(annie, account_enabled=False)
    await drain(contoso.db, contoso.id)
    for enabled in (True, False):
        await fabrikam.change(await there(fabrikam, annie), account_enabled=enabled)
    await contoso.change(annie, account_enabled=True)
    await drain(contoso.db, contoso.id)
    assert not (await there(fabrikam, annie)).account_enabled


async def test_otherwise_the_source_lifts_it(contoso: Org, fabrikam: Org, annie: User):
    """Provisioning §3.4: the source's attributes are authoritative."""
    await fabrikam.change(await there(fabrikam, annie), account_enabled=False)
    await contoso.change(annie, department="Legal")
    await drain(contoso.db, contoso.id)
    assert (await there(fabrikam, annie)).account_enabled


# ── people who never come ────────────────────────────────────────────────────────────────────────


@pytest.mark.usefixtures("annie")
async def test_whom_the_target_does_not_want_is_never_created(contoso: Org, fabrikam: Org):
    """Skipped with `TargetVeto`, in plan and log."""
    bob = await contoso.add_person("bob")
    await veto(fabrikam, bob)
    job = await pause(contoso)
    await share(contoso, bob, to=fabrikam)
    _, (item,) = await plan(contoso, job)
    assert (item.source_id, item.verdict, item.reason) == (bob.id, Verdict.SKIP, Reason.TARGET_VETO)

    async with contoso.db.tenant(contoso.id) as tx:
        await sync.start(tx, contoso.operator, job)
    assert (await drain(contoso.db, contoso.id)).total == Counts(skipped=1)
    assert not await is_alive(fabrikam, bob)
    line = await last_line(contoso, bob)
    assert (line.status, line.code, line.target_id) == (Status.SKIPPED, "TargetVeto", None)


async def test_nor_restored_once_she_is_gone(contoso: Org, fabrikam: Org, annie: User):
    """Coming back is coming."""
    await veto(fabrikam, annie)
    await unshare(contoso, annie, to=fabrikam)
    await drain(contoso.db, contoso.id)
    await share(contoso, annie, to=fabrikam)
    await drain(contoso.db, contoso.id)
    assert not await is_alive(fabrikam, annie)
    assert (await last_line(contoso, annie)).code == "TargetVeto"


async def test_whoever_is_there_stays_and_is_kept_in_line(contoso: Org, fabrikam: Org, annie: User):
    """A veto is about coming, not about being there."""
    await veto(fabrikam, annie)
    await contoso.change(annie, city="Bonn")
    await drain(contoso.db, contoso.id)
    assert (await there(fabrikam, annie)).city == "Bonn"


async def test_a_veto_can_be_lifted(contoso: Org, fabrikam: Org, annie: User):
    bob = await contoso.add_person("bob")
    await veto(fabrikam, bob)
    async with fabrikam.db.tenant(fabrikam.id) as tx:
        lifted = await keeping.lift_veto(tx, fabrikam.operator, contoso.id, [bob.id, annie.id])
        assert await keeping.list_vetoes(tx, fabrikam.operator, contoso.id) == []
    assert lifted == [bob.id]
    await share(contoso, bob, to=fabrikam)
    await drain(contoso.db, contoso.id)
    assert await is_alive(fabrikam, bob)


# ── whose it is ──────────────────────────────────────────────────────────────────────────────────


async def test_it_is_the_targets_private_matter(contoso: Org, fabrikam: Org, annie: User):
    """The source reads nothing of it, and writes nothing: asking in its own tenant is about its own partners."""
    await keep(fabrikam, Attribute.CITY, of=contoso, disabled=True)
    await veto(fabrikam, annie)
    async with contoso.db.tenant(contoso.id) as tx:
        assert await keeping.get_kept(tx, contoso.operator, fabrikam.id) == Kept()
        assert await keeping.get_kept(tx, contoso.operator, contoso.id) == Kept()
        assert await tx.rows("select * from partner_kept") == []
        assert await tx.rows("select * from partner_veto") == []
        with pytest.raises(Forbidden):
            await keeping.get_kept(tx, contoso.as_user(annie), fabrikam.id)


async def test_it_is_audited_and_needs_the_right_to_change_partners(contoso: Org, fabrikam: Org, annie: User):
    """As all settings toward partners."""
    await keep(fabrikam, Attribute.CITY, of=contoso, disabled=True)
    await veto(fabrikam, annie)
    boss = await fabrikam.add_person("boss")
    async with fabrikam.db.tenant(fabrikam.id) as tx:
        entries = await list_for_object(tx, fabrikam.operator, contoso.id)
        for act in (keeping.veto, keeping.lift_veto):
            with pytest.raises(Forbidden):
                await act(tx, fabrikam.as_user(boss), contoso.id, [annie.id])
        with pytest.raises(Forbidden):
            await keeping.set_kept(tx, fabrikam.as_user(boss), contoso.id, lambda kept: kept)
    changes = [each for each in entries if "leaves alone" in each.action or "never creates" in each.action]
    assert [(each.before, each.after) for each in changes] == [
        (None, {"people": [str(annie.id)]}),
        ({"attributes": [], "disabled": False}, {"attributes": ["city"], "disabled": True}),
    ]


async def test_one_page_asks_once_however_many_are_kept_out(contoso: Org, fabrikam: Org, annie: User):
    """Set-wise, as everything that a drain does."""
    async with fabrikam.db.tenant(fabrikam.id) as tx:
        people = [UserId(new_id()) for _ in range(1000)]
        added = await keeping.veto(tx, fabrikam.operator, contoso.id, people)
        before = tx.statements
        found = await keeping.load_kept(tx, contoso.id, array_text([*people, annie.id]))
        assert tx.statements - before == 1
    assert found is not None
    assert found.vetoed == set(added)
