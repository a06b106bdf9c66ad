"""POST /{tenant}/oauth2/v2.0/token: from a form to a grant."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote_plus

from starlette.responses import Response

from comity.core.ids import PERSONAL_REALM, TenantId
from comity.identity.assertions import ASSERTION_TYPE
from comity.identity.clients import Proof
from comity.identity.devices.service import redeem_device
from comity.identity.grants.exchange import Exchange, redeem_code, redeem_refresh
from comity.identity.model import IssuedToken
from comity.identity.refusals import (
    AssertionMalformed,
    ClientSecretMissing,
    ConsumersNotForApps,
    GrantUnsupported,
    ParameterMissing,
    PasswordWrong,
    SignInTenantUnknown,
    TenantNotConcrete,
)
from comity.identity.sign_in import find_sign_in_tenant, sign_in_app, sign_in_person
from comity.web.asking import Ask, decode_form
from comity.web.errors import OptionUnreadable
from comity.web.oauth.answers import token_response
from comity.web.oauth.tenants import Audience, Authority, find_authority

FORM_BYTES_MAX: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Wish:
    """What a client asks of the token endpoint."""

    ask: Ask
    authority: Authority
    client_id: str
    proof: Proof
    form: Mapping[str, str]

    def required(self, name: str) -> str:
        """A parameter that the grant needs.

        Raises:
            ParameterMissing.
        """
        return required(self.form, name)

    @property
    def exchange(self) -> Exchange:
        """Who asks for tokens, and where."""
        return Exchange(
            tenant_id=self.authority.tenant_id, client_id=self.client_id, proof=self.proof, origin=self.ask.origin,
            scope=self.form.get("scope") or None,
        )  # fmt: skip


async def issue_token(ask: Ask) -> Response:
    """Exchange a grant for tokens."""
    form = await read_parameters(ask)
    grant = required(form, "grant_type")
    act = _GRANTS.get(grant)
    if act is None:
        raise GrantUnsupported(grant=grant, known=list(GRANTS))
    authority = await find_authority(ask.services.db, ask.parameters["tenant"])
    client_id, proof = read_client(ask, authority, form)
    wish = Wish(ask, authority, client_id, proof, form)
    with ask.gate.tenant(authority.tenant_id or PERSONAL_REALM):
        issued = await act(wish)
    return token_response(issued, with_client_info=form.get("client_info") == "1")


async def _for_app(wish: Wish) -> IssuedToken:
    authority = wish.authority
    if authority.audience is Audience.CONSUMERS:
        raise ConsumersNotForApps(tenant=authority.segment)
    if authority.tenant_id is None:
        raise TenantNotConcrete(tenant=authority.segment)
    return await sign_in_app(
        wish.ask.services.sign_in, authority.tenant_id, client_id=wish.client_id, proof=wish.proof,
        scope=wish.required("scope"), origin=wish.ask.origin,
    )  # fmt: skip


async def _for_person(wish: Wish) -> IssuedToken:
    username, password = wish.required("username"), wish.required("password")
    scope, nonce = wish.required("scope"), wish.form.get("nonce")
    tenant_id = wish.authority.tenant_id or await _home_realm(wish.ask, username)
    return await sign_in_person(
        wish.ask.services.sign_in, tenant_id, client_id=wish.client_id, proof=wish.proof, username=username,
        password=password, scope=scope, origin=wish.ask.origin, nonce=nonce,
    )  # fmt: skip


async def _for_code(wish: Wish) -> IssuedToken:
    return await redeem_code(
        wish.ask.services.sign_in, wish.exchange, code=wish.required("code"),
        redirect_uri=wish.form.get("redirect_uri"), verifier=wish.form.get("code_verifier"),
    )  # fmt: skip


async def _for_refresh(wish: Wish) -> IssuedToken:
    token = wish.required("refresh_token")
    return await redeem_refresh(wish.ask.services.sign_in, wish.exchange, refresh_token=token)


async def _for_device(wish: Wish) -> IssuedToken:
    code = wish.form.get("device_code") or wish.required("code")  # older clients call it code
    return await redeem_device(wish.ask.services.sign_in, wish.exchange, device_code=code)


_GRANTS: Final[dict[str, Callable[[Wish], Awaitable[IssuedToken]]]] = {
    "client_credentials": _for_app,
    "authorization_code": _for_code,
    "refresh_token": _for_refresh,
    "urn:ietf:params:oauth:grant-type:device_code": _for_device,
    "device_code": _for_device,  # what MSAL for JavaScript sends
    "password": _for_person,
}
GRANTS: Final = tuple(_GRANTS)


async def read_parameters(ask: Ask) -> dict[str, str]:
    """The parameters of a form that a client sent.

    Raises:
        ParameterMissing: it is no form. OptionUnreadable, BodyTooLarge.
    """
    kind = (ask.header("content-type") or "").split(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise ParameterMissing(parameter="grant_type")
    pairs = decode_form(await ask.body(most=FORM_BYTES_MAX), OptionUnreadable(option="body"))
    return once(pairs)


def once(pairs: list[tuple[str, str]]) -> dict[str, str]:
    """Parameters must not be included more than once (RFC 6749 §3.1, §3.2).

    Raises:
        OptionUnreadable.
    """
    form = dict(pairs)
    if len(form) != len(pairs):
        raise OptionUnreadable(option=next(name for at, (name, _) in enumerate(pairs) if name in dict(pairs[:at])))
    return form


def required(form: Mapping[str, str], name: str) -> str:
    """A parameter that has to be there.

    Raises:
        ParameterMissing.
    """
    if not form.get(name):
        raise ParameterMissing(parameter=name)
    return form[name]


def read_client(ask: Ask, authority: Authority, form: Mapping[str, str]) -> tuple[str, Proof]:
    """Who asks: in the body, or as Basic credentials (RFC 6749 §2.3.1), or with an assertion; one way only.

    Raises:
        ParameterMissing, ClientSecretMissing, AssertionMalformed.
    """
    scheme, _, encoded = (ask.header("authorization") or "").partition(" ")
    if scheme.lower() != "basic":
        return required(form, "client_id"), _proof(ask, authority, form)
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode("utf-8")
    except (binascii.Error, ValueError) as fault:
        raise ClientSecretMissing from fault
    client_id, colon, secret = text.partition(":")
    client_id, secret = unquote_plus(client_id), unquote_plus(secret)
    twice = "client_secret" in form or "client_assertion" in form or form.get("client_id", client_id) != client_id
    if not colon or "\x00" in text or twice:
        raise ClientSecretMissing
    return client_id, Proof(secret)


def _proof(ask: Ask, authority: Authority, form: Mapping[str, str]) -> Proof:
    assertion = form.get("client_assertion")
    if assertion is None:
        return Proof(form.get("client_secret"))
    if form.get("client_assertion_type") != ASSERTION_TYPE or "client_secret" in form:
        raise AssertionMalformed
    segments = {authority.segment, ask.parameters["tenant"]}
    audiences = [f"{ask.origin}/{each}{end}" for each in segments for end in ("/oauth2/v2.0/token", "/v2.0")]
    return Proof(assertion=assertion, audiences=audiences)


async def _home_realm(ask: Ask, username: str) -> TenantId:
    """The tenant whose domain the name ends in; a domain that nobody has is answered like a wrong password."""
    try:
        return await find_sign_in_tenant(ask.services.db, username.rpartition("@")[2])
    except SignInTenantUnknown as fault:
        raise PasswordWrong from fault
