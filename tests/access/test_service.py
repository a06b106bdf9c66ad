"""The decision from stored state: who may ask, what is seen, and the permit that doors require."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from comity.access import locks, policies, service
from comity.access.errors import AccessRefused, PermitMissing
from comity.access.evidence import load_evidence, make_evidence
from comity.access.model import AddressedBy, Decision, Person, Purpose, Rule
from comity.access.permits import Permit
from comity.access.seal import SEAL, Seal
from comity.core.caller import Caller
from comity.core.errors import PermissionMissing
from comity.core.permissions import Permission
from comity.db.crossings.decision import load_inputs
from comity.directory.service import delete_users
from tests.support.personal import make_personal, person
from tests.support.world import Org


async def decide(
    org: Org,
    actor: Person,
    target: Person,
    *,
    purpose: Purpose = Purpose.START,
    caller: Caller | None = None,
    **more: Any,
) -> Decision:
    async with org.db.tenant(org.id) as tx:
        return await service.decide_pair(
            tx, caller or org.operator, actor=actor, target=target, purpose=purpose, **more
        )


@pytest.fixture
async def annie(contoso):
    return await contoso.add_person("annie")


@pytest.fixture
async def bob(fabrikam):
    return await fabrikam.add_person("bob")


async def test_two_fresh_tenants_may_talk(contoso, annie, bob):
    """Both families are on by default, and nothing has to be stored for that."""
    dana = await make_personal(contoso.db, "dana")

    assert await decide(contoso, person(annie), person(bob)) == Decision(True, Rule.OK)
    assert await decide(contoso, person(bob), person(annie)) == Decision(True, Rule.OK)
    assert await decide(contoso, person(annie), dana.person) == Decision(True, Rule.OK)
    assert await decide(contoso, dana.person, person(annie)) == Decision(True, Rule.OK)
    assert (await decide(contoso, dana.person, person(annie), by=AddressedBy.PHONE)).deciding_rule is (
        Rule.PHONE_FINDS_PERSONAL_ONLY
    )


async def test_both_sides_settings_are_read(contoso, fabrikam, annie, bob):
    """The domain rows that match, the policy a person has, the individuals who are blocked: on either side."""
    async with fabrikam.db.tenant(fabrikam.id) as tx:
        await service.set_configuration(tx, fabrikam.operator, {"BlockedDomains": [contoso.domain, "x.example"]})
    assert await decide(contoso, person(annie), person(bob)) == Decision(
        False, Rule.TENANT_DOMAIN_BLOCKED, fabrikam.id, contoso.domain
    )

    async with contoso.db.tenant(contoso.id) as tx:
        await policies.new_policy(tx, contoso.operator, "Closed", {"EnableFederationAccess": False})
        await policies.grant_policy(tx, contoso.operator, annie.id, "Closed")
    assert await decide(contoso, person(annie), person(bob)) == Decision(
        False, Rule.POLICY_FEDERATION_OFF, contoso.id, "Closed"
    )

    async with contoso.db.tenant(contoso.id) as tx:
        await policies.grant_policy(tx, contoso.operator, annie.id, None)
        blocked = {"BlockExternalUserAccess": True, "BlockedUsers": [bob.mail.upper()]}
        await service.set_blocked_individuals(tx, contoso.operator, blocked)
    assert await decide(contoso, person(bob), person(annie)) == Decision(
        False, Rule.TENANT_DOMAIN_BLOCKED, fabrikam.id, contoso.domain
    )
    assert await decide(contoso, person(annie), person(bob)) == Decision(False, Rule.USER_BLOCKED, contoso.id)


async def test_a_policys_own_lists_replace_the_tenants(contoso, fabrikam, annie, bob):
    """Once `CustomizeFederation` is on (external-access §7.4)."""
    async with contoso.db.tenant(contoso.id) as tx:
        settings = {"CommunicationWithExternalOrgs": "AllowSpecificExternalDomains",
                    "AllowedExternalDomains": [fabrikam.domain]}  # fmt: skip
        await policies.new_policy(tx, contoso.operator, "Suppliers", settings)
        await policies.grant_policy(tx, contoso.operator, annie.id, "Suppliers")
        await service.set_configuration(tx, contoso.operator, {"AllowedDomains": None})
    assert (await decide(contoso, person(annie), person(bob))).deciding_rule is Rule.TENANT_DOMAIN_NOT_ALLOWED

    async with contoso.db.tenant(contoso.id) as tx:
        await service.set_configuration(tx, contoso.operator, {"CustomizeFederation": True})
    assert (await decide(contoso, person(annie), person(bob))).allowed


async def test_who_is_disabled_deleted_or_unknown_is_not_reached(contoso, fabrikam, annie, bob):
    """And neither is a B2B identity: the decision is about where a person is at home."""
    disabled = await fabrikam.add_person("carl", account_enabled=False)
    deleted = await fabrikam.add_person("dora")
    guest = await fabrikam.invite_guest(annie)
    async with fabrikam.db.tenant(fabrikam.id) as tx:
        await delete_users(tx, fabrikam.operator, [deleted.id])
    off = await make_personal(contoso.db, "otto", enabled=False)

    for target in (person(disabled), person(deleted), person(guest), off.person, Person(contoso.id, bob.id)):
        assert (await decide(contoso, person(annie), target)).deciding_rule is Rule.UNREACHABLE


async def test_other_values_can_be_asked_with_and_nothing_is_written(contoso, annie):
    """What the demo asks: with inbound off, Dana may not begin and Annie may."""
    dana = await make_personal(contoso.db, "dana")
    instead = {contoso.id: {"AllowTeamsConsumerInbound": False}}

    assert await decide(contoso, dana.person, person(annie), instead=instead) == Decision(
        False, Rule.TENANT_CONSUMER_INBOUND_OFF, contoso.id
    )
    assert (await decide(contoso, person(annie), dana.person, instead=instead)).allowed
    assert (await decide(contoso, dana.person, person(annie))).allowed


async def test_chat_with_personal_accounts_begins_at_the_installations_date(contoso, annie):
    """On the business clock; the date is asked with rather than stored, since every test shares the installation."""
    dana = await make_personal(contoso.db, "dana")
    async with contoso.db.tenant(contoso.id) as tx:
        inputs = await load_inputs(tx, [(contoso.id, annie.id), (dana.person.tenant_id, dana.user.id)])
        inputs.consumer_available_from = tx.now

    for now, rule in ((inputs.consumer_available_from.replace(year=2001), Rule.CONSUMER_NOT_YET_AVAILABLE),
                      (inputs.consumer_available_from, Rule.OK)):  # fmt: skip
        evidence = make_evidence(inputs, [person(annie), dana.person], now=now, instead={})
        assert evidence.decide(person(annie), dana.person, Purpose.START).deciding_rule is rule


async def test_the_actor_sees_less_than_an_admin(contoso, fabrikam, annie, bob):
    """The other side's rule is nobody's business but its admins' (external-access §10)."""
    async with fabrikam.db.tenant(fabrikam.id) as tx:
        await service.set_configuration(tx, fabrikam.operator, {"AllowFederatedUsers": False})
    admin = contoso.as_user(annie, permissions=frozenset({Permission.EXTERNAL_ACCESS_READ}))

    seen = await decide(contoso, person(annie), person(bob), caller=contoso.as_user(annie))
    unknown = await decide(contoso, person(annie), Person(fabrikam.id, annie.id), caller=contoso.as_user(annie))
    in_full = await decide(contoso, person(annie), person(bob), caller=admin)

    assert seen == unknown == Decision(False, Rule.UNREACHABLE)
    assert in_full.deciding_rule is Rule.TENANT_FEDERATION_OFF


