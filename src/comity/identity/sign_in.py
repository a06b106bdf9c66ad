"""The grants of the token endpoint: an app for itself, a person by name and password.

Each reads in one short transaction, compares outside of it (argon2 takes its time, and a connection
is worth more), and issues. Refusals are `SignInRefused` with the error that OAuth clients expect.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from uuid import UUID

from comity.core.clock import MachineClock
from comity.core.ids import PERSONAL_REALM, AppId, TenantId
from comity.core.phones import phone_key
from comity.db.crossings.sign_in import PersonalAccount, find_client, find_personal_accounts
from comity.db.database import Database
from comity.db.transaction import Transaction, as_uuid
from comity.identity import store
from comity.identity.decide import check_app_scope, grant_scopes
from comity.identity.errors import (
    AccountDisabled,
    ClientDisabled,
    ClientGrantRefused,
    ClientIsPublic,
    ClientSecretExpired,
    ClientSecretMissing,
    ClientSecretWrong,
    ClientUnknown,
    PasswordWrong,
    SignInTenantUnknown,
)
from comity.identity.model import Application, IssuedToken, Login, Person, StoredSecret
from comity.identity.passwords import Passwords
from comity.identity.service import digest
from comity.identity.tokens import Tokens
from comity.tenancy.model import TenantAmbiguous, TenantKind, TenantUnknown
from comity.tenancy.service import resolve_tenant


@dataclass(frozen=True, slots=True)
class SignIn:
    """What signing in needs of the installation."""

    db: Database
    tokens: Tokens
    passwords: Passwords
    machine: MachineClock


async def find_sign_in_tenant(db: Database, text: str) -> TenantId:
    """The business tenant of that id or domain; its name is no address.

    Raises:
        SignInTenantUnknown.
    """
    if as_uuid(text) is None and "." not in text:
        raise SignInTenantUnknown(tenant=text)
    try:
        tenant = await resolve_tenant(db, text)
    except (TenantUnknown, TenantAmbiguous) as fault:
        raise SignInTenantUnknown(tenant=text) from fault
    if tenant.kind is not TenantKind.BUSINESS:
        raise SignInTenantUnknown(tenant=text)
    return tenant.id


async def sign_in_app(
    installation: SignIn, tenant_id: TenantId, *, client_id: str, secret: str | None, scope: str, origin: str
) -> IssuedToken:
    """Client credentials (RFC 6749 §4.4): a confidential client gets a token for itself.

    Raises:
        SignInRefused: one of its kinds.
    """
    async with installation.db.tenant(tenant_id) as tx:
        application = await _registered(tx, client_id)
        secrets = await store.list_secrets(tx, application.id)
    if application.is_public:
        raise ClientGrantRefused(client=client_id, grant="client_credentials")
    _check_secret(installation, application, secrets, secret)
    check_app_scope(scope, origin=origin)
    return await installation.tokens.issue_for_app(application, origin=origin)


async def sign_in_person(
    installation: SignIn,
    tenant_id: TenantId,
    *,
    client_id: str,
    secret: str | None,
    username: str,
    password: str,
    scope: str,
    origin: str,
    nonce: str | None = None,
) -> IssuedToken:
    """Username and password (RFC 6749 §4.3), where the app allows it: a lab's short way in.

    Raises:
        SignInRefused: one of its kinds. PasswordsBusy.
    """
    async with installation.db.tenant(tenant_id) as tx:
        application = await _registered(tx, client_id)
        secrets = [] if application.is_public else await store.list_secrets(tx, application.id)
        login = await store.find_login(tx, username)
    if not application.password_flow:
        raise ClientGrantRefused(client=client_id, grant="password")
    _check_secret(installation, application, secrets, secret)
    scopes = grant_scopes(scope, registered=application.scopes, origin=origin)
    person = await _checked(installation, login, password)
    return await installation.tokens.issue_for_person(
        person, app_id=application.app_id, scopes=scopes, origin=origin, nonce=nonce
    )


async def sign_in_personal(
    installation: SignIn,
    *,
    client_id: str,
    secret: str | None,
    username: str,
    password: str,
    scope: str,
    origin: str,
    nonce: str | None = None,
) -> IssuedToken:
    """A personal account by mail or phone number and password, through a public client of any tenant.

    Raises:
        SignInRefused: one of its kinds. PasswordsBusy.
    """
    async with installation.db.tenant(PERSONAL_REALM) as tx:
        client = await find_client(tx, _app_id(client_id))
        # A number is found however it was typed; a mail address is no number.
        accounts = await find_personal_accounts(tx, phone_key(username) or username)
    if client is None:
        raise ClientUnknown(client=client_id)
    if client.disabled:
        raise ClientDisabled(client=client_id)
    if not client.is_public or not client.password_flow:
        raise ClientGrantRefused(client=client_id, grant="password")
    if secret is not None:
        raise ClientIsPublic(client=client_id)
    scopes = grant_scopes(scope, registered=client.scopes, origin=origin)
    # A number that several accounts share names none of them: which one is meant is not guessed.
    login = _login(accounts[0]) if len(accounts) == 1 else None
    person = await _checked(installation, login, password)
    return await installation.tokens.issue_for_person(
        person, app_id=client.app_id, scopes=scopes, origin=origin, nonce=nonce
    )


async def _registered(tx: Transaction, client_id: str) -> Application:
    application = await store.find_application(tx, _app_id(client_id))
    if application is None:
        raise ClientUnknown(client=client_id)
    if application.disabled_at is not None:
        raise ClientDisabled(client=client_id)
    return application


def _app_id(client_id: str) -> AppId:
    app_id: UUID | None = as_uuid(client_id)
    if app_id is None:
        raise ClientUnknown(client=client_id)
    return AppId(app_id)


def _check_secret(
    installation: SignIn, application: Application, stored: list[StoredSecret], secret: str | None
) -> None:
    """A confidential client proves who it is; a public one must not pretend to be able to."""
    if application.is_public:
        if secret is not None:
            raise ClientIsPublic(client=str(application.app_id))
        return
    if not secret:
        raise ClientSecretMissing(client=str(application.app_id))
    presented = digest(secret)
    matching = [each for each in stored if hmac.compare_digest(each.sha256, presented)]
    if not matching:
        raise ClientSecretWrong(client=str(application.app_id))
    if all(each.expires_at <= installation.machine.now() for each in matching):
        raise ClientSecretExpired(client=str(application.app_id))


async def _checked(installation: SignIn, login: Login | None, password: str) -> Person:
    """The person, if the password is hers; unknown names take as long as wrong passwords."""
    stored = login.password_hash if login else None
    if not await installation.passwords.verify(stored, password) or login is None or stored is None:
        raise PasswordWrong
    if not login.enabled:
        raise AccountDisabled
    if installation.passwords.outdated(stored):
        newer = await installation.passwords.hash(password)
        async with installation.db.tenant(login.person.tenant_id, person=login.person.id) as tx:
            await store.refresh_hash(tx, login.person.id, before=stored, after=newer)
    return login.person


def _login(account: PersonalAccount) -> Login:
    return store.make_login(
        PERSONAL_REALM, account.id, account.display_name, account.user_principal_name, False,
        account.enabled, account.password_hash,
    )  # fmt: skip
