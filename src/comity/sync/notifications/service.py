"""Say whom a job tells, and tell them: when it goes into quarantine, when it stops, when deletes are held."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from comity.audit.service import Record, record
from comity.core.caller import Caller
from comity.core.errors import Invalid
from comity.core.ids import JobId
from comity.core.permissions import Permission
from comity.db.queries import Queries
from comity.db.transaction import Transaction
from comity.jobs.mail.model import Letter
from comity.jobs.mail.service import post
from comity.jobs.mail.writing import check_address
from comity.sync import store
from comity.sync.model import Job, JobUnknown
from comity.tenancy.model import TenantUnknown
from comity.tenancy.service import get_tenant

Q: Final = Queries("comity.sync.notifications")

RECIPIENTS_MAX: Final = 20
LANGUAGES: Final = ("en", "de")
"""Languages that mail is written in."""


class NotificationInvalid(Invalid):
    """Too many addresses, or a language that mail is not written in."""

    code = "sync-notification-invalid"


@dataclass(frozen=True, slots=True)
class Notification:
    """Whom a job tells (Graph `SyncNotificationSettings`)."""

    enabled: bool = False
    recipients: Sequence[str] = ()
    language: str = "en"

    def as_graph(self) -> dict[str, object]:
        """The part of Graph's settings that says who is told."""
        return {"Enabled": self.enabled, "Recipients": ";".join(self.recipients)}


async def get_notification(tx: Transaction, caller: Caller, job_id: JobId) -> Notification:
    """Whom the job tells; nobody, unless somebody said otherwise.

    Raises:
        JobUnknown, PermissionMissing.
    """
    caller.check(Permission.SYNC_READ)
    await _job(tx, job_id)
    return await _load(tx, job_id)


async def set_notification(
    tx: Transaction, caller: Caller, job_id: JobId, *, recipients: Sequence[str], enabled: bool, language: str
) -> Notification:
    """Say whom the job tells, and in which language.

    Raises:
        MailAddressInvalid, NotificationInvalid, JobUnknown, PermissionMissing.
    """
    caller.check(Permission.SYNC_WRITE)
    job = await _job(tx, job_id)
    wanted = Notification(enabled, tuple(dict.fromkeys(check_address(each) for each in recipients)), language)
    if len(wanted.recipients) > RECIPIENTS_MAX or language not in LANGUAGES:
        raise NotificationInvalid(most=RECIPIENTS_MAX, languages=list(LANGUAGES))
    before = await _load(tx, job_id)
    if wanted != before:
        await tx.execute(Q.save, job_id=job_id, enabled=enabled, recipients=list(wanted.recipients), language=language)
        facts = [{**each.as_graph(), "Language": each.language} for each in (before, wanted)]
        await record(tx, caller, Record("Update sync job", "syncJob", job.id, before=facts[0], after=facts[1]))
    return wanted


async def tell_held_deletes(tx: Transaction, job: Job, *, held: int, threshold: object) -> None:
    """Mail that deletes are held: how many, and which limit they would have gone beyond."""
    await tell(tx, job, "sync-mail-held", {"held": held, "threshold": threshold})


async def tell(tx: Transaction, job: Job, code: str, facts: Mapping[str, Any]) -> None:
    """Queue a mail to whom the job tells, with the change that it is about; nothing if it tells nobody."""
    notification = await _load(tx, job.id)
    if not notification.enabled or not notification.recipients:
        return
    known = {
        "job": job.name,
        "source": (await get_tenant(tx, job.tenant_id)).name,
        "target": await _name_of(tx, job),
        "source_id": str(job.tenant_id),
        "job_id": str(job.id),
        "at": f"{tx.now:%Y-%m-%d %H:%M} UTC",
    }
    await post(tx, Letter(code, {**known, **facts}, notification.recipients, notification.language))


async def _name_of(tx: Transaction, job: Job) -> str:
    try:
        return (await get_tenant(tx, job.target_tenant_id)).name
    except TenantUnknown:
        return str(job.target_tenant_id)


async def _load(tx: Transaction, job_id: JobId) -> Notification:
    row = await tx.row(Q.of_job, job_id=job_id)
    return Notification() if row is None else Notification(row[0], tuple(row[1]), row[2])


async def _job(tx: Transaction, job_id: JobId) -> Job:
    job = await store.get_job(tx, job_id)
    if job is None:
        raise JobUnknown(target=str(job_id))
    return job
