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
    DOMAIN_READ = "Domain.Read.All"
    DOMAIN_WRITE = "Domain.ReadWrite.All"
    USER_READ_BASIC = "User.ReadBasic.All"
    """Names and addresses of others, and nothing else of them."""
    USER_READ = "User.Read.All"
    USER_WRITE = "User.ReadWrite.All"
    USER_INVITE = "User.Invite.All"
    GROUP_READ_BASIC = "Group.ReadBasic.All"
    """A group that one can name, with its members and owners; no list of groups."""
    GROUP_READ = "Group.Read.All"
    MEMBER_WRITE = "GroupMember.ReadWrite.All"
    GROUP_WRITE = "Group.ReadWrite.All"
    APPLICATION_READ = "Application.Read.All"
    APPLICATION_WRITE = "Application.ReadWrite.All"
    APP_ROLE_WRITE = "AppRoleAssignment.ReadWrite.All"
    """Gives apps permissions, and people to apps."""
    GRANT_WRITE = "DelegatedPermissionGrant.ReadWrite.All"
    """Lets apps act on behalf of people."""
    ROLE_READ = "RoleManagement.Read.Directory"
    ROLE_WRITE = "RoleManagement.ReadWrite.Directory"
    MTO_READ_BASIC = "MultiTenantOrganization.ReadBasic.All"
    """Names and ids of the organisation's tenants."""
    MTO_READ = "MultiTenantOrganization.Read.All"
    MTO_WRITE = "MultiTenantOrganization.ReadWrite.All"
    TENANT_LOOKUP = "CrossTenantInformation.ReadBasic.All"
    """What any tenant is called, by its id or domain."""
    POLICY_READ = "Policy.Read.All"
    AUTHORIZATION_WRITE = "Policy.ReadWrite.Authorization"
    """Says what members and guests may do without a role."""
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
        Permission.PROVISIONING_LOG_READ, Permission.USER_READ_BASIC, Permission.GROUP_READ_BASIC,
        Permission.DOMAIN_READ, Permission.APPLICATION_READ, Permission.ROLE_READ,
    }
)  # fmt: skip

IMPLIED: dict[Permission, frozenset[Permission]] = {
    Permission.ORGANIZATION_WRITE: frozenset({Permission.ORGANIZATION_READ}),
    Permission.DOMAIN_WRITE: frozenset({Permission.DOMAIN_READ}),
    Permission.USER_READ: frozenset({Permission.USER_READ_BASIC}),
    Permission.USER_WRITE: frozenset({Permission.USER_READ, Permission.USER_READ_BASIC, Permission.USER_INVITE}),
    Permission.GROUP_READ: frozenset({Permission.GROUP_READ_BASIC}),
    Permission.MEMBER_WRITE: frozenset({Permission.GROUP_READ_BASIC}),
    Permission.GROUP_WRITE: frozenset({Permission.GROUP_READ, Permission.GROUP_READ_BASIC, Permission.MEMBER_WRITE}),
    Permission.APPLICATION_WRITE: frozenset({Permission.APPLICATION_READ}),
    Permission.APP_ROLE_WRITE: frozenset({Permission.APPLICATION_READ}),
    Permission.GRANT_WRITE: frozenset({Permission.APPLICATION_READ}),
    Permission.ROLE_WRITE: frozenset({Permission.ROLE_READ}),
    Permission.MTO_READ: frozenset({Permission.MTO_READ_BASIC}),
    Permission.MTO_WRITE: frozenset({Permission.MTO_READ, Permission.MTO_READ_BASIC}),
    Permission.CROSS_TENANT_WRITE: frozenset({Permission.POLICY_READ}),
    Permission.AUTHORIZATION_WRITE: frozenset({Permission.POLICY_READ}),
    Permission.SYNC_WRITE: frozenset({Permission.SYNC_READ}),
    Permission.EXTERNAL_ACCESS_WRITE: frozenset({Permission.EXTERNAL_ACCESS_READ, Permission.EXTERNAL_ACCESS_ASSIGN}),
    Permission.EXTERNAL_ACCESS_ASSIGN: frozenset({Permission.EXTERNAL_ACCESS_READ}),
    Permission.AUDIT_READ: frozenset({Permission.PROVISIONING_LOG_READ}),
    Permission.DIRECTORY_READ: _DIRECTORY_READ,
    Permission.DIRECTORY_WRITE: _DIRECTORY_READ
    | {
        Permission.DIRECTORY_READ, Permission.USER_WRITE, Permission.USER_INVITE, Permission.GROUP_WRITE,
        Permission.MEMBER_WRITE,
    },
}  # fmt: skip
"""Whoever may write may read. Written out whole: what is implied implies nothing further (graph-api, appendix A)."""


def with_implied(permissions: frozenset[Permission]) -> frozenset[Permission]:
    """Add what each permission implies."""
    return permissions.union(*(IMPLIED.get(each, frozenset()) for each in permissions))
