"""Cross-tenant access: policy, default, partners, their sync policies, templates; the authorization policy.

Source: graph-api §4.3, §4.4. Automatic redemption, inbound trust and inbound sync decide what sync may do; the
B2B settings are checked, kept and shown, and nothing here acts on them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, Literal
from uuid import UUID, uuid5

import msgspec
from starlette.responses import Response

from comity.core.ids import TenantId
from comity.partners import defaults, service, templates
from comity.partners.defaults import CrossTenantDefault
from comity.partners.model import (
    InboundTrust,
    Partner,
    PartnerSettings,
    PartnerSyncUnknown,
    SyncPolicy,
    TemplateLevel,
    Templates,
)
from comity.tenancy import settings as tenant_settings
from comity.tenancy.settings import InvitesFrom, TenantSettings
from comity.web.graph.bodies import Body, PropertyInvalid, given_of
from comity.web.graph.listing import list_all
from comity.web.graph.odata.options import read_options
from comity.web.graph.operation import Operation, delete, get, patch, post, put
from comity.web.graph.shape import Shape, flag, guid, instant, text, texts, thing
from comity.web.graph.visit import Visit, created, done, entity

UNSET: Final = msgspec.UNSET
BASE: Final = "policies/crossTenantAccessPolicy"
B2B: Final = (
    "b2bCollaborationInbound", "b2bCollaborationOutbound", "b2bDirectConnectInbound", "b2bDirectConnectOutbound",
)  # fmt: skip
KEPT: Final = (*B2B, "tenantRestrictions")
_ALL_PARTNERS: Final = 10_000
_NO_TRUST: Final = InboundTrust(mfa=False, compliant_device=False, hybrid_joined_device=False)


class Target(Body, kw_only=True):
    """A user, group or application of a B2B setting."""

    target: str
    target_type: Literal["user", "group", "application"]


class TargetConfiguration(Body, kw_only=True):
    """Who or what is allowed or blocked."""

    access_type: Literal["allowed", "blocked"] | None = None
    targets: list[Target] | None = None


class B2BSetting(Body, kw_only=True):
    """One direction of B2B collaboration or direct connect."""

    users_and_groups: TargetConfiguration | None = None
    applications: TargetConfiguration | None = None


class Trust(Body, kw_only=True):
    """Which claims of the other side are believed."""

    is_mfa_accepted: bool | None = None
    is_compliant_device_accepted: bool | None = None
    is_hybrid_azure_ad_joined_device_accepted: bool | None = msgspec.field(
        name="isHybridAzureADJoinedDeviceAccepted", default=None
    )


class Consent(Body, kw_only=True):
    """Automatic redemption, each direction."""

    inbound_allowed: bool | None = None
    outbound_allowed: bool | None = None


Setting = B2BSetting | None | msgspec.UnsetType


class Configuration(Body, kw_only=True):
    """What can be said toward a partner, by default, or by a template."""

    inbound_trust: Trust | msgspec.UnsetType | None = UNSET
    automatic_user_consent_settings: Consent | msgspec.UnsetType | None = UNSET
    b2b_collaboration_inbound: Setting = msgspec.field(name="b2bCollaborationInbound", default=UNSET)
    b2b_collaboration_outbound: Setting = msgspec.field(name="b2bCollaborationOutbound", default=UNSET)
    b2b_direct_connect_inbound: Setting = msgspec.field(name="b2bDirectConnectInbound", default=UNSET)
    b2b_direct_connect_outbound: Setting = msgspec.field(name="b2bDirectConnectOutbound", default=UNSET)
    tenant_restrictions: dict[str, Any] | msgspec.UnsetType | None = UNSET

    def document(self) -> dict[str, Any]:
        """What is kept as it stands: by Graph's names, null included."""
        names = dict(zip(self.__struct_fields__, self.__struct_encode_fields__, strict=True))
        given = {names[name]: value for name, value in given_of(self).items()}
        return {name: msgspec.to_builtins(given[name]) for name in KEPT if name in given}

    def apply(self, settings: PartnerSettings) -> PartnerSettings:
        """The settings with what is given; null inherits the default again."""
        if not isinstance(self.inbound_trust, msgspec.UnsetType):
            settings = replace(settings, trust=_trust(self.inbound_trust))
        if not isinstance(self.automatic_user_consent_settings, msgspec.UnsetType):
            consent = self.automatic_user_consent_settings or Consent()
            settings = replace(
                settings, redeem_inbound=consent.inbound_allowed, redeem_outbound=consent.outbound_allowed
            )
        merged = {**(settings.document or {}), **self.document()}
        kept = {name: value for name, value in merged.items() if value is not None}
        return replace(settings, document=kept or None)


