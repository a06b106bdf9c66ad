"""Sign in with a browser, see where one is signed in, sign out.

The cookie says whose session it is and carries a secret; the row has the secret's hash, and ends it.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from comity.audit.service import Record, record
from comity.core.caller import Caller
from comity.core.ids import PERSONAL_REALM, TenantId, UserId, new_id
from comity.core.permissions import Permission
from comity.db.database import Database
from comity.db.queries import Queries
from comity.db.transaction import Transaction, as_uuid
from comity.identity.errors import SessionUnknown
from comity.identity.model import Person
from comity.identity.service import digest
from comity.identity.sessions.model import Session, SignedIn

Q: Final = Queries("comity.identity.sessions")

LIFETIME: Final = timedelta(hours=24)
KEPT_FOR: Final = timedelta(days=30)
SECRET_BYTES: Final = 32
CLIENT_LENGTH_MAX: Final = 200


@dataclass(frozen=True, slots=True)
class _Ticket:
    tenant_id: TenantId
    user_id: UserId
    session_id: UUID
    secret: str


async def start_session(db: Database, person: Person, *, client: str, at: datetime) -> str:
    """Sign somebody in with a browser; what comes back goes into its cookie. `at` is the machine clock's."""
    session_id, secret = new_id(), secrets.token_urlsafe(SECRET_BYTES)
    async with db.tenant(person.tenant_id, person=person.id) as tx:
        await tx.execute(Q.forget, user_id=person.id, before=at - KEPT_FOR)
        await tx.execute(
            Q.add, id=session_id, user_id=person.id, sha256=digest(secret), client=client[:CLIENT_LENGTH_MAX],
            at=at, expires_at=at + LIFETIME,
        )  # fmt: skip
    return f"{person.tenant_id.hex}.{person.id.hex}.{session_id.hex}.{secret}"


async def find_session(db: Database, cookie: str | None, *, at: datetime) -> SignedIn | None:
    """Who is signed in with this browser, if anybody is."""
    ticket = _read(cookie)
    if ticket is None:
        return None
    async with db.tenant(ticket.tenant_id, person=ticket.user_id) as tx:
        return await tx.one(
            _signed_in, Q.find, id=ticket.session_id, user_id=ticket.user_id, sha256=digest(ticket.secret), at=at
        )


async def sign_out(db: Database, signed_in: SignedIn, *, at: datetime) -> None:
    """The browser's session ends; what programs were allowed elsewhere does not."""
    person = signed_in.person
    async with db.tenant(person.tenant_id, person=person.id) as tx:
        await tx.row(Q.end_one, id=signed_in.session_id, user_id=person.id, at=at)


async def list_sessions(tx: Transaction, caller: Caller, user_id: UserId, *, at: datetime) -> list[Session]:
    """Where somebody is signed in, the newest first; at most 100.

    Raises:
        PermissionMissing.
    """
    if caller.user_id != user_id:
        caller.check(Permission.USER_READ)
    return await tx.all(Session, Q.list_of, user_id=user_id, at=at)


async def end_session(tx: Transaction, caller: Caller, user_id: UserId, session_id: UUID, *, at: datetime) -> None:
    """Sign one of somebody's browsers out.

    Raises:
        SessionUnknown, PermissionMissing.
    """
    if caller.user_id != user_id:
        caller.check(Permission.USER_WRITE)
    if await tx.row(Q.end_one, id=session_id, user_id=user_id, at=at) is None:
        raise SessionUnknown(session=str(session_id))
    if tx.tenant_id != PERSONAL_REALM:
        await record(tx, caller, Record("End sign-in session", "user", user_id, before={"session": session_id}))


def _read(cookie: str | None) -> _Ticket | None:
    parts = (cookie or "").split(".")
    if len(parts) != 4:
        return None
    tenant_id, user_id, session_id = (as_uuid(each) for each in parts[:3])
    if tenant_id is None or user_id is None or session_id is None:
        return None
    return _Ticket(TenantId(tenant_id), UserId(user_id), session_id, parts[3])


def _signed_in(
    session_id: UUID, at: datetime, tenant_id: UUID, user_id: UUID, display_name: str, upn: str, is_guest: bool
) -> SignedIn:
    return SignedIn(session_id, Person(TenantId(tenant_id), UserId(user_id), display_name, upn, is_guest), at)
