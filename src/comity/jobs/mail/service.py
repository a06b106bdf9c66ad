"""Queue a mail with the change that it tells of; see what became of the tenant's mails."""

from __future__ import annotations

from typing import Final

from comity.core.caller import Caller
from comity.core.ids import PERSONAL_REALM, UserId, new_id
from comity.core.permissions import Permission
from comity.db.database import Database
from comity.db.transaction import Transaction
from comity.jobs.due import put
from comity.jobs.mail import store
from comity.jobs.mail.model import Letter, Mail, MailId
from comity.jobs.model import Order

MAIL: Final = "mail"
"""The kind of the orders that send one mail each."""


async def post(tx: Transaction, letter: Letter) -> MailId:
    """Queue a letter: it is sent if, and only if, this transaction commits."""
    mail_id = MailId(new_id())
    await store.add(tx, mail_id, letter)
    await put(tx, Order(MAIL, tx.tenant_id, mail_id))
    return mail_id


async def post_personal(db: Database, letter: Letter) -> MailId:
    """Queue a letter to somebody who has no tenant; when it is sent, or given up, it is forgotten."""
    mail_id = MailId(new_id())
    async with db.tenant(PERSONAL_REALM, person=UserId(mail_id)) as tx:
        await store.add(tx, mail_id, letter)
        await put(tx, Order(MAIL, PERSONAL_REALM, mail_id))
    return mail_id


async def list_mails(tx: Transaction, caller: Caller, *, at_most: int = 100) -> list[Mail]:
    """The tenant's mails of the last 30 days, newest first, and what became of each.

    Raises:
        PermissionMissing.
    """
    caller.check(Permission.SYNC_READ)
    return await store.list_latest(tx, at_most=at_most)