class NewPartner(Configuration, kw_only=True):
    """A partner, and what holds toward it."""

    tenant_id: UUID


class DefaultChange(Configuration, kw_only=True):
    """What holds toward tenants without an entry."""

    invitation_redemption_identity_provider_configuration: dict[str, Any] | msgspec.UnsetType | None = UNSET


class PolicyChange(Body, kw_only=True):
    """Which other clouds may be partners."""

    allowed_cloud_endpoints: list[str] | msgspec.UnsetType = UNSET
    display_name: str | msgspec.UnsetType | None = UNSET


class SyncAllowed(Body, kw_only=True):
    """Whether a kind of object may be synced in."""

    is_sync_allowed: bool | None = None


class SyncChange(Body, kw_only=True):
    """What a partner's sync may do here."""

    display_name: str | msgspec.UnsetType | None = UNSET
    user_sync_inbound: SyncAllowed | msgspec.UnsetType | None = UNSET
    group_sync_inbound: SyncAllowed | msgspec.UnsetType | None = UNSET

    def apply(self, policy: SyncPolicy) -> SyncPolicy:
        """The policy with what is given."""
        if not isinstance(self.display_name, msgspec.UnsetType):
            policy = replace(policy, display_name=self.display_name)
        if not isinstance(self.user_sync_inbound, msgspec.UnsetType):
            policy = replace(
                policy, user_sync=self.user_sync_inbound.is_sync_allowed if self.user_sync_inbound else None
            )
        if not isinstance(self.group_sync_inbound, msgspec.UnsetType):
            allowed = self.group_sync_inbound.is_sync_allowed if self.group_sync_inbound else None
            policy = replace(policy, group_sync=allowed)
        return policy


class PartnerTemplate(Configuration, kw_only=True):
    """What joining an organisation does to partner entries."""

    template_application_level: str | msgspec.UnsetType = UNSET


class SyncTemplate(Body, kw_only=True):
    """What joining an organisation does to sync policies."""

    template_application_level: str | msgspec.UnsetType = UNSET
    user_sync_inbound: SyncAllowed | msgspec.UnsetType | None = UNSET


class RolePermissions(Body, kw_only=True):
    """What members may do without a role."""

    allowed_to_create_apps: bool | msgspec.UnsetType = UNSET
    allowed_to_create_security_groups: bool | msgspec.UnsetType = UNSET
    allowed_to_read_other_users: bool | msgspec.UnsetType = UNSET


class AuthorizationChange(Body, kw_only=True):
    """What members and guests may do without a role."""

    allow_invites_from: InvitesFrom | msgspec.UnsetType = UNSET
    guest_user_role_id: UUID | msgspec.UnsetType = UNSET
    default_user_role_permissions: RolePermissions | msgspec.UnsetType = UNSET


