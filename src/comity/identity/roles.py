"""Directory roles: Entra's built-in names and template ids, and the permissions each one brings.

Roles come on top of what members and guests may do anyway (provisioning §11). A role that Graph
allows more than Comity has use cases for simply brings what there is.

Source: Microsoft Entra built-in roles; provisioning §2 (who configures sharing); external-access §16
(who changes external access).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final
from uuid import UUID

from comity.core.permissions import Permission


class DirectoryRole(StrEnum):
    """The roles that Comity knows, by their Graph names."""

    GLOBAL_ADMINISTRATOR = "Global Administrator"
    GLOBAL_READER = "Global Reader"
    USER_ADMINISTRATOR = "User Administrator"
    GROUPS_ADMINISTRATOR = "Groups Administrator"
    SECURITY_ADMINISTRATOR = "Security Administrator"
    SECURITY_OPERATOR = "Security Operator"
    HYBRID_IDENTITY_ADMINISTRATOR = "Hybrid Identity Administrator"
    APPLICATION_ADMINISTRATOR = "Application Administrator"
    CLOUD_APPLICATION_ADMINISTRATOR = "Cloud Application Administrator"
    TEAMS_ADMINISTRATOR = "Teams Administrator"
    TEAMS_COMMUNICATIONS_ADMINISTRATOR = "Teams Communications Administrator"
    TEAMS_EXTERNAL_COLLABORATION_ADMINISTRATOR = "Teams External Collaboration Administrator"
    COMPLIANCE_ADMINISTRATOR = "Compliance Administrator"
    GUEST_INVITER = "Guest Inviter"
    DIRECTORY_READERS = "Directory Readers"


TEMPLATE_IDS: Final = {
    DirectoryRole.GLOBAL_ADMINISTRATOR: UUID("62e90394-69f5-4237-9190-012177145e10"),
    DirectoryRole.GLOBAL_READER: UUID("f2ef992c-3afb-46b9-b7cf-a126ee74c451"),
    DirectoryRole.USER_ADMINISTRATOR: UUID("fe930be7-5e62-47db-91af-98c3a49a38b1"),
    DirectoryRole.GROUPS_ADMINISTRATOR: UUID("fdd7a751-b60b-444a-984c-02652fe8fa1c"),
    DirectoryRole.SECURITY_ADMINISTRATOR: UUID("194ae4cb-b126-40b2-bd5b-6091b380977d"),
    DirectoryRole.SECURITY_OPERATOR: UUID("5f2222b1-57c3-48ba-8ad5-d4759f1fde6f"),
    DirectoryRole.HYBRID_IDENTITY_ADMINISTRATOR: UUID("8ac3fc64-6eca-42ea-9e69-59f4c7b60eb2"),
    DirectoryRole.APPLICATION_ADMINISTRATOR: UUID("9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3"),
    DirectoryRole.CLOUD_APPLICATION_ADMINISTRATOR: UUID("158c047a-c907-4556-b7ef-446551a6b5f7"),
    DirectoryRole.TEAMS_ADMINISTRATOR: UUID("69091246-20e8-4a56-aa4d-066075b2a7a8"),
    DirectoryRole.TEAMS_COMMUNICATIONS_ADMINISTRATOR: UUID("baf37b3a-610e-45da-9e62-d9d1e5e8914b"),
    DirectoryRole.TEAMS_EXTERNAL_COLLABORATION_ADMINISTRATOR: UUID("2fe872fb-daa8-4afc-8f6c-53c4565cfef4"),
    DirectoryRole.COMPLIANCE_ADMINISTRATOR: UUID("17315797-102d-40b4-93e0-432062caca18"),
    DirectoryRole.GUEST_INVITER: UUID("95e79109-95c0-4d8e-aee3-d01accf2d47b"),
    DirectoryRole.DIRECTORY_READERS: UUID("88d8e3e3-8f55-4a1e-953a-9b9898b8876b"),
}
"""Graph's `roleTemplateId` of each."""

EVERYTHING: Final = frozenset(Permission) - {Permission.INSTALLATION}
"""All that can be held within a tenant; the installation is its operator's alone."""

