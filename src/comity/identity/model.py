"""The nouns of identity: applications, secrets, signing keys, what a token says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

from comity.core.caller import PrincipalKind
from comity.core.ids import AppId, PrincipalId, TenantId, UserId

PasswordHash = NewType("PasswordHash", str)
"""An argon2id hash in its own notation; never the password."""


@dataclass(frozen=True, slots=True)
class Application:
    """A program registered in one tenant. `id` is its principal there, `app_id` the client id it signs in with."""

    tenant_id: TenantId
    id: PrincipalId
    app_id: AppId
    display_name: str
    is_public: bool
    """A public client runs on people's devices and has no secret."""
    password_flow: bool
    """May it exchange username and password for a token? For labs only."""
    permissions: tuple[str, ...]
    """Application permissions, by their Graph names."""
    scopes: tuple[str, ...]
    """Delegated permissions, by their Graph names."""
    redirect_uris: tuple[str, ...]
    """Where authorization codes may be sent."""
    created_at: datetime
    disabled_at: datetime | None
    version: int


@dataclass(frozen=True, slots=True)
class StoredSecret:
    """One of an application's secrets, as stored: the text itself is gone."""

    id: UUID
    sha256: bytes
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class StoredCertificate:
    """One of an application's certificates: what it proves itself with instead of a secret."""

    id: UUID
    certificate: bytes
    """DER."""
    sha1: bytes
    sha256: bytes
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A secret just made; `value` is shown this once."""

    id: UUID
    value: str
    hint: str
    expires_at: datetime

    def __repr__(self) -> str:
        return f"NewSecret({self.id}, {self.hint}…)"


class KeyState(StrEnum):
    """A signing key's life: published, then signing, then kept until its last token has expired."""

    NEXT = "next"
    CURRENT = "current"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One key of the installation's set, the private half sealed."""

    kid: str
    state: KeyState
    public_jwk: str
    sealed_key: bytes
    created_at: datetime
    activated_at: datetime | None
    retired_at: datetime | None


@dataclass(frozen=True, slots=True)
class Bearer:
    """Whom a verified token names. What they may do is read from their rows, not from here."""

    tenant_id: TenantId
    principal_id: PrincipalId
    kind: PrincipalKind
    app_id: AppId
    """The client that the token was issued to."""
    scopes: frozenset[str]
    """Delegated permissions that the client asked for; empty for an app of its own."""
    issued_at_s: int
    """Seconds since 1970."""


@dataclass(frozen=True, slots=True)
class HomeAccount:
    """The account that a B2B user signs in with."""

    tenant_id: TenantId
    id: UserId
    user_principal_name: str


@dataclass(frozen=True, slots=True)
class Person:
    """What sign-in and tokens need of a person."""

    tenant_id: TenantId
    id: UserId
    display_name: str
    user_principal_name: str
    is_guest: bool
    home: HomeAccount | None = None
    """Who she is at home, if this account stands for one elsewhere."""


@dataclass(frozen=True, slots=True)
class Login:
    """A person's row and credential as a sign-in finds them."""

    person: Person
    enabled: bool
    password_hash: PasswordHash | None


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """What a token endpoint answers."""

    access_token: str
    expires_in_s: int
    scope: str
    id_token: str | None = None
    person: Person | None = None
    refresh_token: str | None = None

    def __repr__(self) -> str:
        return f"IssuedToken({self.scope!r})"


class LinkPurpose(StrEnum):
    """What a one-time link is for."""

    FIRST_ADMIN = "first-admin"
    INVITATION = "invitation"


@dataclass(frozen=True, slots=True)
class NewLink:
    """A one-time link just made; `token` goes into the address and is shown this once."""

    token: str
    user_id: UserId
    expires_at: datetime

    def __repr__(self) -> str:
        return f"NewLink({self.user_id}, until {self.expires_at:%Y-%m-%d})"
