"""What-if: what is foretold is what happens."""

from __future__ import annotations

import random
from typing import Any

import pytest

from comity.access import policies, service
from comity.access.assignments import service as assignments
from comity.access.errors import AccessRefused, AssigneeUnknown, InvalidDomain, PolicyNotFound
from comity.chat.model import RequestGone
from comity.core.ids import UserId, new_id
from comity.directory import service as directory
from comity.events import feed
from comity.insight.model import Audience, Reach
from comity.insight.rehearsal.model import Ability, ChatBreak, Family, PersonChange, Rehearsal
from comity.insight.rehearsal.service import rehearse, stream_breaks
from tests.chat.conftest import Chatter, chatter
from tests.insight.organisations import make_organisation, random_configuration, random_policy
from tests.insight.test_who_can import who_can
from tests.support.personal import make_personal
from tests.support.world import Org


async def tried(org: Org, **changes: Any) -> tuple[list[PersonChange], list[ChatBreak]]:
    async with org.db.tenant(org.id) as tx:
        found = await rehearse(tx, org.operator, Rehearsal(**changes))
        return found.changes, [each async for each in stream_breaks(tx, found)]


@pytest.fixture
async def annie(contoso: Org) -> Chatter:
    return await chatter(contoso, "annie")


@pytest.fixture
async def bob(fabrikam: Org) -> Chatter:
    return await chatter(fabrikam, "bob")


@pytest.fixture
async def dana(contoso: Org) -> Chatter:
    account = await make_personal(contoso.db, "dana")
    return Chatter(contoso.db, account.caller, account.person)


@pytest.mark.usefixtures("annie")
async def test_nothing_is_written(contoso):
    """Not even a position of the feed."""
    async with contoso.db.tenant(contoso.id) as tx:
        before = await feed.load_position(tx)

    changes, _ = await tried(contoso, configuration={"AllowTeamsConsumer": False})

    assert [each.loses for each in changes] == [(Ability(Family.OUTBOUND), Ability(Family.INBOUND))]
    async with contoso.db.tenant(contoso.id) as tx:
        assert await feed.load_position(tx) == before
        assert (await service.get_configuration(tx, contoso.operator)).allow_teams_consumer


@pytest.mark.usefixtures("annie")
async def test_a_change_that_changes_nothing_for_anybody_is_empty(contoso):
    """Setting what holds already, or a policy that nobody has."""
    async with contoso.db.tenant(contoso.id) as tx:
        await policies.new_policy(tx, contoso.operator, "Unused", {})

    assert await tried(contoso, configuration={"AllowTeamsConsumer": True}) == ([], [])
    assert await tried(contoso, policies={"Tag:Unused": {"EnableFederationAccess": False}}) == ([], [])


@pytest.mark.usefixtures("annie")
async def test_domains_are_named_one_by_one(contoso):
    """An allow list closes every other domain; what stays open is not mentioned."""
    allow = {"AllowedDomains": {"mode": "AllowList", "domains": ["a.example"]}}
    (change,), _ = await tried(contoso, configuration=allow)
    assert (change.gains, change.loses) == ((), (Ability(Family.DOMAIN, "*"),))

    (change,), _ = await tried(contoso, configuration={"BlockedDomains": ["a.example"], "BlockAllSubdomains": True})
    assert change.loses == (Ability(Family.DOMAIN, "*.a.example"), Ability(Family.DOMAIN, "a.example"))


async def test_assignments_are_tried_by_their_precedence(contoso):
    """A group's policy reaches only who has none of her own; direct wins, ranks move (external-access §5)."""
    annie, alan, anna = [await contoso.add_person(name) for name in ("annie", "alan", "anna")]
    async with contoso.db.tenant(contoso.id) as tx:
        for name in ("Closed", "Open"):
            settings = {"EnableTeamsConsumerAccess": name == "Open"}
            await policies.new_policy(tx, contoso.operator, name, settings)
        await policies.grant_policy(tx, contoso.operator, UserId(annie.id), "Open")
        group = await directory.create_group(tx, contoso.operator, name="Sales")
        await directory.add_members(tx, contoso.operator, group.id, [annie.id, alan.id])

    by_group, _ = await tried(contoso, groups={group.id: ("Closed", 1)})
    by_tenant, _ = await tried(contoso, tenant_wide=("Closed",), groups={group.id: ("Open", None)})
    directly, _ = await tried(contoso, direct={UserId(anna.id): "tag:closed"})

    assert [each.user_id for each in by_group] == [alan.id]
    assert [each.user_id for each in by_tenant] == [anna.id]
    assert [(each.user_id, each.policy_before, each.policy_after) for each in directly] == [
        (anna.id, "Global", "Tag:Closed")
    ]


