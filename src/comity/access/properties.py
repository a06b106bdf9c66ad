"""Properties under the names that the cmdlets give them: reading what a caller wants, showing what holds.

One table per noun. A change names properties (any case) and values; it comes back as the changed
noun or as an error that names the property. Pure: storage and audit see nouns and facts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final, TypeVar

from comity.access import domain_lists
from comity.access.errors import (
    ConflictingParameters,
    GlobalImmutable,
    InvalidEnumValue,
    ParameterRetired,
    PropertyUnknown,
    PropertyValueInvalid,
    StringNotAccepted,
    TooManyBlockedUsers,
)
from comity.access.model import (
    BLOCKED_USERS_MAX,
    BlockedIndividuals,
    Delegation,
    ExternalAccessPolicy,
    ExternalOrgs,
    TenantConfiguration,
    TrialTenants,
)

Changes = Mapping[str, object]
"""Property names, in any case, to wanted values."""
T = TypeVar("T", TenantConfiguration, BlockedIndividuals, ExternalAccessPolicy)
ALL_KNOWN: Final = "AllowAllKnownDomains"
ALLOW_LIST: Final = "AllowList"


@dataclass(frozen=True, slots=True)
class Property:
    """One property: its name, the noun's field, and how a wanted value is read (name, given, before)."""

    name: str
    field: str
    read: Callable[[str, object, Any], object]
    shown: bool = True
    """False: another way to write a field that has a name of its own."""


def _switch(name: str, given: object, _before: object) -> bool:
    if not isinstance(given, bool):
        raise PropertyValueInvalid(property=name, value=str(given))
    return given


def _one_of(kind: type[StrEnum]) -> Callable[[str, object, object], StrEnum]:
    values = {each.value.lower(): each for each in kind}

    def read(name: str, given: object, _before: object) -> StrEnum:
        try:
            return values[str(given).lower()]
        except KeyError:
            raise InvalidEnumValue(property=name, value=str(given), values=[each.value for each in kind]) from None

    return read


def _text(name: str, given: object, _before: object) -> str:
    if not isinstance(given, str) or "\x00" in given:
        raise PropertyValueInvalid(property=name, value=str(given))
    return given


def _domains(name: str, given: object, before: frozenset[str]) -> frozenset[str]:
    return domain_lists.edited(name, given, before, domain_lists.domain_entry)


def _addresses(name: str, given: object, before: frozenset[str]) -> frozenset[str]:
    return domain_lists.edited(name, given, before, domain_lists.address_entry)


def _allowed_domains(name: str, given: object, before: frozenset[str] | None) -> frozenset[str] | None:
    """`{"mode": "AllowAllKnownDomains"}` or `{"mode": "AllowList", "domains": […]}`; None is the empty list.

    Two shapes that cannot be confused: an empty allow list is nobody, not everybody. A list is edited with
    `{"Add"|"Remove"|"Replace": …}`, like any other.
    """
    match given:
        case None:
            return frozenset()
        case {"mode": "AllowAllKnownDomains", **rest} if not rest:
            return None
        case {"mode": "AllowList", "domains": list() | tuple() | frozenset() as domains, **rest} if not rest:
            return frozenset(domain_lists.domain_entry(name, each) for each in domains)
        case str() | list() | tuple():
            raise StringNotAccepted(property=name)
        case Mapping() if "mode" not in given:
            return _allowed_as_list(name, given, before)
    raise PropertyValueInvalid(property=name, value=str(given))


def _allowed_as_list(name: str, given: object, before: frozenset[str] | None) -> frozenset[str]:
    return domain_lists.edited(name, given, before or frozenset(), domain_lists.domain_entry)


def _retired(name: str, _given: object, _before: object) -> object:
    raise ParameterRetired(property=name)


def _by_name(properties: Iterable[Property]) -> Mapping[str, Property]:
    return {each.name.lower(): each for each in properties}


