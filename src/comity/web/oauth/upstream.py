"""To a tenant's own sign-in service and back."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import ClassVar, Final
from uuid import UUID

import msgspec
from starlette.responses import Response

from comity.core.ids import TenantId
from comity.core.outbound import Outbound
from comity.identity.errors import SealBroken
from comity.identity.refusals import UpstreamRefused
from comity.identity.upstream.errand import bring_home, find_way, new_errand
from comity.identity.upstream.model import Errand, UpstreamProvider
from comity.identity.upstream.service import load_provider
from comity.web.asking import Ask
from comity.web.oauth.browsers import signed_in_as
from comity.web.oauth.flows import Flow, seal_flow
from comity.web.oauth.pages import SignInPage
from comity.web.shell.cookies import VISITOR, get_cookie
from comity.web.shell.forms import FormForeign
from comity.web.shell.pages import show
from comity.web.shell.problems import problem

CALLBACK: Final = "/signin/callback"
LIFETIME_S: Final = 1800
_PURPOSE: Final = "upstream-trip"


@dataclass(frozen=True, kw_only=True)
class GoUpstream(SignInPage):
    """On to the tenant's own service: by itself, or with the link."""

    template: ClassVar[str] = "oauth/pages/sign_in/upstream.html"
    name: str
    provider: str
    address: str


class _Trip(msgspec.Struct, frozen=True, kw_only=True):
    """What comes back with the browser: sealed, and only for this browser."""

    flow: Flow
    tenant_id: UUID
    nonce: str
    verifier: str
    until_s: float


async def find_upstream(ask: Ask, tenant_id: TenantId) -> UpstreamProvider | None:
    """The tenant's own sign-in service, if it has one."""
    async with ask.services.db.tenant(tenant_id) as tx:
        return await load_provider(tx)


async def go_upstream(ask: Ask, provider: UpstreamProvider, flow: Flow, name: str) -> Response:
    """A page that leads there. No redirect: a form's policy would hold it to our own address."""
    errand = new_errand()
    until = ask.services.machine.now().timestamp() + LIFETIME_S
    trip = _Trip(flow=flow, tenant_id=provider.tenant_id, nonce=errand.nonce, verifier=errand.verifier, until_s=until)
    address = await find_way(
        outbound_of(ask), provider, errand, redirect_uri=f"{ask.origin}{CALLBACK}", state=_seal(ask, trip), hint=name
    )
    page = GoUpstream(
        title="upstream-title", facts=(("provider", provider.display_name),), flow=seal_flow(ask, flow),
        client=flow.client, name=name, provider=provider.display_name, address=address,
    )  # fmt: skip
    return show(ask, page, here=f"/signin?flow={page.flow}")


async def come_back(ask: Ask) -> Response:
    """GET /signin/callback: the provider sends the browser back, with a code or a refusal."""
    query = dict(ask.query())
    trip = _open(ask, query.get("state", ""))
    tenant_id = TenantId(trip.tenant_id)
    provider = await find_upstream(ask, tenant_id)
    if provider is None:
        raise FormForeign
    again = f"/signin?flow={seal_flow(ask, trip.flow)}"
    if not query.get("code"):
        detail = query.get("error", "?")[:100]
        return problem(ask, UpstreamRefused(issuer=provider.issuer, detail=detail), again=again)
    try:
        person = await bring_home(
            ask.services.sign_in, outbound_of(ask), provider, code=query["code"],
            redirect_uri=f"{ask.origin}{CALLBACK}", errand=Errand(nonce=trip.nonce, verifier=trip.verifier),
        )  # fmt: skip
    except UpstreamRefused as refusal:
        return problem(ask, refusal, again=again)
    return await signed_in_as(ask, person, then=trip.flow.to)


def outbound_of(ask: Ask) -> Outbound:
    """How services are called that tenants have named."""
    settings = ask.services.settings
    return _outbound(settings.outbound_loopback, settings.outbound_ca_file)


@cache
def _outbound(loopback: bool, ca_file: Path | None) -> Outbound:
    return Outbound(loopback=loopback, ca_file=ca_file)


def _seal(ask: Ask, trip: _Trip) -> str:
    sealed = ask.services.sealer.envelope(_PURPOSE).close(msgspec.json.encode(trip), bound_to=[_browser(ask)])
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def _open(ask: Ask, text: str) -> _Trip:
    try:
        sealed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        opened = ask.services.sealer.envelope(_PURPOSE).open(sealed, bound_to=[_browser(ask)])
        trip = msgspec.json.decode(opened, type=_Trip)
    except (SealBroken, binascii.Error, ValueError, msgspec.MsgspecError) as fault:
        raise FormForeign from fault
    if trip.until_s < ask.services.machine.now().timestamp():
        raise FormForeign
    return trip


def _browser(ask: Ask) -> bytes:
    """Nobody signs somebody else's browser in: what comes back has to come to whoever went."""
    visitor = get_cookie(ask, VISITOR)
    if visitor is None:
        raise FormForeign
    return visitor.encode()