READING: Final = frozenset(
    {
        Permission.ORGANIZATION_READ,
        Permission.USER_READ,
        Permission.GROUP_READ,
        Permission.DIRECTORY_READ,
        Permission.MTO_READ,
        Permission.POLICY_READ,
        Permission.SYNC_READ,
        Permission.PROVISIONING_LOG_READ,
        Permission.AUDIT_READ,
        Permission.EXTERNAL_ACCESS_READ,
        Permission.PEOPLE_READ,
        Permission.DOMAIN_READ,
        Permission.APPLICATION_READ,
        Permission.ROLE_READ,
    }
)

_LOGS: Final = frozenset({Permission.AUDIT_READ, Permission.PROVISIONING_LOG_READ})
_SHARING: Final = (
    frozenset(
        {
            Permission.APPLICATION_WRITE,
            Permission.APP_ROLE_WRITE,
            Permission.GRANT_WRITE,
            Permission.SYNC_WRITE,
            Permission.SYNC_READ,
            Permission.POLICY_READ,
        }
    )
    | _LOGS
)
_EXTERNAL_ACCESS: Final = frozenset({Permission.EXTERNAL_ACCESS_WRITE, Permission.EXTERNAL_ACCESS_READ})

PERMISSIONS: Final = {
    DirectoryRole.GLOBAL_ADMINISTRATOR: EVERYTHING,
    DirectoryRole.GLOBAL_READER: READING,
    DirectoryRole.USER_ADMINISTRATOR: frozenset(
        {Permission.USER_WRITE, Permission.USER_INVITE, Permission.GROUP_WRITE, Permission.MEMBER_WRITE}
    )
    | _LOGS,
    DirectoryRole.GROUPS_ADMINISTRATOR: frozenset({Permission.GROUP_WRITE}) | _LOGS,
    DirectoryRole.SECURITY_ADMINISTRATOR: frozenset(
        {
            Permission.MTO_WRITE,
            Permission.CROSS_TENANT_WRITE,
            Permission.SYNC_READ,
            Permission.BLOCK_LISTS_WRITE,
            Permission.TENANT_LOOKUP,
            Permission.AUTHORIZATION_WRITE,
        }
    )
    | _LOGS,
    DirectoryRole.SECURITY_OPERATOR: frozenset(
        {Permission.POLICY_READ, Permission.SYNC_READ, Permission.BLOCK_LISTS_WRITE}
    )
    | _LOGS,
    DirectoryRole.HYBRID_IDENTITY_ADMINISTRATOR: _SHARING,
    DirectoryRole.APPLICATION_ADMINISTRATOR: _SHARING,
    DirectoryRole.CLOUD_APPLICATION_ADMINISTRATOR: _SHARING,
    # The extended directory is the Teams administrator's; the other has settings and policies only.
    DirectoryRole.TEAMS_ADMINISTRATOR: _EXTERNAL_ACCESS | {Permission.CONTACTS_WRITE},
    # Assigns policies in bulk, and changes none.
    DirectoryRole.TEAMS_COMMUNICATIONS_ADMINISTRATOR: frozenset(
        {Permission.EXTERNAL_ACCESS_READ, Permission.EXTERNAL_ACCESS_ASSIGN}
    ),
    DirectoryRole.TEAMS_EXTERNAL_COLLABORATION_ADMINISTRATOR: _EXTERNAL_ACCESS,
    DirectoryRole.COMPLIANCE_ADMINISTRATOR: _LOGS,
    DirectoryRole.GUEST_INVITER: frozenset({Permission.USER_READ, Permission.USER_INVITE}),
    DirectoryRole.DIRECTORY_READERS: frozenset(
        {
            Permission.ORGANIZATION_READ,
            Permission.USER_READ,
            Permission.GROUP_READ,
            Permission.MTO_READ,
            Permission.POLICY_READ,
            Permission.DOMAIN_READ,
            Permission.APPLICATION_READ,
            Permission.ROLE_READ,
        }
    ),
}
"""What each role brings; reading is implied by writing."""


def find_role(text: str) -> DirectoryRole | None:
    """The role of that name (ignoring case) or template id."""
    wanted = text.strip().casefold()
    for role, template_id in TEMPLATE_IDS.items():
        if wanted in (role.value.casefold(), str(template_id)):
            return role
    return None
