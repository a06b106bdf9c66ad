"""The grants that need no page: an app for itself, a person by name and password.

Each reads in one short transaction, compares outside of it (argon2 takes its time, and a connection
is worth more), and issues. Refusals are `SignInRefused` with the error that OAuth clients expect.
"""

from __future__ import annotations

from dataclasses import replace

from comity.core.ids import PERSONAL_REALM, TenantId
from comity.core.phones import phone_key
from comity.db.crossings.sign_in import PersonalAccount, find_personal_accounts
from comity.db.database import Database
from comity.db.transaction import as_uuid
from comity.identity import store
from comity.identity.clients import KnownClient, Proof, check_proof, load_client
from comity.identity.decide import check_app_scope, grant_scopes
from comity.identity.grants.exchange import issue
from comity.identity.grants.service import open_grant
from comity.identity.model import IssuedToken, Login, Person
from comity.identity.parts import SignIn
from comity.identity.refusals import AccountDisabled, ClientGrantRefused, PasswordWrong, SignInTenantUnknown
from comity.tenancy.model import TenantAmbiguous, TenantKind, TenantUnknown
from comity.tenancy.service import resolve_tenant


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
    installation: SignIn, tenant_id: TenantId, *, client_id: str, proof: Proof, scope: str, origin: str
) -> IssuedToken:
    """Client credentials (RFC 6749 §4.4): a confidential client gets a token for itself.

    Raises:
        SignInRefused: one of its kinds.
    """
    client = await load_client(installation.db, tenant_id, client_id)
    if client.is_public:
        raise ClientGrantRefused(client=client_id, grant="client_credentials")
    check_proof(client, proof, installation.machine)
    check_app_scope(scope, origin=origin)
    return await installation.tokens.issue_for_app(client.application, origin=origin, proof_kind=proof.kind)


async def sign_in_person(
    installation: SignIn,
    tenant_id: TenantId,
    *,
    client_id: str,
    proof: Proof,
    username: str,
    password: str,
    scope: str,
    origin: str,
    nonce: str | None = None,
) -> IssuedToken:
    """Username and password (RFC 6749 §4.3), where the app allows it: a lab's short way in.

    In the personal realm by mail or phone number, through a public client of any tenant.

    Raises:
        SignInRefused: one of its kinds. PasswordsBusy.
    """
    client = await load_client(installation.db, tenant_id, client_id)
    if not client.password_flow or (tenant_id == PERSONAL_REALM and not client.is_public):
        raise ClientGrantRefused(client=client_id, grant="password")
    check_proof(client, proof, installation.machine)
    scopes = grant_scopes(scope, registered=client.scopes, origin=origin)
    person = await check_password(installation, tenant_id, username, password)
    return await _issue(installation, person, client, scopes, proof=proof, origin=origin, nonce=nonce)


async def check_password(installation: SignIn, tenant_id: TenantId, name: str, password: str) -> Person:
    """Whose name and password these are, at her own tenant; unknown names take as long as wrong passwords.

    Raises:
        AccountLocked, PasswordWrong, AccountDisabled. PasswordsBusy.
    """
    failures = await installation.attempts.check_account(tenant_id, name)
    login = await _find_login(installation.db, tenant_id, name)
    stored = login.password_hash if login else None
    if not await installation.passwords.verify(stored, password) or login is None or stored is None:
        await installation.attempts.failed(tenant_id, name)
        raise PasswordWrong
    if failures:
        await installation.attempts.passed(tenant_id, name)
    if not login.enabled:
        raise AccountDisabled
    if installation.passwords.outdated(stored):
        newer = await installation.passwords.hash(password)
        async with installation.db.tenant(login.person.tenant_id, person=login.person.id) as tx:
            await store.refresh_hash(tx, login.person.id, before=stored, after=newer)
    return login.person


async def _issue(
    installation: SignIn,
    person: Person,
    client: KnownClient,
    scopes: tuple[str, ...],
    *,
    proof: Proof,
    origin: str,
    nonce: str | None,
) -> IssuedToken:
    if "offline_access" not in scopes:  # nothing to keep
        return await installation.tokens.issue_for_person(
            person, app_id=client.app_id, scopes=scopes, origin=origin, nonce=nonce, proof_kind=proof.kind
        )
    now = installation.machine.now()
    async with installation.db.tenant(person.tenant_id, person=person.id) as tx:
        grant = await open_grant(
            tx, person, app_id=client.app_id, scopes=scopes, signed_in_at=now, at=now, is_taken=True
        )
    return await issue(installation, replace(grant, nonce=nonce), person, client, proof=proof, origin=origin)


async def _find_login(db: Database, tenant_id: TenantId, name: str) -> Login | None:
    if tenant_id != PERSONAL_REALM:
        async with db.tenant(tenant_id) as tx:
            return await store.find_login(tx, name)
    async with db.tenant(PERSONAL_REALM) as tx:
        # A number is found however it was typed; a mail address is no number.
        accounts = await find_personal_accounts(tx, phone_key(name) or name)
    # A number that several accounts share names none of them: which one is meant is not guessed.
    return _login(accounts[0]) if len(accounts) == 1 else None


def _login(account: PersonalAccount) -> Login:
    return store.make_login(
        PERSONAL_REALM, account.id, account.display_name, account.user_principal_name, False,
        account.enabled, account.password_hash,
    )  # fmt: skip
