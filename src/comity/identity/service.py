"""Applications, passwords, directory roles and one-time links: one intention each."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from comity.audit.service import Record, record
from comity.core.caller import Caller
from comity.core.ids import NOWHERE, PERSONAL_REALM, AppId, PrincipalId, UserId, new_id
from comity.core.permissions import Permission
from comity.db.transaction import Transaction, as_uuid
from comity.directory.service import get_user
from comity.identity import store
from comity.identity.assertions import read_certificate
from comity.identity.decide import check_application_permissions, check_delegated_permissions
from comity.identity.errors import (
    ApplicationNameEmpty,
    ApplicationUnknown,
    LinkInvalid,
    PublicClientSecret,
    RoleUnknown,
)
from comity.identity.grants.decide import check_redirect_uris
from comity.identity.model import (
    Application,
    LinkPurpose,
    NewLink,
    NewSecret,
    PasswordHash,
    StoredCertificate,
    StoredSecret,
)
from comity.identity.roles import DirectoryRole, find_role

SECRET_BYTES: Final = 32
SECRET_LIFETIME: Final = timedelta(days=730)
"""Entra's longest; whoever wants less says so."""
HINT_LENGTH: Final = 3
LINK_LIFETIME: Final = timedelta(days=7)


async def register_application(
    tx: Transaction,
    caller: Caller,
    *,
    name: str,
    permissions: Iterable[str] = (),
    scopes: Iterable[str] = (),
    redirect_uris: Iterable[str] = (),
    is_public: bool = False,
    password_flow: bool = False,
) -> Application:
    """Register a program in the caller's tenant, with the permissions it is given from the start.

    `permissions` are application permissions, `scopes` delegated ones, both by their Graph names; to
    `redirect_uris` authorization codes may be sent.

    Raises:
        ApplicationNameEmpty, PermissionUnknown, RedirectInvalid, PermissionMissing.
    """
    caller.check(Permission.APPLICATION_WRITE)
    if not name.strip():
        raise ApplicationNameEmpty
    application = Application(
        tx.tenant_id, PrincipalId(new_id()), AppId(new_id()), name.strip(), is_public, password_flow,
        check_application_permissions(permissions), check_delegated_permissions(scopes),
        check_redirect_uris(redirect_uris), tx.now, None, 1,
    )  # fmt: skip
    await store.add_application(tx, application)
    facts = {
        "displayName": application.display_name, "appId": application.app_id, "isPublic": is_public,
        "passwordFlow": password_flow, "permissions": application.permissions, "scopes": application.scopes,
        "redirectUris": application.redirect_uris,
    }  # fmt: skip
    await record(tx, caller, Record("Add application", "application", application.id, after=facts))
    return application


async def list_applications(
    tx: Transaction, caller: Caller, *, after: PrincipalId | None = None, at_most: int = 100
) -> list[Application]:
    """The tenant's applications by id behind `after`."""
    caller.check(Permission.APPLICATION_WRITE)
    return await store.list_applications(tx, after=after or NOWHERE, at_most=at_most)


async def resolve_application(tx: Transaction, caller: Caller, text: str) -> Application:
    """The tenant's application of that client id or principal id.

    Raises:
        ApplicationUnknown, PermissionMissing.
    """
    caller.check(Permission.APPLICATION_WRITE)
    wanted = as_uuid(text)
    found = None
    if wanted is not None:
        found = await store.find_application(tx, AppId(wanted)) or await store.get_application(tx, PrincipalId(wanted))
    if found is None:
        raise ApplicationUnknown(application=text)
    return found


async def disable_application(tx: Transaction, caller: Caller, application_id: PrincipalId) -> None:
    """Sign the program out: no new tokens, and those it has open nothing from now on.

    Raises:
        ApplicationUnknown: or disabled already. PermissionMissing.
    """
    caller.check(Permission.APPLICATION_WRITE)
    if not await store.disable_application(tx, application_id, at=tx.now):
        raise ApplicationUnknown(application=str(application_id))
    await record(tx, caller, Record("Disable application", "application", application_id))


async def add_secret(
    tx: Transaction,
    caller: Caller,
    application_id: PrincipalId,
    *,
    at: datetime,
    lifetime: timedelta = SECRET_LIFETIME,
) -> NewSecret:
    """Make a secret for a confidential client; it is shown this once. `at` is the machine clock's.

    Raises:
        ApplicationUnknown, PublicClientSecret, PermissionMissing.
    """
    caller.check(Permission.APPLICATION_WRITE)
    application = await store.get_application(tx, application_id)
    if application is None:
        raise ApplicationUnknown(application=str(application_id))
    if application.is_public:
        raise PublicClientSecret(application=application.display_name)
    value = secrets.token_urlsafe(SECRET_BYTES)
    secret = NewSecret(new_id(), value, value[:HINT_LENGTH], at + lifetime)
    stored = StoredSecret(secret.id, digest(value), secret.expires_at)
    await store.add_secret(tx, application_id, stored, hint=secret.hint, at=at)
    facts = {"keyId": secret.id, "hint": secret.hint, "endDateTime": secret.expires_at}
    await record(tx, caller, Record("Add application secret", "application", application_id, after=facts))
    return secret


