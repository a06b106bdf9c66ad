"""Every property of external-access §2 to §4: its default, its kind, and that it is kept.

The tables are written down here as the specification has them, not as the code does.
"""

from __future__ import annotations

from typing import Any

import pytest

from comity.access import policies, service
from comity.access.errors import InvalidEnumValue, PropertyValueInvalid, StringNotAccepted
from comity.access.model import BlockedIndividuals, ExternalAccessPolicy, TenantConfiguration
from comity.access.properties import changed_blocked, changed_configuration, changed_policy, shown

ALL = {"mode": "AllowAllKnownDomains"}
SOME = {"mode": "AllowList", "domains": ["a.example"]}

CONFIGURATION: dict[str, tuple[Any, Any]] = {
    # In the order of the output object of §2: as shipped, and another value.
    "AllowedDomains": (ALL, SOME),
    "BlockedDomains": ([], ["b.example", "c.example"]),
    "BlockAllSubdomains": (False, True),
    "AllowFederatedUsers": (True, False),
    "AllowTeamsConsumer": (True, False),
    "AllowTeamsConsumerInbound": (True, False),
    "TreatDiscoveredPartnersAsUnverified": (False, True),
    "SharedSipAddressSpace": (False, True),
    "RestrictTeamsConsumerToExternalUserProfiles": (False, True),
    "ExternalAccessWithTrialTenants": ("Blocked", "Allowed"),
    "AllowedTrialTenantDomains": ([], ["t.example"]),
    "SecurityTeamAllowBlockListDelegation": ("Disabled", "Enabled"),
    "CustomizeFederation": (False, True),
    "EnableExternalAccessRestrictionsForChatParticipants": (False, True),
    "EnableMutualFederationForChatParticipants": (False, True),
}
BLOCKED: dict[str, tuple[Any, Any]] = {
    "BlockExternalUserAccess": (False, True),
    "BlockedUsers": ([], ["eve@evil.example"]),
}
POLICY: dict[str, tuple[Any, Any]] = {
    "Description": ("", "For sales"),
    "EnableFederationAccess": (True, False),
    "CommunicationWithExternalOrgs": ("OrganizationDefault", "BlockAllExternalDomains"),
    "AllowedExternalDomains": ([], ["a.example"]),
    "BlockedExternalDomains": ([], ["b.example"]),
    "EnableTeamsConsumerAccess": (True, False),
    "EnableTeamsConsumerInbound": (True, False),
    "RestrictTeamsConsumerAccessToExternalUserProfiles": (False, True),
    "FederatedBilateralChats": (False, True),
    "EnableAcsFederationAccess": (True, False),
    "EnableOutsideAccess": (False, True),
    "EnablePublicCloudAudioVideoAccess": (False, True),
    "EnableTeamsSmsAccess": (True, False),
    "EnableXmppAccess": (False, True),
}


def column(table: dict[str, tuple[Any, Any]], number: int) -> dict[str, Any]:
    return {name: values[number] for name, values in table.items()}


def test_what_is_shipped_is_what_the_specification_says():
    """Both families on, trial tenants blocked; the configuration in the order of `Get-`."""
    assert list(shown(TenantConfiguration()).items()) == list(column(CONFIGURATION, 0).items())
    assert shown(BlockedIndividuals()) == column(BLOCKED, 0)
    assert list(shown(ExternalAccessPolicy()).items()) == list(column(POLICY, 0).items())


async def test_every_property_is_kept_and_goes_back(contoso):
    """Each to another value, read again from the database; then each back to what was shipped."""
    for number in (1, 0):
        async with contoso.db.tenant(contoso.id) as tx:
            await service.set_configuration(tx, contoso.operator, column(CONFIGURATION, number))
            await service.set_blocked_individuals(tx, contoso.operator, column(BLOCKED, number))
            if number:
                await policies.new_policy(tx, contoso.operator, "P", column(POLICY, number))
            else:
                await policies.set_policy(tx, contoso.operator, column(POLICY, number), identity="P")
        async with contoso.db.tenant(contoso.id) as tx:
            assert shown(await service.get_configuration(tx, contoso.operator)) == column(CONFIGURATION, number)
            assert shown(await service.get_blocked_individuals(tx, contoso.operator)) == column(BLOCKED, number)
            assert shown(await policies.get_policy(tx, contoso.operator, "P")) == column(POLICY, number)


@pytest.mark.parametrize("name", CONFIGURATION)
async def test_a_property_changes_alone(contoso, name):
    """`Set-` changes only what it is given; a difference names just that."""
    async with contoso.db.tenant(contoso.id) as tx:
        await service.set_configuration(tx, contoso.operator, {name.swapcase(): CONFIGURATION[name][1]})
        after = shown(await service.get_configuration(tx, contoso.operator))

    assert after == column(CONFIGURATION, 0) | {name: CONFIGURATION[name][1]}


def test_switches_take_booleans_lists_no_text_and_words_are_a_closed_set():
    """Whatever the property, a value of another kind is refused, never read as something else."""
    for table, change in (
        (CONFIGURATION, lambda changes: changed_configuration(TenantConfiguration(), changes)),
        (BLOCKED, lambda changes: changed_blocked(BlockedIndividuals(), changes)),
        (POLICY, lambda changes: changed_policy(ExternalAccessPolicy(name="P"), changes)),
    ):
        for name, (default, _) in table.items():
            wrong, fault = {
                bool: ("true", PropertyValueInvalid),
                list: ("a.example", StringNotAccepted),
                dict: ("a.example", StringNotAccepted),
                str: (7, PropertyValueInvalid if name == "Description" else InvalidEnumValue),
            }[type(default)]
            with pytest.raises(fault):
                change({name: wrong})
