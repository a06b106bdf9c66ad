"""Sign-in of people who have no tenant: their account in the personal realm, and the client they use.

Personal accounts are named by mail address or phone number, and sign in through an application that
some tenant has registered. Neither the realm nor that tenant may look into the other: what is needed
to say yes or no comes out here as plain values, and nothing else. A phone number may belong to
several people; at most `CANDIDATES_MAX` are looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from comity.core.folding import address_key
from comity.core.ids import PERSONAL_REALM, AppId, TenantId, UserId
from comity.db.transaction import Transaction

CANDIDATES_MAX: Final = 5

_HOME: Final = "select application_home_get(%(app_id)s)"

_CLIENT: Final = """
select display_name, is_public, password_flow, scopes, redirect_uris, disabled_at is not null
from application where tenant_id = %(tenant_id)s and app_id = %(app_id)s
"""

_OWNERS: Final = """
select distinct user_id from address_find(%(key)s, array['mail', 'upn', 'phone'])
where tenant_id = %(realm)s order by user_id limit %(at_most)s
"""

_ACCOUNT: Final = """
select u.id, u.display_name, u.user_principal_name, u.account_enabled, c.password_hash
from users u
left join credential c on c.tenant_id = u.tenant_id and c.user_id = u.id
where u.tenant_id = %(tenant_id)s and u.id = %(id)s and u.deleted_at is null
"""


@dataclass(frozen=True, slots=True)
class Client:
    """What sign-in may know of an application registered elsewhere: no secrets, no permissions of its own."""

    tenant_id: TenantId
    app_id: AppId
    display_name: str
    is_public: bool
    password_flow: bool
    scopes: tuple[str, ...]
    redirect_uris: tuple[str, ...]
    disabled: bool


@dataclass(frozen=True, slots=True)
class PersonalAccount:
    """What sign-in may know of a personal account."""

    id: UserId
    display_name: str
    user_principal_name: str
    enabled: bool
    password_hash: str | None


async def find_client(tx: Transaction, app_id: AppId) -> Client | None:
    """The application of that client id, wherever it is registered.

    Asked from the personal realm only: a tenant knows its own.
    """
    _check_realm(tx)
    row = await tx.row(_HOME, app_id=app_id)
    if row is None or row[0] is None:
        return None
    home = TenantId(row[0])
    async with tx.become(home):
        found = await tx.row(_CLIENT, app_id=app_id)
    if found is None:
        return None
    name, is_public, password_flow, scopes, redirect_uris, disabled = found
    return Client(home, app_id, name, is_public, password_flow, tuple(scopes), tuple(redirect_uris), disabled)


async def find_personal_accounts(tx: Transaction, address: str) -> list[PersonalAccount]:
    """Living personal accounts that answer to a mail address or phone number, at most `CANDIDATES_MAX`.

    Asked from the personal realm only.
    """
    _check_realm(tx)
    owners = await tx.rows(_OWNERS, key=address_key(address), realm=PERSONAL_REALM, at_most=CANDIDATES_MAX)
    found = []
    for (owner,) in owners:
        async with tx.become(PERSONAL_REALM, UserId(owner)):
            row = await tx.row(_ACCOUNT, id=owner)
        if row is not None:
            found.append(PersonalAccount(UserId(row[0]), *row[1:]))
    return found


def _check_realm(tx: Transaction) -> None:
    if tx.tenant_id != PERSONAL_REALM:
        raise ValueError("sign-in of personal accounts happens in the personal realm")