async def remove_secret(tx: Transaction, caller: Caller, application_id: PrincipalId, secret_id: UUID) -> None:
    """Take a secret away from a client.

    Raises:
        ApplicationUnknown: or it has no such secret. PermissionMissing.
    """
    caller.check(Permission.APPLICATION_WRITE)
    if not await store.drop_secret(tx, application_id, secret_id):
        raise ApplicationUnknown(application=str(application_id))
    before = {"keyId": secret_id}
    await record(tx, caller, Record("Remove application secret", "application", application_id, before=before))


async def add_certificate(
    tx: Transaction, caller: Caller, application_id: PrincipalId, pem: bytes, *, at: datetime
) -> StoredCertificate:
    """Let a confidential client prove itself with a certificate. `at` is the machine clock's.

    Raises:
        ApplicationUnknown, PublicClientSecret, CertificateUnfit, Duplicate (it has it already), PermissionMissing.
    """
    caller.check(Permission.APPLICATION_WRITE)
    application = await store.get_application(tx, application_id)
    if application is None:
        raise ApplicationUnknown(application=str(application_id))
    if application.is_public:
        raise PublicClientSecret(application=application.display_name)
    stored = read_certificate(pem, at=at)
    await store.add_certificate(tx, application_id, stored, at=at)
    facts = {"keyId": stored.id, "thumbprint": stored.sha256.hex(), "endDateTime": stored.expires_at}
    await record(tx, caller, Record("Add application certificate", "application", application_id, after=facts))
    return stored


async def remove_certificate(
    tx: Transaction, caller: Caller, application_id: PrincipalId, certificate_id: UUID
) -> None:
    """Take a certificate away from a client.

    Raises:
        ApplicationUnknown: or it has no such certificate. PermissionMissing.
    """
    caller.check(Permission.APPLICATION_WRITE)
    if not await store.drop_certificate(tx, application_id, certificate_id):
        raise ApplicationUnknown(application=str(application_id))
    before = {"keyId": certificate_id}
    await record(tx, caller, Record("Remove application certificate", "application", application_id, before=before))


async def set_redirect_uris(
    tx: Transaction, caller: Caller, application_id: PrincipalId, redirect_uris: Iterable[str]
) -> tuple[str, ...]:
    """Say where a client's authorization codes may be sent; those that are not named are taken away.

    Raises:
        ApplicationUnknown, RedirectInvalid, PermissionMissing.
    """
    caller.check(Permission.APPLICATION_WRITE)
    wanted = check_redirect_uris(redirect_uris)
    before = await store.get_application(tx, application_id)
    if before is None or not await store.set_redirect_uris(tx, application_id, wanted):
        raise ApplicationUnknown(application=str(application_id))
    facts = [{"redirectUris": before.redirect_uris}, {"redirectUris": wanted}]
    await record(
        tx, caller, Record("Update application", "application", application_id, before=facts[0], after=facts[1])
    )
    return wanted


async def set_password(tx: Transaction, caller: Caller, user_id: UserId, hashed: PasswordHash, *, at: datetime) -> None:
    """Give somebody a password; tokens issued before `at` (machine clock) end.

    The hash comes from `Passwords.hash`, made before the transaction began. In the personal realm this
    is the person's own act and no administration, so nothing is written to an audit there.

    Raises:
        UserUnknown, PermissionMissing.
    """
    caller.check(Permission.USER_WRITE)
    await get_user(tx, caller, user_id)
    await store.put_password(tx, user_id, hashed, at=at)
    if tx.tenant_id != PERSONAL_REALM:
        await record(tx, caller, Record("Reset user password", "user", user_id))


async def load_own_password(tx: Transaction, caller: Caller) -> PasswordHash | None:
    """The hash of the caller's own password, to be compared outside the transaction.

    Raises:
        PermissionMissing: no person asks.
    """
    if caller.user_id is None:
        caller.check(Permission.INSTALLATION)
        return None
    return await store.load_password(tx, caller.user_id)


async def change_own_password(tx: Transaction, caller: Caller, hashed: PasswordHash, *, at: datetime) -> None:
    """Set the caller's own password, after she has shown that she knows the old one; older tokens end.

    Raises:
        UserUnknown, PermissionMissing: no person asks.
    """
    if caller.user_id is None:
        caller.check(Permission.INSTALLATION)
        return
    await get_user(tx, caller, caller.user_id)
    await store.put_password(tx, caller.user_id, hashed, at=at)
    if tx.tenant_id != PERSONAL_REALM:
        await record(tx, caller, Record("Change user password", "user", caller.user_id))


