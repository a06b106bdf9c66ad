"""Rows and nouns of change notifications."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from comity.core.caller import PrincipalKind
from comity.core.ids import AppId, PrincipalId, TenantId
from comity.db.queries import Queries
from comity.db.transaction import Transaction
from comity.identity.model import Bearer
from comity.identity.sealing import Sealer
from comity.subscriptions.model import ChangeType, Family, Lifecycle, Subscription, Topic

Q: Final = Queries("comity.subscriptions")
PURPOSE: Final = "subscription"


class Store:
    """Subscriptions of a transaction's tenant; client states are sealed on their way in."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    async def add(self, tx: Transaction, each: Subscription) -> None:
        """Save a new one."""
        await tx.execute(
            Q.add,
            id=each.id, principal_kind=each.owner.kind.value, principal_id=each.owner.principal_id,
            app_id=each.owner.app_id, scopes=sorted(each.owner.scopes),
            authorized_at_s=each.owner.issued_at_s, resource=each.resource, family=each.topic.family.value,
            object_id=each.topic.object_id, change_types=sorted(each.change_types),
            notification_url=each.notification_url, lifecycle_url=each.lifecycle_url,
            sealed_state=self._seal(each.id, each.client_state), tls_version=each.tls_version,
            expires_at=each.expires_at, position=each.position,
        )  # fmt: skip

    async def get(self, tx: Transaction, subscription_id: UUID) -> Subscription | None:
        """The one of that id."""
        row = await tx.row(Q.get, id=subscription_id)
        return self._subscription(tx.tenant_id, row) if row else None

    async def list_of_app(self, tx: Transaction, app_id: AppId) -> list[Subscription]:
        """An app's, by id."""
        return [self._subscription(tx.tenant_id, row) for row in await tx.rows(Q.of_app, app_id=app_id)]

    def _seal(self, name: UUID, text: str | None) -> bytes | None:
        return None if text is None else self._sealer.seal(text.encode(), purpose=PURPOSE, name=str(name))

    def _subscription(self, tenant_id: TenantId, row: Sequence[Any]) -> Subscription:
        (
            own, kind, principal_id, app_id, scopes, authorized_at_s, resource, family, object_id, types, url,
            lifecycle, sealed, tls, expires_at, position, pending, reminded,
            failing_since, attempts,
        ) = row  # fmt: skip
        state = None if sealed is None else self._sealer.open(bytes(sealed), purpose=PURPOSE, name=str(own)).decode()
        return Subscription(
            tenant_id=tenant_id, id=own,
            owner=Bearer(
                tenant_id, PrincipalId(principal_id), PrincipalKind(kind), AppId(app_id), frozenset(scopes),
                authorized_at_s,
            ),
            resource=resource, topic=Topic(Family(family), object_id),
            change_types=frozenset(map(ChangeType, types)), notification_url=url, lifecycle_url=lifecycle,
            client_state=state, tls_version=tls, expires_at=expires_at, position=position,
            pending=Lifecycle(pending) if pending else None, reminded=reminded,
            failing_since=failing_since, attempts=attempts,
        )  # fmt: skip


async def count(tx: Transaction) -> int:
    """How many the tenant has."""
    row = await tx.row(Q.count)
    return int(row[0]) if row else 0


async def load_topics(tx: Transaction) -> list[tuple[UUID, Topic, list[ChangeType]]]:
    """Who may have to be told of a change, and of which."""
    rows = await tx.rows(Q.topics)
    return [
        (own, Topic(Family(family), object_id), [*map(ChangeType, types)]) for own, family, object_id, types in rows
    ]


async def renew(tx: Transaction, each: Subscription) -> None:
    """It lasts until `expires_at`, at its address, by the rights of its owner as they were shown now."""
    await tx.execute(
        Q.renew,
        id=each.id, expires_at=each.expires_at, notification_url=each.notification_url,
        scopes=sorted(each.owner.scopes), authorized_at_s=each.owner.issued_at_s,
    )  # fmt: skip


async def note_told(tx: Transaction, subscription_id: UUID, *, position: int) -> None:
    """The subscriber knows everything up to here."""
    await tx.execute(Q.told, id=subscription_id, position=position)


async def note_failed(tx: Transaction, subscription_id: UUID, *, at: datetime) -> None:
    """Nobody answered."""
    await tx.execute(Q.failed, id=subscription_id, at=at)


async def owe(tx: Transaction, subscription_id: UUID, pending: Lifecycle, *, position: int) -> None:
    """Say that first; nothing up to `position` is told any more."""
    reminded = pending is Lifecycle.REAUTHORIZATION_REQUIRED
    await tx.execute(Q.owe, id=subscription_id, pending=pending.value, reminded=reminded, position=position)


async def remove(tx: Transaction, subscription_id: UUID) -> bool:
    """Forget it; False if it was not there."""
    return await tx.execute(Q.remove, id=subscription_id) > 0