CONFIGURATION: Final = _by_name(
    (
        Property("AllowedDomains", "allowed_domains", _allowed_domains),
        Property("AllowedDomainsAsAList", "allowed_domains", _allowed_as_list, shown=False),
        Property("BlockedDomains", "blocked_domains", _domains),
        Property("BlockAllSubdomains", "block_all_subdomains", _switch),
        Property("AllowFederatedUsers", "allow_federated_users", _switch),
        Property("AllowTeamsConsumer", "allow_teams_consumer", _switch),
        Property("AllowTeamsConsumerInbound", "allow_teams_consumer_inbound", _switch),
        Property("TreatDiscoveredPartnersAsUnverified", "partners_unverified", _switch),
        Property("SharedSipAddressSpace", "shared_sip_address_space", _switch),
        Property("RestrictTeamsConsumerToExternalUserProfiles", "restrict_consumer_to_directory", _switch),
        Property("ExternalAccessWithTrialTenants", "trial_tenants", _one_of(TrialTenants)),
        Property("AllowedTrialTenantDomains", "allowed_trial_domains", _domains),
        Property("SecurityTeamAllowBlockListDelegation", "security_team_delegation", _one_of(Delegation)),
        Property("CustomizeFederation", "customize_federation", _switch),
        Property("EnableExternalAccessRestrictionsForChatParticipants", "restrict_chat_participants", _switch),
        Property("EnableMutualFederationForChatParticipants", "mutual_chat_participants", _switch),
        Property("AllowPublicUsers", "", _retired, shown=False),
    )
)
"""`CsTenantFederationConfiguration`, in the order in which it is shown."""

BLOCKED: Final = _by_name(
    (
        Property("BlockExternalUserAccess", "in_force", _switch),
        Property("BlockExternalAccessUserAccess", "in_force", _switch, shown=False),
        Property("BlockedUsers", "addresses", _addresses),
    )
)
"""`CsTeamsExternalAccessConfiguration`."""

POLICY: Final = _by_name(
    (
        Property("Description", "description", _text),
        Property("EnableFederationAccess", "enable_federation_access", _switch),
        Property("CommunicationWithExternalOrgs", "communication_with_external_orgs", _one_of(ExternalOrgs)),
        Property("AllowedExternalDomains", "allowed_external_domains", _domains),
        Property("BlockedExternalDomains", "blocked_external_domains", _domains),
        Property("EnableTeamsConsumerAccess", "enable_consumer_access", _switch),
        Property("EnableTeamsConsumerInbound", "enable_consumer_inbound", _switch),
        Property("RestrictTeamsConsumerAccessToExternalUserProfiles", "restrict_consumer_to_directory", _switch),
        Property("FederatedBilateralChats", "federated_bilateral_chats", _switch),
        Property("EnableAcsFederationAccess", "enable_acs_federation_access", _switch),
        Property("EnableOutsideAccess", "enable_outside_access", _switch),
        Property("EnablePublicCloudAudioVideoAccess", "enable_public_cloud_audio_video_access", _switch),
        Property("EnableTeamsSmsAccess", "enable_teams_sms_access", _switch),
        Property("EnableXmppAccess", "enable_xmpp_access", _switch),
        Property("EnablePublicCloudAccess", "", _retired, shown=False),
    )
)
"""`CsExternalAccessPolicy`, in the order in which it is shown."""

_GLOBAL_FIXED: Final = frozenset(
    {"communication_with_external_orgs", "allowed_external_domains", "blocked_external_domains"}
)


def changed_configuration(
    before: TenantConfiguration, changes: Changes, *, own_domains: frozenset[str] = frozenset()
) -> TenantConfiguration:
    """The configuration after the changes.

    Raises:
        PropertyUnknown, PropertyValueInvalid, InvalidEnumValue, StringNotAccepted, ParameterRetired,
        ConflictingParameters, InvalidDomain, TooManyDomains.
    """
    after = _changed(before, changes, CONFIGURATION)
    domain_lists.check_not_own("BlockedDomains", after.blocked_domains - before.blocked_domains, own=own_domains)
    allowed = after.allowed_domains or frozenset()
    domain_lists.check_sizes(
        lists={"AllowedTrialTenantDomains": after.allowed_trial_domains},
        together={"AllowedDomains": allowed, "BlockedDomains": after.blocked_domains},
    )
    return after


