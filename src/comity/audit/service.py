"""Write and read the audit; writing happens in the transaction of the change itself."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from comity.audit.model import AuditEntry, Facts
from comity.core.caller import Caller, PrincipalKind
from comity.core.ids import AuditId, CauseId, new_id
from comity.core.permissions import Permission
from comity.db.bulk import Staging, bulk
from comity.db.queries import Queries
from comity.db.transaction import Transaction
from comity.db.values import dump_json, jsonb

Q: Final = Queries("comity.audit")

_STAGED: Final = Staging(
    "staged_audit",
    (
        ("id", "uuid"),
        ("action", "text"),
        ("object_kind", "text"),
        ("object_id", "uuid"),
        ("before", "text"),
        ("after", "text"),
    ),
)


@dataclass(frozen=True, slots=True)
class Record:
    """One change to be written; `before` is None for a creation, `after` for a removal."""

    action: str
    object_kind: str
    object_id: UUID | None
    before: Facts | None = None
    after: Facts | None = None


async def record(tx: Transaction, caller: Caller, entry: Record) -> AuditId:
    """Write one change; it becomes the transaction's cause unless an earlier cause is at work."""
    audit_id = AuditId(new_id())
    await tx.execute(
        Q.add,
        id=audit_id,
        action=entry.action,
        object_kind=entry.object_kind,
        object_id=entry.object_id,
        before=jsonb(entry.before),
        after=jsonb(entry.after),
        **_actor(tx, caller, audit_id),
    )
    return audit_id


async def record_many(tx: Transaction, caller: Caller, entries: Iterable[Record]) -> None:
    """Write many changes of one act in two statements; all share one cause."""
    rows = [
        (
            new_id(),
            each.action,
            each.object_kind,
            each.object_id,
            None if each.before is None else dump_json(each.before),
            None if each.after is None else dump_json(each.after),
        )
        for each in entries
    ]
    if rows:
        await bulk(tx, _STAGED, rows)
        await tx.execute(Q.add_staged, **_actor(tx, caller, AuditId(rows[0][0])))


async def list_for_object(tx: Transaction, caller: Caller, object_id: UUID, *, at_most: int = 100) -> list[AuditEntry]:
    """What happened to an object, newest first."""
    caller.check(Permission.AUDIT_READ)
    return await tx.all(_entry, Q.of_object, object_id=object_id, at_most=at_most)


async def list_of_kinds(
    tx: Transaction,
    kinds: Collection[str],
    *,
    objects: Collection[UUID] = (),
    since: datetime | None = None,
) -> list[AuditEntry]:
    """What happened to settings of external access, by kind of object, and to single objects; newest first.

    For reports of rooms that checked their own permission.
    """
    return await tx.all(_entry, Q.of_kinds, kinds=list(kinds), object_ids=list(objects), since=since)


async def list_latest(
    tx: Transaction, caller: Caller, *, before: AuditId | None = None, at_most: int = 100
) -> list[AuditEntry]:
    """What happened in the tenant, newest first, behind the entry `before`."""
    caller.check(Permission.AUDIT_READ)
    return await tx.all(_entry, Q.latest, before_id=before, at_most=at_most)


async def get_entry(tx: Transaction, caller: Caller, audit_id: AuditId) -> AuditEntry | None:
    """One entry by its id; None if there is none.

    Raises:
        PermissionMissing.
    """
    caller.check(Permission.AUDIT_READ)
    return await tx.one(_entry, Q.by_id, id=audit_id)


def _actor(tx: Transaction, caller: Caller, audit_id: AuditId) -> dict[str, object]:
    if tx.cause is None:
        tx.cause = caller.cause or CauseId(audit_id)
    return {
        "at": tx.now,
        "actor_kind": caller.kind.value,
        "actor_id": caller.principal_id,
        "actor_name": caller.name,
        "reason": caller.reason,
        "request_id": caller.request_id,
        "cause": tx.cause,
    }


def _entry(
    id: UUID, at: datetime, actor_kind: str, actor_id: UUID | None, actor_name: str, action: str, object_kind: str,
    object_id: UUID | None, before: Facts | None, after: Facts | None, reason: str | None, request_id: UUID,
    cause: UUID,
) -> AuditEntry:  # fmt: skip
    return AuditEntry(
        AuditId(id), at, PrincipalKind(actor_kind), actor_id, actor_name, action, object_kind,
        object_id, before, after, reason, request_id, CauseId(cause),
    )  # fmt: skip
