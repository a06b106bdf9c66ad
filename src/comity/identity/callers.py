"""From a verified token to a caller: who may do what, as the rows say now (design §7)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from comity.core.caller import Caller, PrincipalKind
from comity.core.ids import UserId
from comity.db.crossings.home_account import load_home_standing
from comity.db.crossings.sign_in import find_client
from comity.db.transaction import Transaction
from comity.identity import store
from comity.identity.decide import (
    PERSONAL,
    app_permissions,
    delegated_permissions,
    person_permissions,
    scope_permissions,
)
from comity.identity.errors import TokenRevoked
from comity.identity.model import Bearer


async def load_caller(tx: Transaction, bearer: Bearer, *, request_id: UUID, language: str = "en") -> Caller:
    """The caller whom a token names, in a transaction of the token's tenant (and, for a person, hers).

    Raises:
        TokenRevoked: the principal is gone or disabled, or the token is older than the last revocation.
    """
    load = load_caller_for_app if bearer.kind is PrincipalKind.APP else load_caller_for_user
    return replace(await load(tx, bearer), request_id=request_id, language=language)


async def load_caller_for_app(tx: Transaction, bearer: Bearer) -> Caller:
    """An app of its own, with the application permissions of its row.

    Raises:
        TokenRevoked.
    """
    application = await store.get_application(tx, bearer.principal_id)
    if application is None or application.app_id != bearer.app_id or application.disabled_at is not None:
        raise TokenRevoked
    return Caller(
        tenant_id=tx.tenant_id,
        kind=PrincipalKind.APP,
        principal_id=application.id,
        name=application.display_name,
        permissions=app_permissions(application.permissions),
    )


async def load_caller_for_user(tx: Transaction, bearer: Bearer) -> Caller:
    """A person, through the app that she signed in with: what both of them may.

    Raises:
        TokenRevoked.
    """
    rights = await store.load_person_rights(tx, UserId(bearer.principal_id), bearer.app_id)
    if rights is None or not rights.enabled:
        raise TokenRevoked
    _check_since(bearer, rights.tokens_valid_from)
    if rights.home is not None:  # she signed in at home: what ends there ends here
        home = await load_home_standing(tx, *rights.home)
        if home is None:
            raise TokenRevoked
        _check_since(bearer, home.tokens_valid_from)
    app_scopes, app_disabled = rights.app_scopes, rights.app_disabled
    caller = Caller(
        tenant_id=tx.tenant_id,
        kind=PrincipalKind.USER,
        principal_id=bearer.principal_id,
        name=rights.upn,
        roles=rights.roles,
        user_type=rights.user_type,
    )
    if caller.is_personal:  # her client is registered in some tenant, not in the realm
        client = await find_client(tx, bearer.app_id)
        app_scopes, app_disabled = (list(client.scopes), client.disabled) if client else (None, True)
    if app_scopes is None or app_disabled:
        raise TokenRevoked
    person = PERSONAL
    if not caller.is_personal:
        person = person_permissions(
            rights.user_type, rights.roles, guest_level=rights.guest_level, reads_others=rights.reads_others
        )
    scopes = bearer.scopes & set(app_scopes)
    return replace(caller, permissions=delegated_permissions(person, scopes), through=scope_permissions(scopes))


def _check_since(bearer: Bearer, since: datetime | None) -> None:
    if since is not None and bearer.issued_at_s < int(since.timestamp()):
        raise TokenRevoked
