"""What can go wrong with external access; the codes are those of external-access §17 where it has one.

Invalid    InvalidIdentity, GlobalImmutable, ConflictingParameters, InvalidDomain, TooManyDomains,
           TooManyBlockedUsers, StringNotAccepted, ParameterRetired, InvalidEnumValue,
           PropertyUnknown, PropertyValueInvalid, BatchTooLarge, RankRequired, ContactNotPersonal,
           VectorInvalid
NotFound   PolicyNotFound, AssigneeUnknown, GroupAssignmentNotFound, BatchNotFound
Conflict   PolicyExists, PolicyInUse, TooManyGroupAssignments, GroupAssignmentExists
Forbidden  NotAuthorized, AccessRefused (PersonUnreachable, RequestPending), PermitMissing
"""

from __future__ import annotations

from comity.access.model import Decision, Rule
from comity.core.caller import Caller
from comity.core.errors import Conflict, Forbidden, Invalid, NotFound, PermissionMissing
from comity.core.permissions import Permission, with_implied
from comity.identity.roles import PERMISSIONS as ROLES


class InvalidIdentity(Invalid):
    """A policy's name is empty, a wildcard, `site:` or Global where that cannot be."""

    code = "InvalidIdentity"


class GlobalImmutable(Invalid):
    """Part of the Global policy that is fixed."""

    code = "GlobalImmutable"


class ConflictingParameters(Invalid):
    """Two parameters that set the same thing."""

    code = "ConflictingParameters"


class InvalidDomain(Invalid):
    """No domain, or one that is meaningless there; `fault` says which."""

    code = "InvalidDomain"


class TooManyDomains(Invalid):
    """More domains than a list, or allow and block list together, may hold."""

    code = "TooManyDomains"


class TooManyBlockedUsers(Invalid):
    """More blocked individuals than the list may hold."""

    code = "TooManyBlockedUsers"


class StringNotAccepted(Invalid):
    """Plain text where a list or an object belongs."""

    code = "StringNotAccepted"


class ParameterRetired(Invalid):
    """The property belonged to a service that ended."""

    code = "ParameterRetired"


class InvalidEnumValue(Invalid):
    """Not one of the property's values; lists them."""

    code = "InvalidEnumValue"


class PropertyUnknown(Invalid):
    """No property of that name."""

    code = "property-unknown"


class PropertyValueInvalid(Invalid):
    """A value of the wrong type."""

    code = "property-value-invalid"


class BatchTooLarge(Invalid):
    """More people than one batch may hold."""

    code = "BatchTooLarge"


class RankRequired(Invalid):
    """A policy was granted to a group without saying at which rank."""

    code = "RankRequired"


class ContactNotPersonal(Invalid):
    """The extended directory holds personal accounts; this is none."""

    code = "contact-not-personal"


class VectorInvalid(Invalid):
    """A vector that is not of the form it should have; `fault` says where."""

    code = "vector-invalid"


class PolicyNotFound(NotFound):
    """No external access policy of that name."""

    code = "PolicyNotFound"


class AssigneeUnknown(NotFound):
    """Policies are granted to living accounts of the tenant's own; this is none."""

    code = "assignee-unknown"


class GroupAssignmentNotFound(NotFound):
    """The group has no policy."""

    code = "group-assignment-not-found"


class BatchNotFound(NotFound):
    """No batch of that id, or one that was completed more than 30 days ago."""

    code = "batch-not-found"


class TooManyGroupAssignments(Conflict):
    """As many groups have a policy as may have one."""

    code = "TooManyGroupAssignments"


class GroupAssignmentExists(Conflict):
    """The group has a policy already."""

    code = "group-assignment-exists"


class PolicyExists(Conflict):
    """An external access policy of that name exists."""

    code = "PolicyExists"


class PolicyInUse(Conflict):
    """The policy is still granted to somebody; says to how many."""

    code = "PolicyInUse"


class NotAuthorized(PermissionMissing):
    """No role of the caller's lets him do this with external access (external-access §16); `roles` would."""

    code = "NotAuthorized"


def not_authorized(permission: Permission) -> NotAuthorized:
    """The error for somebody without the permission: it names the directory roles that bring it."""
    roles = [role.value for role, held in ROLES.items() if permission in with_implied(held)]
    return NotAuthorized(permission=permission.value, roles=roles)


def check_may(caller: Caller, permission: Permission) -> None:
    """Refuse unless the caller holds `permission`.

    Raises:
        NotAuthorized.
    """
    if not caller.may(permission):
        raise not_authorized(permission)


class AccessRefused(Forbidden):
    """External access refuses; `decision` is what the asker may see of it (external-access §10)."""

    code = "access-refused"

    def __init__(self, decision: Decision, *, rule: Rule) -> None:
        super().__init__(**decision.parameters | {"rule": rule.value})
        self.decision = decision


class PersonUnreachable(AccessRefused):
    """Nobody there, or nobody who may be reached: one answer for both (external-access §10)."""

    code = "person-unreachable"


class RequestPending(AccessRefused):
    """The chat has to be accepted before more can be written (external-access §9)."""

    code = "request-pending"


def refusal(seen: Decision) -> AccessRefused:
    """The error for a refusal, as the actor may see it."""
    match rule := seen.deciding_rule:
        case Rule.UNREACHABLE:
            return PersonUnreachable(seen, rule=rule)
        case Rule.REQUEST_PENDING:
            return RequestPending(seen, rule=rule)
        case _:
            return AccessRefused(seen, rule=rule)


class PermitMissing(Forbidden):
    """A door was tried without the permit for just this act."""

    code = "permit-missing"
