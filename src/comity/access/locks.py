"""The access lock: after the commit of a change not one refused message is stored (design §4.7).

Whoever stores what a decision allowed holds the shared lock of every tenant evaluated, then reads.
Whoever changes what decisions rest on takes the exclusive lock after all its rows, raises the
tenant's access version and commits. A personal account has no tenant of its own to lock; its own id
stands for it, and the realm's for the installation's date, which decides about all of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from typing import Final
from uuid import UUID

from comity.access.errors import PermitMissing
from comity.access.model import Person
from comity.core.ids import PERSONAL_REALM
from comity.db.queries import Queries
from comity.db.transaction import LastWords, Transaction

Q: Final = Queries("comity.access")
_HELD: Final = "access.held"
_RAISED: Final = "access.raised"


def lock_key(owner: UUID, *, purpose: bytes = b"comity.access") -> int:
    """The 64-bit key of an advisory lock: a hash, so that keys of different purposes lie apart."""
    return int.from_bytes(blake2b(owner.bytes, digest_size=8, person=purpose).digest(), "big", signed=True)


def owner_of(person: Person) -> UUID:
    """Whose access state a person's decisions rest on: the tenant, or the personal account itself."""
    return person.user_id if person.tenant_id == PERSONAL_REALM else person.tenant_id


async def hold_shared(tx: Transaction, people: Iterable[Person]) -> None:
    """Keep the access state of everybody's side still until the end of this transaction.

    Locks are taken in key order; those held already are not asked for again. What is read afterwards,
    at READ COMMITTED, is younger than the lock.
    """
    held: set[int] = tx.memory.setdefault(_HELD, set())
    owners = {owner for each in people for owner in (each.tenant_id, owner_of(each))}
    wanted = {lock_key(each) for each in owners} - held
    if wanted:
        await tx.execute(Q.lock_shared, keys=sorted(wanted))
        held |= wanted


def changing(tx: Transaction) -> None:
    """This transaction changes what decisions of its tenant rest on; lock and version follow before the commit."""
    tx.finish_with(LastWords.ACCESS, raise_version)


async def hold_realm(tx: Transaction) -> None:
    """Let nobody decide about personal accounts until the end of this transaction, which changes their date."""
    await tx.execute(Q.lock_exclusive, key=lock_key(PERSONAL_REALM))


async def raise_version(tx: Transaction) -> None:
    """Take the exclusive lock, then raise the version; once per tenant and transaction."""
    raised: set[UUID] = tx.memory.setdefault(_RAISED, set())
    owner: UUID = tx.tenant_id
    if tx.tenant_id == PERSONAL_REALM:
        assert tx.person is not None, "in the personal realm somebody acts for himself"
        owner = tx.person
    if owner in raised:
        return
    raised.add(owner)
    await tx.execute(Q.lock_exclusive, key=lock_key(owner))
    if tx.tenant_id != PERSONAL_REALM:
        await tx.execute(Q.raise_version)


async def load_version(tx: Transaction) -> int:
    """The tenant's access version; compiled state of an equal version may be used again."""
    row = await tx.row(Q.version)
    return int(row[0]) if row else 0


def check_held(tx: Transaction, people: Iterable[Person]) -> None:
    """Refuse to decide for keeps without the locks.

    Raises:
        PermitMissing.
    """
    if not {lock_key(owner_of(each)) for each in people} <= tx.memory.get(_HELD, set()):
        raise PermitMissing(purpose="lock")
