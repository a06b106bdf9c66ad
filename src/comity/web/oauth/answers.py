"""How the token endpoint answers: tokens and refusals in OAuth's form (RFC 6749 §5)."""

from __future__ import annotations

import base64
from typing import Any, Final

import msgspec
from starlette.responses import Response

from comity.core.catalogue import sentence
from comity.core.errors import ComityError, Throttled, Unavailable
from comity.identity.model import IssuedToken
from comity.identity.refusals import SignInRefused
from comity.web.asking import Ask
from comity.web.errors import error_headers, shape_of

NOT_STORED: Final = {"cache-control": "no-store", "pragma": "no-cache"}


def token_response(issued: IssuedToken, *, with_client_info: bool) -> Response:
    """The tokens, as MSAL reads them."""
    body: dict[str, Any] = {
        "token_type": "Bearer",
        "expires_in": issued.expires_in_s,
        "ext_expires_in": issued.expires_in_s,
        "access_token": issued.access_token,
    }
    if issued.person is not None:
        body["scope"] = issued.scope
        if issued.id_token is not None:
            body["id_token"] = issued.id_token
        if issued.refresh_token is not None:
            body["refresh_token"] = issued.refresh_token
        if with_client_info:
            # Whom the client knows across tenants: the account at home.
            account = issued.person.home or issued.person
            info = {"uid": str(account.id), "utid": str(account.tenant_id)}
            body["client_info"] = base64.urlsafe_b64encode(msgspec.json.encode(info)).decode().rstrip("=")
    return _json(body, status=200, headers=NOT_STORED)


def oauth_refusal(error: ComityError, ask: Ask) -> Response:
    """Any failure behind this door: OAuth's error, with the AADSTS number that clients branch on."""
    trace = ask.trace
    if isinstance(error, SignInRefused):
        name, number = error.error, error.number
        status = 401 if name == "invalid_client" else 400
    else:
        name, number, status = _general(error), 0, shape_of(error).status
    headers = {**error_headers(error), **NOT_STORED}
    if status == 401:
        headers["www-authenticate"] = 'Basic realm="token"'
    body = {
        "error": name,
        "error_description": description_of(error, ask),
        "error_codes": [number] if number else [],
        "timestamp": f"{trace.at:%Y-%m-%d %H:%M:%SZ}",
        "trace_id": trace.request_id,
        "correlation_id": trace.client_request_id or trace.request_id,
    }
    return _json(body, status=status, headers=headers)


def description_of(error: ComityError, ask: Ask) -> str:
    """The failure in Entra's form: number, sentence, and what to look it up by."""
    trace = ask.trace
    prefix = f"AADSTS{error.number}: " if isinstance(error, SignInRefused) else ""
    correlation_id = trace.client_request_id or trace.request_id
    said = sentence(error.code, error.parameters, trace.language)
    stamp = f"{trace.at:%Y-%m-%d %H:%M:%SZ}"
    return f"{prefix}{said} Trace ID: {trace.request_id} Correlation ID: {correlation_id} Timestamp: {stamp}"


def document(body: dict[str, Any], *, max_age_s: int) -> Response:
    """A public document that may be kept for a while."""
    return _json(body, status=200, headers={"cache-control": f"public, max-age={max_age_s}"})


def _general(error: ComityError) -> str:
    if isinstance(error, Throttled | Unavailable):
        return "temporarily_unavailable"
    return "server_error" if shape_of(error).status >= 500 else "invalid_request"


def _json(body: dict[str, Any], *, status: int, headers: dict[str, str]) -> Response:
    return Response(msgspec.json.encode(body), status_code=status, headers=headers, media_type="application/json")