async def test_nobody_asks_for_somebody_else(contoso, annie, bob):
    """Whoever is neither the actor nor an admin of either side gets no decision."""
    carl = await contoso.add_person("carl")
    for caller in (contoso.as_user(carl), contoso.as_user(carl, permissions=frozenset({Permission.CHAT}))):
        with pytest.raises(PermissionMissing):
            await decide(contoso, person(annie), person(bob), caller=caller)
    async with contoso.db.tenant(contoso.id) as tx:
        with pytest.raises(PermissionMissing):
            await service.permit(
                tx, contoso.as_user(carl), actor=person(annie), target=person(bob), purpose=Purpose.START
            )
        with pytest.raises(PermissionMissing):
            await service.decide_many(
                tx, contoso.as_user(carl), actor=person(annie), targets=[person(bob)], purpose=Purpose.START
            )


async def test_many_are_decided_in_one_reading(contoso, fabrikam, annie, bob):
    """Each as alone; statements grow with tenants, not with people."""
    others = [person(await fabrikam.add_person(f"p{n}")) for n in range(5)]
    async with contoso.db.tenant(contoso.id) as tx:
        before = tx.statements
        one = await service.decide_many(
            tx, contoso.operator, actor=person(annie), targets=[person(bob)], purpose=Purpose.START
        )
        between = tx.statements
        many = await service.decide_many(
            tx, contoso.operator, actor=person(annie), targets=[person(bob), *others], purpose=Purpose.START
        )
        after = tx.statements

    assert all(each.allowed for each in (one | many).values())
    assert len(many) == 6
    assert after - between == between - before <= 6


