"""Name a tenant's own sign-in service, and take it away."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

from comity.audit.service import Record, record
from comity.core.caller import Caller
from comity.core.ids import TenantId
from comity.core.permissions import Permission
from comity.db.queries import Queries
from comity.db.transaction import Transaction
from comity.identity.errors import UpstreamInvalid
from comity.identity.sealing import Sealer
from comity.identity.upstream.model import UpstreamProvider

Q: Final = Queries("comity.identity.upstream")

CLAIM: Final = "preferred_username"
SCOPES: Final = "openid profile email"
_CLAIM: Final = re.compile(r"^[A-Za-z0-9_.:/-]{1,200}$")
_PURPOSE: Final = "upstream-secret"


async def set_provider(
    tx: Transaction,
    caller: Caller,
    sealer: Sealer,
    *,
    display_name: str,
    issuer: str,
    client_id: str,
    secret: str | None,
    at: datetime,
    claim: str = CLAIM,
    scopes: str = SCOPES,
) -> UpstreamProvider:
    """From now on the tenant's people sign in there; who has a password here may still use it.

    Raises:
        UpstreamInvalid, PermissionMissing.
    """
    caller.check(Permission.DOMAIN_WRITE)
    provider = UpstreamProvider(
        tenant_id=tx.tenant_id, display_name=display_name.strip(), issuer=issuer.strip().rstrip("/"),
        client_id=client_id.strip(), claim=claim.strip(), scopes=" ".join(scopes.split()),
        sealed_secret=sealer.seal(secret.encode(), purpose=_PURPOSE, name=str(tx.tenant_id)) if secret else None,
    )  # fmt: skip
    _check(provider)
    await tx.execute(
        Q.put,
        display_name=provider.display_name, issuer=provider.issuer, client_id=provider.client_id,
        sealed_secret=provider.sealed_secret, claim=provider.claim, scopes=provider.scopes, at=at,
    )  # fmt: skip
    facts = {
        "displayName": provider.display_name, "issuer": provider.issuer, "clientId": provider.client_id,
        "claim": provider.claim, "scopes": provider.scopes, "hasSecret": secret is not None,
    }  # fmt: skip
    await record(tx, caller, Record("Set upstream sign-in", "organization", tx.tenant_id, after=facts))
    return provider


async def remove_provider(tx: Transaction, caller: Caller) -> bool:
    """The tenant's people sign in here again; False if they did.

    Raises:
        PermissionMissing.
    """
    caller.check(Permission.DOMAIN_WRITE)
    row = await tx.row(Q.drop)
    if row is None:
        return False
    await record(tx, caller, Record("Remove upstream sign-in", "organization", tx.tenant_id, before={"issuer": row[0]}))
    return True


async def get_provider(tx: Transaction, caller: Caller) -> UpstreamProvider | None:
    """The tenant's own sign-in service, if it has one.

    Raises:
        PermissionMissing.
    """
    caller.check(Permission.ORGANIZATION_READ)
    return await load_provider(tx)


async def load_provider(tx: Transaction) -> UpstreamProvider | None:
    """The tenant's own sign-in service, for the sign-in itself."""
    return await tx.one(_provider, Q.get)


def open_secret(provider: UpstreamProvider, sealer: Sealer) -> str | None:
    """The secret that we show there."""
    if provider.sealed_secret is None:
        return None
    return sealer.open(provider.sealed_secret, purpose=_PURPOSE, name=str(provider.tenant_id)).decode()


def _check(provider: UpstreamProvider) -> None:
    parts = urlsplit(provider.issuer)
    if parts.scheme not in {"https", "http"} or not parts.hostname or parts.query or parts.fragment:
        raise UpstreamInvalid(detail=f"the issuer '{provider.issuer}' is no address")
    if not provider.client_id or not provider.display_name:
        raise UpstreamInvalid(detail="it needs a name, and the client id that Comity is registered with there")
    if not _CLAIM.match(provider.claim):
        raise UpstreamInvalid(detail=f"'{provider.claim}' is no name of a claim")
    if "openid" not in provider.scopes.split():
        raise UpstreamInvalid(detail="the scopes must contain openid")


def _provider(
    tenant_id: UUID, display_name: str, issuer: str, client_id: str, sealed_secret: bytes | None, claim: str,
    scopes: str, version: int,
) -> UpstreamProvider:  # fmt: skip
    return UpstreamProvider(
        tenant_id=TenantId(tenant_id), display_name=display_name, issuer=issuer, client_id=client_id,
        sealed_secret=bytes(sealed_secret) if sealed_secret is not None else None, claim=claim, scopes=scopes,
        version=version,
    )  # fmt: skip