PARTNER: Final = Shape[Partner](
    "microsoft.graph.crossTenantAccessPolicyConfigurationPartner",
    {
        "tenantId": text(lambda partner: str(partner.tenant_id)),
        "isServiceProvider": flag(lambda _: None),
        "isInMultiTenantOrganization": flag(lambda partner: partner.in_organization),
        "inboundTrust": thing(lambda partner: trust_json(partner.settings.trust)),
        "automaticUserConsentSettings": thing(lambda partner: consent_json(partner.settings)),
        **{name: thing(lambda partner, name=name: (partner.settings.document or {}).get(name)) for name in KEPT},  # type: ignore[misc]
    },
)
DEFAULT: Final = Shape[CrossTenantDefault](
    "microsoft.graph.crossTenantAccessPolicyConfigurationDefault",
    {
        "id": text(lambda default: str(uuid5(default.tenant_id, "crossTenantAccessPolicy/default"))),
        "isServiceDefault": flag(lambda default: default.is_service_default),
        "inboundTrust": thing(lambda default: trust_json(default.trust) or trust_json(_NO_TRUST)),
        "automaticUserConsentSettings": thing(lambda _: {"inboundAllowed": False, "outboundAllowed": False}),
        **{name: thing(lambda default, name=name: default.shown.get(name)) for name in KEPT},  # type: ignore[misc]
        "invitationRedemptionIdentityProviderConfiguration": thing(
            lambda default: default.shown.get("invitationRedemptionIdentityProviderConfiguration")
        ),
    },
)
SYNC: Final = Shape[Partner](
    "microsoft.graph.crossTenantIdentitySyncPolicyPartner",
    {
        "tenantId": text(lambda partner: str(partner.tenant_id)),
        "displayName": text(lambda partner: partner.sync and partner.sync.display_name),
        "userSyncInbound": thing(lambda partner: {"isSyncAllowed": partner.sync and partner.sync.user_sync}),
        "groupSyncInbound": thing(lambda partner: {"isSyncAllowed": partner.sync and partner.sync.group_sync}),
    },
)
POLICY: Final = Shape[CrossTenantDefault](
    "microsoft.graph.crossTenantAccessPolicy",
    {
        "id": text(lambda default: str(uuid5(default.tenant_id, "crossTenantAccessPolicy"))),
        "deletedDateTime": instant(lambda _: None),
        "displayName": text(lambda _: "CrossTenantAccessPolicy"),
        "description": text(lambda _: None),
        "allowedCloudEndpoints": texts(lambda default: list(default.cloud_endpoints)),
    },
)
PARTNER_TEMPLATE: Final = Shape[tuple[UUID, Templates]](
    "microsoft.graph.multiTenantOrganizationPartnerConfigurationTemplate",
    {
        "id": text(lambda seen: str(uuid5(seen[0], "multiTenantOrganizationPartnerConfiguration"))),
        "templateApplicationLevel": text(lambda seen: level_text(seen[1].partner_level)),
        "inboundTrust": thing(lambda seen: trust_json(seen[1].partner.trust)),
        **{name: thing(lambda seen, name=name: (seen[1].partner.document or {}).get(name)) for name in B2B},  # type: ignore[misc]
        "automaticUserConsentSettings": thing(lambda seen: consent_json(seen[1].partner)),
    },
)
SYNC_TEMPLATE: Final = Shape[tuple[UUID, Templates]](
    "microsoft.graph.multiTenantOrganizationIdentitySyncPolicyTemplate",
    {
        "id": text(lambda seen: str(uuid5(seen[0], "multiTenantOrganizationIdentitySynchronization"))),
        "templateApplicationLevel": text(lambda seen: level_text(seen[1].sync_level)),
        "userSyncInbound": thing(lambda seen: {"isSyncAllowed": seen[1].user_sync}),
    },
)
AUTHORIZATION: Final = Shape[TenantSettings](
    "microsoft.graph.authorizationPolicy",
    {
        "id": text(lambda _: "authorizationPolicy"),
        "deletedDateTime": instant(lambda _: None),
        "displayName": text(lambda _: "Authorization Policy"),
        "description": text(lambda _: "Used to manage authorization related settings across the company."),
        "allowInvitesFrom": text(lambda settings: settings.invites_from.value),
        "allowedToSignUpEmailBasedSubscriptions": flag(lambda _: False),
        "allowedToUseSSPR": flag(lambda _: False),
        "allowEmailVerifiedUsersToJoinOrganization": flag(lambda _: False),
        "allowUserConsentForRiskyApps": flag(lambda _: None),
        "blockMsolPowerShell": flag(lambda _: False),
        "guestUserRoleId": guid(lambda settings: str(settings.guest_level)),
        "defaultUserRolePermissions": thing(
            lambda settings: {
                "allowedToCreateApps": settings.members_create_apps,
                "allowedToCreateSecurityGroups": settings.members_create_groups,
                "allowedToCreateTenants": False,
                "allowedToReadBitlockerKeysForOwnedDevice": False,
                "allowedToReadOtherUsers": settings.members_read_users,
                "permissionGrantPoliciesAssigned": [],
            }
        ),
    },
)


