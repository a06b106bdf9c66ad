"""The nouns of external access: what a tenant and its policies say, who meets whom, what was decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple
from uuid import UUID

from comity.core.ids import TenantId, UserId
from comity.tenancy.model import Cloud

DOMAINS_MAX: Final = 4000
"""Entries of one domain list, and of a tenant's allow and block list together (external-access §2)."""
BLOCKED_USERS_MAX: Final = 200
"""Blocked individuals of a tenant (external-access §3)."""
BURST_MAX: Final = 3
"""Messages that the sender of a request may send before it is accepted (external-access §11)."""
GLOBAL: Final = "Global"
"""The policy of everybody who has no other; always there."""


class Rule(StrEnum):
    """What decided. The values are the rule ids of external-access §6, §8 and §9, then our own."""

    OK = "ok"
    INTERNAL = "internal"
    PERSONAL_PERSONAL = "personal-personal"
    SKYPE_RETIRED = "skype-retired"
    PHONE_FINDS_PERSONAL_ONLY = "phone-finds-personal-only"
    # Between work accounts, checks F.
    CROSS_CLOUD_TRIAL = "cross-cloud-trial"
    TENANT_FEDERATION_OFF = "tenant-federation-off"
    POLICY_FEDERATION_OFF = "policy-federation-off"
    USER_BLOCKED = "user-blocked"
    TRIAL_BLOCKED = "trial-blocked"
    POLICY_BLOCK_ALL = "policy-block-all"
    POLICY_DOMAIN_NOT_ALLOWED = "policy-domain-not-allowed"
    POLICY_DOMAIN_BLOCKED = "policy-domain-blocked"
    TENANT_DOMAIN_NOT_ALLOWED = "tenant-domain-not-allowed"
    TENANT_DOMAIN_BLOCKED = "tenant-domain-blocked"
    TENANT_SUBDOMAIN_BLOCKED = "tenant-subdomain-blocked"
    # Between work and personal accounts, checks O and I.
    CONSUMER_NOT_YET_AVAILABLE = "consumer-not-yet-available"
    CLOUD_NO_CONSUMER = "cloud-no-consumer"
    TENANT_CONSUMER_OFF = "tenant-consumer-off"
    TENANT_CONSUMER_INBOUND_OFF = "tenant-consumer-inbound-off"
    POLICY_CONSUMER_OFF = "policy-consumer-off"
    POLICY_CONSUMER_INBOUND_OFF = "policy-consumer-inbound-off"
    CONSUMER_NOT_IN_DIRECTORY = "consumer-not-in-directory"
    # In groups, §8.
    GROUP_TOO_LARGE = "group-too-large"
    PARTICIPANT_RESTRICTED = "participant-restricted"
    MUTUAL_FEDERATION = "mutual-federation"
    BILATERAL_LIMIT = "bilateral-limit"
    # First contact, §9 and §11, and what else is ours.
    REQUEST_PENDING = "request-pending"
    BLOCKED_BY_YOU = "blocked-by-you"
    """The asker blocked the other person and has not taken that back (§11)."""
    BLOCKED_BY_PERSON = "blocked-by-person"
    """The other person blocked the asker, who is not told (§11)."""
    UNREACHABLE = "unreachable"
    """Nobody there, an account that is disabled or deleted, or a refusal that the asker may not see (§10)."""
    COULD_NOT_EVALUATE = "could-not-evaluate"
    """One of them is at home beyond this installation: never allowed, and nobody's setting (design §7)."""


class Purpose(StrEnum):
    """What the decision is for."""

    LOOKUP = "lookup"
    START = "start"
    ADD = "add"
    SEND = "send"


class AddressedBy(StrEnum):
    """By what the actor named the target."""

    EMAIL = "email"
    PHONE = "phone"


class AccountKind(StrEnum):
    """Whose account it is: a tenant's, the person's own, or of a service that ended."""

    WORK = "work"
    PERSONAL = "personal"
    SKYPE = "skype"


class ExternalOrgs(StrEnum):
    """`CommunicationWithExternalOrgs` of a policy (external-access §4)."""

    ORGANIZATION_DEFAULT = "OrganizationDefault"
    ALLOW_ALL = "AllowAllExternalDomains"
    ALLOW_SPECIFIC = "AllowSpecificExternalDomains"
    BLOCK_SPECIFIC = "BlockSpecificExternalDomains"
    BLOCK_ALL = "BlockAllExternalDomains"


class TrialTenants(StrEnum):
    """`ExternalAccessWithTrialTenants` (external-access §2)."""

    ALLOWED = "Allowed"
    BLOCKED = "Blocked"


class Delegation(StrEnum):
    """`SecurityTeamAllowBlockListDelegation` (external-access §2)."""

    ENABLED = "Enabled"
    DISABLED = "Disabled"


