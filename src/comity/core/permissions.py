"""What a caller may do, in Microsoft Graph's words.

The names are Graph's application permissions, so that an administrator recognises them and an
app registration can carry them unchanged (design D10). Directory roles are resolved to these
in `identity`; services ask for permissions only.
"""

from __future__ import annotations

from enum import StrEnum


class Permission(StrEnum):
    """A closed set; a service names the one it needs."""

    ORGANIZATION_READ = "Organization.Read.All"
    ORGANIZATION_WRITE = "Organization.ReadWrite.All"
    DOMAIN_WRITE = "Domain.ReadWrite.All"
    USER_READ = "User.Read.All"
    USER_WRITE = "User.ReadWrite.All"
    GROUP_READ = "Group.Read.All"
    GROUP_WRITE = "Group.ReadWrite.All"
    APPLICATION_WRITE = "Application.ReadWrite.All"
    ROLE_WRITE = "RoleManagement.ReadWrite.Directory"
    MTO_READ = "MultiTenantOrganization.Read.All"
    MTO_WRITE = "MultiTenantOrganization.ReadWrite.All"
    POLICY_READ = "Policy.Read.All"
    CROSS_TENANT_WRITE = "Policy.ReadWrite.CrossTenantAccess"
    SYNC_READ = "Synchronization.Read.All"
    SYNC_WRITE = "Synchronization.ReadWrite.All"
    PROVISIONING_LOG_READ = "ProvisioningLog.Read.All"
    AUDIT_READ = "AuditLog.Read.All"
    EXTERNAL_ACCESS_READ = "TeamworkAppSettings.Read.All"
    EXTERNAL_ACCESS_WRITE = "TeamworkAppSettings.ReadWrite.All"
    EXTERNAL_ACCESS_ASSIGN = "TeamsPolicyUserAssign.ReadWrite.All"
    """Gives existing policies to many people at once, and changes none."""
    CONTACTS_WRITE = "Comity.ExtendedDirectory.ReadWrite"
    """Edits the extended directory: the personal accounts that a tenant knows."""
    BLOCK_LISTS_WRITE = "Comity.BlockLists.ReadWrite"
    """Edits blocked domains and blocked people, in tenants that delegate that to their security team."""
    PEOPLE_READ = "People.Read.All"
    DIRECTORY_READ = "Directory.Read.All"
    """Reads users, groups, the organisation and the logs, as in Graph."""
    DIRECTORY_WRITE = "Directory.ReadWrite.All"
    CHAT = "Chat.ReadWrite"
    INSTALLATION = "Comity.Installation.ReadWrite"
    """Create tenants, move the lab's clock: the operator's alone."""


_DIRECTORY_READ = frozenset(
    {
        Permission.ORGANIZATION_READ, Permission.USER_READ, Permission.GROUP_READ, Permission.AUDIT_READ,
        Permission.PROVISIONING_LOG_READ,
    }
)  # fmt: skip

IMPLIED: dict[Permission, frozenset[Permission]] = {
    Permission.ORGANIZATION_WRITE: frozenset({Permission.ORGANIZATION_READ}),
    Permission.USER_WRITE: frozenset({Permission.USER_READ}),
    Permission.GROUP_WRITE: frozenset({Permission.GROUP_READ}),
    Permission.MTO_WRITE: frozenset({Permission.MTO_READ}),
    Permission.CROSS_TENANT_WRITE: frozenset({Permission.POLICY_READ}),
    Permission.SYNC_WRITE: frozenset({Permission.SYNC_READ}),
    Permission.EXTERNAL_ACCESS_WRITE: frozenset({Permission.EXTERNAL_ACCESS_READ, Permission.EXTERNAL_ACCESS_ASSIGN}),
    Permission.EXTERNAL_ACCESS_ASSIGN: frozenset({Permission.EXTERNAL_ACCESS_READ}),
    Permission.AUDIT_READ: frozenset({Permission.PROVISIONING_LOG_READ}),
    Permission.DIRECTORY_READ: _DIRECTORY_READ,
    Permission.DIRECTORY_WRITE: _DIRECTORY_READ
    | {Permission.DIRECTORY_READ, Permission.USER_WRITE, Permission.GROUP_WRITE},
}
"""Whoever may write may read. Written out whole: what is implied implies nothing further (graph-api, appendix A)."""


def with_implied(permissions: frozenset[Permission]) -> frozenset[Permission]:
    """Add what each permission implies."""
    return permissions.union(*(IMPLIED.get(each, frozenset()) for each in permissions))
