"""Subscriptions to changes: make, list, renew, reauthorize, end (graph-api §6.5)."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec
from starlette.responses import Response

from comity.db.transaction import as_uuid
from comity.subscriptions.model import Subscription, SubscriptionUnknown, Wanted
from comity.subscriptions.service import Subscriptions
from comity.web.graph.bodies import Body
from comity.web.graph.operation import Operation, delete, get, post
from comity.web.graph.shape import Shape, flag, instant, text
from comity.web.graph.visit import Errand, Visit, collection, created, done, entity

UNSET: Final = msgspec.UNSET


class NewSubscription(Body, kw_only=True):
    """What a subscription needs."""

    change_type: str
    notification_url: str
    resource: str
    expiration_date_time: datetime
    lifecycle_notification_url: str | None = None
    client_state: str | None = None
    latest_supported_tls_version: str | None = msgspec.field(name="latestSupportedTlsVersion", default=None)
    include_resource_data: bool | None = None
    encryption_certificate: str | None = None
    encryption_certificate_id: str | None = None
    notification_query_options: str | None = None
    notification_content_type: str | None = None

    def wanted(self) -> Wanted:
        """As the room understands it."""
        return Wanted(
            self.resource, self.change_type, self.notification_url, self.expiration_date_time,
            lifecycle_url=self.lifecycle_notification_url or None, client_state=self.client_state,
            tls_version=self.latest_supported_tls_version or "v1_2",
        )  # fmt: skip


class Renewal(Body, kw_only=True):
    """What can be changed of one."""

    expiration_date_time: datetime | msgspec.UnsetType = UNSET
    notification_url: str | msgspec.UnsetType = UNSET


SHAPE: Final = Shape[Subscription](
    "microsoft.graph.subscription",
    {
        "id": text(lambda each: str(each.id)),
        "resource": text(lambda each: each.resource),
        "applicationId": text(lambda each: str(each.owner.app_id)),
        "changeType": text(lambda each: ",".join(sorted(each.change_types))),
        "clientState": text(lambda each: each.client_state),
        "notificationUrl": text(lambda each: each.notification_url),
        "notificationQueryOptions": text(lambda _: None),
        "lifecycleNotificationUrl": text(lambda each: each.lifecycle_url),
        "expirationDateTime": instant(lambda each: each.expires_at),
        "creatorId": text(lambda each: str(each.owner.principal_id)),
        "includeResourceData": flag(lambda _: False),
        "latestSupportedTlsVersion": text(lambda each: each.tls_version),
        "encryptionCertificate": text(lambda _: None),
        "encryptionCertificateId": text(lambda _: None),
        "notificationUrlAppId": text(lambda _: None),
    },
)
_PATH: Final = "/subscriptions/{subscription}"


async def make(errand: Errand) -> Response:
    """POST /subscriptions: the address is asked first whether it wants our calls, with nothing held meanwhile."""
    rows, wanted = _subscriptions(errand), errand.body.wanted()
    async with errand.visit() as visit:
        rows.check(visit.caller, wanted, with_data=bool(errand.body.include_resource_data))
    await rows.validate(wanted.notification_url, wanted.lifecycle_url)
    async with errand.visit() as visit:
        made = await rows.subscribe(visit.tx, visit.caller, visit.bearer, wanted)
    return created(errand.context("subscriptions", entity=True), SHAPE.show(made), location=_location(errand, made))


async def list_all(visit: Visit) -> Response:
    """GET /subscriptions: the app's own."""
    found = await _subscriptions(visit).list(visit.tx, visit.bearer)
    return collection(visit.context("subscriptions"), [SHAPE.show(each) for each in found])


async def read(visit: Visit) -> Response:
    """GET /subscriptions/{id}."""
    found = await _subscriptions(visit).get(visit.tx, visit.bearer, _id(visit))
    return entity(visit.context("subscriptions", entity=True), SHAPE.show(found))


async def renew(errand: Errand) -> Response:
    """PATCH /subscriptions/{id}: last longer; another address is asked first."""
    rows, change = _subscriptions(errand), errand.body
    url = None if change.notification_url is UNSET else change.notification_url
    async with errand.visit() as visit:
        await rows.get(visit.tx, visit.bearer, _id(visit))
    if url is not None:
        await rows.validate(url)
    async with errand.visit() as visit:
        renewed = await rows.renew(
            visit.tx, visit.caller, visit.bearer, _id(visit), notification_url=url,
            expires_at=None if change.expiration_date_time is UNSET else change.expiration_date_time,
        )  # fmt: skip
    return entity(errand.context("subscriptions", entity=True), SHAPE.show(renewed))


async def reauthorize(visit: Visit) -> Response:
    """POST /subscriptions/{id}/reauthorize: it rests on this token's rights from now on."""
    await _subscriptions(visit).renew(visit.tx, visit.caller, visit.bearer, _id(visit))
    return done()


async def end(visit: Visit) -> Response:
    """DELETE /subscriptions/{id}."""
    await _subscriptions(visit).end(visit.tx, visit.caller, visit.bearer, _id(visit))
    return done()


def _subscriptions(errand: Errand) -> Subscriptions:
    from comity.core.outbound import Outbound  # noqa: PLC0415 - an HTTP client, which only subscribers wait for

    services = errand.ask.services
    return Subscriptions.over(services.sealer, Outbound.over(services.settings), services.machine)


def _location(errand: Errand, made: Subscription) -> str:
    return f"{errand.base}/subscriptions/{made.id}"


def _id(visit: Visit) -> UUID:
    found = as_uuid(visit.parameter("subscription"))
    if found is None:
        raise SubscriptionUnknown(subscription=visit.parameter("subscription"))
    return found


OPERATIONS: Final = (
    Operation(
        method="POST", path="/subscriptions", runner=make, body=NewSubscription, status=201, shape=SHAPE,
        says="Subscribe to changes of users or groups",
        remark="users, users/{id}, groups, groups/{id} and groups/{id}/members; no resource data",
    ),
    get("/subscriptions", list_all, "The app's subscriptions", shape=SHAPE, many=True),
    get(_PATH, read, "One subscription", shape=SHAPE),
    Operation(
        method="PATCH", path=_PATH, runner=renew, body=Renewal, status=200, shape=SHAPE, says="Renew a subscription"
    ),
    post(f"{_PATH}/reauthorize", reauthorize, "Reauthorize a subscription", status=204),
    delete(_PATH, end, "End a subscription"),
)  # fmt: skip
