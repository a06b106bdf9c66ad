"""Who is asking, in which tenant, with which rights.

Built by the doors, passed to every use case, never stored. Permission is a pure question to it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from uuid import UUID

from comity.core.errors import PermissionMissing
from comity.core.ids import PERSONAL_REALM, CauseId, PrincipalId, TenantId, UserId, new_id
from comity.core.permissions import Permission, with_implied


class PrincipalKind(StrEnum):
    """What kind of principal acts."""

    USER = "user"
    APP = "application"
    OPERATOR = "operator"
    """The person at the command line of the installation; may do and see everything."""
    SYSTEM = "system"
    """Comity itself: a drain, a sweeper."""


class UserType(StrEnum):
    """Member or guest, as the resource tenant sees the person (Graph `userType`)."""

    MEMBER = "Member"
    GUEST = "Guest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """One request's asker.

    `principal_id` is None for the operator and for Comity itself. `name` is what audit shows
    (a UPN, an app's name, the operating-system name of the operator).
    """

    tenant_id: TenantId
    kind: PrincipalKind
    principal_id: PrincipalId | None = None
    name: str = ""
    roles: frozenset[str] = frozenset()
    permissions: frozenset[Permission] = frozenset()
    user_type: UserType = UserType.MEMBER
    through: frozenset[Permission] = frozenset()
    """What the app through which a person acts may do for her, where she may: for what is her own."""
    request_id: UUID = field(default_factory=new_id)
    language: str = "en"
    reason: str | None = None
    cause: CauseId | None = None
    """Set when this act follows from an earlier one; a fresh act becomes its own cause."""

    @classmethod
    def operator(cls, name: str, *, tenant_id: TenantId, reason: str | None = None) -> Caller:
        """The person at the installation's command line, acting in one tenant."""
        return cls(tenant_id=tenant_id, kind=PrincipalKind.OPERATOR, name=name, reason=reason)

    @classmethod
    def system(cls, name: str, *, tenant_id: TenantId, cause: CauseId | None = None) -> Caller:
        """Comity itself, on behalf of a standing order in one tenant."""
        return cls(tenant_id=tenant_id, kind=PrincipalKind.SYSTEM, name=name, cause=cause)

    @property
    def user_id(self) -> UserId | None:
        """The acting person, or None when no person acts."""
        if self.kind is PrincipalKind.USER and self.principal_id is not None:
            return UserId(self.principal_id)
        return None

    @property
    def is_personal(self) -> bool:
        """Is this a personal account?"""
        return self.tenant_id == PERSONAL_REALM

    def may(self, permission: Permission) -> bool:
        """Does the caller hold `permission`, directly or through one that implies it?"""
        if self.kind in (PrincipalKind.OPERATOR, PrincipalKind.SYSTEM):
            return True
        return permission in with_implied(self.permissions)

    def check(self, permission: Permission) -> None:
        """Refuse unless the caller holds `permission`.

        Raises:
            PermissionMissing: names the permission.
        """
        if not self.may(permission):
            raise PermissionMissing(permission=permission.value)

    def may_for_herself(self, permission: Permission) -> bool:
        """Does a member act, through an app that may do this on her behalf? Whether it is hers is another question."""
        return (
            self.user_id is not None
            and not self.is_personal
            and self.user_type is UserType.MEMBER
            and permission in with_implied(self.through)
        )

    def in_tenant(self, tenant_id: TenantId) -> Caller:
        """The operator, or Comity itself, acting in another tenant; nobody else can change over."""
        if self.kind not in (PrincipalKind.OPERATOR, PrincipalKind.SYSTEM) and tenant_id != self.tenant_id:
            raise PermissionMissing(permission=Permission.INSTALLATION.value)
        return replace(self, tenant_id=tenant_id)
