"""POST /{tenant}/oauth2/v2.0/token: from a form to a grant."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote_plus

from starlette.responses import Response

from comity.core.ids import PERSONAL_REALM, TenantId
from comity.identity.model import IssuedToken
from comity.identity.refusals import (
    ClientSecretMissing,
    ConsumersNotForApps,
    GrantUnsupported,
    ParameterMissing,
    PasswordWrong,
    SignInTenantUnknown,
    TenantNotConcrete,
)
from comity.identity.sign_in import find_sign_in_tenant, sign_in_app, sign_in_person, sign_in_personal
from comity.web.asking import Ask, decode_form
from comity.web.errors import OptionUnreadable
from comity.web.oauth.answers import token_response
from comity.web.oauth.tenants import Audience, Authority, find_authority

FORM_BYTES_MAX: Final = 64 * 1024
CLIENT_CREDENTIALS: Final = "client_credentials"
PASSWORD: Final = "password"  # noqa: S105 - the name of a grant
GRANTS: Final = (CLIENT_CREDENTIALS, PASSWORD)


@dataclass(frozen=True, slots=True)
class _Client:
    id: str
    secret: str | None


async def issue_token(ask: Ask) -> Response:
    """Exchange a grant for tokens."""
    form = await _read_form(ask)
    grant = _required(form, "grant_type")
    if grant not in GRANTS:
        raise GrantUnsupported(grant=grant, known=list(GRANTS))
    authority = await find_authority(ask.services.db, ask.parameters["tenant"])
    client = _client(ask, form)
    if grant == CLIENT_CREDENTIALS:
        issued = await _for_app(ask, authority, client, form)
    else:
        issued = await _for_person(ask, authority, client, form)
    return token_response(issued, with_client_info=form.get("client_info") == "1")


async def _for_app(ask: Ask, authority: Authority, client: _Client, form: Mapping[str, str]) -> IssuedToken:
    if authority.audience is Audience.CONSUMERS:
        raise ConsumersNotForApps(tenant=authority.segment)
    if authority.tenant_id is None:
        raise TenantNotConcrete(tenant=authority.segment)
    scope = _required(form, "scope")
    with ask.gate.tenant(authority.tenant_id):
        return await sign_in_app(
            ask.services.sign_in,
            authority.tenant_id,
            client_id=client.id,
            secret=client.secret,
            scope=scope,
            origin=ask.origin,
        )


async def _for_person(ask: Ask, authority: Authority, client: _Client, form: Mapping[str, str]) -> IssuedToken:
    username, password = _required(form, "username"), _required(form, "password")
    scope, nonce = _required(form, "scope"), form.get("nonce")
    if authority.audience is Audience.CONSUMERS:
        with ask.gate.tenant(PERSONAL_REALM):
            return await sign_in_personal(
                ask.services.sign_in, client_id=client.id, secret=client.secret, username=username, password=password,
                scope=scope, origin=ask.origin, nonce=nonce,
            )  # fmt: skip
    tenant_id = authority.tenant_id or await _home_realm(ask, username)
    with ask.gate.tenant(tenant_id):
        return await sign_in_person(
            ask.services.sign_in, tenant_id, client_id=client.id, secret=client.secret, username=username,
            password=password, scope=scope, origin=ask.origin, nonce=nonce,
        )  # fmt: skip


async def _home_realm(ask: Ask, username: str) -> TenantId:
    """The tenant whose domain the name ends in; a domain that nobody has is answered like a wrong password."""
    try:
        return await find_sign_in_tenant(ask.services.db, username.rpartition("@")[2])
    except SignInTenantUnknown as fault:
        raise PasswordWrong from fault


async def _read_form(ask: Ask) -> dict[str, str]:
    kind = (ask.header("content-type") or "").split(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise ParameterMissing(parameter="grant_type")
    pairs = decode_form(await ask.body(most=FORM_BYTES_MAX), OptionUnreadable(option="body"))
    form = dict(pairs)
    if len(form) != len(pairs):  # RFC 6749 §3.2: parameters must not be included more than once
        raise OptionUnreadable(option=next(name for at, (name, _) in enumerate(pairs) if (name in dict(pairs[:at]))))
    return form


def _required(form: Mapping[str, str], name: str) -> str:
    if not form.get(name):
        raise ParameterMissing(parameter=name)
    return form[name]


def _client(ask: Ask, form: Mapping[str, str]) -> _Client:
    """Who asks: in the body, or as Basic credentials (RFC 6749 §2.3.1), never both."""
    scheme, _, encoded = (ask.header("authorization") or "").partition(" ")
    if scheme.lower() != "basic":
        return _Client(_required(form, "client_id"), form.get("client_secret"))
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode("utf-8")
    except (binascii.Error, ValueError) as fault:
        raise ClientSecretMissing from fault
    client_id, colon, secret = text.partition(":")
    client_id, secret = unquote_plus(client_id), unquote_plus(secret)
    if not colon or "\x00" in text or "client_secret" in form or form.get("client_id", client_id) != client_id:
        raise ClientSecretMissing
    return _Client(client_id, secret)