NO_DOMAINS: Final[frozenset[str]] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantConfiguration:
    """What one tenant allows across its border (`CsTenantFederationConfiguration`); as shipped without arguments.

    In the inputs of a decision the domain sets hold only the entries that can match.
    """

    allow_federated_users: bool = True
    allowed_domains: frozenset[str] | None = None
    """None: all known domains; a set: only these; the empty set: nobody."""
    blocked_domains: frozenset[str] = NO_DOMAINS
    block_all_subdomains: bool = False
    allow_teams_consumer: bool = True
    allow_teams_consumer_inbound: bool = True
    restrict_consumer_to_directory: bool = False
    trial_tenants: TrialTenants = TrialTenants.BLOCKED
    allowed_trial_domains: frozenset[str] = NO_DOMAINS
    customize_federation: bool = False
    security_team_delegation: Delegation = Delegation.DISABLED
    restrict_chat_participants: bool = False
    mutual_chat_participants: bool = False
    partners_unverified: bool = False
    """Kept and returned, no effect."""
    shared_sip_address_space: bool = False
    """Kept and returned, no effect."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockedIndividuals:
    """Outside people with whom nobody in the tenant may communicate (`CsTeamsExternalAccessConfiguration`)."""

    in_force: bool = False
    addresses: frozenset[str] = frozenset()
    """Folded mail addresses, or ids as text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalAccessPolicy:
    """What one group of a tenant's people may do (`CsExternalAccessPolicy`); as shipped without arguments."""

    name: str = GLOBAL
    """`Global`, or the part after `Tag:`."""
    description: str = ""
    enable_federation_access: bool = True
    communication_with_external_orgs: ExternalOrgs = ExternalOrgs.ORGANIZATION_DEFAULT
    allowed_external_domains: frozenset[str] = NO_DOMAINS
    blocked_external_domains: frozenset[str] = NO_DOMAINS
    enable_consumer_access: bool = True
    enable_consumer_inbound: bool = True
    restrict_consumer_to_directory: bool = False
    federated_bilateral_chats: bool = False
    # Kept and returned, no effect:
    enable_acs_federation_access: bool = True
    enable_outside_access: bool = False
    enable_public_cloud_audio_video_access: bool = False
    enable_teams_sms_access: bool = True
    enable_xmpp_access: bool = False

    @property
    def is_global(self) -> bool:
        """Is it the policy of everybody else?"""
        return self.name == GLOBAL

    @property
    def identity(self) -> str:
        """How the cmdlets name it: `Global` or `Tag:Name`."""
        return self.name if self.is_global else f"Tag:{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One tenant as it takes part in a decision."""

    tenant_id: TenantId
    cloud: Cloud = Cloud.COMMERCIAL
    trial: bool = False
    domains: frozenset[str] = NO_DOMAINS
    configuration: TenantConfiguration = TenantConfiguration()
    blocked: BlockedIndividuals = BlockedIndividuals()
    contacts: frozenset[UserId] = frozenset()
    """Personal accounts in the tenant's extended directory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """One person as she takes part in a decision: always her home identity."""

    id: UserId
    kind: AccountKind
    active: bool = True
    """Exists, enabled, not deleted."""
    address: str = ""
    """Folded primary mail address."""
    domain: str = ""
    """The address's domain."""
    side: Side | None = None
    """Her tenant; None unless it is a work account."""
    policy: ExternalAccessPolicy = ExternalAccessPolicy()
    """Her effective policy."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who: a home identity's two ids (design §4.4). For a personal account the tenant is the personal realm."""

    tenant_id: TenantId
    user_id: UserId


SETTING: Final[Mapping[Rule, str]] = {
    Rule.TENANT_FEDERATION_OFF: "AllowFederatedUsers",
    Rule.POLICY_FEDERATION_OFF: "EnableFederationAccess",
    Rule.USER_BLOCKED: "BlockedUsers",
    Rule.TRIAL_BLOCKED: "ExternalAccessWithTrialTenants",
    Rule.POLICY_BLOCK_ALL: "CommunicationWithExternalOrgs",
    Rule.POLICY_DOMAIN_NOT_ALLOWED: "AllowedExternalDomains",
    Rule.POLICY_DOMAIN_BLOCKED: "BlockedExternalDomains",
    Rule.TENANT_DOMAIN_NOT_ALLOWED: "AllowedDomains",
    Rule.TENANT_DOMAIN_BLOCKED: "BlockedDomains",
    Rule.TENANT_SUBDOMAIN_BLOCKED: "BlockAllSubdomains",
    Rule.TENANT_CONSUMER_OFF: "AllowTeamsConsumer",
    Rule.TENANT_CONSUMER_INBOUND_OFF: "AllowTeamsConsumerInbound",
    Rule.POLICY_CONSUMER_OFF: "EnableTeamsConsumerAccess",
    Rule.POLICY_CONSUMER_INBOUND_OFF: "EnableTeamsConsumerInbound",
    Rule.CONSUMER_NOT_IN_DIRECTORY: "RestrictTeamsConsumerToExternalUserProfiles",
    Rule.PARTICIPANT_RESTRICTED: "EnableExternalAccessRestrictionsForChatParticipants",
    Rule.MUTUAL_FEDERATION: "EnableMutualFederationForChatParticipants",
    Rule.BILATERAL_LIMIT: "FederatedBilateralChats",
}
"""The setting that a rule reads, as the cmdlets call it; rules without one read no setting."""


class Decision(NamedTuple):
    """Allowed or not, and the rule that decided.

    A tuple rather than a dataclass: one is made per refusal, in the hot path of a send.
    """

    allowed: bool
    deciding_rule: Rule
    decided_by: TenantId | None = None
    """Whose configuration said no; None when allowed, or when no tenant's setting decided."""
    subject: str | None = None
    """The domain, or the policy's name, that the rule met."""

    @property
    def parameters(self) -> dict[str, object]:
        """Facts for the sentence: the setting, and what it met."""
        facts: dict[str, object] = {"rule": self.deciding_rule.value}
        if self.deciding_rule in SETTING:
            facts["setting"] = SETTING[self.deciding_rule]
        if self.subject is not None:
            facts["subject"] = self.subject
        return facts

    def as_vector(self) -> dict[str, object]:
        """As `comity access decide` and the vectors of external-access §0 print it."""
        by: UUID | None = self.decided_by
        return {
            "allowed": self.allowed,
            "deciding_rule": self.deciding_rule.value,
            "decided_by": None if by is None else str(by),
        }
