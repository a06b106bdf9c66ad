"""Who may change what (external-access §16): the security team its lists, if the tenant delegates them."""

from __future__ import annotations

from uuid import UUID

import pytest

from comity.access import contacts, policies, service
from comity.access.assignments import batches
from comity.access.assignments import service as assignments
from comity.access.errors import NotAuthorized
from comity.core.caller import Caller, UserType
from comity.core.ids import UserId, new_id
from comity.directory.personal import register_personal
from comity.directory.service import create_group
from comity.identity.decide import person_permissions
from comity.identity.roles import DirectoryRole
from tests.support.world import Org


async def holder(org: Org, role: DirectoryRole) -> Caller:
    user = await org.add_person(role.name.lower())
    return org.as_user(user, permissions=person_permissions(UserType.MEMBER, [role.value]))


def user_of(caller: Caller) -> UUID:
    assert caller.user_id is not None
    return caller.user_id


WRITERS = {
    DirectoryRole.GLOBAL_ADMINISTRATOR, DirectoryRole.TEAMS_ADMINISTRATOR,
    DirectoryRole.TEAMS_EXTERNAL_COLLABORATION_ADMINISTRATOR,
}  # fmt: skip
LISTERS = {DirectoryRole.GLOBAL_ADMINISTRATOR, DirectoryRole.TEAMS_ADMINISTRATOR}
"""Of the extended directory."""
ASSIGNERS = WRITERS | {DirectoryRole.TEAMS_COMMUNICATIONS_ADMINISTRATOR}
READERS = WRITERS | {DirectoryRole.GLOBAL_READER, DirectoryRole.TEAMS_COMMUNICATIONS_ADMINISTRATOR}
SECURITY = {DirectoryRole.SECURITY_ADMINISTRATOR, DirectoryRole.SECURITY_OPERATOR}


@pytest.mark.parametrize("role", DirectoryRole)
async def test_a_role_reads_and_changes_what_is_its_own(contoso, role):
    """Everything else answers NotAuthorized."""
    caller = await holder(contoso, role)
    known = await register_personal(contoso.db, mail=f"known@{new_id().hex}.example", display_name="Known")
    async with contoso.db.tenant(contoso.id) as tx:
        group = await create_group(tx, contoso.operator, name="Sales")
        await policies.new_policy(tx, contoso.operator, "Given", {})
        for work, allowed in (
            (service.get_configuration(tx, caller), role in READERS),
            (service.set_configuration(tx, caller, {"AllowTeamsConsumer": False}), role in WRITERS),
            (service.set_configuration(tx, caller, {"BlockedDomains": ["a.example"]}), role in WRITERS),
            (service.set_blocked_individuals(tx, caller, {"BlockedUsers": ["x@a.example"]}), role in WRITERS),
            (policies.list_policies(tx, caller), role in READERS),
            (policies.new_policy(tx, caller, "P", {}), role in WRITERS),
            (policies.grant_policy(tx, caller, UserId(user_of(caller)), "Given"), role in WRITERS),
            (assignments.assign_group(tx, caller, group.id, "Given"), role in WRITERS),
            (assignments.grant_tenant(tx, caller, "Given"), role in WRITERS),
            (batches.start_batch(tx, caller, "Given", ["a@b.example"]), role in ASSIGNERS),
            (contacts.add_contact(tx, caller, str(known.mail)), role in LISTERS),
            (contacts.list_contacts(tx, caller), role in READERS),
        ):
            if allowed:
                await work
                continue
            with pytest.raises(NotAuthorized) as refusal:
                await work
            assert refusal.value.code == "NotAuthorized"
            named = refusal.value.parameters["roles"]
            assert isinstance(named, list)
            assert {"Global Administrator", "Teams Administrator"} <= set(named)
            assert role.value not in named


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
