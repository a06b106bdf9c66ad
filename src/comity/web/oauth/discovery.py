"""What clients read before they sign in: the metadata document and the published keys.

Source: OpenID Connect Discovery 1.0; graph-api §2 says which members MSAL cannot do without.
"""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from comity.identity.assertions import ALGORITHMS
from comity.identity.decide import PUBLISHED_BEFORE_USE
from comity.identity.tokens import issuer
from comity.web.asking import Ask
from comity.web.oauth.answers import document
from comity.web.oauth.authorize import PROMPTS
from comity.web.oauth.comebacks import RESPONSE_MODES
from comity.web.oauth.tenants import Authority, find_authority
from comity.web.oauth.token import GRANTS

METADATA_FRESH_S: Final = 3600


async def show_metadata(ask: Ask) -> Response:
    """GET /{tenant}/v2.0/.well-known/openid-configuration"""
    authority = await find_authority(ask.services.db, ask.parameters["tenant"])
    base = f"{ask.origin}/{authority.segment}"
    return document(
        {
            "issuer": _issuer(ask.origin, authority),
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "token_endpoint": f"{base}/oauth2/v2.0/token",
            "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
            "end_session_endpoint": f"{base}/oauth2/v2.0/logout",
            "jwks_uri": f"{base}/discovery/v2.0/keys",
            "grant_types_supported": list(GRANTS),
            "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic", "private_key_jwt"],
            "token_endpoint_auth_signing_alg_values_supported": ALGORITHMS,
            "code_challenge_methods_supported": ["S256"],
            "response_types_supported": ["code"],
            "response_modes_supported": list(RESPONSE_MODES),
            "prompt_values_supported": sorted(PROMPTS),
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "claims_supported": [
                "sub", "iss", "aud", "exp", "iat", "nbf", "nonce", "auth_time", "name",
                "preferred_username", "oid", "tid", "ver", "idp",
            ],
            "request_uri_parameter_supported": False,
        },
        max_age_s=METADATA_FRESH_S,
    )  # fmt: skip


async def show_keys(ask: Ask) -> Response:
    """GET /{tenant}/discovery/v2.0/keys: all keys of the installation, the coming one included."""
    await find_authority(ask.services.db, ask.parameters["tenant"])
    keys = await ask.services.keys.published()
    return document({"keys": keys}, max_age_s=int(PUBLISHED_BEFORE_USE.total_seconds()))


def _issuer(origin: str, authority: Authority) -> str:
    if authority.tenant_id is None:
        return f"{origin}/{{tenantid}}/v2.0"  # so does Entra: the issuer follows from the token's tid
    return issuer(origin, authority.tenant_id)
