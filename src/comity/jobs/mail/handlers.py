"""Send what is queued: read in one transaction, sent in none, noted in another."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from comity.core.ids import PERSONAL_REALM, TenantId, UserId
from comity.core.logs import get_logger
from comity.db.database import Database
from comity.jobs.mail import store
from comity.jobs.mail.model import MailId, MailRefused, MailState, MailUnavailable
from comity.jobs.mail.sender import Sender
from comity.jobs.mail.service import MAIL
from comity.jobs.mail.writing import write
from comity.jobs.model import Task, Work

log = get_logger()

PATIENCE: Final = timedelta(days=3)
"""For so long a mail is tried again while the server does not answer (business clock)."""


def offered(db: Database, sender: Sender, *, address: str) -> Work:
    """Sending as background work; `address` is whom mail comes from. The worker tries again later and later."""

    async def handle(task: Task) -> datetime | None:
        tenant_id, mail_id = task.order.tenant_id, MailId(task.order.key)
        async with db.tenant(tenant_id, person=_itself(tenant_id, mail_id)) as tx:
            mail = await store.load(tx, mail_id)
        if mail is None or mail.state is not MailState.WAITING:
            return None
        try:
            left_out = await sender.send(write(mail, sender=address))
        except MailRefused as refused:
            log.warning("mail-refused", mail=mail.id, fault=str(refused))
            await _settle(tenant_id, mail_id, MailState.FAILED, str(refused.parameters["detail"]))
        except MailUnavailable as away:
            over = db.clock.now() - mail.created_at >= PATIENCE
            detail = f"{away.parameters['server']}: {away.parameters['detail']}"
            await _settle(tenant_id, mail_id, MailState.FAILED if over else MailState.WAITING, detail)
            if not over:
                raise
        else:
            note = f"refused: {', '.join(left_out)}" if left_out else None
            await _settle(tenant_id, mail_id, MailState.SENT, note)
        return None

    async def _settle(tenant_id: TenantId, mail_id: MailId, state: MailState, fault: str | None) -> None:
        async with db.tenant(tenant_id, person=_itself(tenant_id, mail_id)) as tx:
            if tenant_id == PERSONAL_REALM and state is not MailState.WAITING:
                await store.drop(tx, mail_id)  # it may hold a link that works once
            else:
                await store.settle(tx, mail_id, state, fault)

    return Work(kind=MAIL, handler=handle)


def _itself(tenant_id: TenantId, mail_id: MailId) -> UserId | None:
    """In the personal realm a mail is seen by nobody but whoever knows its id."""
    return UserId(mail_id) if tenant_id == PERSONAL_REALM else None
