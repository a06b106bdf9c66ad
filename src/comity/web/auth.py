"""From a bearer token to a caller in a transaction of the token's own tenant."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from comity.core.caller import Caller, PrincipalKind
from comity.core.ids import UserId
from comity.db.transaction import Transaction
from comity.identity.callers import load_caller
from comity.identity.errors import TokenMissing
from comity.identity.model import Bearer
from comity.web.asking import Ask


async def verified(ask: Ask) -> Bearer:
    """Whom the request's token names; nothing of the database is asked.

    Raises:
        TokenRefused: one of its kinds.
    """
    return await ask.services.tokens.verify(_token(ask), origin=ask.services.origin)


@asynccontextmanager
async def admitted(ask: Ask, bearer: Bearer) -> AsyncIterator[tuple[Transaction, Caller]]:
    """One transaction of the token's tenant, and who is asking; committed at the end.

    Raises:
        TokenRevoked, TenantBusy.
    """
    person = UserId(bearer.principal_id) if bearer.kind is PrincipalKind.USER else None
    with ask.gate.tenant(bearer.tenant_id):
        async with ask.services.db.tenant(bearer.tenant_id, person=person) as tx:
            yield tx, await load_caller(tx, bearer, request_id=ask.id, language=ask.language)


def _token(ask: Ask) -> str:
    scheme, _, token = (ask.header("authorization") or "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise TokenMissing
    return token.strip()