def changed_blocked(before: BlockedIndividuals, changes: Changes) -> BlockedIndividuals:
    """The blocked individuals after the changes.

    Raises:
        PropertyUnknown, PropertyValueInvalid, StringNotAccepted, TooManyBlockedUsers.
    """
    after = _changed(before, changes, BLOCKED)
    if len(after.addresses) > BLOCKED_USERS_MAX:
        raise TooManyBlockedUsers(count=len(after.addresses), limit=BLOCKED_USERS_MAX)
    return after


def changed_policy(
    before: ExternalAccessPolicy, changes: Changes, *, own_domains: frozenset[str] = frozenset()
) -> ExternalAccessPolicy:
    """The policy after the changes; Global's domain rules are fixed.

    Raises:
        GlobalImmutable, PropertyUnknown, PropertyValueInvalid, InvalidEnumValue, StringNotAccepted,
        ParameterRetired, InvalidDomain, TooManyDomains.
    """
    after = _changed(before, changes, POLICY)
    if before.is_global:
        for each in POLICY.values():
            if each.field in _GLOBAL_FIXED and getattr(before, each.field) != getattr(after, each.field):
                raise GlobalImmutable(property=each.name)
    blocked = after.blocked_external_domains - before.blocked_external_domains
    domain_lists.check_not_own("BlockedExternalDomains", blocked, own=own_domains)
    domain_lists.check_sizes(
        lists={
            "AllowedExternalDomains": after.allowed_external_domains,
            "BlockedExternalDomains": after.blocked_external_domains,
        },
        together={},
    )
    return after


def _changed(before: T, changes: Changes, properties: Mapping[str, Property]) -> T:
    values: dict[str, Any] = {}
    named: dict[str, str] = {}
    for name, given in changes.items():
        each = properties.get(name.lower())
        if each is None:
            raise PropertyUnknown(property=name, properties=[one.name for one in properties.values() if one.shown])
        if each.field in named:
            raise ConflictingParameters(first=named[each.field], second=each.name)
        values[each.field] = each.read(each.name, given, getattr(before, each.field, None))
        named[each.field] = each.name
    return replace(before, **values)


def shown(noun: TenantConfiguration | BlockedIndividuals | ExternalAccessPolicy) -> dict[str, object]:
    """The noun as property names and JSON values, in the order of its table; domain lists sorted."""
    return {each.name: _json(each, getattr(noun, each.field)) for each in _table(noun).values() if each.shown}


def difference(before: T, after: T) -> tuple[dict[str, object], dict[str, object]]:
    """What changed, as facts before and after; of long lists only what was removed and what was added."""
    gone: dict[str, object] = {}
    come: dict[str, object] = {}
    for each in _table(before).values():
        old, new = getattr(before, each.field, None), getattr(after, each.field, None)
        if not each.shown or old == new:
            continue
        if isinstance(old, frozenset) and isinstance(new, frozenset):
            gone[each.name], come[each.name] = {"removed": sorted(old - new)}, {"added": sorted(new - old)}
        else:
            gone[each.name], come[each.name] = _json(each, old), _json(each, new)
    return gone, come


def _table(noun: TenantConfiguration | BlockedIndividuals | ExternalAccessPolicy) -> Mapping[str, Property]:
    match noun:
        case TenantConfiguration():
            return CONFIGURATION
        case BlockedIndividuals():
            return BLOCKED
        case ExternalAccessPolicy():
            return POLICY


def _json(each: Property, value: object) -> object:
    if each.name == "AllowedDomains":
        if value is None:
            return {"mode": ALL_KNOWN}
        assert isinstance(value, frozenset)
        return {"mode": ALLOW_LIST, "domains": sorted(value)}
    if isinstance(value, frozenset):
        return sorted(value)
    return value.value if isinstance(value, StrEnum) else value
