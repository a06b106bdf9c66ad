"""From a bearer token to a caller in a transaction of the token's own tenant."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from comity.core.caller import Caller, PrincipalKind
from comity.core.ids import UserId
from comity.db.transaction import Transaction
from comity.identity.callers import load_caller
from comity.identity.errors import TokenMissing
from comity.web.asking import Ask


@asynccontextmanager
async def admitted(ask: Ask) -> AsyncIterator[tuple[Transaction, Caller]]:
    """One transaction of the token's tenant, and who is asking; committed at the end.

    Raises:
        TokenRefused: one of its kinds. TenantBusy.
    """
    services = ask.services
    bearer = await services.tokens.verify(_token(ask), origin=services.origin)
    person = UserId(bearer.principal_id) if bearer.kind is PrincipalKind.USER else None
    with ask.gate.tenant(bearer.tenant_id):
        async with services.db.tenant(bearer.tenant_id, person=person) as tx:
            yield tx, await load_caller(tx, bearer, request_id=ask.id, language=ask.language)


def _token(ask: Ask) -> str:
    scheme, _, token = (ask.header("authorization") or "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise TokenMissing
    return token.strip()
