"""A receiving admin sees who would come, and what this crossing can not see."""

from __future__ import annotations

from uuid import UUID

from comity.db.crossings.incoming_jobs import IncomingJob, list_incoming, list_incoming_people
from comity.directory import service as directory
from comity.partners import service as partners
from tests.support.drains import share
from tests.support.world import Org


async def incoming(reader: Org, source: Org) -> tuple[list[IncomingJob], list[str]]:
    async with reader.db.tenant(reader.id) as tx:
        jobs = await list_incoming(tx, source.id)
        people = [
            each.user_principal_name
            for job in jobs
            for each in await list_incoming_people(tx, source.id, job, after=UUID(int=0), at_most=10)
        ]
        assert tx.tenant_id == reader.id
    return jobs, people


async def test_it_sees_whom_a_share_offers_here_and_nobody_else(contoso: Org, fabrikam: Org):
    """Assigned people and direct members of assigned groups; not those who are out of scope."""
    annie, bob = await contoso.add_person("annie"), await contoso.add_person("bob")
    await contoso.add_person("charlie")
    async with contoso.db.tenant(contoso.id) as tx:
        group = await directory.create_group(tx, contoso.operator, name="Sales")
        await directory.add_members(tx, contoso.operator, group.id, [bob.id])
    await share(contoso, annie.id, groups=(group.id,), to=fabrikam)

    jobs, people = await incoming(fabrikam, contoso)

    assert [each.people for each in jobs] == [2]
    assert sorted(people) == sorted([annie.user_principal_name, bob.user_principal_name])


async def test_a_share_that_leads_elsewhere_is_not_seen(contoso: Org, fabrikam: Org, tailspin: Org):
    """Nor its people, by a job that was named to somebody else."""
    annie = await contoso.add_person("annie")
    await share(contoso, annie.id, to=fabrikam)
    assert await incoming(tailspin, contoso) == ([], [])
    (job,), _ = await incoming(fabrikam, contoso)
    async with tailspin.db.tenant(tailspin.id) as tx:
        assert await list_incoming_people(tx, contoso.id, job, after=UUID(int=0), at_most=10) == []


async def test_what_is_not_offered_is_not_seen(contoso: Org, fabrikam: Org):
    """The source's outbound half is its consent; without it even its jobs stay its own."""
    annie = await contoso.add_person("annie")
    await share(contoso, annie.id, to=fabrikam)
    async with contoso.db.tenant(contoso.id) as tx:
        await partners.update_partner(
            tx, contoso.operator, fabrikam.id, lambda now: type(now)(redeem_inbound=now.redeem_inbound)
        )
    assert await incoming(fabrikam, contoso) == ([], [])
