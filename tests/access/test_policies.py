"""External access policies: verbs, identities, and which one holds for whom."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from itertools import pairwise

import pytest

from comity.access import locks, policies
from comity.access.decide import effective_policy
from comity.access.errors import (
    AssigneeUnknown,
    GlobalImmutable,
    InvalidDomain,
    InvalidIdentity,
    ParameterRetired,
    PolicyExists,
    PolicyInUse,
    PolicyNotFound,
)
from comity.access.model import GLOBAL, ExternalAccessPolicy, ExternalOrgs
from comity.core.errors import PermissionMissing
from comity.core.ids import UserId, new_id
from comity.db.transaction import Transaction


async def test_global_is_always_there(contoso):
    """Org-wide, first in the list, as shipped until somebody changes it (external-access §4.1)."""
    async with contoso.db.tenant(contoso.id) as tx:
        assert await policies.list_policies(tx, contoso.operator) == [ExternalAccessPolicy()]
        assert await policies.get_policy(tx, contoso.operator, "global") == ExternalAccessPolicy()


async def test_a_new_policy_takes_the_defaults_not_globals_values(contoso):
    """The "restrictive subset" trap: properties not named are not copied from Global."""
    async with contoso.db.tenant(contoso.id) as tx:
        await policies.set_policy(tx, contoso.operator, {"EnableTeamsConsumerAccess": False})
        made = await policies.new_policy(tx, contoso.operator, "Tag:Lucky", {"FederatedBilateralChats": True})
        names = [each.identity for each in await policies.list_policies(tx, contoso.operator)]

    assert made == ExternalAccessPolicy(name="Lucky", federated_bilateral_chats=True)
    assert names == ["Global", "Tag:Lucky"]


async def test_domain_rules_are_kept_with_the_policy(contoso):
    """A policy's lists are its own, and go with it."""
    settings = {
        "CommunicationWithExternalOrgs": "AllowSpecificExternalDomains",
        "AllowedExternalDomains": ["fabrikam.example"],
        "EnableXmppAccess": True,
    }
    async with contoso.db.tenant(contoso.id) as tx:
        await policies.new_policy(tx, contoso.operator, "Suppliers", settings)
        await policies.set_policy(
            tx, contoso.operator, {"AllowedExternalDomains": {"Add": ["tailspin.example"]}}, identity="tag:suppliers"
        )
        stored = await policies.get_policy(tx, contoso.operator, "SUPPLIERS")
        await policies.remove_policy(tx, contoso.operator, "Suppliers")
        left = await tx.rows("select from access_domain where tenant_id = %(tenant_id)s")

    assert stored.communication_with_external_orgs is ExternalOrgs.ALLOW_SPECIFIC
    assert stored.allowed_external_domains == {"fabrikam.example", "tailspin.example"}
    assert stored.enable_xmpp_access
    assert left == []


async def test_the_direct_policy_holds_as_a_whole(contoso):
    """Never a merge of properties (external-access §5)."""
    annie = await contoso.add_person("annie")
    async with contoso.db.tenant(contoso.id) as tx:
        await policies.set_policy(tx, contoso.operator, {"EnableTeamsConsumerAccess": False})
        await policies.new_policy(tx, contoso.operator, "Lucky", {"EnableFederationAccess": False})
        before = await policies.get_effective_policy(tx, contoso.operator, annie.id)
        await policies.grant_policy(tx, contoso.operator, annie.id, "lucky")
        direct = await policies.get_effective_policy(tx, contoso.operator, annie.id)
        await policies.grant_policy(tx, contoso.operator, annie.id, None)
        after = await policies.get_effective_policy(tx, contoso.operator, annie.id)

    assert before == after == ExternalAccessPolicy(enable_consumer_access=False)
    assert direct == ExternalAccessPolicy(name="Lucky", enable_federation_access=False)


async def test_each_change_of_a_policy_raises_the_version(contoso):
    """New, set, grant, remove: each can alter a decision (design §4.7)."""
    annie = await contoso.add_person("annie")
    seen = []

    async def note(work: Callable[[Transaction], Awaitable[object]]) -> None:
        async with contoso.db.tenant(contoso.id) as tx:
            await work(tx)
        async with contoso.db.tenant(contoso.id) as tx:
            seen.append(await locks.load_version(tx))

    await note(lambda tx: policies.list_policies(tx, contoso.operator))
    await note(lambda tx: policies.new_policy(tx, contoso.operator, "P", {}))
    await note(lambda tx: policies.set_policy(tx, contoso.operator, {"EnableFederationAccess": False}, identity="P"))
    await note(lambda tx: policies.grant_policy(tx, contoso.operator, annie.id, "P"))
    await note(lambda tx: policies.grant_policy(tx, contoso.operator, annie.id, "P"))
    await note(lambda tx: policies.remove_policy(tx, contoso.operator, "P", force=True))

    assert [after - before for before, after in pairwise(seen)] == [1, 1, 1, 0, 1]


