"""The nouns of partner settings (provisioning §1.6, §2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Flag, StrEnum
from typing import Any, Final, NamedTuple

from comity.core.errors import Conflict, Invalid, NotFound
from comity.core.ids import TenantId, UserId
from comity.directory.model import Attribute


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundTrust:
    """Which claims of the partner's people we believe; None: as the tenant's default says (they are not)."""

    mfa: bool | None = None
    compliant_device: bool | None = None
    hybrid_joined_device: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerSettings:
    """Settings toward one partner; None inherits the tenant's default, which allows nothing.

    Entra keeps the default of automatic redemption at false and lets nobody change it.
    """

    redeem_inbound: bool | None = None
    """Their people appear here without a prompt (`automaticUserConsentSettings.inboundAllowed`)."""
    redeem_outbound: bool | None = None
    """Our people appear there without a prompt (`automaticUserConsentSettings.outboundAllowed`)."""
    trust: InboundTrust = field(default_factory=InboundTrust)
    document: Mapping[str, Any] | None = None
    """B2B settings by Graph's names, kept and shown; nothing acts on them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncPolicy:
    """What a partner's sync may do here (`identitySynchronization`); there is no default policy."""

    display_name: str | None = None
    user_sync: bool | None = None
    """`userSyncInbound.isSyncAllowed`."""
    group_sync: bool | None = None
    """`groupSyncInbound.isSyncAllowed`."""
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Partner:
    """Another tenant, seen from ours; it may lie outside this installation."""

    tenant_id: TenantId
    """The partner's own id."""
    settings: PartnerSettings = field(default_factory=PartnerSettings)
    sync: SyncPolicy | None = None
    """None: no sync policy hangs on it, and nothing may be synced in."""
    in_organization: bool = False
    """Is it active in our multitenant organisation now? Read from there, not stored (`isInMultiTenantOrganization`)."""
    created_at: datetime
    version: int = 1


class TemplateLevel(Flag):
    """Which partner entries a template acts on when tenants meet in an organisation."""

    NONE = 0
    NEW = 1
    """Entries that this join made (`newPartners`)."""
    EXISTING = 2
    """Entries that were there before (`existingPartners`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Templates:
    """What a tenant's own and each later join does to its partner entries; None leaves a value alone.

    The defaults are what Entra calls unconfigured: both levels on, every value None.
    """

    partner: PartnerSettings = field(default_factory=PartnerSettings)
    """`multiTenantOrganizationPartnerConfiguration`."""
    partner_level: TemplateLevel = TemplateLevel.NEW | TemplateLevel.EXISTING
    user_sync: bool | None = None
    """`multiTenantOrganizationIdentitySynchronization.userSyncInbound.isSyncAllowed`."""
    sync_level: TemplateLevel = TemplateLevel.NEW | TemplateLevel.EXISTING


KEEPABLE: Final = frozenset(each for each in Attribute if each <= Attribute.MANAGER_ID) | {Attribute.EXTENSIONS}
"""Attributes that a partner's sync may be told to leave alone; directory extensions all together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What a partner's sync leaves alone here, because it is ours."""

    attributes: frozenset[Attribute] = frozenset()
    """Never overwritten; whoever is new brings them all the same."""
    disabled: bool = False
    """An account that we disabled is not enabled by sync."""
    version: int = 0
    """0: nothing was ever said. Raised with each veto, too: part of a plan's guard."""


class KeptBack(NamedTuple):
    """What of a page of people is to be left alone, as the engine needs it."""

    attributes: int
    """Bits."""
    disabled: bool
    vetoed: frozenset[UserId]
    """By their ids at home: never created."""


NOTHING_KEPT: Final = KeptBack(0, False, frozenset())


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundHalf:
    """What the source of a sync declares toward its target."""

    redeem: bool
    version: int
    """Of the partner entry; 0 if there is none. Part of a plan's guard (design D7)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundHalf:
    """What the target of a sync declares toward its source."""

    user_sync: bool
    group_sync: bool
    redeem: bool
    invitations_allowed: bool
    """Who may invite is not "no one"."""
    version: int
    """Of the partner entry; 0 if there is none."""
    sync_version: int
    """Of its sync policy; 0 if there is none."""
    kept_version: int = 0
    """Of what is left alone; 0 if nothing was ever said."""


class SyncErrorCode(StrEnum):
    """Error codes of provisioning that the gate gives, in Entra's spelling (provisioning §7)."""

    POLICY_CHECK = "AzureActiveDirectoryCrossTenantSyncPolicyCheckFailure"
    FORBIDDEN = "AzureActiveDirectoryForbidden"


class Shortfall(StrEnum):
    """What keeps a sync from running; each stands in the catalogue with a sentence."""

    OUTBOUND_REDEMPTION = "sync-source-redemption-off"
    """The source has not switched on outbound automatic redemption."""
    INBOUND_SYNC = "sync-target-not-accepted"
    """The target has not allowed inbound sync; also when no such tenant ever answers."""
    INBOUND_REDEMPTION = "sync-target-redemption-off"
    """The target has not switched on inbound automatic redemption."""
    INVITATIONS = "sync-target-invitations-off"
    """The target lets nobody invite."""

    @property
    def code(self) -> SyncErrorCode:
        """The error code that the provisioning log shows."""
        return SyncErrorCode.FORBIDDEN if self is Shortfall.INVITATIONS else SyncErrorCode.POLICY_CHECK

    @property
    def is_source(self) -> bool:
        """Is it the source's to mend? That is the one of the policy check's two details; else the target's."""
        return self is Shortfall.OUTBOUND_REDEMPTION


@dataclass(frozen=True, slots=True)
class Gate:
    """May people of one tenant be synced into another?"""

    shortfalls: tuple[Shortfall, ...]
    """Everything that is missing, the source's part first."""
    groups_allowed: bool
    """May groups be synced too?"""

    @property
    def is_open(self) -> bool:
        """May the sync run? Otherwise the job fails as a whole, like with wrong credentials (§9)."""
        return all(each.code is not SyncErrorCode.POLICY_CHECK for each in self.shortfalls)

    @property
    def may_create(self) -> bool:
        """May new people come? With invitations blocked each one fails alone, and known ones are still updated."""
        return not self.shortfalls

    @property
    def first(self) -> Shortfall | None:
        """What to tell first; None: nothing is missing."""
        return self.shortfalls[0] if self.shortfalls else None


class PartnerInvalid(Invalid):
    """A tenant is no partner of itself, and the realm of personal accounts is nobody's."""

    code = "partner-invalid"


class AttributeNotKept(Invalid):
    """No attribute that a sync writes; names them."""

    code = "partner-attribute-not-kept"


class PartnerExists(Conflict):
    """Settings toward that partner exist (Graph: Request_MultipleObjectsWithSameKeyValue)."""

    code = "partner-exists"


class PartnerUnknown(NotFound):
    """There are no settings toward that partner (Graph: Directory_ObjectNotFound)."""

    code = "partner-unknown"


class PartnerHasSync(Conflict):
    """The partner cannot be deleted while its sync policy hangs on it."""

    code = "partner-has-sync"


class PartnerSyncExists(Conflict):
    """The partner has a sync policy (Graph: Request_MultipleObjectsWithSameKeyValue)."""

    code = "partner-sync-exists"


class PartnerSyncUnknown(NotFound):
    """The partner has no sync policy (Graph: Directory_ObjectNotFound)."""

    code = "partner-sync-unknown"
