"""External access policies: show, make, change, remove (external-access §4)."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Final

from comity.access import policies, properties
from comity.access.errors import GlobalImmutable, PolicyNotFound
from comity.access.identities import checked_name
from comity.access.model import GLOBAL, ExternalAccessPolicy, ExternalOrgs
from comity.cli.cmdlets.cmdlet import FORCE, TENANT, Answer, Change, Cmdlet, Given, Inlet, Parameter, Tenant
from comity.cli.cmdlets.kinds import BOOL, ENTRIES, SWITCH, TEXT, Kind, instance_of, one_of
from comity.cli.cmdlets.library.federation import listed, not_with_instance, settings_of
from comity.cli.cmdlets.library.people import find_user
from comity.cli.cmdlets.values import Record, Shape, Value

_KINDS: Final[Mapping[str, tuple[Kind, str]]] = {
    "Description": (TEXT, "Free text."),
    "EnableFederationAccess": (BOOL, "May talk to people of other tenants."),
    "CommunicationWithExternalOrgs": (one_of(ExternalOrgs), "Whose domain rules hold; fixed in Global."),
    "AllowedExternalDomains": (ENTRIES, "For AllowSpecificExternalDomains; not in Global."),
    "BlockedExternalDomains": (ENTRIES, "For BlockSpecificExternalDomains; not in Global."),
    "EnableTeamsConsumerAccess": (BOOL, "May talk to personal accounts."),
    "EnableTeamsConsumerInbound": (BOOL, "Personal accounts may find the person and write first."),
    "RestrictTeamsConsumerAccessToExternalUserProfiles": (BOOL, "Only personal accounts of the extended directory."),
    "FederatedBilateralChats": (BOOL, "Group chats with outsiders span two organizations at most."),
    "EnableAcsFederationAccess": (BOOL, "Kept, without effect."),
    "EnableOutsideAccess": (BOOL, "Kept, without effect."),
    "EnablePublicCloudAudioVideoAccess": (BOOL, "Kept, without effect."),
    "EnableTeamsSmsAccess": (BOOL, "Kept, without effect."),
    "EnableXmppAccess": (BOOL, "Kept, without effect."),
}
POLICY: Final = Shape(
    "ExternalAccessPolicy",
    {"Identity": "text"}
    | {name: "bool" if kind is BOOL else "list" if kind is ENTRIES else "text" for name, (kind, _) in _KINDS.items()}
    | {"EnablePublicCloudAccess": "bool"},
    hidden=frozenset({"EnablePublicCloudAccess"}),
    stands_for="Identity",
)


def policy_record(policy: ExternalAccessPolicy, *, fresh: bool = False) -> Record:
    """A policy as `Get-` returns it."""
    shown = listed(properties.shown(policy))
    return Record(POLICY, {"Identity": policy.identity, **shown, "EnablePublicCloudAccess": False}, fresh=fresh)


def _settings(given: Given) -> dict[str, object]:
    return settings_of(given, _KINDS, properties.POLICY)


def _built(given: Given) -> ExternalAccessPolicy:
    """The new policy as it would be."""
    name = checked_name(given.known("Identity", "unknown yet"))
    if name == GLOBAL:
        raise GlobalImmutable(property="Identity")
    return properties.changed_policy(ExternalAccessPolicy(name=name), _settings(given))


def _check_new(given: Given) -> None:
    _built(given)


def _check_set(given: Given) -> None:
    instance = given.known("Instance")
    identity = given.known("Identity") if "Identity" in given else GLOBAL
    if instance is not None:
        identity = instance.properties["Identity"]
    elif "Instance" in given:
        identity = None
    name = checked_name(identity) if isinstance(identity, str) else "unknown yet"
    properties.changed_policy(ExternalAccessPolicy(name=name), _settings(given))


def _check_identity(given: Given) -> None:
    if (identity := given.known("Identity")) is not None:
        checked_name(identity)


def _make(given: Given) -> list[Value] | None:
    return [policy_record(_built(given), fresh=True)] if given.known("InMemory", False) else None


async def _get(tenant: Tenant, given: Given) -> Answer:
    if (identity := given.get("Identity")) is not None:
        return Answer([policy_record(await policies.get_policy(tenant.tx, tenant.caller, identity))])
    found = await policies.list_policies(tenant.tx, tenant.caller)
    if (person := given.get("ApplicableTo")) is not None:
        await find_user(tenant, person)
        found = [each for each in found if not each.is_global]
    pattern = given.get("Filter", "*").casefold()
    return Answer([policy_record(each) for each in found if fnmatchcase(each.identity.casefold(), pattern)])


async def _new(tenant: Tenant, given: Given) -> Answer:
    made = await policies.new_policy(tenant.tx, tenant.caller, given.get("Identity"), _settings(given))
    return Answer([policy_record(made)], [Change(made.identity, None, properties.shown(made))])


async def _set(tenant: Tenant, given: Given) -> Answer:
    instance = given.get("Instance")
    identity = instance.properties["Identity"] if instance is not None else given.get("Identity", GLOBAL)
    settings = _settings(given)
    try:
        before = await policies.get_policy(tenant.tx, tenant.caller, identity)
    except PolicyNotFound:
        if instance is None or not instance.fresh:
            raise
        made = await policies.new_policy(tenant.tx, tenant.caller, identity, settings)
        return Answer(changes=[Change(made.identity, None, properties.shown(made))])
    after = await policies.set_policy(tenant.tx, tenant.caller, settings, identity=identity)
    return Answer(changes=[Change(after.identity, properties.shown(before), properties.shown(after))])


async def _remove(tenant: Tenant, given: Given) -> Answer:
    before = await policies.get_policy(tenant.tx, tenant.caller, given.get("Identity"))
    await policies.remove_policy(tenant.tx, tenant.caller, before.identity, force=given.get("Force", False))
    after = properties.shown(ExternalAccessPolicy()) if before.is_global else None
    return Answer(changes=[Change(before.identity, properties.shown(before), after)])


_SETTINGS: Final = (
    *(Parameter(name, kind, about) for name, (kind, about) in _KINDS.items()),
    Parameter("EnablePublicCloudAccess", BOOL, "Belonged to Skype; refused.", retired=True),
)
_BY_PIPE: Final = (Inlet(POLICY, {"Identity": "Identity"}), Inlet(None, {"Identity": ""}))

CMDLETS: Final = (
    Cmdlet(
        "Get-CsExternalAccessPolicy",
        "Shows policies, Global first.",
        (
            Parameter("Identity", TEXT, "One policy: `Global`, `Tag:Name` or `Name`.", position=0),
            Parameter("Filter", TEXT, "Those whose identity is like that, such as `Tag:S*`."),
            Parameter("ApplicableTo", TEXT, "Those that the person can be granted."),
            TENANT,
        ),
        exclusive=(("Identity", "Filter"), ("Identity", "ApplicableTo")),
        inlets=(Inlet(None, {"Identity": ""}),),
        returns=POLICY,
        check=_check_identity,
        ask=_get,
    ),
    Cmdlet(
        "New-CsExternalAccessPolicy",
        "Makes a policy. What is not named takes the defaults, never the values of Global.",
        (
            Parameter("Identity", TEXT, "The new name, as `Tag:Name` or `Name`.", position=0, mandatory=True),
            *_SETTINGS,
            Parameter("InMemory", SWITCH, "Makes the object only; `Set-… -Instance` stores it."),
            TENANT,
            FORCE,
        ),
        returns=POLICY,
        changes=True,
        check=_check_new,
        make=_make,
        ask=_new,
    ),
    Cmdlet(
        "Set-CsExternalAccessPolicy",
        "Changes a policy; what is not named stays.",
        (
            Parameter("Identity", TEXT, "Which policy; Global if none is named.", position=0),
            *_SETTINGS,
            Parameter("Instance", instance_of(POLICY), "An object that Get- or New- returned, changed or not."),
            TENANT,
            FORCE,
        ),
        exclusive=not_with_instance("Identity", *_KINDS),
        inlets=(Inlet(POLICY, {"Identity": "Identity"}, fresh="Instance"), Inlet(None, {"Identity": ""})),
        changes=True,
        check=_check_set,
        ask=_set,
    ),
    Cmdlet(
        "Remove-CsExternalAccessPolicy",
        "Removes a policy; Global is set back to its defaults instead.",
        (
            Parameter("Identity", TEXT, "Which policy.", position=0, mandatory=True),
            TENANT,
            Parameter("Force", SWITCH, "Removes it from everybody who still has it."),
        ),
        inlets=_BY_PIPE,
        changes=True,
        check=_check_identity,
        ask=_remove,
    ),
)
