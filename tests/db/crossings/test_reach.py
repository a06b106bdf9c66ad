"""What a report's crossing reads of another tenant, and what it can not see."""

from __future__ import annotations

from comity.access import policies, service
from comity.core.ids import UserId
from comity.db.crossings.reach import ClassRow, OtherSide, load_other_side
from tests.support.world import Org


async def ask(org: Org, domain: str, **more: list[str]) -> OtherSide | None:
    async with org.db.tenant(org.id) as tx:
        return await load_other_side(tx, domain, asking=[org.domain], **{"blocked": [], **more})


async def test_people_are_counted_by_policy_and_never_named(contoso, fabrikam):
    """No id, no name, no address: how many, and under which policy."""
    bob, carl = await fabrikam.add_person("bob"), await fabrikam.add_person("carl")
    await fabrikam.add_person("dora", account_enabled=False)
    await fabrikam.add_person("emil", mail="emil@other.example")
    await fabrikam.invite_guest(await contoso.add_person("annie"))
    async with fabrikam.db.tenant(fabrikam.id) as tx:
        await policies.new_policy(tx, fabrikam.operator, "P", {})
        await policies.grant_policy(tx, fabrikam.operator, UserId(bob.id), "P")

    found = await ask(contoso, fabrikam.domain, blocked=[str(carl.mail)])

    assert found is not None
    assert set(found.classes) == {ClassRow("p", 1, 0), ClassRow(None, 1, 1)}
    text = repr(found)
    for secret in (bob.id, bob.display_name, bob.mail, carl.mail, "emil"):
        assert str(secret) not in text


async def test_only_entries_about_the_asker_are_read(contoso, fabrikam, tailspin):
    """A partner's other partners are its own business."""
    async with fabrikam.db.tenant(fabrikam.id) as tx:
        listed = {"BlockedDomains": [contoso.domain, tailspin.domain]}
        await service.set_configuration(tx, fabrikam.operator, listed)
        blocked = {"BlockedUsers": [f"annie@{contoso.domain}", f"tom@{tailspin.domain}"]}
        await service.set_blocked_individuals(tx, fabrikam.operator, blocked)

    found = await ask(contoso, fabrikam.domain)

    assert found is not None
    assert found.lists == {"": {"blocked": [contoso.domain]}}
    assert found.blocked == {f"annie@{contoso.domain}"}
    assert tailspin.domain not in repr(found)


async def test_a_domain_of_nobody_is_nobody(contoso):
    """And the transaction is its own tenant's again in any case."""
    assert await ask(contoso, "nobody.example") is None
    async with contoso.db.tenant(contoso.id) as tx:
        await load_other_side(tx, contoso.domain, asking=[contoso.domain], blocked=[])
        assert tx.tenant_id == contoso.id
