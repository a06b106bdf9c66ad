"""The nouns of upstream sign-in."""

from __future__ import annotations

from dataclasses import dataclass

from comity.core.ids import TenantId


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamProvider:
    """Where a tenant's people sign in."""

    tenant_id: TenantId
    display_name: str
    """What the page calls it."""
    issuer: str
    """As its tokens name it; the discovery document lies below."""
    client_id: str
    """As which we are registered there."""
    sealed_secret: bytes | None
    claim: str
    """Which claim of its id_token is the person's userPrincipalName here."""
    scopes: str
    version: int = 1


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where a provider's discovery document sends us."""

    authorize: str
    token: str
    keys: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """What we have to remember while somebody is at the provider."""

    nonce: str
    verifier: str