@pytest.mark.parametrize("seed", range(5))
async def test_what_is_foretold_is_what_happens(contoso, fabrikam, seed):
    """On random organisations: the report after the real change differs for exactly those people."""
    draw = random.Random(seed)
    await make_organisation(contoso, draw, partner=fabrikam)
    configuration, policy = random_configuration(draw, fabrikam), random_policy(draw, fabrikam)
    audiences = {Family.OUTBOUND: Audience.OUTBOUND, Family.INBOUND: Audience.INBOUND}
    before = {family: await who_can(contoso, each) for family, each in audiences.items()}

    foretold, _ = await tried(contoso, configuration=configuration, policies={"A": policy}, tenant_wide=("B",))
    async with contoso.db.tenant(contoso.id) as tx:
        await service.set_configuration(tx, contoso.operator, configuration)
        await policies.set_policy(tx, contoso.operator, policy, identity="A")
        await assignments.grant_tenant(tx, contoso.operator, "B")

    for family, audience in audiences.items():
        now = await who_can(contoso, audience)
        gained = {str(each.user_id) for each in foretold if Ability(family) in each.gains}
        lost = {str(each.user_id) for each in foretold if Ability(family) in each.loses}
        for user_id, person in now.items():
            was, is_ = (each.verdict.reach is Reach.EVERYBODY for each in (before[family][user_id], person))
            assert (user_id in gained, user_id in lost) == (is_ and not was, was and not is_)


async def test_chats_that_would_break_are_those_that_do(contoso, annie, bob, dana):
    """1:1 chats across the border, by the family whose switch goes off."""
    with_bob = (await annie.start(bob, "hello")).chat
    with_dana = (await annie.start(dana, "hello")).chat
    await bob.accept(with_bob.id)
    await dana.accept(with_dana.id)

    _, federated = await tried(contoso, configuration={"AllowFederatedUsers": False})
    _, consumer = await tried(contoso, configuration={"AllowTeamsConsumer": False})
    _, inbound = await tried(contoso, configuration={"AllowTeamsConsumerInbound": False})
    _, blocked = await tried(
        contoso, blocked={"BlockExternalUserAccess": True, "BlockedUsers": [str(bob.person.user_id)]}
    )

    assert [each.chat_id for each in federated] == [each.chat_id for each in blocked] == [with_bob.id]
    assert [(each.chat_id, each.own, each.other) for each in consumer] == [(with_dana.id, annie.person, dana.person)]
    assert inbound == []
    async with contoso.db.tenant(contoso.id) as tx:
        await service.set_configuration(tx, contoso.operator, {"AllowTeamsConsumer": False})
    with pytest.raises(AccessRefused):
        await dana.post(with_dana.id, "still there?")
    await bob.post(with_bob.id, "still there")


async def test_a_waiting_request_dies_with_inbound(contoso, annie, dana):
    """What could not be begun any more cannot be accepted either (external-access §9)."""
    chat = (await dana.start(annie, "hello")).chat

    _, broken = await tried(contoso, configuration={"AllowTeamsConsumerInbound": False})
    async with contoso.db.tenant(contoso.id) as tx:
        await service.set_configuration(tx, contoso.operator, {"AllowTeamsConsumerInbound": False})

    assert [(each.chat_id, each.request) for each in broken] == [(chat.id, True)]
    with pytest.raises(RequestGone):
        await annie.accept(chat.id)


@pytest.mark.usefixtures("annie")
async def test_what_the_change_would_be_refused_with_is_said_before(contoso):
    """The same validation as the change itself."""
    with pytest.raises(InvalidDomain):
        await tried(contoso, configuration={"BlockedDomains": ["no domain"]})
    with pytest.raises(PolicyNotFound):
        await tried(contoso, tenant_wide=("Nobody's",))
    with pytest.raises(AssigneeUnknown):
        await tried(contoso, direct={UserId(new_id()): None})