async def test_a_policy_in_use_stays_unless_forced(contoso):
    """With force, direct assignments fall back (external-access §4.1)."""
    annie = await contoso.add_person("annie")
    async with contoso.db.tenant(contoso.id) as tx:
        await policies.new_policy(tx, contoso.operator, "P", {})
        await policies.grant_policy(tx, contoso.operator, annie.id, "P")
        with pytest.raises(PolicyInUse) as refusal:
            await policies.remove_policy(tx, contoso.operator, "P")
        await policies.remove_policy(tx, contoso.operator, "P", force=True)

        assert refusal.value.parameters == {"policy": "P", "people": 1, "groups": 0, "tenant_wide": False}
        assert (await policies.get_effective_policy(tx, contoso.operator, annie.id)).is_global
        with pytest.raises(PolicyNotFound):
            await policies.remove_policy(tx, contoso.operator, "P")


async def test_removing_global_resets_it(contoso):
    """`Remove-… -Identity Global` resets it to the defaults."""
    async with contoso.db.tenant(contoso.id) as tx:
        await policies.set_policy(tx, contoso.operator, {"EnableTeamsConsumerAccess": False})
        await policies.remove_policy(tx, contoso.operator, "Global")

        assert await policies.get_policy(tx, contoso.operator) == ExternalAccessPolicy()


async def test_what_is_wrong_is_refused(contoso):
    """Error ids of external-access §17."""
    async with contoso.db.tenant(contoso.id) as tx:
        await policies.new_policy(tx, contoso.operator, "P", {})
        for fault, attempt in (
            (PolicyExists, policies.new_policy(tx, contoso.operator, "tag:p", {})),
            (GlobalImmutable, policies.new_policy(tx, contoso.operator, "Global", {})),
            (GlobalImmutable, policies.set_policy(tx, contoso.operator, {"AllowedExternalDomains": ["a.example"]})),
            (
                GlobalImmutable,
                policies.set_policy(tx, contoso.operator, {"CommunicationWithExternalOrgs": "BlockAllExternalDomains"}),
            ),
            (
                InvalidDomain,
                policies.set_policy(tx, contoso.operator, {"BlockedExternalDomains": [contoso.domain]}, identity="P"),
            ),
            (ParameterRetired, policies.set_policy(tx, contoso.operator, {"EnablePublicCloudAccess": True})),
            (PolicyNotFound, policies.set_policy(tx, contoso.operator, {}, identity="Q")),
            (PolicyNotFound, policies.get_policy(tx, contoso.operator, "Q")),
            (InvalidIdentity, policies.get_policy(tx, contoso.operator, "P*")),
            (InvalidIdentity, policies.get_policy(tx, contoso.operator, "site:P")),
            (InvalidIdentity, policies.new_policy(tx, contoso.operator, "Tag:Global", {})),
            (AssigneeUnknown, policies.grant_policy(tx, contoso.operator, UserId(new_id()), "P")),
        ):
            with pytest.raises(fault):
                await attempt


async def test_a_guest_gets_no_policy(contoso, fabrikam):
    """A person's policy is her home tenant's matter: decisions are about home identities."""
    guest = await contoso.invite_guest(await fabrikam.add_person("bob"))

    async with contoso.db.tenant(contoso.id) as tx:
        await policies.new_policy(tx, contoso.operator, "P", {})
        with pytest.raises(AssigneeUnknown):
            await policies.grant_policy(tx, contoso.operator, guest.id, "P")


async def test_policies_are_the_admins_matter(contoso):
    """Nobody else changes or reads them."""
    annie = contoso.as_user(await contoso.add_person("annie"))
    async with contoso.db.tenant(contoso.id) as tx:
        for attempt in (
            policies.list_policies(tx, annie), policies.get_policy(tx, annie), policies.set_policy(tx, annie, {}),
            policies.new_policy(tx, annie, "P", {}), policies.remove_policy(tx, annie, "P"),
            policies.grant_policy(tx, annie, UserId(new_id()), "P"),
            policies.get_effective_policy(tx, annie, UserId(new_id())),
        ):  # fmt: skip
            with pytest.raises(PermissionMissing):
                await attempt


def test_precedence_is_direct_group_by_rank_tenant_wide_global():
    """One whole policy wins, whatever the order of the assignments (external-access §5)."""
    direct, first, second, wide, everybody = (
        ExternalAccessPolicy(name=name) for name in ("Direct", "First", "Second", "Wide", GLOBAL)
    )
    groups = [(7, second), (2, first)]

    assert effective_policy(direct=direct, by_group=groups, tenant_wide=wide, otherwise=everybody) is direct
    assert effective_policy(by_group=groups, tenant_wide=wide, otherwise=everybody) is first
    assert effective_policy(by_group=reversed(groups), tenant_wide=wide, otherwise=everybody) is first
    assert effective_policy(tenant_wide=wide, otherwise=everybody) is wide
    assert effective_policy(otherwise=everybody) is everybody
