"""The tenant's own configuration and its blocked individuals (external-access §2, §3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from comity.access import properties
from comity.access.model import BlockedIndividuals, Delegation, TenantConfiguration, TrialTenants
from comity.access.service import (
    get_blocked_individuals,
    get_configuration,
    set_blocked_individuals,
    set_configuration,
)
from comity.cli.cmdlets.cmdlet import FORCE, TENANT, Answer, Change, Cmdlet, Given, Inlet, Parameter, Tenant
from comity.cli.cmdlets.errors import IdentityNotGlobal
from comity.cli.cmdlets.kinds import (
    ALLOW,
    ALLOWED_DOMAINS,
    BLOCKED_DOMAINS,
    BOOL,
    DOMAINS,
    ENTRIES,
    FLAG,
    PATTERN,
    TEXT,
    Kind,
    instance_of,
    one_of,
)
from comity.cli.cmdlets.library.domains import all_known
from comity.cli.cmdlets.values import Record, Shape, Value

GLOBAL: Final = "Global"
_KINDS: Final[Mapping[str, tuple[Kind, str]]] = {
    "AllowedDomains": (ALLOWED_DOMAINS, "All known domains, or the only ones allowed; not as text."),
    "AllowedDomainsAsAList": (ENTRIES, "The only domains allowed, as texts."),
    "BlockedDomains": (BLOCKED_DOMAINS, "Domains that are not allowed while all known ones are; a list, not a text."),
    "BlockAllSubdomains": (FLAG, "Blocks the subdomains of blocked domains, too."),
    "AllowFederatedUsers": (BOOL, "People may talk to people of other tenants at all."),
    "AllowTeamsConsumer": (BOOL, "People may talk to personal accounts at all."),
    "AllowTeamsConsumerInbound": (BOOL, "Personal accounts may find people and write first."),
    "TreatDiscoveredPartnersAsUnverified": (BOOL, "Kept, without effect."),
    "SharedSipAddressSpace": (BOOL, "Kept, without effect."),
    "RestrictTeamsConsumerToExternalUserProfiles": (BOOL, "Only personal accounts of the extended directory."),
    "ExternalAccessWithTrialTenants": (one_of(TrialTenants), "Contact with tenants that have trials only."),
    "AllowedTrialTenantDomains": (ENTRIES, "Exceptions while that is Blocked."),
    "SecurityTeamAllowBlockListDelegation": (one_of(Delegation), "The security team may edit the block lists."),
    "CustomizeFederation": (BOOL, "Policies may have domain rules of their own."),
    "EnableExternalAccessRestrictionsForChatParticipants": (
        BOOL, "People without federation take no part in group chats with outsiders.",
    ),
    "EnableMutualFederationForChatParticipants": (BOOL, "In a group chat everybody needs everybody's trust."),
}  # fmt: skip
_IDENTITY: Final = Parameter("Identity", TEXT, "`Global`; there is no other.", position=0)

CONFIGURATION: Final = Shape(
    "TenantFederationConfiguration",
    {"Identity": "text"}
    | {
        name: DOMAINS
        if kind is ALLOWED_DOMAINS
        else "bool"
        if kind in (BOOL, FLAG)
        else "list"
        if kind.nullable
        else "text"
        for name, (kind, _) in _KINDS.items()
        if name != "AllowedDomainsAsAList"
    }
    | {"AllowPublicUsers": "bool"},
    hidden=frozenset({"AllowPublicUsers"}),
    stands_for="Identity",
)
BLOCKED: Final = Shape(
    "TeamsExternalAccessConfiguration",
    {"Identity": "text", "BlockExternalUserAccess": "bool", "BlockedUsers": "list"},
    stands_for="Identity",
)


def configuration_record(configuration: TenantConfiguration) -> Record:
    """The configuration as `Get-` returns it."""
    shown = listed(properties.shown(configuration))
    allowed = configuration.allowed_domains
    shown["AllowedDomains"] = all_known() if allowed is None else _allow_list(sorted(allowed))
    return Record(CONFIGURATION, {"Identity": GLOBAL, **shown, "AllowPublicUsers": False})


def blocked_record(blocked: BlockedIndividuals) -> Record:
    """The blocked individuals as `Get-` returns them."""
    return Record(BLOCKED, {"Identity": GLOBAL, **listed(properties.shown(blocked))})


def listed(shown: Mapping[str, Any]) -> dict[str, Value]:
    """Properties as values of a script."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in shown.items()}


def _allow_list(domains: Iterable[str]) -> Record:
    return Record(ALLOW, {"AllowedDomain": tuple(Record(PATTERN, {"Domain": each}) for each in domains)})


