"""Who can: by class, and equal to asking about each pair."""

from __future__ import annotations

import random

import pytest

from comity.access import service as access
from comity.access.model import Person, Purpose, Rule
from comity.core.errors import PermissionMissing
from comity.core.ids import PERSONAL_REALM, UserId
from comity.core.permissions import Permission
from comity.insight.model import Audience, PersonReach, Reach, Verdict
from comity.insight.who_can import ReportDomainInvalid, open_report, stream_report
from tests.insight.organisations import Organisation, block_some, list_contact, make_organisation
from tests.support.personal import make_personal, person
from tests.support.world import Org


async def who_can(org: Org, audience: Audience, domain: str | None = None) -> dict[str, PersonReach]:
    async with org.db.tenant(org.id) as tx:
        report = await open_report(tx, org.operator, audience, domain)
        return {each.user_id: each async for page in stream_report(tx, report) for each in page}


async def allowed(org: Org, actor: Person, target: Person) -> bool:
    async with org.db.tenant(org.id) as tx:
        return (await access.decide_pair(tx, org.operator, actor=actor, target=target, purpose=Purpose.START)).allowed


def reach_of(answers: list[bool]) -> Reach:
    return Reach.EVERYBODY if all(answers) else Reach.SOME if any(answers) else Reach.NOBODY


@pytest.mark.parametrize("seed", range(6))
async def test_it_equals_brute_force_over_the_pairs(contoso, fabrikam, seed):
    """On random organisations: toward the other's domain, and both ways with personal accounts."""
    draw = random.Random(seed)
    ours = await make_organisation(contoso, draw, partner=fabrikam)
    theirs = await make_organisation(fabrikam, draw, partner=contoso)
    await block_some(ours, theirs, draw)
    await block_some(theirs, ours, draw)
    if seed % 2:
        await list_contact(ours, "known", blocked=seed == 3)
    stranger = (await make_personal(contoso.db, "stranger")).person

    toward = await who_can(contoso, Audience.DOMAIN, fabrikam.domain)
    outbound = await who_can(contoso, Audience.OUTBOUND)
    inbound = await who_can(contoso, Audience.INBOUND)

    living = [each for each in ours.people if each.account_enabled]
    partners = [person(each) for each in theirs.people if each.account_enabled]
    assert set(toward) == set(outbound) == set(inbound) == {str(each.id) for each in living}
    for each in living:
        me = person(each)
        asked = [await allowed(contoso, me, other) for other in partners]
        assert toward[str(each.id)].verdict.reach is reach_of(asked), (each.id, toward[str(each.id)])
        await compare_with_strangers(ours, me, stranger, outbound[str(each.id)], inbound[str(each.id)])


async def compare_with_strangers(
    ours: Organisation, me: Person, stranger: Person, outbound: PersonReach, inbound: PersonReach
) -> None:
    known = [each.person for each in ours.contacts]
    for found, pairs in ((outbound, lambda other: (me, other)), (inbound, lambda other: (other, me))):
        reaches_strangers = await allowed(ours.org, *pairs(stranger))
        reaches_known = [await allowed(ours.org, *pairs(each)) for each in known]
        expected = (
            Reach.EVERYBODY if reaches_strangers else Reach.SOME if any(reaches_known) else Reach.NOBODY
        )  # fmt: skip
        assert found.verdict.reach is expected


async def test_each_answer_names_the_rule_and_the_policy(contoso):
    """A list of names that does not say why is the beginning of a search."""
    annie, alan = await contoso.add_person("annie"), await contoso.add_person("alan")
    from comity.access import policies

    async with contoso.db.tenant(contoso.id) as tx:
        await policies.new_policy(tx, contoso.operator, "Closed", {"EnableTeamsConsumerAccess": False})
        await policies.grant_policy(tx, contoso.operator, UserId(annie.id), "Closed")

    found = await who_can(contoso, Audience.OUTBOUND)

    assert found[str(annie.id)] == PersonReach(
        str(annie.id), annie.user_principal_name, "Annie", "Tag:Closed",
        Verdict(Reach.NOBODY, Rule.POLICY_CONSUMER_OFF),
    )  # fmt: skip
    assert found[str(alan.id)].policy == "Global"
    assert found[str(alan.id)].verdict == Verdict(Reach.EVERYBODY, Rule.OK)


async def test_a_domain_of_nobody_here_is_answered_from_our_side(contoso):
    """The other side cannot be known; the report says so."""
    await contoso.add_person("annie")
    async with contoso.db.tenant(contoso.id) as tx:
        report = await open_report(tx, contoso.operator, Audience.DOMAIN, "Elsewhere.Example.")
        pages = [page async for page in stream_report(tx, report)]
        with pytest.raises(ReportDomainInvalid):
            await open_report(tx, contoso.operator, Audience.DOMAIN, "no domain")

    assert not report.other_side_known
    assert [each.verdict.reach for page in pages for each in page] == [Reach.EVERYBODY]


async def test_only_admins_ask(contoso):
    """A list of everybody's rights is no member's business."""
    annie = await contoso.add_person("annie")
    async with contoso.db.tenant(contoso.id) as tx:
        with pytest.raises(PermissionMissing):
            await open_report(tx, contoso.as_user(annie, permissions=frozenset({Permission.CHAT})), Audience.OUTBOUND)
    assert annie.tenant_id != PERSONAL_REALM
