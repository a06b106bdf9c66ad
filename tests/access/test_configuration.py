"""The tenant configuration and its lists, as stored and as refused."""

from __future__ import annotations

import asyncio

import pytest

from comity.access import locks, service
from comity.access.errors import (
    ConflictingParameters,
    InvalidDomain,
    InvalidEnumValue,
    ParameterRetired,
    PropertyUnknown,
    PropertyValueInvalid,
    StringNotAccepted,
    TooManyBlockedUsers,
    TooManyDomains,
)
from comity.access.model import BlockedIndividuals, TenantConfiguration, TrialTenants
from comity.access.properties import CONFIGURATION, POLICY, changed_configuration, shown
from comity.audit.service import list_latest
from comity.core.errors import ComityError, PermissionMissing
from comity.core.permissions import Permission
from comity.events import feed
from comity.events.model import ChangeKind
from tests.support.world import Org


async def set_as_operator(org: Org, **changes: object) -> TenantConfiguration:
    async with org.db.tenant(org.id) as tx:
        return await service.set_configuration(tx, org.operator, changes)


async def get(org: Org) -> TenantConfiguration:
    async with org.db.tenant(org.id) as tx:
        return await service.get_configuration(tx, org.operator)


async def version(org: Org) -> int:
    async with org.db.tenant(org.id) as tx:
        return await locks.load_version(tx)


async def test_a_fresh_tenant_behaves_as_shipped(contoso):
    """Both families are on by default; reading needs no row (external-access §2)."""
    assert await get(contoso) == TenantConfiguration()


async def test_a_change_is_kept_and_the_rest_stays(contoso):
    """`Set-` changes only the given parameters; names are matched in any case."""
    await set_as_operator(contoso, AllowTeamsConsumerInbound=False)
    await set_as_operator(contoso, allowTEAMSconsumer=False, BlockedDomains=["Evil.Example.", "evil.example"])

    stored = await get(contoso)

    assert stored == TenantConfiguration(
        allow_teams_consumer=False, allow_teams_consumer_inbound=False, blocked_domains=frozenset({"evil.example"})
    )


async def test_a_change_is_audited_in_the_feed_and_raises_the_version(contoso):
    """Who, what, before and after stand with the change; cached decisions are void from its commit on."""
    before = await version(contoso)
    await set_as_operator(contoso, BlockedDomains=["a.example", "b.example"])
    await set_as_operator(contoso, BlockedDomains={"Remove": ["a.example"]}, CustomizeFederation=True)

    async with contoso.db.tenant(contoso.id) as tx:
        entry = (await list_latest(tx, contoso.operator, at_most=1))[0]
        kinds = [each.kind for each in await feed.read(tx, after=0)]

    assert entry.before == {"BlockedDomains": {"removed": ["a.example"]}, "CustomizeFederation": False}
    assert entry.after == {"BlockedDomains": {"added": []}, "CustomizeFederation": True}
    assert kinds == [ChangeKind.ACCESS_CHANGED, ChangeKind.ACCESS_CHANGED]
    assert await version(contoso) == before + 2


async def test_what_stays_equal_is_no_change(contoso):
    """Setting what holds already leaves no trace."""
    before = await version(contoso)

    await set_as_operator(contoso, AllowFederatedUsers=True)

    assert await version(contoso) == before


async def test_two_admins_at_once_lose_nothing(contoso):
    """Each reads what it changes under a lock: the second adds to the first's list."""
    await asyncio.gather(*(set_as_operator(contoso, BlockedDomains={"Add": [f"d{each}.example"]}) for each in range(6)))

    assert (await get(contoso)).blocked_domains == {f"d{each}.example" for each in range(6)}


async def test_lists_keep_open_and_empty_apart(contoso):
    """Third-party tools cannot tell an empty allow list from "all"; our two shapes cannot be confused."""
    await set_as_operator(contoso, AllowedDomains={"mode": "AllowList", "domains": []})
    empty = await get(contoso)
    await set_as_operator(contoso, AllowedDomains={"mode": "AllowAllKnownDomains"})
    everybody = await get(contoso)
    await set_as_operator(contoso, AllowedDomainsAsAList={"Add": "a.example"})
    one = await get(contoso)

    assert [empty.allowed_domains, everybody.allowed_domains, one.allowed_domains] == [
        frozenset(), None, frozenset({"a.example"}),
    ]  # fmt: skip
    assert [shown(each)["AllowedDomains"] for each in (empty, everybody)] == [
        {"mode": "AllowList", "domains": []}, {"mode": "AllowAllKnownDomains"},
    ]  # fmt: skip