async def read_policy(visit: Visit) -> Response:
    """GET /policies/crossTenantAccessPolicy."""
    found = await defaults.get_default(visit.tx, visit.caller)
    return entity(visit.context(BASE, entity=True), POLICY.show(found, _selected(visit, POLICY)))


async def change_policy(visit: Visit) -> Response:
    """PATCH /policies/crossTenantAccessPolicy."""
    change: PolicyChange = visit.body
    if not isinstance(change.allowed_cloud_endpoints, msgspec.UnsetType):
        endpoints = tuple(change.allowed_cloud_endpoints)
        await defaults.change_default(visit.tx, visit.caller, lambda now: replace(now, cloud_endpoints=endpoints))
    else:
        await defaults.change_default(visit.tx, visit.caller, lambda now: now)
    return done()


async def read_default(visit: Visit) -> Response:
    """GET /policies/crossTenantAccessPolicy/default."""
    found = await defaults.get_default(visit.tx, visit.caller)
    return entity(visit.context(f"{BASE}/default", entity=True), DEFAULT.show(found, _selected(visit, DEFAULT)))


async def change_default(visit: Visit) -> Response:
    """PATCH /policies/crossTenantAccessPolicy/default."""
    change: DefaultChange = visit.body
    if not isinstance(change.automatic_user_consent_settings, msgspec.UnsetType):
        raise PropertyInvalid(property="automaticUserConsentSettings", fault="by default nobody is redeemed")
    document = change.document()
    redemption = change.invitation_redemption_identity_provider_configuration
    if not isinstance(redemption, msgspec.UnsetType):
        document["invitationRedemptionIdentityProviderConfiguration"] = redemption
    if not isinstance(change.inbound_trust, msgspec.UnsetType):
        document["inboundTrust"] = trust_json(_trust(change.inbound_trust))
    await defaults.change_default(
        visit.tx, visit.caller, lambda now: replace(now, document={**(now.document or {}), **document})
    )
    return done()


async def reset_default(visit: Visit) -> Response:
    """POST /policies/crossTenantAccessPolicy/default/resetToSystemDefault."""
    await defaults.change_default(visit.tx, visit.caller, lambda now: replace(now, document=None))
    return done()


async def list_partners(visit: Visit) -> Response:
    """GET /policies/crossTenantAccessPolicy/partners."""
    found = await service.list_partners(visit.tx, visit.caller, at_most=_ALL_PARTNERS)
    return list_all(visit, PARTNER, found, resource=f"{BASE}/partners", supported=_LIST)


async def add_partner(visit: Visit) -> Response:
    """POST /policies/crossTenantAccessPolicy/partners."""
    draft: NewPartner = visit.body
    settings = draft.apply(PartnerSettings())
    partner = await service.create_partner(visit.tx, visit.caller, TenantId(draft.tenant_id), settings)
    return created(visit.context(f"{BASE}/partners", entity=True), PARTNER.show(partner))


