"""Who may change what (external-access §16): the security team its lists, if the tenant delegates them."""

from __future__ import annotations

import pytest

from comity.access import policies, service
from comity.access.errors import NotAuthorized
from comity.core.caller import Caller, UserType
from comity.identity.decide import person_permissions
from comity.identity.roles import DirectoryRole
from tests.support.world import Org


async def holder(org: Org, role: DirectoryRole) -> Caller:
    user = await org.add_person(role.name.lower())
    return org.as_user(user, permissions=person_permissions(UserType.MEMBER, [role.value]))


WRITERS = {
    DirectoryRole.GLOBAL_ADMINISTRATOR, DirectoryRole.TEAMS_ADMINISTRATOR,
    DirectoryRole.TEAMS_EXTERNAL_COLLABORATION_ADMINISTRATOR,
}  # fmt: skip
READERS = WRITERS | {DirectoryRole.GLOBAL_READER, DirectoryRole.TEAMS_COMMUNICATIONS_ADMINISTRATOR}
SECURITY = {DirectoryRole.SECURITY_ADMINISTRATOR, DirectoryRole.SECURITY_OPERATOR}


@pytest.mark.parametrize("role", DirectoryRole)
async def test_a_role_reads_and_changes_what_is_its_own(contoso, role):
    """Everything else answers NotAuthorized."""
    caller = await holder(contoso, role)
    async with contoso.db.tenant(contoso.id) as tx:
        for work, allowed in (
            (service.get_configuration(tx, caller), role in READERS),
            (service.set_configuration(tx, caller, {"AllowTeamsConsumer": False}), role in WRITERS),
            (service.set_configuration(tx, caller, {"BlockedDomains": ["a.example"]}), role in WRITERS),
            (service.set_blocked_individuals(tx, caller, {"BlockedUsers": ["x@a.example"]}), role in WRITERS),
            (policies.list_policies(tx, caller), role in READERS),
            (policies.new_policy(tx, caller, "P", {}), role in WRITERS),
        ):
            if allowed:
                await work
                continue
            with pytest.raises(NotAuthorized) as refusal:
                await work
            assert refusal.value.code == "NotAuthorized"


@pytest.mark.parametrize("role", sorted(SECURITY))
async def test_the_security_team_edits_block_lists_where_that_is_delegated(contoso, role):
    """Blocked domains and blocked people, and nothing beside them."""
    caller = await holder(contoso, role)
    async with contoso.db.tenant(contoso.id) as tx:
        delegation = {"SecurityTeamAllowBlockListDelegation": "Enabled"}
        await service.set_configuration(tx, contoso.operator, delegation)
        await service.set_configuration(tx, caller, {"blockeddomains": {"Add": ["evil.example"]}})
        await service.set_blocked_individuals(
            tx, caller, {"BlockExternalUserAccess": True, "BlockedUsers": ["e@e.example"]}
        )
        for changes in ({"AllowTeamsConsumer": False}, {"BlockedDomains": [], "AllowFederatedUsers": True},
                        {"SecurityTeamAllowBlockListDelegation": "Disabled"}):  # fmt: skip
            with pytest.raises(NotAuthorized):
                await service.set_configuration(tx, caller, changes)
        await service.set_configuration(tx, contoso.operator, {"SecurityTeamAllowBlockListDelegation": "Disabled"})
        with pytest.raises(NotAuthorized):
            await service.set_configuration(tx, caller, {"BlockedDomains": []})
        with pytest.raises(NotAuthorized):
            await service.set_blocked_individuals(tx, caller, {"BlockedUsers": []})
        stored = await service.get_configuration(tx, contoso.operator)

    assert stored.blocked_domains == {"evil.example"}