async def test_blocked_individuals_are_kept(contoso):
    """A Global object of its own, edited on the same page (external-access §3)."""
    async with contoso.db.tenant(contoso.id) as tx:
        changes = {"BlockExternalUserAccess": True, "BlockedUsers": ["Bob@Fabrikam.example", "eve@evil.example"]}
        await service.set_blocked_individuals(tx, contoso.operator, changes)
        await service.set_blocked_individuals(tx, contoso.operator, {"BlockedUsers": {"Remove": "eve@evil.example"}})
    await set_as_operator(contoso, AllowTeamsConsumer=False)

    async with contoso.db.tenant(contoso.id) as tx:
        blocked = await service.get_blocked_individuals(tx, contoso.operator)

    assert blocked == BlockedIndividuals(in_force=True, addresses=frozenset({"bob@fabrikam.example"}))


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"AllowedDomains": "contoso.example"}, StringNotAccepted),
        ({"AllowedDomains": ["contoso.example"]}, StringNotAccepted),
        ({"BlockedDomains": "contoso.example"}, StringNotAccepted),
        ({"BlockedDomains": ["*.contoso.example"]}, InvalidDomain),
        ({"BlockedDomains": ["contoso"]}, InvalidDomain),
        ({"BlockedDomains": ["me@contoso.example"]}, InvalidDomain),
        ({"BlockedDomains": ["https://contoso.example/"]}, InvalidDomain),
        ({"BlockedDomains": [7]}, InvalidDomain),
        ({"BlockedDomains": ["own.example"]}, InvalidDomain),
        ({"BlockedDomains": [f"d{each}.example" for each in range(4001)]}, TooManyDomains),
        ({"AllowedTrialTenantDomains": [f"d{each}.example" for each in range(4001)]}, TooManyDomains),
        (
            {
                "AllowedDomainsAsAList": [f"d{each}.example" for each in range(2001)],
                "BlockedDomains": [f"e{each}.example" for each in range(2000)],
            },
            TooManyDomains,
        ),
        ({"AllowedDomainsAsAList": [], "AllowedDomains": None}, ConflictingParameters),
        ({"BlockedDomains": {"Ad": ["a.example"]}}, PropertyValueInvalid),
        ({"BlockedDomains": {}}, PropertyValueInvalid),
        ({"AllowTeamsConsumer": "false"}, PropertyValueInvalid),
        ({"AllowTeamsConsumer": 0}, PropertyValueInvalid),
        ({"AllowPublicUsers": True}, ParameterRetired),
        ({"ExternalAccessWithTrialTenants": "Perhaps"}, InvalidEnumValue),
        ({"AllowTeamsConsumers": True}, PropertyUnknown),
    ],
)
def test_a_wrong_value_is_refused_with_its_error_id(changes: dict[str, object], fault: type[ComityError]):
    """Error ids of external-access §17; never is a wrong list taken for an open one."""
    with pytest.raises(fault):
        changed_configuration(TenantConfiguration(), changes, own_domains=frozenset({"own.example"}))


def test_enum_values_match_in_any_case():
    """As PowerShell takes them."""
    changed = changed_configuration(TenantConfiguration(), {"ExternalAccessWithTrialTenants": "allowed"})

    assert changed.trial_tenants is TrialTenants.ALLOWED


def test_exactly_four_thousand_domains_fit():
    """The limit itself is allowed (external-access §2)."""
    changed = changed_configuration(TenantConfiguration(), {"BlockedDomains": [f"d{n}.example" for n in range(4000)]})

    assert len(changed.blocked_domains) == 4000


async def test_too_many_blocked_users_are_refused(contoso):
    """At most 200 (external-access §3)."""
    async with contoso.db.tenant(contoso.id) as tx:
        changes = {"BlockedUsers": [f"u{n}@evil.example" for n in range(201)]}
        with pytest.raises(TooManyBlockedUsers):
            await service.set_blocked_individuals(tx, contoso.operator, changes)


async def test_only_admins_read_and_change(contoso):
    """Reading alone does not allow changing (external-access §16)."""
    annie = await contoso.add_person("annie")
    reader = contoso.as_user(annie, permissions=frozenset({Permission.EXTERNAL_ACCESS_READ}))

    async with contoso.db.tenant(contoso.id) as tx:
        assert await service.get_configuration(tx, reader) == TenantConfiguration()
        with pytest.raises(PermissionMissing):
            await service.set_configuration(tx, reader, {"AllowTeamsConsumer": False})
        with pytest.raises(PermissionMissing):
            await service.get_configuration(tx, contoso.as_user(annie))


def test_every_field_has_one_shown_property():
    """Nothing is stored that nobody can see or set."""
    for table, count in ((CONFIGURATION, 15), (POLICY, 14)):
        fields = [each.field for each in table.values() if each.shown]
        assert len(fields) == len(set(fields)) == count
