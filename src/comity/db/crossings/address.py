"""Exact address: who, of any tenant or none, answers to a mail address, UPN or phone number.

It sees home identities only, one exact address at a time, and of each what a person shows to somebody
who knows her address: name, the address as typed, organisation. No other attribute, nobody who is
disabled or deleted, no B2B identity, no listing. Whether the asker may know at all is decided above.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from typing import Final, LiteralString
from uuid import UUID

from comity.core.folding import address_key
from comity.core.ids import PERSONAL_REALM, TenantId, UserId
from comity.core.phones import phone_key
from comity.db.transaction import Transaction


class AddressKind(StrEnum):
    """What the address is to the person."""

    MAIL = "mail"
    UPN = "upn"
    PHONE = "phone"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A home identity that answers to the address."""

    kind: AddressKind
    tenant_id: TenantId
    user_id: UserId
    display_name: str
    address: str
    """The address that was asked for, in the form it is compared in."""
    tenant_name: str

    @property
    def is_personal(self) -> bool:
        """Is it a personal account?"""
        return self.tenant_id == PERSONAL_REALM


_FIND: Final[LiteralString] = "select tenant_id, user_id, kind from address_find(%(key)s, %(kinds)s)"

_VISIBLE: Final[LiteralString] = """
select u.id, u.display_name, t.name from users u, tenant_get(u.tenant_id) t
where u.tenant_id = %(tenant_id)s and u.id = any (%(ids)s)
  and u.deleted_at is null and u.account_enabled and u.creation_type is null
"""

EVERY_KIND: Final = frozenset(AddressKind)


async def find_by_address(
    tx: Transaction, address: str, *, kinds: AbstractSet[AddressKind] = EVERY_KIND
) -> list[Candidate]:
    """The living, enabled home identities of exactly that address; work accounts first, then personal.

    Each stands there once: by mail if that matches, else by UPN, else by phone. At most 100.
    """
    found: dict[tuple[TenantId, UserId], tuple[AddressKind, str]] = {}
    for key, asked in _keys(address, kinds):
        for tenant_id, user_id, kind in await tx.rows(_FIND, key=key, kinds=[each.value for each in asked]):
            who, how = (TenantId(tenant_id), UserId(user_id)), AddressKind(kind)
            if who not in found or _RANK[how] < _RANK[found[who][0]]:
                found[who] = (how, key)
    candidates: list[Candidate] = []
    for tenant_id, people in groupby(sorted(found), key=lambda who: who[0]):
        for user_id, name, tenant_name in await _visible(tx, tenant_id, [user_id for _, user_id in people]):
            kind, key = found[tenant_id, UserId(user_id)]
            candidates.append(Candidate(kind, tenant_id, UserId(user_id), name, key, tenant_name))
    return sorted(candidates, key=lambda each: (each.is_personal, each.tenant_id, each.user_id))


_RANK: Final = {AddressKind.MAIL: 0, AddressKind.UPN: 1, AddressKind.PHONE: 2}


def _keys(address: str, kinds: AbstractSet[AddressKind]) -> list[tuple[str, list[AddressKind]]]:
    """What to look for: the folded mail or UPN, or the number."""
    named = sorted(kinds - {AddressKind.PHONE})
    number = phone_key(address) if AddressKind.PHONE in kinds and "@" not in address else None
    keys = [(address_key(address), named)] if named and "@" in address else []
    return [*keys, *([(number, [AddressKind.PHONE])] if number else [])]


async def _visible(tx: Transaction, tenant_id: TenantId, ids: list[UserId]) -> list[tuple[UUID, str, str]]:
    """Read as their own tenant; in the personal realm, as each person herself."""
    if tenant_id != PERSONAL_REALM:
        async with tx.become(tenant_id):
            return await tx.rows(_VISIBLE, ids=ids)
    rows: list[tuple[UUID, str, str]] = []
    for user_id in ids:
        async with tx.become(tenant_id, user_id):
            rows += await tx.rows(_VISIBLE, ids=[user_id])
    return rows
