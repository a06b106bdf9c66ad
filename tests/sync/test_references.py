"""Managers come into the target before, with or long after their reports (provisioning §5.4, D-16, D-17)."""

from __future__ import annotations

from comity.core.ids import UserId
from comity.db.database import Database
from comity.directory.model import User
from comity.directory.store import find_by_home
from comity.sync import configuring
from comity.sync.drain import Phase, drain
from comity.sync.mapping_document import write_mapping
from comity.sync.mapping_rows import DEFAULT
from comity.sync.model import Counts
from tests.support.drains import accept, die, share, unshare
from tests.support.world import Org


async def manager_there(org: Org, home: User) -> UserId | None:
    async with org.db.tenant(org.id) as tx:
        found = await find_by_home(tx, home.tenant_id, home.id)
    assert found is not None
    return found.manager_id


async def standing(org: Org, home: User) -> UserId:
    async with org.db.tenant(org.id) as tx:
        found = await find_by_home(tx, home.tenant_id, home.id)
    assert found is not None
    return found.id


async def test_a_manager_who_is_shared_drains_later_is_set_without_the_report_changing(
    fabrikam: Org, contoso: Org, db: Database
):
    """The reference product fills it only when the report changes (D-16)."""
    boss = await fabrikam.add_person("boss")
    annie = await fabrikam.add_person("annie", manager_id=boss.id)
    await accept(contoso, people_of=fabrikam)
    await share(fabrikam, annie, to=contoso)
    await drain(db, fabrikam.id)
    await fabrikam.change(annie, city="Köln")
    await drain(db, fabrikam.id)
    assert await manager_there(contoso, annie) is None

    await share(fabrikam, boss, to=contoso)
    done = await drain(db, fabrikam.id)

    assert done.total == Counts(created=1, updated=1)
    assert await manager_there(contoso, annie) == await standing(contoso, boss)


async def test_a_manager_with_many_reports_over_several_pages(fabrikam: Org, contoso: Org, db: Database):
    """Reports on other pages than his, and such as come before him in the order of ids."""
    boss = await fabrikam.add_person("boss")
    reports = [await fabrikam.add_person(f"report {n}", manager_id=boss.id) for n in range(7)]
    late = await fabrikam.add_person("late")
    for each in reports[:3]:
        await fabrikam.change(each, manager_id=late.id)
    await accept(contoso, people_of=fabrikam)
    await share(fabrikam, *reports, to=contoso)
    await drain(db, fabrikam.id, page_size=2)

    await share(fabrikam, boss, late, to=contoso)
    await drain(db, fabrikam.id, page_size=2)

    bosses = [await manager_there(contoso, each) for each in reports]
    assert bosses == [await standing(contoso, late)] * 3 + [await standing(contoso, boss)] * 4


async def test_a_drain_that_dies_before_the_second_look_is_made_up_for(fabrikam: Org, contoso: Org, db: Database):
    """Who waits is forgotten only when the report has been looked at."""
    boss = await fabrikam.add_person("boss")
    annie = await fabrikam.add_person("annie", manager_id=boss.id)
    await accept(contoso, people_of=fabrikam)
    await share(fabrikam, annie, to=contoso)
    await drain(db, fabrikam.id)

    await share(fabrikam, boss, to=contoso)
    await die(fabrikam, Phase.ADVANCED)
    await drain(db, fabrikam.id)

    assert await manager_there(contoso, annie) == await standing(contoso, boss)


async def test_a_manager_who_left_and_came_back_is_the_same(fabrikam: Org, contoso: Org, db: Database):
    """Soft deletion and restoration keep ids, and so the reference."""
    boss = await fabrikam.add_person("boss")
    annie = await fabrikam.add_person("annie", manager_id=boss.id)
    await accept(contoso, people_of=fabrikam)
    await share(fabrikam, annie, boss, to=contoso)
    await drain(db, fabrikam.id)
    before = await manager_there(contoso, annie)

    await unshare(fabrikam, boss, to=contoso)
    await drain(db, fabrikam.id)
    await share(fabrikam, boss, to=contoso)
    await drain(db, fabrikam.id)

    assert before is not None
    assert await manager_there(contoso, annie) == before


async def test_a_removed_manager_stays_unless_null_flow_is_opted_into(fabrikam: Org, contoso: Org, db: Database):
    """D-17: clearing takes both halves of the opt-in, at the source attribute and at the row."""
    boss = await fabrikam.add_person("boss")
    annie = await fabrikam.add_person("annie", manager_id=boss.id)
    await accept(contoso, people_of=fabrikam)
    job = await share(fabrikam, annie, boss, to=contoso)
    await drain(db, fabrikam.id)
    await fabrikam.change(annie, manager_id=None)
    await drain(db, fabrikam.id)
    assert await manager_there(contoso, annie) == await standing(contoso, boss)

    document = write_mapping(DEFAULT)
    for row in document["attributeMappings"]:
        row["flowNullValues"] = row["targetAttributeName"] == "manager"
    document["sourceAttributes"] = {"manager": {"flowNullValues": True}}
    async with db.tenant(fabrikam.id) as tx:
        await configuring.set_mapping(tx, fabrikam.operator, job, document)
    await drain(db, fabrikam.id)

    assert await manager_there(contoso, annie) is None


async def test_null_flow_does_not_clear_a_manager_who_is_only_not_there(fabrikam: Org, contoso: Org, db: Database):
    """A reference that cannot be resolved is no empty one."""
    boss, other = await fabrikam.add_person("boss"), await fabrikam.add_person("other")
    annie = await fabrikam.add_person("annie", manager_id=boss.id)
    await accept(contoso, people_of=fabrikam)
    job = await share(fabrikam, annie, boss, to=contoso)
    document = write_mapping(DEFAULT)
    for row in document["attributeMappings"]:
        row["flowNullValues"] = row["targetAttributeName"] == "manager"
    document["sourceAttributes"] = {"manager": {"flowNullValues": True}}
    async with db.tenant(fabrikam.id) as tx:
        await configuring.set_mapping(tx, fabrikam.operator, job, document)
    await drain(db, fabrikam.id)

    await fabrikam.change(annie, manager_id=other.id)
    await drain(db, fabrikam.id)

    assert await manager_there(contoso, annie) == await standing(contoso, boss)
