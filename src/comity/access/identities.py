"""How external access policies are named: `Global`, `Tag:Name` or `Name` (external-access §4.1)."""

from __future__ import annotations

import re
from typing import Final

from comity.access import store
from comity.access.errors import InvalidIdentity, PolicyNotFound
from comity.access.model import GLOBAL, ExternalAccessPolicy
from comity.db.transaction import Transaction

_NAME: Final = re.compile(r"^[^\x00-\x1f\x7f:*?\[\]]{1,128}$")


def checked_name(identity: str) -> str:
    """The name in an identity: `Tag:Name` and `Name` are one, Global in any case is Global.

    Raises:
        InvalidIdentity: empty, a wildcard, or a scope that is not `Tag:`.
    """
    text = identity.strip()
    if text[:4].lower() == "tag:":
        text = text[4:].strip()
        if text.casefold() == GLOBAL.casefold():
            raise InvalidIdentity(identity=identity)
    if not _NAME.match(text):
        raise InvalidIdentity(identity=identity)
    return GLOBAL if text.casefold() == GLOBAL.casefold() else text


async def load(tx: Transaction, name: str) -> ExternalAccessPolicy:
    """The policy of that name.

    Raises:
        PolicyNotFound.
    """
    policy = await store.load_policy(tx, store.policy_key(name))
    if policy is None:
        raise PolicyNotFound(policy=name)
    return policy


async def hold(tx: Transaction, identity: str) -> str:
    """The name of a policy, as it was given to it, that nobody removes until the end of this transaction.

    Raises:
        PolicyNotFound, InvalidIdentity.
    """
    name = checked_name(identity)
    key = store.policy_key(name)
    if not await store.hold_policy(tx, key):
        raise PolicyNotFound(policy=name)
    return (await store.policy_names(tx, {key}))[key]