async def read_partner(visit: Visit) -> Response:
    """GET /policies/crossTenantAccessPolicy/partners/{tenantId}."""
    options = read_options(visit.ask, supported={"select", "expand"})
    select = options.select(PARTNER.properties, type_name=PARTNER.type)
    partner = await service.get_partner(visit.tx, visit.caller, _partner(visit))
    body = PARTNER.show(partner, select)
    if options.given.get("expand", "").lower().startswith("identitysynchronization"):
        body["identitySynchronization"] = SYNC.show(partner) if partner.sync else None
    return entity(visit.context(f"{BASE}/partners", select, entity=True), body)


async def change_partner(visit: Visit) -> Response:
    """PATCH /policies/crossTenantAccessPolicy/partners/{tenantId}."""
    change: Configuration = visit.body
    await service.update_partner(visit.tx, visit.caller, _partner(visit), change.apply)
    return done()


async def remove_partner(visit: Visit) -> Response:
    """DELETE /policies/crossTenantAccessPolicy/partners/{tenantId}."""
    await service.delete_partner(visit.tx, visit.caller, _partner(visit))
    return done()


async def read_sync(visit: Visit) -> Response:
    """GET …/partners/{tenantId}/identitySynchronization."""
    partner = await service.get_partner(visit.tx, visit.caller, _partner(visit))
    if partner.sync is None:
        raise PartnerSyncUnknown(partner=str(partner.tenant_id))
    context = f"{BASE}/partners('{partner.tenant_id}')/identitySynchronization"
    return entity(visit.context(context, entity=True), SYNC.show(partner, _selected(visit, SYNC)))


async def put_sync(visit: Visit) -> Response:
    """PUT …/partners/{tenantId}/identitySynchronization: makes it; a second time is a conflict."""
    change: SyncChange = visit.body
    await service.create_sync_policy(visit.tx, visit.caller, _partner(visit), change.apply(SyncPolicy()))
    return done()


async def change_sync(visit: Visit) -> Response:
    """PATCH …/partners/{tenantId}/identitySynchronization."""
    change: SyncChange = visit.body
    await service.update_sync_policy(visit.tx, visit.caller, _partner(visit), change.apply)
    return done()


async def remove_sync(visit: Visit) -> Response:
    """DELETE …/partners/{tenantId}/identitySynchronization."""
    await service.delete_sync_policy(visit.tx, visit.caller, _partner(visit))
    return done()


async def read_partner_template(visit: Visit) -> Response:
    """GET …/templates/multiTenantOrganizationPartnerConfiguration."""
    found = await templates.get_templates(visit.tx, visit.caller)
    context = f"{BASE}/templates/multiTenantOrganizationPartnerConfiguration"
    return entity(visit.context(context, entity=True), PARTNER_TEMPLATE.show((visit.tx.tenant_id, found)))


async def change_partner_template(visit: Visit) -> Response:
    """PATCH …/templates/multiTenantOrganizationPartnerConfiguration."""
    change: PartnerTemplate = visit.body

    def changed(now: Templates) -> Templates:
        level = now.partner_level
        if not isinstance(change.template_application_level, msgspec.UnsetType):
            level = read_level(change.template_application_level)
        return replace(now, partner=change.apply(now.partner), partner_level=level)

    await templates.change_templates(visit.tx, visit.caller, changed)
    return done()


async def reset_partner_template(visit: Visit) -> Response:
    """POST …/multiTenantOrganizationPartnerConfiguration/resetToDefaultSettings."""
    fresh = Templates()
    await templates.change_templates(
        visit.tx, visit.caller, lambda now: replace(now, partner=fresh.partner, partner_level=fresh.partner_level)
    )
    return done()


async def read_sync_template(visit: Visit) -> Response:
    """GET …/templates/multiTenantOrganizationIdentitySynchronization."""
    found = await templates.get_templates(visit.tx, visit.caller)
    context = f"{BASE}/templates/multiTenantOrganizationIdentitySynchronization"
    return entity(visit.context(context, entity=True), SYNC_TEMPLATE.show((visit.tx.tenant_id, found)))


