"""Rows and nouns of mail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from comity.db.queries import Queries
from comity.db.transaction import Transaction
from comity.db.values import jsonb
from comity.jobs.mail.model import Letter, Mail, MailId, MailState

Q: Final = Queries("comity.jobs.mail")


async def add(tx: Transaction, mail_id: MailId, letter: Letter) -> None:
    """Save a letter on its way."""
    await tx.execute(
        Q.add,
        id=mail_id, code=letter.code, facts=jsonb(dict(letter.facts)), language=letter.language,
        recipients=list(letter.recipients), at=tx.now,
    )  # fmt: skip


async def load(tx: Transaction, mail_id: MailId) -> Mail | None:
    """The mail of that id."""
    return await tx.one(_mail, Q.one, id=mail_id)


async def list_latest(tx: Transaction, *, at_most: int) -> list[Mail]:
    """The tenant's mails, newest first."""
    return await tx.all(_mail, Q.latest, at_most=at_most)


async def settle(tx: Transaction, mail_id: MailId, state: MailState, fault: str | None) -> None:
    """Note what became of it."""
    await tx.execute(Q.settle, id=mail_id, state=state.value, fault=fault, at=tx.now)


async def drop(tx: Transaction, mail_id: MailId) -> None:
    """Forget a mail."""
    await tx.execute(Q.drop, id=mail_id)


async def expire(tx: Transaction, *, before: datetime) -> int:
    """Forget what is older, whatever became of it; return how many."""
    return await tx.execute(Q.expire, before=before)


def _mail(
    id: UUID, code: str, facts: Mapping[str, Any], language: str, recipients: Sequence[str], state: str,
    fault: str | None, created_at: datetime, sent_at: datetime | None,
) -> Mail:  # fmt: skip
    return Mail(MailId(id), Letter(code, facts, recipients, language), MailState(state), fault, created_at, sent_at)
