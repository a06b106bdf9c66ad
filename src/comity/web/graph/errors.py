"""From an error's class to what Graph says instead: statuses and codes of the directory's own workloads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from comity.core.criteria import CriterionUnsupported
from comity.core.errors import ComityError
from comity.directory.model import MemberExists, MemberMissing, NoManager, UpnTaken
from comity.identity.errors import AssignmentExists
from comity.identity.invitations import InvitationsOff
from comity.partners.model import PartnerExists, PartnerHasSync, PartnerSyncExists, PartnerSyncUnknown, PartnerUnknown
from comity.subscriptions.model import (
    ChangeTypesInvalid,
    DataUnsupported,
    ExpirationInvalid,
    ResourceUnsupported,
    StateTooLong,
    SubscriptionUnknown,
    TooManySubscriptions,
    ValidationFailed,
)
from comity.sync.configurations.service import CredentialsInvalid, JobExists
from comity.sync.model import JobUnknown
from comity.tenancy.organizations.model import (
    AlreadyInOrganization,
    InvitationUnknown,
    MemberUnknown,
    OrganizationMissing,
    OwnerNeeded,
)
from comity.web.errors import SHAPES, Shape
from comity.web.graph.batch import BatchInvalid, BatchOverfull
from comity.web.graph.bodies import BodyOfOtherKind, BodyUnreadable, PropertyInvalid
from comity.web.graph.odata.reading import FilterUnreadable

GRAPH_SHAPES: Final[Mapping[type[ComityError], Shape]] = {
    **SHAPES,
    BatchInvalid: Shape(400, "BadRequest"),
    BatchOverfull: Shape(400, "BadRequest"),
    BodyOfOtherKind: Shape(415, "UnsupportedMediaType"),
    BodyUnreadable: Shape(400, "BadRequest"),
    CriterionUnsupported: Shape(400, "Request_UnsupportedQuery"),
    FilterUnreadable: Shape(400, "BadRequest"),
    NoManager: Shape(404, "Request_ResourceNotFound", "graph-resource-not-found"),
    MemberExists: Shape(400, "Request_BadRequest", detail="ObjectConflict"),
    MemberMissing: Shape(404, "Request_ResourceNotFound", "graph-resource-not-found"),
    PropertyInvalid: Shape(400, "Request_BadRequest"),
    **{each: Shape(400, "ExtensionError") for each in (ValidationFailed, ExpirationInvalid)},
    **{
        each: Shape(400, "InvalidRequest")
        for each in (ResourceUnsupported, ChangeTypesInvalid, DataUnsupported, StateTooLong)
    },
    SubscriptionUnknown: Shape(404, "ResourceNotFound"),
    TooManySubscriptions: Shape(403, "Forbidden"),
    AlreadyInOrganization: Shape(400, "Request_BadRequest"),
    OrganizationMissing: Shape(404, "Directory_ObjectNotFound"),
    MemberUnknown: Shape(404, "Directory_ObjectNotFound"),
    OwnerNeeded: Shape(403, "Authorization_RequestDenied"),
    InvitationUnknown: Shape(404, "Directory_ObjectNotFound"),
    PartnerExists: Shape(
        409, "Request_MultipleObjectsWithSameKeyValue", "graph-conflicting-object", "ConflictingObjects"
    ),
    PartnerSyncExists: Shape(
        409, "Request_MultipleObjectsWithSameKeyValue", "graph-conflicting-object", "ConflictingObjects"
    ),
    PartnerUnknown: Shape(404, "Directory_ObjectNotFound"),
    PartnerSyncUnknown: Shape(404, "Directory_ObjectNotFound"),
    PartnerHasSync: Shape(400, "Request_BadRequest"),
    AssignmentExists: Shape(400, "Request_BadRequest"),
    JobExists: Shape(409, "Conflict"),
    JobUnknown: Shape(404, "ResourceNotFound"),
    CredentialsInvalid: Shape(400, "InvalidCredentials"),
    InvitationsOff: Shape(403, "Authorization_RequestDenied"),
    UpnTaken: Shape(400, "Request_BadRequest", detail="ObjectConflict"),
}
"""The nearest class of an error's ancestry counts."""
