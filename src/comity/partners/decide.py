"""Rules of partner settings, as pure functions (provisioning §1.6, §2)."""

from __future__ import annotations

from dataclasses import fields, replace

from comity.core.ids import PERSONAL_REALM, TenantId
from comity.directory.model import ExternalUserState
from comity.partners.model import (
    KEEPABLE,
    AttributeNotKept,
    Gate,
    InboundHalf,
    InboundTrust,
    Kept,
    OutboundHalf,
    Partner,
    PartnerInvalid,
    PartnerSettings,
    Shortfall,
    SyncPolicy,
    TemplateLevel,
    Templates,
)


def check_partner(own: TenantId, partner: TenantId) -> None:
    """Settings are toward another tenant.

    Raises:
        PartnerInvalid: says which fault (`own`, `personal`).
    """
    if partner == own:
        raise PartnerInvalid(partner=str(partner), fault="own")
    if partner == PERSONAL_REALM:
        raise PartnerInvalid(partner=str(partner), fault="personal")


def check_kept(kept: Kept) -> None:
    """Only what a sync writes can be kept from it.

    Raises:
        AttributeNotKept: names the others.
    """
    if wrong := kept.attributes - KEEPABLE:
        raise AttributeNotKept(attributes=", ".join(sorted(each.column for each in wrong)))


def decide_sync_gate(source: OutboundHalf, target: InboundHalf | None) -> Gate:
    """May people of the source be synced into the target?

    `target` None: a tenant outside the installation, which never answers; to the source that
    looks exactly like a tenant that has not accepted.

    Source: provisioning §2, settings that gate sync and missing prerequisites.
    """
    shortfalls = [] if source.redeem else [Shortfall.OUTBOUND_REDEMPTION]
    if target is None:
        return Gate((*shortfalls, Shortfall.INBOUND_SYNC), groups_allowed=False)
    if not target.user_sync:
        shortfalls.append(Shortfall.INBOUND_SYNC)
    if not target.redeem:
        shortfalls.append(Shortfall.INBOUND_REDEMPTION)
    if not target.invitations_allowed:
        shortfalls.append(Shortfall.INVITATIONS)
    return Gate(tuple(shortfalls), groups_allowed=target.group_sync)


def decide_redemption(home: OutboundHalf, resource: InboundHalf) -> ExternalUserState:
    """Is somebody who newly appears in the resource tenant redeemed at once?

    Only if home allows it outbound and the resource tenant inbound; the other direction's two
    settings count for nothing. Whoever redeemed once stays so when a setting is switched off (D-1).
    """
    return ExternalUserState.ACCEPTED if home.redeem and resource.redeem else ExternalUserState.PENDING


def apply_templates(partner: Partner, templates: Templates, *, is_new: bool, sync_is_new: bool) -> Partner:
    """The partner entry after a join; `partner` has a sync policy, made by the join if need be.

    A value that the template leaves open stays, any other overwrites.
    """
    if _acts(templates.partner_level, is_new=is_new):
        partner = replace(partner, settings=merge_settings(partner.settings, templates.partner))
    if _acts(templates.sync_level, is_new=sync_is_new) and templates.user_sync is not None:
        partner = replace(partner, sync=replace(partner.sync or SyncPolicy(), user_sync=templates.user_sync))
    return partner


def merge_settings(settings: PartnerSettings, template: PartnerSettings) -> PartnerSettings:
    """The settings with every value that the template defines."""
    return PartnerSettings(
        redeem_inbound=_defined(template.redeem_inbound, settings.redeem_inbound),
        redeem_outbound=_defined(template.redeem_outbound, settings.redeem_outbound),
        trust=InboundTrust(
            **{
                each.name: _defined(getattr(template.trust, each.name), getattr(settings.trust, each.name))
                for each in fields(InboundTrust)
            }
        ),
        document={**(settings.document or {}), **(template.document or {})} or None,
    )


def accepting(partner: Partner, *, redeem: bool) -> Partner:
    """The entry of a partner whose people may be synced in; `redeem` switches on inbound redemption too."""
    settings = replace(partner.settings, redeem_inbound=True) if redeem else partner.settings
    return replace(partner, settings=settings, sync=replace(partner.sync or SyncPolicy(), user_sync=True))


def withdrawing(partner: Partner) -> Partner:
    """The entry of a partner whose people may no longer be synced in; who is here stays, redeemed or not."""
    if partner.sync is None:
        return partner
    return replace(partner, sync=replace(partner.sync, user_sync=False))


def offering(partner: Partner) -> Partner:
    """The entry of a partner to whom our people go without a prompt, as far as we are concerned."""
    return replace(partner, settings=replace(partner.settings, redeem_outbound=True))


def as_admin_center(templates: Templates) -> Templates:
    """The three values that forming or joining in the admin center sets (provisioning §1.6)."""
    partner = replace(templates.partner, redeem_inbound=True, redeem_outbound=True)
    return replace(templates, partner=partner, user_sync=True)


def _acts(level: TemplateLevel, *, is_new: bool) -> bool:
    return bool(level & (TemplateLevel.NEW if is_new else TemplateLevel.EXISTING))


def _defined(value: bool | None, otherwise: bool | None) -> bool | None:
    return otherwise if value is None else value