async def change_sync_template(visit: Visit) -> Response:
    """PATCH …/templates/multiTenantOrganizationIdentitySynchronization."""
    change: SyncTemplate = visit.body

    def changed(now: Templates) -> Templates:
        level, allowed = now.sync_level, now.user_sync
        if not isinstance(change.template_application_level, msgspec.UnsetType):
            level = read_level(change.template_application_level)
        if not isinstance(change.user_sync_inbound, msgspec.UnsetType):
            allowed = change.user_sync_inbound.is_sync_allowed if change.user_sync_inbound else None
        return replace(now, sync_level=level, user_sync=allowed)

    await templates.change_templates(visit.tx, visit.caller, changed)
    return done()


async def reset_sync_template(visit: Visit) -> Response:
    """POST …/multiTenantOrganizationIdentitySynchronization/resetToDefaultSettings."""
    fresh = Templates()
    await templates.change_templates(
        visit.tx, visit.caller, lambda now: replace(now, user_sync=fresh.user_sync, sync_level=fresh.sync_level)
    )
    return done()


async def read_authorization(visit: Visit) -> Response:
    """GET /policies/authorizationPolicy."""
    found = await tenant_settings.read_settings(visit.tx, visit.caller)
    body = AUTHORIZATION.show(found, _selected(visit, AUTHORIZATION))
    return entity(visit.context("policies/authorizationPolicy", entity=True), body)


async def change_authorization(visit: Visit) -> Response:
    """PATCH /policies/authorizationPolicy."""
    change: AuthorizationChange = visit.body

    def changed(now: TenantSettings) -> TenantSettings:
        if not isinstance(change.allow_invites_from, msgspec.UnsetType):
            now = replace(now, invites_from=change.allow_invites_from)
        if not isinstance(change.guest_user_role_id, msgspec.UnsetType):
            now = replace(now, guest_level=change.guest_user_role_id)
        if isinstance(change.default_user_role_permissions, msgspec.UnsetType):
            return now
        given = given_of(change.default_user_role_permissions)
        fields = {
            "allowed_to_create_apps": "members_create_apps",
            "allowed_to_create_security_groups": "members_create_groups",
            "allowed_to_read_other_users": "members_read_users",
        }
        return replace(now, **{fields[name]: value for name, value in given.items()})

    await tenant_settings.change_settings(visit.tx, visit.caller, changed)
    return done()


def trust_json(trust: InboundTrust) -> dict[str, Any] | None:
    """The trust in Graph's names; None where nothing is said."""
    if trust == InboundTrust():
        return None
    return {
        "isMfaAccepted": trust.mfa,
        "isCompliantDeviceAccepted": trust.compliant_device,
        "isHybridAzureADJoinedDeviceAccepted": trust.hybrid_joined_device,
    }


def consent_json(settings: PartnerSettings) -> dict[str, Any]:
    """Automatic redemption in Graph's names."""
    return {"inboundAllowed": settings.redeem_inbound, "outboundAllowed": settings.redeem_outbound}


_LEVELS: Final[Mapping[str, TemplateLevel]] = {
    "none": TemplateLevel.NONE, "newPartners": TemplateLevel.NEW, "existingPartners": TemplateLevel.EXISTING,
}  # fmt: skip


def level_text(level: TemplateLevel) -> str:
    """The level as Graph's comma list of flags."""
    return ",".join(name for name, each in _LEVELS.items() if each and each in level) or "none"


def read_level(given: str) -> TemplateLevel:
    """The level that a comma list of flags means.

    Raises:
        PropertyInvalid.
    """
    level = TemplateLevel.NONE
    for part in given.split(","):
        if part.strip() not in _LEVELS:
            raise PropertyInvalid(property="templateApplicationLevel", fault=f"one of {', '.join(_LEVELS)}")
        level |= _LEVELS[part.strip()]
    return level