async def revoke_tokens(tx: Transaction, caller: Caller, user_id: UserId, *, at: datetime) -> None:
    """Every token issued to the person before `at` (machine clock) opens nothing from now on.

    Raises:
        UserUnknown, PermissionMissing.
    """
    if caller.user_id != user_id:
        caller.check(Permission.USER_WRITE)
    await get_user(tx, caller, user_id)
    await store.revoke_tokens(tx, user_id, at=at)
    if tx.tenant_id != PERSONAL_REALM:
        await record(tx, caller, Record("Revoke user sign-in sessions", "user", user_id))


async def assign_role(tx: Transaction, caller: Caller, role: DirectoryRole, user_id: UserId) -> bool:
    """Give somebody a directory role; False if she had it already.

    Raises:
        UserUnknown, PermissionMissing.
    """
    caller.check(Permission.ROLE_WRITE)
    user = await get_user(tx, caller, user_id)
    if not await store.add_role(tx, role.value, PrincipalId(user.id), at=tx.now):
        return False
    await record(tx, caller, Record("Add member to role", "user", user.id, after={"role": role.value}))
    return True


async def unassign_role(tx: Transaction, caller: Caller, role: DirectoryRole, user_id: UserId) -> bool:
    """Take a directory role away; False if she did not have it."""
    caller.check(Permission.ROLE_WRITE)
    if not await store.drop_role(tx, role.value, PrincipalId(user_id)):
        return False
    await record(tx, caller, Record("Remove member from role", "user", user_id, before={"role": role.value}))
    return True


async def list_roles(tx: Transaction, caller: Caller, user_id: UserId) -> list[DirectoryRole]:
    """The directory roles that somebody has, by name."""
    if caller.user_id != user_id:
        caller.check(Permission.USER_READ)
    found = (find_role(each) for each in await store.roles_of(tx, PrincipalId(user_id)))
    return [each for each in found if each is not None]


def resolve_role(text: str) -> DirectoryRole:
    """The role that somebody names, by its name or template id.

    Raises:
        RoleUnknown: lists those there are.
    """
    role = find_role(text)
    if role is None:
        raise RoleUnknown(role=text, known=[each.value for each in DirectoryRole])
    return role


async def create_link(
    tx: Transaction,
    caller: Caller,
    user_id: UserId,
    *,
    purpose: LinkPurpose,
    at: datetime,
    lifetime: timedelta = LINK_LIFETIME,
) -> NewLink:
    """Make a one-time link with which somebody sets her first password. `at` is the machine clock's.

    Raises:
        UserUnknown, PermissionMissing.
    """
    caller.check(Permission.USER_WRITE)
    user = await get_user(tx, caller, user_id)
    link_id, text = new_id(), secrets.token_urlsafe(SECRET_BYTES)
    link = NewLink(f"{tx.tenant_id.hex}.{link_id.hex}.{text}", user.id, at + lifetime)
    await store.add_link(
        tx, link_id=link_id, user_id=user.id, purpose=purpose, sha256=digest(text), at=at, expires_at=link.expires_at
    )
    await record(tx, caller, Record("Create one-time link", "user", user.id, after={"purpose": purpose.value}))
    return link


def link_tenant(token: str) -> UUID:
    """Which tenant a one-time link belongs to: where its redemption has to happen.

    Raises:
        LinkInvalid.
    """
    return _link_parts(token)[0]


async def find_link(tx: Transaction, token: str, *, at: datetime) -> str:
    """Whose one-time link it is, by her userPrincipalName, while it can be used. `at` is the machine clock's.

    Raises:
        LinkInvalid: unreadable, of another tenant, used, or too old.
    """
    tenant_id, link_id, text = _link_parts(token)
    upn = await store.find_link(tx, link_id=link_id, sha256=digest(text), at=at) if tenant_id == tx.tenant_id else None
    if upn is None:
        raise LinkInvalid
    return upn


async def redeem_link(tx: Transaction, caller: Caller, token: str, hashed: PasswordHash, *, at: datetime) -> UserId:
    """Set the first password with a one-time link, in the link's tenant. `at` is the machine clock's.

    The link itself is the permission; `caller` is who holds it, for the audit.

    Raises:
        LinkInvalid: unreadable, of another tenant, used, or too old.
    """
    tenant_id, link_id, text = _link_parts(token)
    if tenant_id != tx.tenant_id:
        raise LinkInvalid
    user_id = await store.use_link(tx, link_id=link_id, sha256=digest(text), at=at)
    if user_id is None:
        raise LinkInvalid
    await store.put_password(tx, user_id, hashed, at=at)
    await record(tx, caller, Record("Redeem one-time link", "user", user_id))
    return user_id


def digest(secret: str) -> bytes:
    """How random secrets are stored: they have 256 bit, so nothing slower than SHA-256 is needed."""
    return hashlib.sha256(secret.encode()).digest()


def _link_parts(token: str) -> tuple[UUID, UUID, str]:
    tenant, _, rest = token.partition(".")
    link, _, text = rest.partition(".")
    tenant_id, link_id = as_uuid(tenant), as_uuid(link)
    if tenant_id is None or link_id is None or not text:
        raise LinkInvalid
    return tenant_id, link_id, text