def settings_of(given: Given, kinds: Mapping[str, tuple[Kind, str]], names: Mapping[str, object]) -> dict[str, object]:
    """The properties that a call sets: those it names, or all of the object it brings."""
    instance = given.known("Instance")
    if instance is None:
        return given.settings(names)
    return {name: kinds[name][0].convert(name, value) for name, value in instance.properties.items() if name in kinds}


def check_global(given: Given) -> None:
    """There is one instance only.

    Raises:
        IdentityNotGlobal.
    """
    identity = given.known("Identity", GLOBAL)
    if identity.casefold() != GLOBAL.casefold():
        raise IdentityNotGlobal(property="Identity", identity=identity)


def _settings(given: Given) -> dict[str, object]:
    return settings_of(given, _KINDS, properties.CONFIGURATION)


def _check(given: Given) -> None:
    check_global(given)
    properties.changed_configuration(TenantConfiguration(), _settings(given))


async def _get(tenant: Tenant, _given: Given) -> Answer:
    return Answer([configuration_record(await get_configuration(tenant.tx, tenant.caller))])


async def _set(tenant: Tenant, given: Given) -> Answer:
    before = properties.shown(await get_configuration(tenant.tx, tenant.caller)) if given.get("WhatIf") else {}
    after = properties.shown(await set_configuration(tenant.tx, tenant.caller, _settings(given)))
    return Answer(changes=[Change(GLOBAL, before, after)])


def _blocked_settings(given: Given) -> dict[str, object]:
    return settings_of(given, _BLOCKED_KINDS, properties.BLOCKED)


def _check_blocked(given: Given) -> None:
    check_global(given)
    properties.changed_blocked(BlockedIndividuals(), _blocked_settings(given))


async def _get_blocked(tenant: Tenant, _given: Given) -> Answer:
    return Answer([blocked_record(await get_blocked_individuals(tenant.tx, tenant.caller))])


async def _set_blocked(tenant: Tenant, given: Given) -> Answer:
    before = properties.shown(await get_blocked_individuals(tenant.tx, tenant.caller)) if given.get("WhatIf") else {}
    after = properties.shown(await set_blocked_individuals(tenant.tx, tenant.caller, _blocked_settings(given)))
    return Answer(changes=[Change(GLOBAL, before, after)])


def not_with_instance(*names: str) -> tuple[tuple[str, ...], ...]:
    """An object brings everything: none of these beside it."""
    return tuple(("Instance", each) for each in names)


_BLOCKED_KINDS: Final[Mapping[str, tuple[Kind, str]]] = {
    "BlockExternalUserAccess": (BOOL, "The list below is in force."),
    "BlockedUsers": (ENTRIES, "Outside people, by mail address or id, with whom nobody may communicate; at most 200."),
}

CMDLETS: Final = (
    Cmdlet(
        "Get-CsTenantFederationConfiguration",
        "Shows what the tenant allows across its border.",
        (_IDENTITY, TENANT),
        returns=CONFIGURATION,
        check=check_global,
        ask=_get,
    ),
    Cmdlet(
        "Set-CsTenantFederationConfiguration",
        "Changes what the tenant allows; what is not named stays.",
        (
            _IDENTITY,
            *(Parameter(name, kind, about) for name, (kind, about) in _KINDS.items()),
            Parameter("AllowPublicUsers", BOOL, "Belonged to Skype; refused.", retired=True),
            Parameter("Instance", instance_of(CONFIGURATION), "An object that Get- returned, changed or not."),
            TENANT,
            FORCE,
        ),
        exclusive=(("AllowedDomains", "AllowedDomainsAsAList"), *not_with_instance("Identity", *_KINDS)),
        inlets=(Inlet(CONFIGURATION, {"Identity": "Identity"}),),
        changes=True,
        check=_check,
        ask=_set,
    ),
    Cmdlet(
        "Get-CsTeamsExternalAccessConfiguration",
        "Shows which outside people are blocked.",
        (_IDENTITY,),
        returns=BLOCKED,
        check=check_global,
        ask=_get_blocked,
    ),
    Cmdlet(
        "Set-CsTeamsExternalAccessConfiguration",
        "Changes which outside people are blocked.",
        (
            _IDENTITY,
            *(
                Parameter(
                    name, kind, about,
                    aliases=("BlockExternalAccessUserAccess",) if name == "BlockExternalUserAccess" else (),
                )
                for name, (kind, about) in _BLOCKED_KINDS.items()
            ),
            Parameter("Instance", instance_of(BLOCKED), "An object that Get- returned, changed or not."),
            FORCE,
        ),
        exclusive=not_with_instance("Identity", *_BLOCKED_KINDS),
        inlets=(Inlet(BLOCKED, {"Identity": "Identity"}),),
        changes=True,
        check=_check_blocked,
        ask=_set_blocked,
    ),
)  # fmt: skip
