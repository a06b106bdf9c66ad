"""What else a plan hits: groups of the target that lose and gain members, and chats of two (design D7)."""

from __future__ import annotations

from comity.access.model import Person
from comity.chat import service as chat
from comity.core.ids import JobId, PlanId
from comity.core.permissions import Permission
from comity.directory import service as directory
from comity.directory.store import find_by_home
from comity.insight.blast import Blast, blast_radius
from comity.sync import plans
from comity.sync.drain import drain
from comity.sync.planned import Proposal
from tests.support.drains import accept, share, unshare
from tests.support.world import Org


async def shared(contoso: Org, fabrikam: Org, *names: str) -> JobId:
    people = [await contoso.add_person(name) for name in names]
    await accept(fabrikam, people_of=contoso)
    job = await share(contoso, *people, to=fabrikam)
    await drain(contoso.db, contoso.id)
    return job


async def put_in_group(fabrikam: Org, contoso: Org, *names: str) -> str:
    """A group of the target that guests are in; its id."""
    async with fabrikam.db.tenant(fabrikam.id) as tx:
        group = await directory.create_group(tx, fabrikam.operator, name="Project")
        accounts = [await find_by_home(tx, contoso.id, contoso.people[name].id) for name in names]
        await directory.add_members(tx, fabrikam.operator, group.id, [each.id for each in accounts if each])
    return str(group.id)


async def planned(contoso: Org, job: JobId, proposal: Proposal | None = None) -> PlanId:
    async with contoso.db.tenant(contoso.id) as tx:
        plan_id = await plans.ask(tx, contoso.operator, job_id=job, proposal=proposal)
    await plans.make(contoso.db, contoso.operator, plan_id)
    return plan_id


async def test_unsharing_shows_which_groups_lose_whom_and_who_loses_a_chat(contoso: Org, fabrikam: Org):
    """Two of three go; they share a group, and one of them a chat with somebody there."""
    job = await shared(contoso, fabrikam, "annie", "bob", "charlie")
    await put_in_group(fabrikam, contoso, "annie", "bob")
    dana = await fabrikam.add_person("dana")
    writer = contoso.as_user(contoso.people["annie"], permissions=frozenset({Permission.CHAT}))
    await chat.start_chat(contoso.db, writer, to=Person(fabrikam.id, dana.id))
    gone = tuple(contoso.people[name].id for name in ("annie", "charlie"))
    plan_id = await planned(contoso, job, Proposal(remove=gone))
    assert await blast_radius(contoso.db, contoso.operator, plan_id) == Blast({"Project": 1}, {}, 1)


async def test_restoring_shows_which_groups_get_somebody_back(contoso: Org, fabrikam: Org):
    """The recycle bin keeps groups."""
    job = await shared(contoso, fabrikam, "annie")
    await put_in_group(fabrikam, contoso, "annie")
    await unshare(contoso, contoso.people["annie"], to=fabrikam)
    await drain(contoso.db, contoso.id)
    plan_id = await planned(contoso, job, Proposal(add_users=(contoso.people["annie"].id,)))
    assert await blast_radius(contoso.db, contoso.operator, plan_id) == Blast({}, {"Project": 1}, 0)


async def test_names_of_the_target_s_groups_are_not_told_to_the_source(contoso: Org, fabrikam: Org):
    """Its administrators get number and id."""
    job = await shared(contoso, fabrikam, "annie")
    group = await put_in_group(fabrikam, contoso, "annie")
    plan_id = await planned(contoso, job, Proposal(remove=(contoso.people["annie"].id,)))
    reader = contoso.as_user(contoso.people["annie"], permissions=frozenset({Permission.SYNC_READ}))
    assert (await blast_radius(contoso.db, reader, plan_id)).losing == {group: 1}
