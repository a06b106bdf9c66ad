"""Subscriptions over HTTP: the handshake, renewal, one's own only (graph-api §6.5)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from comity.core.settings import Settings
from tests.support.receiver import Received, Receiver, receiving
from tests.support.world import Org
from tests.web.client import Web, check_envelope


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A lab, whose webhooks lie on this machine."""
    return Settings(data=tmp_path, outbound_loopback=True)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """A webhook that agrees."""

    def agreeing(asked: Received) -> tuple[int, str, bytes]:
        return 200, "text/plain; charset=utf-8", asked.query.get("validationToken", "").encode()

    async with receiving(agreeing) as made:
        yield made


def wanted(receiver: Receiver, **other: Any) -> dict[str, Any]:
    until = datetime.now(UTC) + timedelta(days=2)
    return {
        "changeType": "updated,deleted", "notificationUrl": receiver.url, "resource": "/users",
        "expirationDateTime": until.isoformat().replace("+00:00", "Z"), "clientState": "known to us two", **other,
    }  # fmt: skip


async def test_a_subscription_is_made_after_a_handshake_renewed_and_ended(web: Web, contoso: Org, receiver: Receiver):
    """With both addresses; then read, listed, renewed, reauthorized and deleted."""
    token = await web.token_of(contoso)
    application, _ = await web.app_of(contoso)
    asked = wanted(receiver, lifecycleNotificationUrl=f"{receiver.url}?for=life")
    answer = await web.post("/v1.0/subscriptions", token, asked)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert len(receiver.received) == 2
    assert (made["resource"], made["changeType"], made["clientState"]) == (
        "/users",
        "deleted,updated",
        "known to us two",
    )
    assert made["applicationId"] == str(application.app_id)

    path = f"/v1.0/subscriptions/{made['id']}"
    assert (await web.get(path, token)).json()["id"] == made["id"]
    assert [each["id"] for each in (await web.get("/v1.0/subscriptions", token)).json()["value"]] == [made["id"]]
    later = (datetime.now(UTC) + timedelta(days=20)).isoformat().replace("+00:00", "Z")
    renewed = await web.patch(path, token, {"expirationDateTime": later})
    assert renewed.status_code == 200
    assert renewed.json()["expirationDateTime"][:16] == later[:16]
    assert (await web.post(f"{path}/reauthorize", token)).status_code == 204
    assert (await web.delete(path, token)).status_code == 204
    check_envelope(await web.get(path, token), 404, "ResourceNotFound")


async def test_an_address_that_does_not_agree_is_refused(web: Web, contoso: Org, receiver: Receiver):
    """Nothing is kept."""
    token = await web.token_of(contoso)
    receiver.answering = lambda _: (200, "text/html", b"hello")
    check_envelope(await web.post("/v1.0/subscriptions", token, wanted(receiver)), 400, "ExtensionError")
    assert (await web.get("/v1.0/subscriptions", token)).json()["value"] == []


@pytest.mark.parametrize(
    ("other", "code"),
    [
        ({"resource": "me/messages"}, "InvalidRequest"),
        ({"changeType": "created"}, "InvalidRequest"),
        ({"clientState": "x" * 129}, "InvalidRequest"),
        ({"includeResourceData": True}, "InvalidRequest"),
        ({"expirationDateTime": "2020-01-01T00:00:00Z"}, "ExtensionError"),
        ({"notificationUrl": "http://169.254.169.254/latest"}, "Request_BadRequest"),
    ],
)
async def test_what_cannot_be_subscribed_to_is_said(
    web: Web, contoso: Org, receiver: Receiver, other: dict[str, Any], code: str
):
    """Before any address is called."""
    token = await web.token_of(contoso)
    check_envelope(await web.post("/v1.0/subscriptions", token, wanted(receiver, **other)), 400, code)
    assert receiver.received == []


async def test_another_tenants_subscription_does_not_exist(web: Web, contoso: Org, fabrikam: Org, receiver: Receiver):
    """Nor can it be ended."""
    made = (await web.post("/v1.0/subscriptions", await web.token_of(contoso), wanted(receiver))).json()
    other = await web.token_of(fabrikam)
    path = f"/v1.0/subscriptions/{made['id']}"
    check_envelope(await web.get(path, other), 404, "ResourceNotFound")
    check_envelope(await web.delete(path, other), 404, "ResourceNotFound")
