"""Clients as sign-in meets them: where they are registered, and the proof that it is they."""

from __future__ import annotations

import hmac
from collections.abc import Collection
from dataclasses import dataclass, field
from uuid import UUID

from comity.core.clock import MachineClock
from comity.core.ids import PERSONAL_REALM, AppId, TenantId
from comity.db.crossings.sign_in import find_client
from comity.db.database import Database
from comity.db.transaction import Transaction, as_uuid
from comity.identity import store
from comity.identity.assertions import check_assertion
from comity.identity.model import Application, StoredCertificate, StoredSecret
from comity.identity.refusals import (
    ClientDisabled,
    ClientIsPublic,
    ClientSecretExpired,
    ClientSecretMissing,
    ClientSecretWrong,
    ClientUnknown,
)
from comity.identity.service import digest


@dataclass(frozen=True, slots=True)
class Proof:
    """What a client shows to prove who it is."""

    secret: str | None = None
    assertion: str | None = None
    audiences: Collection[str] = ()
    """How the endpoint that was asked is called: whom an assertion has to be made for."""

    @property
    def is_given(self) -> bool:
        """Was anything shown at all?"""
        return self.secret is not None or self.assertion is not None

    @property
    def kind(self) -> str:
        """Entra's `azpacr`: 0 nothing, 1 a secret, 2 a certificate."""
        if self.assertion is not None:
            return "2"
        return "1" if self.secret is not None else "0"


@dataclass(frozen=True, slots=True)
class KnownClient:
    """A client that may be used; secrets and certificates are hashes and public halves."""

    tenant_id: TenantId
    """Where it is registered."""
    app_id: AppId
    display_name: str
    is_public: bool
    password_flow: bool
    scopes: tuple[str, ...]
    redirect_uris: tuple[str, ...]
    application: Application
    secrets: tuple[StoredSecret, ...] = field(default=(), repr=False)
    certificates: tuple[StoredCertificate, ...] = field(default=(), repr=False)


async def load_client(db: Database, tenant_id: TenantId | None, client_id: str) -> KnownClient:
    """The client of that id: registered in the tenant; where no tenant is named, or the realm, in any.

    Raises:
        ClientUnknown, ClientDisabled.
    """
    app_id = parse_app_id(client_id)
    if tenant_id is None or tenant_id == PERSONAL_REALM:
        async with db.tenant(PERSONAL_REALM) as tx:
            found = await find_client(tx, app_id)
        if found is None:
            raise ClientUnknown(client=client_id)
        tenant_id = found.tenant_id
    async with db.tenant(tenant_id) as tx:
        return await load_registered(tx, app_id)


async def load_registered(tx: Transaction, app_id: AppId) -> KnownClient:
    """The client of that id, registered in the transaction's tenant.

    Raises:
        ClientUnknown, ClientDisabled.
    """
    application = await store.find_application(tx, app_id)
    if application is None:
        raise ClientUnknown(client=str(app_id))
    if application.disabled_at is not None:
        raise ClientDisabled(client=str(app_id))
    public = application.is_public
    return KnownClient(
        tx.tenant_id, application.app_id, application.display_name, public, application.password_flow,
        application.scopes, application.redirect_uris, application,
        secrets=() if public else tuple(await store.list_secrets(tx, application.id)),
        certificates=() if public else tuple(await store.list_certificates(tx, application.id)),
    )  # fmt: skip


def check_proof(client: KnownClient, proof: Proof, machine: MachineClock) -> None:
    """A confidential client proves who it is; a public one must not pretend to be able to.

    Raises:
        ClientIsPublic, ClientSecretMissing, ClientSecretWrong, ClientSecretExpired; those of `check_assertion`.
    """
    name = str(client.app_id)
    if client.is_public:
        if proof.is_given:
            raise ClientIsPublic(client=name)
        return
    if proof.assertion is not None:
        now = machine.now()
        check_assertion(proof.assertion, client.app_id, client.certificates, audiences=proof.audiences, now=now)
        return
    if not proof.secret:
        raise ClientSecretMissing(client=name)
    presented = digest(proof.secret)
    matching = [each for each in client.secrets if hmac.compare_digest(each.sha256, presented)]
    if not matching:
        raise ClientSecretWrong(client=name)
    if all(each.expires_at <= machine.now() for each in matching):
        raise ClientSecretExpired(client=name)


def parse_app_id(client_id: str) -> AppId:
    """The id that a client names itself by.

    Raises:
        ClientUnknown.
    """
    app_id: UUID | None = as_uuid(client_id)
    if app_id is None:
        raise ClientUnknown(client=client_id)
    return AppId(app_id)
