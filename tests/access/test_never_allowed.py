"""What is missing or broken is refused or denied by its id, and never read as "allowed" (design §7)."""

from __future__ import annotations

from typing import Any

import pytest

from comity.access import handlers, policies, service
from comity.access.assignments import service as assignments
from comity.access.errors import InvalidDomain, PolicyNotFound, TooManyDomains
from comity.access.model import Decision, Person, Purpose, Rule
from comity.access.vectors import evaluate_access_vectors
from comity.core.ids import TenantId, UserId, new_id
from comity.directory.model import GroupUnknown
from comity.directory.service import add_members, create_group, delete_group
from comity.events.feed import Feed, wire
from tests.support.personal import person
from tests.support.world import Org

CLOSED = {"EnableFederationAccess": False}


async def decided(org: Org, actor: Person, target: Person) -> Decision:
    async with org.db.tenant(org.id) as tx:
        return await service.decide_pair(tx, org.operator, actor=actor, target=target, purpose=Purpose.START)


async def settings(org: Org, changes: dict[str, Any]) -> None:
    async with org.db.tenant(org.id) as tx:
        await service.set_configuration(tx, org.operator, changes)


async def test_an_empty_allow_list_is_nobody(contoso, fabrikam):
    """However it is written; and what it was before makes no difference."""
    annie, bob = person(await contoso.add_person("annie")), person(await fabrikam.add_person("bob"))
    empties: list[dict[str, Any]] = [
        {"AllowedDomains": None},
        {"AllowedDomains": {"mode": "AllowList", "domains": []}},
        {"AllowedDomainsAsAList": []},
        {"AllowedDomainsAsAList": {"Remove": [fabrikam.domain]}},
    ]
    for empty in empties:
        await settings(contoso, {"AllowedDomainsAsAList": [fabrikam.domain]})
        assert (await decided(contoso, annie, bob)).allowed
        await settings(contoso, empty)
        assert await decided(contoso, annie, bob) == Decision(
            False, Rule.TENANT_DOMAIN_NOT_ALLOWED, contoso.id, fabrikam.domain
        )
        assert not (await decided(fabrikam, bob, annie)).allowed


async def test_a_missing_policy_is_granted_to_nobody(contoso):
    """Not to a person, not to a group, not tenant-wide: what is held stays."""
    annie = await contoso.add_person("annie")
    async with contoso.db.tenant(contoso.id) as tx:
        group = await create_group(tx, contoso.operator, name="Sales")
        for attempt in (
            policies.grant_policy(tx, contoso.operator, UserId(annie.id), "Missing"),
            assignments.assign_group(tx, contoso.operator, group.id, "Missing"),
            assignments.grant_tenant(tx, contoso.operator, "Missing"),
        ):
            with pytest.raises(PolicyNotFound):
                await attempt
        assert (await policies.get_effective_policy(tx, contoso.operator, UserId(annie.id))).is_global


async def test_a_deleted_group_gives_and_gets_nothing(contoso, fabrikam):
    """It opens nothing: while the rest is closed, whom only it let out is denied from its deletion on."""
    annie, bob = await contoso.add_person("annie"), person(await fabrikam.add_person("bob"))
    feed = Feed()
    feed.observers.append(handlers.observe)
    contoso.db.on_begin.append(lambda tx: wire(tx, feed))
    async with contoso.db.tenant(contoso.id) as tx:
        await policies.set_policy(tx, contoso.operator, CLOSED)
        await policies.new_policy(tx, contoso.operator, "Open", {})
        group = await create_group(tx, contoso.operator, name="Sales")
        await add_members(tx, contoso.operator, group.id, [annie.id])
        await assignments.assign_group(tx, contoso.operator, group.id, "Open")
    assert (await decided(contoso, person(annie), bob)).allowed

    async with contoso.db.tenant(contoso.id) as tx:
        await delete_group(tx, contoso.operator, group.id)

    denied = await decided(contoso, person(annie), bob)
    assert denied == Decision(False, Rule.POLICY_FEDERATION_OFF, contoso.id, "Global")
    async with contoso.db.tenant(contoso.id) as tx:
        for attempt in (
            assignments.assign_group(tx, contoso.operator, group.id, "Open"),
            assignments.grant_group(tx, contoso.operator, group.id, "Open", rank=1),
        ):
            with pytest.raises(GroupUnknown):
                await attempt


async def test_a_user_without_a_tenant_is_not_evaluated(contoso):
    """At home in no tenant of this installation: could not evaluate, in both directions."""
    annie = person(await contoso.add_person("annie"))
    nowhere = Person(TenantId(new_id()), UserId(new_id()))

    for pair in ((annie, nowhere), (nowhere, annie)):
        assert await decided(contoso, *pair) == Decision(False, Rule.COULD_NOT_EVALUATE)
    user = {"id": "anna", "kind": "work", "email": "anna@contoso.example"}
    vector = {
        "given": {"tenants": [], "users": [user, {**user, "id": "alan"}]},
        "when": {"kind": "oneOnOne", "initiator": "anna", "recipients": ["alan"]},
    }
    assert evaluate_access_vectors([vector]) == [{"index": 0, "error": "tenant-unknown"}]


@pytest.mark.parametrize(
    "text", ["single", "*.contoso.example", "a@contoso.example", "https://contoso.example", "contoso.example:443",
             "contoso.example/x", "a..example", "-a.example", "", " ", "a b.example", f"{'x' * 64}.example"]
)  # fmt: skip
async def test_a_domain_that_is_no_domain_is_refused(contoso, text):
    """In every list, and the list stays as it was."""
    for changes in (
        {"AllowedDomainsAsAList": [text]}, {"BlockedDomains": [text]}, {"AllowedTrialTenantDomains": [text]},
        {"AllowedDomains": {"mode": "AllowList", "domains": [text]}},
    ):  # fmt: skip
        with pytest.raises(InvalidDomain):
            await settings(contoso, changes)
    async with contoso.db.tenant(contoso.id) as tx:
        for name in ("AllowedExternalDomains", "BlockedExternalDomains"):
            with pytest.raises(InvalidDomain):
                await policies.new_policy(tx, contoso.operator, "P", {name: [text]})
        assert (await service.get_configuration(tx, contoso.operator)).allowed_domains is None


async def test_4001_domains_are_refused_and_4000_are_not(contoso, fabrikam):
    """In each list, and in allow and block list together; nothing of them is kept."""
    annie, bob = person(await contoso.add_person("annie")), person(await fabrikam.add_person("bob"))
    full = [fabrikam.domain, *(f"d{number}.example" for number in range(3999))]
    await settings(contoso, {"AllowedDomainsAsAList": full})

    for changes in (
        {"AllowedDomainsAsAList": {"Add": ["one-more.example"]}},
        {"BlockedDomains": ["one-more.example"]},
        {"AllowedTrialTenantDomains": [*full, "one-more.example"]},
    ):
        with pytest.raises(TooManyDomains):
            await settings(contoso, changes)
    async with contoso.db.tenant(contoso.id) as tx:
        for name in ("AllowedExternalDomains", "BlockedExternalDomains"):
            with pytest.raises(TooManyDomains):
                await policies.new_policy(tx, contoso.operator, "P", {name: [*full, "one-more.example"]})
        stored = await service.get_configuration(tx, contoso.operator)

    assert stored.allowed_domains == frozenset(full)
    assert (await decided(contoso, annie, bob)).allowed
