"""Signing out, for clients (OpenID Connect RP-Initiated Logout 1.0) and with a button of ours."""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit, urlunsplit

from starlette.responses import Response

from comity.core.ids import TenantId
from comity.db.transaction import as_uuid
from comity.identity.clients import load_client
from comity.identity.grants.decide import is_registered
from comity.identity.refusals import ClientDisabled, ClientUnknown
from comity.identity.sessions.model import SignedIn
from comity.identity.sessions.service import sign_out
from comity.web.asking import Ask
from comity.web.oauth.browsers import who
from comity.web.oauth.flows import Flow, open_flow, seal_flow
from comity.web.oauth.pages import AskSignOut, Told
from comity.web.oauth.tenants import find_authority
from comity.web.shell.cookies import SESSION, drop_cookie
from comity.web.shell.forms import read_form
from comity.web.shell.pages import move_on, show


async def log_out(ask: Ask) -> Response:
    """GET /{tenant}/oauth2/v2.0/logout: at once with the id_token of whoever is signed in, else she is asked."""
    query = dict(ask.query())
    authority = await find_authority(ask.services.db, ask.parameters["tenant"])
    hint = await ask.services.tokens.read_hint(query.get("id_token_hint", ""))
    client_id = str(hint.app_id) if hint else query.get("client_id", "")
    wanted = query.get("post_logout_redirect_uri", "")
    to = "/signed-out"
    if wanted and as_uuid(client_id) and await _may_go(ask, authority.tenant_id, client_id, wanted):
        to = _with_state(wanted, query.get("state"))
    signed_in = await who(ask)
    if signed_in is None:
        return move_on(to)
    if hint is not None and signed_in.person.id in {hint.user_id, hint.home_user_id}:
        return await _end(ask, signed_in, to)
    page = AskSignOut(
        title="sign-out-title", name=signed_in.person.user_principal_name, goes_to=seal_flow(ask, Flow(to=to))
    )
    return show(ask, page, leads_to=_origin(to))


async def take_sign_out(ask: Ask) -> Response:
    """POST /signout"""
    form = await read_form(ask)
    to = open_flow(ask, form.get("goes_to")).to if form.get("goes_to") else "/signed-out"
    signed_in = await who(ask)
    return move_on(to) if signed_in is None else await _end(ask, signed_in, to)


async def say_signed_out(ask: Ask) -> Response:
    """GET /signed-out"""
    return show(ask, Told(title="signed-out-title", again="/signin", again_label="sign-in-again"))


async def _end(ask: Ask, signed_in: SignedIn, to: str) -> Response:
    await sign_out(ask.services.db, signed_in, at=ask.services.machine.now())
    response = move_on(to)
    drop_cookie(ask, response, SESSION)
    return response


async def _may_go(ask: Ask, tenant_id: TenantId | None, client_id: str, wanted: str) -> bool:
    """Only to an address that the client was registered with: we are nobody's way to elsewhere."""
    try:
        client = await load_client(ask.services.db, tenant_id, client_id)
    except (ClientUnknown, ClientDisabled):
        return False
    return is_registered(wanted, client.redirect_uris)


def _with_state(uri: str, state: str | None) -> str:
    if state is None:
        return uri
    parts = urlsplit(uri)
    more = urlencode({"state": state})
    return urlunsplit(parts._replace(query=f"{parts.query}&{more}" if parts.query else more))


def _origin(to: str) -> str | None:
    parts = urlsplit(to)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else None
