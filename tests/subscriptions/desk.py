"""An app that subscribes to changes of its tenant, and what reaches its webhook."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from comity.core.caller import Caller, PrincipalKind
from comity.core.ids import new_id
from comity.identity.callers import load_caller
from comity.identity.model import Application, Bearer
from comity.subscriptions.delivering import Postman
from comity.subscriptions.model import Subscription, Wanted
from comity.subscriptions.service import Subscriptions
from tests.support.receiver import Receiver
from tests.support.sign_in import Identity
from tests.support.world import Org


@dataclass
class Desk:
    """Short words for a test."""

    org: Org
    identity: Identity
    postman: Postman
    receiver: Receiver
    application: Application

    @property
    def now(self) -> datetime:
        return self.identity.machine.now()

    @property
    def owner(self) -> Bearer:
        return Bearer(
            self.org.id, self.application.id, PrincipalKind.APP, self.application.app_id, frozenset(),
            int(self.now.timestamp()),
        )  # fmt: skip

    @property
    def service(self) -> Subscriptions:
        return Subscriptions(self.postman.rows, self.postman.outbound, self.identity.machine)

    def wanted(self, resource: str = "users", **other: Any) -> Wanted:
        return Wanted(**{
            "resource": resource, "change_types": "updated,deleted", "notification_url": self.receiver.url,
            "expires_at": self.now + timedelta(days=1), "client_state": "known to us two", **other,
        })  # fmt: skip

    async def caller(self) -> Caller:
        async with self.org.db.tenant(self.org.id) as tx:
            return await load_caller(tx, self.owner, request_id=new_id())

    async def subscribe(self, resource: str = "users", **other: Any) -> Subscription:
        caller = await self.caller()
        async with self.org.db.tenant(self.org.id) as tx:
            return await self.service.subscribe(tx, caller, self.owner, self.wanted(resource, **other))

    async def deliver(self, subscription: Subscription) -> datetime | None:
        return await self.postman.deliver(self.org.id, subscription.id)

    async def load(self, subscription: Subscription) -> Subscription | None:
        async with self.org.db.tenant(self.org.id) as tx:
            return await self.postman.rows.get(tx, subscription.id)

    @property
    def told(self) -> list[tuple[str, str]]:
        """(change, object id) of all notices that reached the webhook, in their order."""
        return [
            (each["changeType"], each["resourceData"]["id"])
            for letter in self.receiver.received
            for each in letter.json()["value"]
            if "changeType" in each
        ]

    @property
    def events(self) -> list[str]:
        """Lifecycle events that reached it."""
        return [
            each["lifecycleEvent"]
            for letter in self.receiver.received
            for each in letter.json()["value"]
            if "lifecycleEvent" in each
        ]
