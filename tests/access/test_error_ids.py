"""The error ids of external-access §17: each is what its case answers, at the services and at the cmdlets."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from comity.access import policies, service
from comity.access.assignments import batches
from comity.access.assignments import service as assignments
from comity.core.catalogue import sentences
from comity.core.errors import ComityError
from comity.core.ids import UserId
from comity.db.transaction import Transaction
from comity.directory.service import create_group
from tests.cli.cmdlets.shell import Shell
from tests.support.world import Org

Attempt = Callable[[Transaction, Org], Awaitable[Any]]


def setting(changes: dict[str, Any]) -> Attempt:
    return lambda tx, org: service.set_configuration(tx, org.operator, changes)


async def used(tx: Transaction, org: Org) -> None:
    annie = await org.add_person("annie")
    await policies.new_policy(tx, org.operator, "Used", {})
    await policies.grant_policy(tx, org.operator, UserId(annie.id), "Used")
    await policies.remove_policy(tx, org.operator, "Used")


async def twice(tx: Transaction, org: Org) -> None:
    for name in ("Once", "tag:once"):
        await policies.new_policy(tx, org.operator, name, {})


async def ungraded(tx: Transaction, org: Org) -> None:
    group = await create_group(tx, org.operator, name="Sales")
    await assignments.grant_group(tx, org.operator, group.id, "Global")


async def sixty_five(tx: Transaction, org: Org) -> None:
    for number in range(65):
        group = await create_group(tx, org.operator, name=f"g{number}")
        await assignments.assign_group(tx, org.operator, group.id, "Global")


async def as_nobody(tx: Transaction, org: Org) -> None:
    await service.get_configuration(tx, org.as_user(await org.add_person("alan")))


MANY = [f"d{number}.example" for number in range(4001)]
CASES: dict[str, list[Attempt]] = {
    "InvalidIdentity": [
        lambda tx, org: policies.get_policy(tx, org.operator, "site:Here"),
        lambda tx, org: policies.get_policy(tx, org.operator, "S*"),
    ],
    "PolicyNotFound": [lambda tx, org: policies.get_policy(tx, org.operator, "Nothing")],
    "PolicyExists": [twice],
    "PolicyInUse": [used],
    "GlobalImmutable": [
        lambda tx, org: policies.new_policy(tx, org.operator, "Global", {}),
        *(
            lambda tx, org, changes=changes: policies.set_policy(tx, org.operator, changes)
            for changes in (
                {"CommunicationWithExternalOrgs": "AllowAllExternalDomains"},
                {"AllowedExternalDomains": ["a.example"]},
                {"BlockedExternalDomains": ["a.example"]},
            )
        ),
    ],
    "ConflictingParameters": [setting({"AllowedDomains": None, "AllowedDomainsAsAList": []})],
    "InvalidDomain": [setting({"BlockedDomains": ["no domain"]})],
    "TooManyDomains": [setting({"BlockedDomains": MANY}), setting({"AllowedDomainsAsAList": MANY})],
    "TooManyBlockedUsers": [
        lambda tx, org: service.set_blocked_individuals(
            tx, org.operator, {"BlockedUsers": [f"u{number}@evil.example" for number in range(201)]}
        )
    ],
    "StringNotAccepted": [setting({"AllowedDomains": "a.example"}), setting({"BlockedDomains": "a.example"})],
    "ParameterRetired": [
        setting({"AllowPublicUsers": False}),
        lambda tx, org: policies.set_policy(tx, org.operator, {"EnablePublicCloudAccess": False}),
    ],
    "InvalidEnumValue": [setting({"ExternalAccessWithTrialTenants": "Permitted"})],
    "BatchTooLarge": [
        lambda tx, org: batches.start_batch(tx, org.operator, None, [f"p{number}" for number in range(5001)])
    ],
    "TooManyGroupAssignments": [sixty_five],
    "RankRequired": [ungraded],
    "NotAuthorized": [as_nobody],
}

SCRIPTS = {
    "InvalidIdentity": "Get-CsTenantFederationConfiguration -Identity site:Here",
    "PolicyNotFound": "Grant-CsExternalAccessPolicy annie -PolicyName Nothing",
    "PolicyExists": "New-CsExternalAccessPolicy P; New-CsExternalAccessPolicy Tag:p",
    "PolicyInUse": "New-CsExternalAccessPolicy P\nGrant-CsExternalAccessPolicy annie P\n"
    "Remove-CsExternalAccessPolicy P",
    "GlobalImmutable": "Set-CsExternalAccessPolicy -CommunicationWithExternalOrgs AllowAllExternalDomains",
    "ConflictingParameters": "$c = Get-CsTenantFederationConfiguration\n"
    "Set-CsTenantFederationConfiguration -Instance $c -AllowTeamsConsumer $true",
    "InvalidDomain": "New-CsEdgeDomainPattern -Domain *.example",
    "TooManyDomains": "$l = New-Object Collections.Generic.List[String]\n"
    f"$l.Add({','.join(repr(each) for each in MANY)})\nSet-CsTenantFederationConfiguration -AllowedDomainsAsAList $l",
    "TooManyBlockedUsers": "Set-CsTeamsExternalAccessConfiguration -BlockedUsers "
    + ",".join(f"u{number}@evil.example" for number in range(201)),
    "StringNotAccepted": "Set-CsTenantFederationConfiguration -AllowedDomains 'a.example'",
    "ParameterRetired": "Set-CsTenantFederationConfiguration -AllowPublicUsers $true",
    "InvalidEnumValue": "Set-CsTenantFederationConfiguration -ExternalAccessWithTrialTenants Permitted",
    "BatchTooLarge": "New-CsBatchPolicyAssignmentOperation -PolicyType ExternalAccessPolicy "
    "-PolicyName $null -Identity " + ",".join(f"p{number}" for number in range(5001)),
    "RankRequired": "Grant-CsExternalAccessPolicy -Group Sales -PolicyName Global",
}
"""Those that one cmdlet, or two, can run into."""


@pytest.mark.parametrize("code", CASES)
async def test_each_case_answers_its_id(contoso, code):
    """At the services, and with a sentence for people."""
    for attempt in CASES[code]:
        async with contoso.db.tenant(contoso.id) as tx:
            with pytest.raises(ComityError) as refusal:
                await attempt(tx, contoso)
        assert refusal.value.code == code
        assert sentences("en")[code]


@pytest.mark.parametrize("code", SCRIPTS)
async def test_the_cmdlets_answer_the_same_ids(contoso, code):
    """With line and column, as people see them."""
    await contoso.add_person("annie")

    found = await Shell(contoso, contoso.operator).fails(SCRIPTS[code])

    assert found.split()[0] == code
