"""The nouns of change notifications: a subscription, what it is about, and one notice."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from comity.core.errors import Conflict, Invalid, NotFound
from comity.core.ids import TenantId
from comity.identity.model import Bearer


class Family(StrEnum):
    """What kind of object a subscription is about; a closed set."""

    USERS = "users"
    GROUPS = "groups"
    MEMBERS = "members"
    """The direct members of one group."""


class ChangeType(StrEnum):
    """What may be asked for; Graph's words."""

    CREATED = "created"
    UPDATED = "updated"
    DELETED = "deleted"


class Lifecycle(StrEnum):
    """What a subscriber is told about the subscription itself; Graph's words."""

    REAUTHORIZATION_REQUIRED = "reauthorizationRequired"
    SUBSCRIPTION_REMOVED = "subscriptionRemoved"
    MISSED = "missed"


@dataclass(frozen=True, slots=True)
class Topic:
    """All objects of a family, or one of them; of `MEMBERS` the group whose members they are."""

    family: Family
    object_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A cursor over the tenant's feed, read out to somebody's address.

    Its times are the machine clock's: it is a lease, as a token is (design §4.10).
    """

    tenant_id: TenantId
    id: UUID
    owner: Bearer
    """Whose rights it rests on, asked for anew with every delivery."""
    resource: str
    """As it was asked for."""
    topic: Topic
    change_types: frozenset[ChangeType]
    notification_url: str
    lifecycle_url: str | None
    client_state: str | None
    """A text of the subscriber, who recognises us by it; sealed at rest."""
    tls_version: str
    expires_at: datetime
    position: int
    """Up to here of the feed the subscriber has been told."""
    pending: Lifecycle | None = None
    """What is to be said first."""
    reminded: bool = False
    """Was it said that the end is near?"""
    failing_since: datetime | None = None
    """Since when nobody answers."""
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody subscribes to."""

    resource: str
    change_types: str
    notification_url: str
    expires_at: datetime
    lifecycle_url: str | None = None
    client_state: str | None = None
    tls_version: str = "v1_2"


@dataclass(frozen=True, slots=True)
class Notice:
    """One change, as a subscriber is told of it; the position is the feed's."""

    position: int
    family: Family
    change_type: ChangeType
    object_id: UUID


class SubscriptionUnknown(NotFound):
    """There is no subscription of that id, or it is another app's."""

    code = "subscription-unknown"


class ResourceUnsupported(Invalid):
    """Nothing that one can subscribe to."""

    code = "subscription-resource-unsupported"


class DataUnsupported(Invalid):
    """Notices name what has changed and bring nothing of it along."""

    code = "subscription-data-unsupported"


class ChangeTypesInvalid(Invalid):
    """The change types are none, unknown, or never happen to the resource."""

    code = "subscription-change-types-invalid"


class ExpirationInvalid(Invalid):
    """The expiration is past, or further away than `most_minutes`."""

    code = "subscription-expiration-invalid"


class StateTooLong(Invalid):
    """The client state is longer than `most` characters."""

    code = "subscription-state-too-long"


class ValidationFailed(Invalid):
    """The address did not give our token back."""

    code = "subscription-validation-failed"


class TooManySubscriptions(Conflict):
    """The tenant has as many subscriptions as it may."""

    code = "subscription-too-many"