def _trust(given: Trust | None) -> InboundTrust:
    if given is None:
        return InboundTrust()
    return InboundTrust(
        mfa=given.is_mfa_accepted,
        compliant_device=given.is_compliant_device_accepted,
        hybrid_joined_device=given.is_hybrid_azure_ad_joined_device_accepted,
    )


def _partner(visit: Visit) -> TenantId:
    return TenantId(visit.id("partner"))


def _selected(visit: Visit, shape: Shape[Any]) -> tuple[str, ...] | None:
    return read_options(visit.ask, supported={"select"}).select(shape.properties, type_name=shape.type)


_LIST: Final = frozenset({"select", "filter", "top", "skiptoken", "count"})
_P: Final = "/policies/crossTenantAccessPolicy"
_SYNC: Final = f"{_P}/partners/{{partner}}/identitySynchronization"
_T1: Final = f"{_P}/templates/multiTenantOrganizationPartnerConfiguration"
_T2: Final = f"{_P}/templates/multiTenantOrganizationIdentitySynchronization"
_KEPT: Final = "B2B settings are kept and shown; nothing acts on them"

OPERATIONS: Final[tuple[Operation, ...]] = (
    get(_P, read_policy, "Read the cross-tenant access policy", shape=POLICY, options=("select",)),
    patch(
        _P,
        change_policy,
        "Say which other clouds may be partners",
        body=PolicyChange,
        remark="kept and shown; one installation is one cloud",
    ),
    get(f"{_P}/default", read_default, "Read what holds by default", shape=DEFAULT, options=("select",)),
    patch(f"{_P}/default", change_default, "Change what holds by default", body=DefaultChange, remark=_KEPT),
    post(f"{_P}/default/resetToSystemDefault", reset_default, "Reset what holds by default", status=204),
    get(
        f"{_P}/partners", list_partners, "List partners", shape=PARTNER, many=True, options=("select", "filter", "top")
    ),
    post(f"{_P}/partners", add_partner, "Add a partner", shape=PARTNER, body=NewPartner, remark=_KEPT),
    get(f"{_P}/partners/{{partner}}", read_partner, "Read a partner", shape=PARTNER, options=("select", "expand")),
    patch(
        f"{_P}/partners/{{partner}}",
        change_partner,
        "Change what holds toward a partner",
        body=Configuration,
        remark=_KEPT,
    ),
    delete(f"{_P}/partners/{{partner}}", remove_partner, "Remove a partner"),
    get(_SYNC, read_sync, "Read what a partner's sync may do", shape=SYNC, options=("select",)),
    put(_SYNC, put_sync, "Say what a partner's sync may do", body=SyncChange),
    patch(_SYNC, change_sync, "Change what a partner's sync may do", body=SyncChange),
    delete(_SYNC, remove_sync, "Take the sync policy off a partner"),
    get(_T1, read_partner_template, "Read what joining does to partners", shape=PARTNER_TEMPLATE),
    patch(_T1, change_partner_template, "Change what joining does to partners", body=PartnerTemplate),
    post(f"{_T1}/resetToDefaultSettings", reset_partner_template, "Reset what joining does to partners", status=204),
    get(_T2, read_sync_template, "Read what joining does to sync policies", shape=SYNC_TEMPLATE),
    patch(_T2, change_sync_template, "Change what joining does to sync policies", body=SyncTemplate),
    post(f"{_T2}/resetToDefaultSettings", reset_sync_template, "Reset what joining does to sync policies", status=204),
    get(
        "/policies/authorizationPolicy",
        read_authorization,
        "Read what members and guests may do",
        shape=AUTHORIZATION,
        options=("select",),
    ),
    patch(
        "/policies/authorizationPolicy",
        change_authorization,
        "Change what members and guests may do",
        body=AuthorizationChange,
    ),
)
