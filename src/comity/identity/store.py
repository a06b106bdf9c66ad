"""Rows and nouns of identity."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from comity.core.caller import Caller, UserType
from comity.core.folding import address_key
from comity.core.ids import AppId, PrincipalId, TenantId, UserId, new_id
from comity.db.queries import Queries
from comity.db.transaction import Transaction
from comity.db.values import jsonb
from comity.identity.model import (
    Application,
    KeyState,
    LinkPurpose,
    Login,
    PasswordHash,
    Person,
    SigningKey,
    StoredCertificate,
    StoredSecret,
)

Q: Final = Queries("comity.identity")


async def list_keys(tx: Transaction) -> list[SigningKey]:
    """All signing keys, oldest first."""
    return await tx.all(_signing_key, Q.list_keys)


async def add_key(tx: Transaction, key: SigningKey) -> None:
    """Save a new signing key."""
    await tx.execute(
        Q.add_key,
        kid=key.kid, state=key.state.value, public_jwk=key.public_jwk, sealed_key=key.sealed_key,
        created_at=key.created_at, activated_at=key.activated_at, retired_at=key.retired_at,
    )  # fmt: skip


async def move_key(tx: Transaction, kid: str, state: KeyState, *, at: datetime) -> None:
    """A signing key enters its next state."""
    await tx.execute(Q.move_key, kid=kid, state=state.value, at=at)


async def drop_key(tx: Transaction, kid: str) -> None:
    """Forget a retired key."""
    await tx.execute(Q.drop_key, kid=kid)


async def add_installation_audit(
    tx: Transaction, caller: Caller, *, action: str, before: dict[str, Any], after: dict[str, Any]
) -> None:
    """Write down an act on the installation itself."""
    await tx.execute(
        Q.add_installation_audit,
        id=new_id(), at=tx.now, actor_kind=caller.kind.value, actor_name=caller.name, action=action,
        before=jsonb(before), after=jsonb(after), reason=caller.reason, request_id=caller.request_id,
    )  # fmt: skip


async def add_application(tx: Transaction, application: Application) -> None:
    """Save a new application.

    Raises:
        Duplicate: another application has the client id already (at the transaction's end or now).
    """
    await tx.execute(Q.claim_app_id, app_id=application.app_id)
    await tx.execute(
        Q.add_application,
        id=application.id, app_id=application.app_id, display_name=application.display_name,
        is_public=application.is_public, password_flow=application.password_flow,
        permissions=list(application.permissions), scopes=list(application.scopes),
        redirect_uris=list(application.redirect_uris), created_at=application.created_at,
    )  # fmt: skip


async def get_application(tx: Transaction, application_id: PrincipalId) -> Application | None:
    """The application of that principal id."""
    return await tx.one(_application, Q.application_by_id, id=application_id)


async def find_application(tx: Transaction, app_id: AppId) -> Application | None:
    """The application of that client id, if it is registered in this tenant."""
    return await tx.one(_application, Q.application_by_app_id, app_id=app_id)


async def list_applications(tx: Transaction, *, after: UUID, at_most: int) -> list[Application]:
    """Applications by id behind `after`."""
    return await tx.all(_application, Q.list_applications, after=after, at_most=at_most)


async def disable_application(tx: Transaction, application_id: PrincipalId, *, at: datetime) -> bool:
    """False if it is unknown or disabled already."""
    return await tx.row(Q.disable_application, id=application_id, at=at) is not None


async def add_secret(
    tx: Transaction, application_id: PrincipalId, secret: StoredSecret, *, hint: str, at: datetime
) -> None:
    """Save a new secret's hash."""
    await tx.execute(
        Q.add_secret,
        application_id=application_id, id=secret.id, sha256=secret.sha256, hint=hint, at=at,
        expires_at=secret.expires_at,
    )  # fmt: skip


async def list_secrets(tx: Transaction, application_id: PrincipalId) -> list[StoredSecret]:
    """The application's secrets, at most 50."""
    return await tx.all(StoredSecret, Q.list_secrets, application_id=application_id)


async def drop_secret(tx: Transaction, application_id: PrincipalId, secret_id: UUID) -> bool:
    """False if there is no such secret."""
    return await tx.row(Q.drop_secret, application_id=application_id, id=secret_id) is not None


async def add_certificate(
    tx: Transaction, application_id: PrincipalId, stored: StoredCertificate, *, at: datetime
) -> None:
    """Save a new certificate.

    Raises:
        Duplicate: the application has it already.
    """
    await tx.execute(
        Q.add_certificate,
        application_id=application_id, id=stored.id, certificate=stored.certificate, sha1=stored.sha1,
        sha256=stored.sha256, at=at, expires_at=stored.expires_at,
    )  # fmt: skip


async def list_certificates(tx: Transaction, application_id: PrincipalId) -> list[StoredCertificate]:
    """The application's certificates, at most 50."""
    return await tx.all(_certificate, Q.list_certificates, application_id=application_id)


async def drop_certificate(tx: Transaction, application_id: PrincipalId, certificate_id: UUID) -> bool:
    """False if there is no such certificate."""
    return await tx.row(Q.drop_certificate, application_id=application_id, id=certificate_id) is not None


async def set_redirect_uris(tx: Transaction, application_id: PrincipalId, redirect_uris: Sequence[str]) -> bool:
    """False if there is no such application."""
    return await tx.row(Q.set_redirect_uris, id=application_id, redirect_uris=list(redirect_uris)) is not None


async def put_password(tx: Transaction, user_id: UserId, hashed: PasswordHash, *, at: datetime) -> None:
    """Save a new password; tokens from before end."""
    await tx.execute(Q.put_credential, user_id=user_id, password_hash=hashed, at=at)


async def load_password(tx: Transaction, user_id: UserId) -> PasswordHash | None:
    """The hash of somebody's password, if she has one."""
    row = await tx.row(Q.password_of, user_id=user_id)
    return PasswordHash(row[0]) if row and row[0] is not None else None


async def refresh_hash(tx: Transaction, user_id: UserId, *, before: PasswordHash, after: PasswordHash) -> None:
    """Save the same password's hash under newer parameters."""
    await tx.execute(Q.refresh_hash, user_id=user_id, before=before, password_hash=after)


async def revoke_tokens(tx: Transaction, user_id: UserId, *, at: datetime) -> None:
    """Tokens from before end."""
    await tx.execute(Q.revoke_tokens, user_id=user_id, at=at)


async def find_login(tx: Transaction, upn: str) -> Login | None:
    """Who signs in under this name here."""
    return await tx.one(make_login, Q.login_by_upn, key=address_key(upn))


async def load_person_rights(tx: Transaction, user_id: UserId, app_id: AppId) -> PersonRights | None:
    """What a person's token opens, read from the rows; None if nobody living has the id."""
    return await tx.one(PersonRights, Q.person_rights, id=user_id, app_id=app_id)


async def add_role(tx: Transaction, role: str, principal_id: PrincipalId, *, at: datetime) -> bool:
    """False if the principal had it already."""
    return await tx.row(Q.add_role, role=role, principal_id=principal_id, at=at) is not None


async def drop_role(tx: Transaction, role: str, principal_id: PrincipalId) -> bool:
    """False if the principal did not have it."""
    return await tx.row(Q.drop_role, role=role, principal_id=principal_id) is not None


async def roles_of(tx: Transaction, principal_id: PrincipalId) -> list[str]:
    """Names of the principal's directory roles."""
    return [row[0] for row in await tx.rows(Q.roles_of, principal_id=principal_id)]


async def add_link(
    tx: Transaction, *, link_id: UUID, user_id: UserId, purpose: LinkPurpose, sha256: bytes,
    at: datetime, expires_at: datetime,
) -> None:  # fmt: skip
    """Save a one-time link's hash."""
    await tx.execute(
        Q.add_link, id=link_id, user_id=user_id, purpose=purpose.value, sha256=sha256, at=at, expires_at=expires_at
    )


async def find_link(tx: Transaction, *, link_id: UUID, sha256: bytes, at: datetime) -> str | None:
    """The userPrincipalName of whom a link that can be used is for."""
    row = await tx.row(Q.find_link, id=link_id, sha256=sha256, at=at)
    return str(row[0]) if row else None


async def use_link(tx: Transaction, *, link_id: UUID, sha256: bytes, at: datetime) -> UserId | None:
    """Mark a link as used and say whose it is; None if it is unknown, used or too old."""
    row = await tx.row(Q.use_link, id=link_id, sha256=sha256, at=at)
    return UserId(row[0]) if row else None


class PersonRights:
    """A person as the bearer of a token: the columns of `person_rights`."""

    __slots__ = (
        "app_disabled", "app_scopes", "enabled", "guest_level", "home", "reads_others", "roles", "tokens_valid_from",
        "upn", "user_type",
    )  # fmt: skip

    def __init__(
        self,
        upn: str,
        user_type: str,
        enabled: bool,
        home_tenant_id: UUID | None,
        home_user_id: UUID | None,
        tokens_valid_from: datetime | None,
        roles: list[str],
        app_scopes: list[str] | None,
        app_disabled_at: datetime | None,
        guest_level: UUID | None,
        reads_others: bool,
    ) -> None:
        self.upn = upn
        self.user_type = UserType(user_type)
        self.enabled = enabled
        self.home = (TenantId(home_tenant_id), UserId(home_user_id)) if home_tenant_id and home_user_id else None
        self.tokens_valid_from = tokens_valid_from
        self.roles = frozenset(roles)
        self.app_scopes = app_scopes
        self.app_disabled = app_disabled_at is not None
        self.guest_level = guest_level
        self.reads_others = reads_others


def _certificate(id: UUID, certificate: bytes, sha1: bytes, sha256: bytes, expires_at: datetime) -> StoredCertificate:
    return StoredCertificate(id, bytes(certificate), bytes(sha1), bytes(sha256), expires_at)


def make_login(
    tenant_id: UUID, user_id: UUID, display_name: str, upn: str, is_guest: bool, enabled: bool,
    password_hash: str | None,
) -> Login:  # fmt: skip
    """A `Login` from a row of its columns in order."""
    person = Person(TenantId(tenant_id), UserId(user_id), display_name, upn, is_guest)
    return Login(person, enabled, None if password_hash is None else PasswordHash(password_hash))


def _signing_key(
    kid: str, state: str, public_jwk: str, sealed_key: bytes, created_at: datetime,
    activated_at: datetime | None, retired_at: datetime | None,
) -> SigningKey:  # fmt: skip
    return SigningKey(kid, KeyState(state), public_jwk, bytes(sealed_key), created_at, activated_at, retired_at)


def _application(
    tenant_id: UUID, id: UUID, app_id: UUID, display_name: str, is_public: bool, password_flow: bool,
    permissions: list[str], scopes: list[str], redirect_uris: list[str], created_at: datetime,
    disabled_at: datetime | None, version: int,
) -> Application:  # fmt: skip
    return Application(
        TenantId(tenant_id), PrincipalId(id), AppId(app_id), display_name, is_public, password_flow,
        tuple(permissions), tuple(scopes), tuple(redirect_uris), created_at, disabled_at, version,
    )  # fmt: skip
