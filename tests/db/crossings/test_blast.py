"""In which groups of another tenant our people's accounts are, and what this crossing can not see."""

from __future__ import annotations

from comity.db.crossings.blast import count_groups
from comity.directory import service as directory
from comity.directory.store import find_by_home
from comity.sync.drain import drain
from tests.support.drains import accept, share
from tests.support.world import Org


async def test_accounts_of_others_are_passed_over(contoso: Org, fabrikam: Org, tailspin: Org):
    """Fabrikam's own Dana and Tailspin's Erik are in the group as well; whoever names them learns nothing."""
    annie, erik = await contoso.add_person("annie"), await tailspin.add_person("erik")
    for source, person in ((contoso, annie), (tailspin, erik)):
        await accept(fabrikam, people_of=source)
        await share(source, person, to=fabrikam)
        await drain(source.db, source.id)
    dana = await fabrikam.add_person("dana")
    async with fabrikam.db.tenant(fabrikam.id) as tx:
        group = await directory.create_group(tx, fabrikam.operator, name="Project")
        guests = [await find_by_home(tx, each.tenant_id, each.id) for each in (annie, erik)]
        everybody = [dana.id, *(each.id for each in guests if each)]
        await directory.add_members(tx, fabrikam.operator, group.id, everybody)
    async with contoso.db.tenant(contoso.id) as tx:
        (found,) = await count_groups(tx, fabrikam.id, everybody)
        assert await count_groups(tx, fabrikam.id, [dana.id]) == []
        assert tx.tenant_id == contoso.id
    assert (found.group_id, found.name, found.members) == (group.id, "Project", 1)
