"""Change notifications as Graph writes them (graph-api §6.5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from comity.subscriptions.model import Family, Lifecycle, Notice, Subscription

_TYPES: Final[Mapping[Family, tuple[str, str]]] = {
    Family.USERS: ("Users", "#Microsoft.Graph.User"),
    Family.GROUPS: ("Groups", "#Microsoft.Graph.Group"),
}


def write_envelope(subscription: Subscription, notices: Sequence[Notice]) -> bytes:
    """A `changeNotificationCollection`."""
    return msgspec.json.encode({"value": [{**_common(subscription), **_change(each)} for each in notices]})


def write_card(subscription: Subscription, event: Lifecycle) -> bytes:
    """A lifecycle notification, in an envelope of its own."""
    said = {**_common(subscription), "resource": subscription.resource, "lifecycleEvent": event.value}
    return msgspec.json.encode({"value": [said]})


def _common(subscription: Subscription) -> dict[str, Any]:
    return {
        "subscriptionId": str(subscription.id),
        "subscriptionExpirationDateTime": subscription.expires_at,
        "clientState": subscription.client_state,
        "tenantId": str(subscription.tenant_id),
    }


def _change(notice: Notice) -> dict[str, Any]:
    collection, type_name = _TYPES[notice.family]
    path = f"{collection}/{notice.object_id}"
    data = {"@odata.type": type_name, "@odata.id": path, "id": str(notice.object_id)}
    return {"changeType": notice.change_type.value, "resource": path, "resourceData": data}
