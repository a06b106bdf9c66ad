"""Rows and nouns of partner settings."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from comity.core.ids import TenantId
from comity.db.queries import Queries
from comity.db.transaction import Transaction
from comity.db.values import dump_json
from comity.partners.model import (
    InboundHalf,
    InboundTrust,
    OutboundHalf,
    Partner,
    PartnerSettings,
    SyncPolicy,
    TemplateLevel,
    Templates,
)

Q: Final = Queries("comity.partners")


async def ensure_partners(tx: Transaction, partners: Collection[TenantId]) -> set[TenantId]:
    """Make unconfigured entries where there are none; return for whom."""
    return {TenantId(row[0]) for row in await tx.rows(Q.ensure_partners, partners=list(partners), at=tx.now)}


async def ensure_syncs(tx: Transaction, partners: Collection[TenantId]) -> set[TenantId]:
    """Make unconfigured sync policies where there are none, on entries that exist; return for whom."""
    return {TenantId(row[0]) for row in await tx.rows(Q.ensure_syncs, partners=list(partners))}


async def lock_partners(tx: Transaction, partners: Collection[TenantId]) -> dict[TenantId, Partner]:
    """Entries by partner, as they are now; nobody else changes them meanwhile."""
    await tx.rows(Q.lock_partners, partners=list(partners))
    return await load_partners(tx, partners)


async def load_partners(tx: Transaction, partners: Collection[TenantId]) -> dict[TenantId, Partner]:
    """Entries by partner, in id order."""
    found = await tx.all(_partner, Q.load_partners, partners=list(partners))
    return {each.tenant_id: each for each in found}


async def list_partners(tx: Transaction, *, after: UUID, at_most: int) -> list[Partner]:
    """Entries by partner id behind `after`."""
    return await tx.all(_partner, Q.list_partners, after=after, at_most=at_most)


async def save_partners(tx: Transaction, partners: Sequence[Partner]) -> None:
    """Save the settings of existing entries; raises their versions."""
    if partners:
        await tx.execute(
            Q.save_partners,
            partners=[each.tenant_id for each in partners],
            redeem_inbound=[each.settings.redeem_inbound for each in partners],
            redeem_outbound=[each.settings.redeem_outbound for each in partners],
            inbound_trust=[_trust_text(each.settings.trust) for each in partners],
            documents=[_document_text(each.settings) for each in partners],
        )


async def save_syncs(tx: Transaction, policies: Mapping[TenantId, SyncPolicy]) -> None:
    """Save existing sync policies; raises their versions."""
    if policies:
        await tx.execute(
            Q.save_syncs,
            partners=list(policies),
            display_name=[each.display_name for each in policies.values()],
            user_sync=[each.user_sync for each in policies.values()],
            group_sync=[each.group_sync for each in policies.values()],
        )


async def drop_partner(tx: Transaction, partner: TenantId) -> None:
    """Delete an entry."""
    await tx.execute(Q.drop_partner, partner=partner)


async def drop_sync(tx: Transaction, partner: TenantId) -> None:
    """Delete a sync policy."""
    await tx.execute(Q.drop_sync, partner=partner)


async def load_templates(tx: Transaction) -> Templates:
    """The tenant's templates; unconfigured ones if it never touched them."""
    return await tx.one(_templates, Q.templates) or Templates()


async def lock_templates(tx: Transaction) -> Templates:
    """The tenant's templates; nobody else changes them meanwhile."""
    await tx.execute(Q.lock_templates)
    return await load_templates(tx)


async def save_templates(tx: Transaction, templates: Templates) -> None:
    """Save the templates that `lock_templates` gave, changed."""
    await tx.execute(
        Q.save_templates,
        redeem_inbound=templates.partner.redeem_inbound,
        redeem_outbound=templates.partner.redeem_outbound,
        inbound_trust=_trust_text(templates.partner.trust),
        document=_document_text(templates.partner),
        partner_new=TemplateLevel.NEW in templates.partner_level,
        partner_existing=TemplateLevel.EXISTING in templates.partner_level,
        user_sync=templates.user_sync,
        sync_new=TemplateLevel.NEW in templates.sync_level,
        sync_existing=TemplateLevel.EXISTING in templates.sync_level,
    )


async def load_outbound_half(tx: Transaction, partner: TenantId) -> OutboundHalf:
    """What the tenant, as the source, declares toward a partner."""
    return await tx.one(_outbound, Q.outbound_half, partner=partner) or _outbound(None, 0)


async def load_inbound_half(tx: Transaction, partner: TenantId) -> InboundHalf | None:
    """What the tenant, as the target, declares toward a partner; None: there is no such tenant here."""
    return await tx.one(_inbound, Q.inbound_half, partner=partner)


def _trust_text(trust: InboundTrust) -> str | None:
    known = {name: value for name, value in asdict(trust).items() if value is not None}
    return dump_json(known) if known else None


def _document_text(settings: PartnerSettings) -> str | None:
    return dump_json(settings.document) if settings.document else None


def _settings(
    redeem_inbound: bool | None,
    redeem_outbound: bool | None,
    trust: dict[str, Any] | None,
    document: dict[str, Any] | None,
) -> PartnerSettings:
    return PartnerSettings(
        redeem_inbound=redeem_inbound, redeem_outbound=redeem_outbound, trust=InboundTrust(**(trust or {})),
        document=document,
    )  # fmt: skip


def _partner(
    id: UUID, redeem_inbound: bool | None, redeem_outbound: bool | None, trust: dict[str, Any] | None,
    created_at: datetime, version: int, display_name: str | None, user_sync: bool | None, group_sync: bool | None,
    sync_version: int | None, document: dict[str, Any] | None,
) -> Partner:  # fmt: skip
    sync = None
    if sync_version is not None:
        sync = SyncPolicy(display_name=display_name, user_sync=user_sync, group_sync=group_sync, version=sync_version)
    return Partner(
        tenant_id=TenantId(id), settings=_settings(redeem_inbound, redeem_outbound, trust, document), sync=sync,
        created_at=created_at, version=version,
    )  # fmt: skip


def _templates(
    redeem_inbound: bool | None, redeem_outbound: bool | None, trust: dict[str, Any] | None,
    partner_new: bool, partner_existing: bool, user_sync: bool | None, sync_new: bool, sync_existing: bool,
    document: dict[str, Any] | None,
) -> Templates:  # fmt: skip
    return Templates(
        partner=_settings(redeem_inbound, redeem_outbound, trust, document),
        partner_level=_level(new=partner_new, existing=partner_existing),
        user_sync=user_sync,
        sync_level=_level(new=sync_new, existing=sync_existing),
    )


def _level(*, new: bool, existing: bool) -> TemplateLevel:
    level = TemplateLevel.NEW if new else TemplateLevel.NONE
    return level | TemplateLevel.EXISTING if existing else level


def _outbound(redeem: bool | None, version: int) -> OutboundHalf:
    return OutboundHalf(redeem=bool(redeem), version=version)


def _inbound(
    user_sync: bool | None, group_sync: bool | None, redeem: bool | None, invitations_allowed: bool,
    version: int | None, sync_version: int | None, kept_version: int | None,
) -> InboundHalf:  # fmt: skip
    return InboundHalf(
        user_sync=bool(user_sync), group_sync=bool(group_sync), redeem=bool(redeem),
        invitations_allowed=invitations_allowed, version=version or 0, sync_version=sync_version or 0,
        kept_version=kept_version or 0,
    )  # fmt: skip
