"""Ask the tenant's own service who somebody is: discovery, code with PKCE, id_token (OpenID Connect Core §3.1).

The service is named by a tenant, so it is called through the guard for such addresses; what it says is believed for
names of that tenant's own directory only.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from comity.core.errors import ComityError
from comity.core.outbound import Outbound
from comity.identity import store
from comity.identity.errors import UpstreamUnreachable
from comity.identity.model import Person
from comity.identity.parts import SignIn
from comity.identity.refusals import UpstreamRefused
from comity.identity.upstream.model import Endpoints, Errand, UpstreamProvider
from comity.identity.upstream.service import open_secret

TIMEOUT_S: Final = 10.0
SKEW_S: Final = 120
ALGORITHMS: Final = ["RS256", "PS256", "ES256"]


class _Document(msgspec.Struct):
    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str


async def discover(outbound: Outbound, provider: UpstreamProvider) -> Endpoints:
    """Where the provider wants to be asked.

    Raises:
        UpstreamUnreachable, AddressRefused.
    """
    body = await _get(outbound, provider, f"{provider.issuer}/.well-known/openid-configuration")
    try:
        document = msgspec.json.decode(body, type=_Document)
    except msgspec.MsgspecError as fault:
        raise UpstreamUnreachable(issuer=provider.issuer, detail="discovery") from fault
    if document.issuer.rstrip("/") != provider.issuer:
        raise UpstreamUnreachable(issuer=provider.issuer, detail="it calls itself otherwise")
    outbound.check(document.authorization_endpoint)  # a page will lead there
    return Endpoints(document.authorization_endpoint, document.token_endpoint, document.jwks_uri)


def new_errand() -> Errand:
    """What to remember until the browser comes back."""
    return Errand(nonce=secrets.token_urlsafe(32), verifier=secrets.token_urlsafe(48))


async def find_way(
    outbound: Outbound, provider: UpstreamProvider, errand: Errand, *, redirect_uri: str, state: str, hint: str
) -> str:
    """Where the browser goes. `state` is ours, `hint` a name.

    Raises:
        UpstreamUnreachable.
    """
    endpoints = await discover(outbound, provider)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(errand.verifier.encode()).digest()).decode().rstrip("=")
    query = {
        "client_id": provider.client_id, "response_type": "code", "redirect_uri": redirect_uri,
        "scope": provider.scopes, "state": state, "nonce": errand.nonce, "code_challenge": challenge,
        "code_challenge_method": "S256", "login_hint": hint,
    }  # fmt: skip
    joint = "&" if "?" in endpoints.authorize else "?"
    return f"{endpoints.authorize}{joint}{urlencode(query)}"


async def bring_home(
    installation: SignIn,
    outbound: Outbound,
    provider: UpstreamProvider,
    *,
    code: str,
    redirect_uri: str,
    errand: Errand,
) -> Person:
    """Whom the provider vouches for, by the name that she has in this tenant.

    Raises:
        UpstreamUnreachable. UpstreamRefused: for nobody, or for somebody whom the tenant does not know or has disabled.
    """
    endpoints = await discover(outbound, provider)
    id_token = await _redeem(installation, outbound, provider, endpoints, code, redirect_uri, errand)
    claims = await _verified(outbound, provider, endpoints, id_token)
    _check(installation, provider, claims, nonce=errand.nonce)
    name = claims.get(provider.claim)
    if not isinstance(name, str) or not name:
        raise UpstreamRefused(issuer=provider.issuer, detail=f"its token has no {provider.claim}")
    if provider.claim == "email" and claims.get("email_verified") is False:
        raise UpstreamRefused(issuer=provider.issuer, detail="it has not verified the mail address")
    async with installation.db.tenant(provider.tenant_id) as tx:
        login = await store.find_login(tx, name)
    if login is None or not login.enabled:
        raise UpstreamRefused(issuer=provider.issuer, detail=f"nobody here is called {name}")
    return login.person


async def _redeem(
    installation: SignIn,
    outbound: Outbound,
    provider: UpstreamProvider,
    endpoints: Endpoints,
    code: str,
    redirect_uri: str,
    errand: Errand,
) -> str:
    form = {
        "grant_type": "authorization_code", "client_id": provider.client_id, "code": code,
        "redirect_uri": redirect_uri, "code_verifier": errand.verifier,
    }  # fmt: skip
    if (secret := open_secret(provider, installation.sealer)) is not None:
        form["client_secret"] = secret
    try:
        answer = await outbound.post(
            endpoints.token, urlencode(form).encode(), media_type="application/x-www-form-urlencoded",
            timeout_s=TIMEOUT_S, headers={"accept": "application/json"},
        )  # fmt: skip
        body: Any = msgspec.json.decode(answer.body)
    except (ComityError, msgspec.MsgspecError) as fault:
        raise UpstreamUnreachable(issuer=provider.issuer, detail="token endpoint") from fault
    id_token = body.get("id_token") if isinstance(body, dict) and answer.status == 200 else None
    if not isinstance(id_token, str):
        detail = str(body.get("error", answer.status)) if isinstance(body, dict) else str(answer.status)
        raise UpstreamRefused(issuer=provider.issuer, detail=detail[:100])
    return id_token


async def _verified(
    outbound: Outbound, provider: UpstreamProvider, endpoints: Endpoints, id_token: str
) -> dict[str, Any]:
    body = await _get(outbound, provider, endpoints.keys)
    try:
        keys = KeySet.import_key_set(msgspec.json.decode(body))
    except (msgspec.MsgspecError, JoseError, ValueError, TypeError, KeyError) as fault:
        raise UpstreamUnreachable(issuer=provider.issuer, detail="keys") from fault
    try:
        return dict(jwt.decode(id_token, keys, algorithms=ALGORITHMS).claims)
    except (JoseError, ValueError) as fault:
        raise UpstreamRefused(issuer=provider.issuer, detail="its token is signed by somebody else") from fault


def _check(installation: SignIn, provider: UpstreamProvider, claims: dict[str, Any], *, nonce: str) -> None:
    """OpenID Connect Core §3.1.3.7."""
    now = installation.machine.now().timestamp()
    audience = claims.get("aud")
    until = claims.get("exp")
    wrong = None
    if str(claims.get("iss", "")).rstrip("/") != provider.issuer:
        wrong = "its token was issued by somebody else"
    elif provider.client_id not in (audience if isinstance(audience, list) else [audience]):
        wrong = "its token was made for somebody else"
    elif not isinstance(until, int | float) or until + SKEW_S < now:
        wrong = "its token is too old"
    elif claims.get("nonce") != nonce:
        wrong = "its token answers another question"
    if wrong:
        raise UpstreamRefused(issuer=provider.issuer, detail=wrong)


async def _get(outbound: Outbound, provider: UpstreamProvider, url: str) -> bytes:
    try:
        answer = await outbound.get(url, timeout_s=TIMEOUT_S, headers={"accept": "application/json"})
    except ComityError as fault:
        raise UpstreamUnreachable(issuer=provider.issuer, detail=fault.code) from fault
    if answer.status != 200:
        raise UpstreamUnreachable(issuer=provider.issuer, detail=f"status {answer.status}")
    return answer.body