async def test_a_b2b_account_is_decided_about_at_home(contoso, fabrikam, annie, bob):
    """Bob searches as the account that stands for him in Contoso; he would chat from Fabrikam (design §4.4)."""
    guest = await contoso.invite_guest(bob)
    colleague, target = await fabrikam.add_person("barbara"), person(annie)

    async def seen() -> list[Decision]:
        async with contoso.db.tenant(contoso.id) as tx:
            targets = [target, person(colleague)]
            found = await service.decide_many(
                tx, contoso.as_user(guest), actor=person(guest), targets=targets, purpose=Purpose.START
            )
        return [found[each] for each in targets]

    assert await seen() == [Decision(True, Rule.OK), Decision(True, Rule.INTERNAL)]
    async with fabrikam.db.tenant(fabrikam.id) as tx:
        await service.set_configuration(tx, fabrikam.operator, {"AllowFederatedUsers": False})
    assert await seen() == [Decision(False, Rule.TENANT_FEDERATION_OFF, fabrikam.id), Decision(True, Rule.INTERNAL)]


async def test_a_permit_is_for_one_act_in_one_transaction(contoso, annie, bob):
    """Outside its transaction the lock is gone; for another pair or purpose nothing was decided."""
    act: dict[str, Any] = {"actor": person(annie), "target": person(bob), "purpose": Purpose.START}
    async with contoso.db.tenant(contoso.id) as tx:
        permit = await service.permit(tx, contoso.as_user(annie), **act)
        permit.check(tx, **act)
        others: list[dict[str, Any]] = [{"purpose": Purpose.SEND}, {"actor": person(bob)}, {"target": person(annie)}]
        for other in others:
            with pytest.raises(PermitMissing):
                permit.check(tx, **(act | other))
    async with contoso.db.tenant(contoso.id) as tx:
        with pytest.raises(PermitMissing):
            permit.check(tx, **act)


async def test_only_access_makes_permits(contoso, annie, bob):
    """Not by its constructor, not by changing one, not by pickling one; and never for a refusal.

    Without the seal it is no `Permit` to the type checker either: the comment is an error once it passes.
    """
    act: dict[str, Any] = {"actor": person(annie), "target": person(bob), "purpose": Purpose.START}
    async with contoso.db.tenant(contoso.id) as tx:
        permit = await service.permit(tx, contoso.as_user(annie), **act)
        with pytest.raises(PermitMissing):
            Permit(object(), tx, decision=Decision(True, Rule.OK), **act)  # type: ignore[arg-type]
        with pytest.raises(PermitMissing):
            Permit(Seal(), tx, decision=Decision(True, Rule.OK), **act)
        with pytest.raises(PermitMissing):
            Permit(SEAL, tx, decision=Decision(False, Rule.UNREACHABLE), **act)
        with pytest.raises(AttributeError):
            permit.target = person(annie)
        with pytest.raises(TypeError):
            pickle.dumps(permit)


async def test_no_permit_without_the_locks(contoso, annie, bob):
    """What was read before the lock may be stale: evidence alone is not enough."""
    async with contoso.db.tenant(contoso.id) as tx:
        evidence = await load_evidence(tx, (person(annie), person(bob)))
        act: dict[str, Any] = {"actor": person(annie), "target": person(bob), "purpose": Purpose.START}
        with pytest.raises(PermitMissing):
            service.permit_from(tx, contoso.as_user(annie), evidence, **act)
        await locks.hold_shared(tx, [person(annie), person(bob)])
        assert service.permit_from(tx, contoso.as_user(annie), evidence, **act).decision.allowed


async def test_a_refused_permit_says_what_the_actor_may_know(contoso, fabrikam, annie, bob):
    """His own side's refusal with its rule and setting, the other side's as nobody."""
    async with contoso.db.tenant(contoso.id) as tx:
        await service.set_configuration(tx, contoso.operator, {"AllowFederatedUsers": False})

    async with contoso.db.tenant(contoso.id) as tx:
        with pytest.raises(AccessRefused) as own:
            await service.permit(
                tx, contoso.as_user(annie), actor=person(annie), target=person(bob), purpose=Purpose.START
            )
    async with fabrikam.db.tenant(fabrikam.id) as tx:
        with pytest.raises(AccessRefused) as other:
            await service.permit(
                tx, fabrikam.as_user(bob), actor=person(bob), target=person(annie), purpose=Purpose.START
            )

    assert own.value.parameters == {"rule": "tenant-federation-off", "setting": "AllowFederatedUsers"}
    assert other.value.parameters == {"rule": "unreachable"}
