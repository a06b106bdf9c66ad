"""The extended directory: personal accounts that a tenant's admins know (external-access §1, §4).

While a tenant or a policy restricts chat with personal accounts to them, nobody else outside is reached.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from comity.access import locks, store
from comity.access.errors import ContactNotPersonal, check_may
from comity.audit.service import Record, record
from comity.core.caller import Caller
from comity.core.ids import UserId
from comity.core.permissions import Permission
from comity.db.crossings.contact import load_contact_cards
from comity.db.transaction import Transaction
from comity.directory.personal import find_personal
from comity.events.feed import append
from comity.events.model import Change, ChangeKind

PAGE_SIZE_MAX = 1000


@dataclass(frozen=True, slots=True)
class Contact:
    """A listed personal account; name and mail are None once the account is gone."""

    user_id: UserId
    added_at: datetime
    display_name: str | None
    mail: str | None


async def add_contact(tx: Transaction, caller: Caller, address: str) -> UserId:
    """List the personal account of exactly that mail address or phone number; twice is once.

    Raises:
        ContactNotPersonal: no personal account answers to it, or several do.
        NotAuthorized.
    """
    check_may(caller, Permission.CONTACTS_WRITE)
    user_id = await _find(tx, address)
    if await store.add_contact(tx, user_id):
        await _note(tx, caller, "Add contact to extended directory", user_id, after=await _shown(tx, user_id))
    return user_id


async def remove_contact(tx: Transaction, caller: Caller, user_id: UserId) -> bool:
    """List a personal account no more; False if it was not listed.

    Raises:
        NotAuthorized.
    """
    check_may(caller, Permission.CONTACTS_WRITE)
    shown = await _shown(tx, user_id)
    if not await store.remove_contact(tx, user_id):
        return False
    await _note(tx, caller, "Remove contact from extended directory", user_id, before=shown)
    return True


async def list_contacts(
    tx: Transaction, caller: Caller, *, after: UserId | None = None, at_most: int = PAGE_SIZE_MAX
) -> list[Contact]:
    """Listed personal accounts by id behind `after`.

    Raises:
        NotAuthorized.
    """
    check_may(caller, Permission.EXTERNAL_ACCESS_READ)
    listed = await store.load_contacts(tx, after=after or UserId(UUID(int=0)), at_most=at_most)
    cards = await load_contact_cards(tx, list(listed))
    return [Contact(user_id, added_at, *cards.get(user_id, (None, None))) for user_id, added_at in listed.items()]


async def _shown(tx: Transaction, user_id: UserId) -> str:
    """How the audit names a listed account: its mail address, as long as it has one."""
    _, mail = (await load_contact_cards(tx, [user_id])).get(user_id, ("", None))
    return mail or str(user_id)


async def _find(tx: Transaction, address: str) -> UserId:
    found = await find_personal(tx, address)
    if len(found) != 1:
        raise ContactNotPersonal(user=address)
    return found[0].user_id


async def _note(
    tx: Transaction,
    caller: Caller,
    action: str,
    user_id: UserId,
    *,
    before: str | None = None,
    after: str | None = None,
) -> None:
    facts = [None if each is None else {"contact": each} for each in (before, after)]
    await record(tx, caller, Record(action, "directoryContact", user_id, before=facts[0], after=facts[1]))
    locks.changing(tx)
    append(tx, [Change(ChangeKind.ACCESS_CHANGED, tx.tenant_id)])
