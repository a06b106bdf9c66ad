"""Subscribe to changes, renew, end (graph-api §6.5).

Subscribing takes three steps, because nothing waits for a network inside a transaction: `check` (may
this caller have it?), `validate` (does the address want it?), `subscribe`, which checks again.
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlsplit
from uuid import UUID

from comity.audit.service import Record, record
from comity.core.answers import AnswerMissing
from comity.core.caller import Caller
from comity.core.clock import Clock
from comity.core.ids import new_id
from comity.db.transaction import Transaction
from comity.events.feed import load_position
from comity.identity.model import Bearer
from comity.identity.sealing import Sealer
from comity.jobs.due import put
from comity.jobs.model import Order
from comity.subscriptions import store
from comity.subscriptions.decide import NEEDED, Checked, check_expiration, check_wanted
from comity.subscriptions.model import (
    DataUnsupported,
    Subscription,
    SubscriptionUnknown,
    TooManySubscriptions,
    ValidationFailed,
    Wanted,
)

if TYPE_CHECKING:
    from comity.core.outbound import Outbound

DELIVER: Final = "subscription-deliver"
"""The kind of order that tells one subscriber."""
MOST: Final = 1000
"""Subscriptions of one tenant."""
HANDSHAKE_S: Final = 10.0
"""So long an address has to give the token back."""


class Subscriptions:
    """Use cases over the subscriptions of a transaction's tenant."""

    @classmethod
    def over(cls, sealer: Sealer, outbound: Outbound, machine: Clock) -> Subscriptions:
        """With client states sealed by the installation's key."""
        return cls(store.Store(sealer), outbound, machine)

    def __init__(self, rows: store.Store, outbound: Outbound, machine: Clock) -> None:
        self._rows = rows
        self._outbound = outbound
        self._machine = machine

    def check(self, caller: Caller, wanted: Wanted, *, with_data: bool = False) -> Checked:
        """May this caller have that? `with_data` wants the changed object along, which nobody gets.

        Raises:
            DataUnsupported, ResourceUnsupported, ChangeTypesInvalid, ExpirationInvalid, StateTooLong, AddressRefused,
            PermissionMissing: the right to read what would be told.
        """
        if with_data:
            raise DataUnsupported
        checked = check_wanted(wanted, now=self._machine.now())
        caller.check(NEEDED[checked.topic.family])
        for url in (wanted.notification_url, wanted.lifecycle_url):
            if url is not None:
                self._outbound.check(url)
        return checked

    async def validate(self, *urls: str | None) -> None:
        """Ask each address whether it wants our calls: it has to give a token back, as plain text.

        Raises:
            ValidationFailed, AddressRefused.
        """
        for url in dict.fromkeys(each for each in urls if each is not None):
            token = secrets.token_urlsafe(48)
            try:
                answer = await self._outbound.post(
                    _with_token(url, token), b"", media_type="text/plain; charset=utf-8", timeout_s=HANDSHAKE_S
                )
            except AnswerMissing as fault:
                raise ValidationFailed(url=url, detail=str(fault)) from fault
            said = answer.body.decode("utf-8", "replace").strip()
            if answer.status != 200 or answer.media_type != "text/plain" or said != token:
                raise ValidationFailed(url=url, detail=f"{answer.status} {answer.media_type}")

    async def subscribe(self, tx: Transaction, caller: Caller, owner: Bearer, wanted: Wanted) -> Subscription:
        """Tell that address of changes from now on.

        Raises:
            As `check`; TooManySubscriptions.
        """
        checked = self.check(caller, wanted)
        if await store.count(tx) >= MOST:
            raise TooManySubscriptions(most=MOST)
        made = Subscription(
            tenant_id=tx.tenant_id, id=new_id(), owner=owner, resource=wanted.resource, topic=checked.topic,
            change_types=checked.change_types, notification_url=wanted.notification_url,
            lifecycle_url=wanted.lifecycle_url, client_state=wanted.client_state, tls_version=wanted.tls_version,
            expires_at=wanted.expires_at, position=await load_position(tx),
        )  # fmt: skip
        await self._rows.add(tx, made)
        await record(tx, caller, Record("Add subscription", "subscription", made.id, after=_facts(made)))
        await put(tx, Order(DELIVER, tx.tenant_id, made.id))
        return made

    async def list(self, tx: Transaction, owner: Bearer) -> list[Subscription]:
        """The app's own that have not ended."""
        now = self._machine.now()
        return [each for each in await self._rows.list_of_app(tx, owner.app_id) if each.expires_at > now]

    async def get(self, tx: Transaction, owner: Bearer, subscription_id: UUID) -> Subscription:
        """One of the app's own.

        Raises:
            SubscriptionUnknown: there is none, it has ended, or it is another app's.
        """
        found = await self._rows.get(tx, subscription_id)
        if found is None or found.owner.app_id != owner.app_id or found.expires_at <= self._machine.now():
            raise SubscriptionUnknown(subscription=str(subscription_id))
        return found

    async def renew(
        self,
        tx: Transaction,
        caller: Caller,
        owner: Bearer,
        subscription_id: UUID,
        *,
        expires_at: datetime | None = None,
        notification_url: str | None = None,
    ) -> Subscription:
        """Let it last longer, or tell another address (which was validated before); without either: reauthorize it.

        Raises:
            SubscriptionUnknown, ExpirationInvalid, AddressRefused, PermissionMissing.
        """
        found = await self.get(tx, owner, subscription_id)
        caller.check(NEEDED[found.topic.family])
        if expires_at is not None:
            check_expiration(expires_at, now=self._machine.now())
        renewed = replace(
            found,
            owner=replace(found.owner, scopes=owner.scopes, issued_at_s=owner.issued_at_s),
            expires_at=expires_at or found.expires_at,
            notification_url=notification_url or found.notification_url,
            pending=None,
        )
        await store.renew(tx, renewed)
        await record(
            tx, caller, Record("Update subscription", "subscription", found.id, _facts(found), _facts(renewed))
        )
        await put(tx, Order(DELIVER, tx.tenant_id, found.id))
        return renewed

    async def end(self, tx: Transaction, caller: Caller, owner: Bearer, subscription_id: UUID) -> None:
        """Tell that address no longer.

        Raises:
            SubscriptionUnknown.
        """
        found = await self.get(tx, owner, subscription_id)
        await store.remove(tx, found.id)
        await record(tx, caller, Record("Delete subscription", "subscription", found.id, before=_facts(found)))


def _with_token(url: str, token: str) -> str:
    return f"{url}{'&' if urlsplit(url).query else '?'}validationToken={quote(token, safe='')}"


def _facts(each: Subscription) -> dict[str, object]:
    """What audit keeps: not the client state, and of the address no query, which may hold a secret."""
    return {
        "resource": each.resource,
        "changeType": ",".join(sorted(each.change_types)),
        "notificationUrl": each.notification_url.partition("?")[0],
        "expirationDateTime": each.expires_at.isoformat(),
    }
