"""Who is meant by what stands in a path: an id, a UPN, or the person herself."""

from __future__ import annotations

from typing import Final

from comity.core.folding import address_key
from comity.core.ids import UserId
from comity.db.transaction import as_uuid
from comity.directory.model import User, UserAmbiguous, UserUnknown
from comity.directory.service import get_user, resolve_user
from comity.web.errors import DelegatedOnly
from comity.web.graph.visit import Visit

ME: Final = "me-token-to-replace"
"""What the Python SDK writes for /me, and replaces unless its client is a custom one."""


async def find_person(visit: Visit) -> User:
    """The user whom the path names; without a name, the person whom the token names.

    Raises:
        DelegatedOnly, UserUnknown, PermissionMissing.
    """
    key = visit.ask.parameters.get("user", ME)
    if key == ME:
        return await me(visit)
    if visit.caller.user_id is not None and address_key(key) == address_key(visit.caller.name):
        return await me(visit)
    try:
        user = await resolve_user(visit.tx, visit.caller, key)
    except UserAmbiguous as fault:
        raise UserUnknown(user=key) from fault
    if as_uuid(key) is None and address_key(user.user_principal_name) != address_key(key):
        raise UserUnknown(user=key)  # a mail address that is no UPN is no key in Graph
    return user


async def person_id(visit: Visit) -> UserId:
    """Her id; one that stands in the path is not looked up: the use case will say if it is unknown."""
    key = visit.ask.parameters.get("user", ME)
    found = as_uuid(key)
    return UserId(found) if found is not None else (await find_person(visit)).id


async def me(visit: Visit) -> User:
    """The person whom the token names.

    Raises:
        DelegatedOnly.
    """
    user_id = visit.caller.user_id
    if user_id is None:
        raise DelegatedOnly
    return await get_user(visit.tx, visit.caller, user_id)
