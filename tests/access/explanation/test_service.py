"""Asking why from stored state: who may ask, what is masked, and what cannot be evaluated."""

from __future__ import annotations

from typing import Any

import pytest

from comity.access import policies, service
from comity.access.errors import NotAuthorized
from comity.access.explanation.model import Check, Explanation, Remedy, Which
from comity.access.explanation.service import explain_pair
from comity.access.model import Decision, Person, Purpose, Rule
from comity.core.caller import Caller
from comity.core.ids import TenantId, UserId, new_id
from comity.core.permissions import Permission
from tests.support.personal import make_personal, person
from tests.support.world import Org


async def why(org: Org, actor: Person, target: Person, caller: Caller | None = None) -> Explanation:
    async with org.db.tenant(org.id) as tx:
        return await explain_pair(tx, caller or org.operator, actor=actor, target=target)


async def test_the_operator_sees_both_sides_and_each_admin_his_own(contoso, fabrikam):
    """Two settings on either side: four changes, each with its tenant."""
    annie, bob = await contoso.add_person("annie"), await fabrikam.add_person("bob")
    for org, user in ((contoso, annie), (fabrikam, bob)):
        async with org.db.tenant(org.id) as tx:
            await policies.new_policy(tx, org.operator, "Closed", {"EnableFederationAccess": False})
            await policies.grant_policy(tx, org.operator, UserId(user.id), "Closed")
            await service.set_configuration(tx, org.operator, {"AllowedDomains": None})
    theirs = fabrikam.as_user(bob, permissions=frozenset({Permission.EXTERNAL_ACCESS_READ}))

    whole = await why(contoso, person(annie), person(bob))
    seen = await why(fabrikam, person(annie), person(bob), theirs)

    switch, domain = "EnableFederationAccess", "AllowedDomains"
    assert whole.smallest_change == (
        Remedy(contoso.id, switch, False, True, "Tag:Closed"),
        Remedy(contoso.id, domain, [], {"Add": [fabrikam.domain]}),
        Remedy(fabrikam.id, switch, False, True, "Tag:Closed"),
        Remedy(fabrikam.id, domain, [], {"Add": [contoso.domain]}),
    )
    assert seen.smallest_change == (
        *[Remedy(contoso.id, None, None, None, masked=True)] * 2, *whole.smallest_change[2:],
    )  # fmt: skip
    assert seen.decision == Decision(False, Rule.POLICY_FEDERATION_OFF, contoso.id)
    assert [each.masked for each in seen.forward.checks if each.side is Which.FROM] == [True]


async def test_the_proposed_change_does_flip_it(contoso):
    """As stored, through the services; for a personal account as well."""
    annie = await contoso.add_person("annie")
    dana = await make_personal(contoso.db, "dana")
    async with contoso.db.tenant(contoso.id) as tx:
        closed = {"AllowTeamsConsumer": False, "AllowTeamsConsumerInbound": False}
        await service.set_configuration(tx, contoso.operator, closed)
    change = (await why(contoso, dana.person, person(annie))).smallest_change
    assert change is not None

    async with contoso.db.tenant(contoso.id) as tx:
        await service.set_configuration(tx, contoso.operator, {str(each.setting): each.after for each in change})
    after = await why(contoso, dana.person, person(annie))

    assert len(change) == 2
    assert after.decision.allowed
    assert after.smallest_change is None


async def test_what_lies_beyond_the_installation_could_not_be_evaluated(contoso):
    """An answer of its own: not allowed, and nobody's setting; the actor sees nobody, as ever (design §7)."""
    annie = await contoso.add_person("annie")
    stranger = Person(TenantId(new_id()), UserId(new_id()))

    explanation = await why(contoso, person(annie), stranger)
    async with contoso.db.tenant(contoso.id) as tx:
        pair: dict[str, Any] = {"actor": person(annie), "target": stranger, "purpose": Purpose.START}
        in_full = await service.decide_pair(tx, contoso.operator, **pair)
        seen = await service.decide_pair(tx, contoso.as_user(annie), **pair)

    assert explanation.decision == in_full == Decision(False, Rule.COULD_NOT_EVALUATE)
    assert explanation.forward.checks == (Check(Which.TO, Rule.COULD_NOT_EVALUATE, passed=False),)
    assert explanation.smallest_change is None
    assert seen == Decision(False, Rule.UNREACHABLE)


async def test_only_admins_of_a_side_ask(contoso, fabrikam, tailspin):
    """Not the people themselves, and not the admins of a third tenant."""
    annie, bob = await contoso.add_person("annie"), await fabrikam.add_person("bob")
    third = await tailspin.add_person("tom")
    admin = tailspin.as_user(third, permissions=frozenset({Permission.EXTERNAL_ACCESS_WRITE}))
    for caller in (contoso.as_user(annie), admin):
        with pytest.raises(NotAuthorized):
            await why(contoso, person(annie), person(bob), caller)
