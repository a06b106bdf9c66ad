"""History: what was decided on a date is what would be said about it later."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from comity.access import contacts, policies, service
from comity.access.assignments import service as assignments
from comity.access.errors import NotAuthorized
from comity.access.model import Decision, Person, Purpose, Rule
from comity.core.caller import Caller
from comity.core.ids import PERSONAL_REALM, GroupId, TenantId, UserId
from comity.core.permissions import Permission
from comity.db.transaction import Transaction
from comity.directory import service as directory
from comity.directory.model import User
from comity.directory.store import replace_addresses
from comity.insight.history.model import HistoryInTheFuture
from comity.insight.history.service import look_back
from tests.insight.organisations import random_configuration, random_policy
from tests.support.personal import make_personal, person
from tests.support.world import Org


async def decided(org: Org, actor: Person, target: Person) -> Decision:
    async with org.db.tenant(org.id) as tx:
        return await service.decide_pair(tx, org.operator, actor=actor, target=target, purpose=Purpose.START)


@pytest.mark.parametrize("seed", range(5))
async def test_every_moment_is_found_again(contoso, fabrikam, clock, seed):
    """Forty random changes on both sides, an hour apart; then each hour is asked about."""
    draw = random.Random(seed)
    annie, bob = await contoso.add_person("annie"), await fabrikam.add_person("bob")
    dana = (await make_personal(contoso.db, "dana")).user
    async with contoso.db.tenant(PERSONAL_REALM, person=dana.id) as tx:
        await replace_addresses(tx, [dana])
    pairs = [(person(annie), person(bob)), (person(annie), person(dana)), (person(dana), person(annie))]
    group: dict[TenantId, GroupId] = {}
    for org, partner in ((contoso, fabrikam), (fabrikam, contoso)):
        async with org.db.tenant(org.id) as tx:
            for name in "AB":
                await policies.new_policy(tx, org.operator, name, random_policy(draw, partner))
            group[org.id] = (await directory.create_group(tx, org.operator, name="Sales")).id
    seen: list[tuple[datetime, list[Decision]]] = []

    for _ in range(40):
        clock.offset += timedelta(hours=1)
        org, user, other = draw.choice([(contoso, annie, fabrikam), (fabrikam, bob, contoso)])
        async with org.db.tenant(org.id) as tx:
            await a_change(tx, org, user.id, dana, group[org.id], draw, partner=other)
        seen.append((clock.now() + timedelta(minutes=1), [await decided(contoso, *pair) for pair in pairs]))
    clock.offset += timedelta(hours=1)

    assert len({each.deciding_rule for _, decisions in seen for each in decisions}) > 2
    for at, decisions in seen:
        for (actor, target), then in zip(pairs, decisions, strict=True):
            history = await look_back(contoso.db, contoso.operator, actor=actor, target=target, at=at)
            assert history.then == then, at


async def a_change(
    tx: Transaction, org: Org, user_id: UserId, contact: User, group: GroupId, draw: random.Random, *, partner: Org
) -> None:
    """One change of any kind that a decision may rest on."""
    operator = replace(org.operator, reason="because")
    changes: list[Callable[[], Awaitable[object]]] = [
        lambda: service.set_configuration(tx, operator, random_configuration(draw, partner)),
        lambda: block(tx, operator, draw.choice([[], [f"bob@{partner.domain}"], [f"annie@{partner.domain}"]])),
        lambda: policies.grant_policy(tx, operator, user_id, draw.choice(["A", "B", "Global", None])),
        lambda: policies.set_policy(tx, operator, random_policy(draw, partner), identity=draw.choice("AB")),
        lambda: make_anew(tx, operator, random_policy(draw, partner)),
        lambda: assignments.grant_tenant(tx, operator, draw.choice(["A", "B", None])),
        lambda: assignments.grant_group(tx, operator, group, draw.choice("AB"), rank=1),
        lambda: take_from(tx, operator, group),
        lambda: draw.choice([directory.add_members, directory.remove_members])(tx, operator, group, [user_id]),
        lambda: list_or_not(tx, operator, contact),
        lambda: policies.set_policy(tx, operator, {"EnableTeamsConsumerInbound": draw.random() < 0.5}),
    ]
    await draw.choice(changes)()


async def block(tx: Transaction, operator: Caller, listed: list[str]) -> None:
    await service.set_blocked_individuals(tx, operator, {"BlockedUsers": listed, "BlockExternalUserAccess": True})


async def make_anew(tx: Transaction, operator: Caller, settings: dict[str, Any]) -> None:
    await policies.remove_policy(tx, operator, "B", force=True)
    await policies.new_policy(tx, operator, "B", settings)


async def take_from(tx: Transaction, operator: Caller, group: GroupId) -> None:
    if await assignments.list_group_assignments(tx, operator):
        await assignments.remove_group_assignment(tx, operator, group)


async def list_or_not(tx: Transaction, operator: Caller, contact: User) -> None:
    if not await contacts.remove_contact(tx, operator, contact.id):
        await contacts.add_contact(tx, operator, str(contact.mail))


async def test_what_changed_is_told_with_who_and_why(contoso, fabrikam, clock):
    """Newest first; what bears on neither of the two is left out."""
    annie, alan, bob = (
        await contoso.add_person("annie"),
        await contoso.add_person("alan"),
        await fabrikam.add_person("bob"),
    )
    clock.offset += timedelta(days=1)
    at = clock.now()
    clock.offset += timedelta(days=1)
    operator = replace(contoso.operator, reason="Ticket 7")
    async with contoso.db.tenant(contoso.id) as tx:
        await policies.new_policy(tx, operator, "Closed", {"EnableFederationAccess": False})
        await policies.grant_policy(tx, operator, UserId(alan.id), "Closed")
    async with contoso.db.tenant(contoso.id) as tx:
        await policies.grant_policy(tx, operator, UserId(annie.id), "Closed")

    history = await look_back(contoso.db, contoso.operator, actor=person(annie), target=person(bob), at=at)

    assert (history.then.deciding_rule, history.now.deciding_rule) == (Rule.OK, Rule.POLICY_FEDERATION_OFF)
    newest = history.happenings[0]
    assert (newest.action, newest.actor, newest.reason, newest.tenant_id) == (
        "Grant external access policy", "tester", "Ticket 7", contoso.id,
    )  # fmt: skip
    assert len(history.happenings) == 2


async def test_an_admin_of_one_side_cannot_see_the_others_past(contoso, fabrikam, clock):
    """Could not evaluate is an answer of its own; only a refusal of his own side is certain."""
    annie, bob = await contoso.add_person("annie"), await fabrikam.add_person("bob")
    async with contoso.db.tenant(contoso.id) as tx:
        await service.set_configuration(tx, contoso.operator, {"AllowFederatedUsers": False})
    closed = clock.now()
    clock.offset += timedelta(hours=1)
    async with contoso.db.tenant(contoso.id) as tx:
        await service.set_configuration(tx, contoso.operator, {"AllowFederatedUsers": True})
    opened = clock.now()
    clock.offset += timedelta(hours=1)
    admin = contoso.as_user(annie, permissions=frozenset({Permission.EXTERNAL_ACCESS_READ}))
    pair: dict[str, Any] = {"actor": person(annie), "target": person(bob)}

    refused = await look_back(contoso.db, admin, at=closed, **pair)
    unknown = await look_back(contoso.db, admin, at=opened, **pair)

    assert refused.then.deciding_rule is Rule.TENANT_FEDERATION_OFF
    assert unknown.then == Decision(False, Rule.COULD_NOT_EVALUATE)
    with pytest.raises(NotAuthorized):
        await look_back(contoso.db, contoso.as_user(annie), at=opened, **pair)
    with pytest.raises(HistoryInTheFuture):
        await look_back(contoso.db, admin, at=clock.now() + timedelta(days=1), **pair)
