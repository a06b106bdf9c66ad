"""$batch: several requests in one, as official clients send it (graph-api §1.8, feasibility §2 and §3)."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from tests.web.client import Web, check_envelope


async def send(web: Web, token: str, *requests: dict[str, Any], version: str = "v1.0"):
    answer = await web.post(f"/{version}/$batch", token, {"requests": list(requests)})
    assert answer.status_code == 200, answer.text
    return {each["id"]: each for each in answer.json()["responses"]}


async def test_a_batch_answers_each_request_by_its_id(web: Web, contoso):
    annie = await contoso.add_person("annie")
    token = await web.token_of(contoso)

    found = await send(
        web, token,
        {"id": "1", "method": "GET", "url": f"/users/{annie.id}"},
        {"id": "2", "method": "GET", "url": "/users/nobody"},
        {"id": "3", "method": "GET", "url": "/nowhere"},
        {"id": "4", "method": "GET", "url": "/users/$count", "headers": {"consistencylevel": "eventual"}},
        {"id": "5", "method": "POST", "url": "/groups", "headers": {"Content-Type": "application/json"},
         "body": {"displayName": "G", "mailNickname": "g", "mailEnabled": False, "securityEnabled": True}},
        {"id": "6", "method": "PATCH", "url": f"/users/{annie.id}", "headers": {"content-type": "application/json"},
         "body": {"city": "Köln"}},
        {"id": "7", "method": "PATCH", "url": f"/users/{annie.id}", "body": {"city": "Bonn"}},
    )  # fmt: skip

    assert {each: one["status"] for each, one in found.items()} == {
        "1": 200, "2": 404, "3": 404, "4": 200, "5": 201, "6": 204, "7": 400,
    }  # fmt: skip
    assert found["1"]["body"]["displayName"] == "Annie"
    assert found["2"]["body"]["error"]["code"] == "Request_ResourceNotFound"
    assert found["2"]["body"]["error"]["innerError"]["request-id"] == found["2"]["headers"]["request-id"]
    assert base64.b64decode(found["4"]["body"]) == b"1"
    assert found["6"]["body"] is None
    assert all("Content-Type" in each["headers"] for each in found.values()), "the Python SDK asks for it"
    assert (await contoso.user(annie.id)).city == "Köln"


@pytest.mark.parametrize(
    "url",
    ["/users/{id}", "users/{id}", "/v1.0/users/{id}", "/beta/users/{id}", "http://lab.example:8080/v1.0/users/{id}",
     "https://graph.microsoft.com/v1.0/users/{id}?$select=id", "/users/{id}?$select=displayName, id"],
)  # fmt: skip
async def test_addresses_come_as_clients_write_them(web: Web, contoso, url):
    """The JS builder writes the version, the Python SDK the whole address."""
    annie = await contoso.add_person("annie")
    token = await web.token_of(contoso)

    found = await send(web, token, {"id": "a", "method": "get", "url": url.replace("{id}", str(annie.id))})

    assert (found["a"]["status"], found["a"]["body"]["id"]) == (200, str(annie.id))


async def test_what_depends_on_a_failure_is_not_tried(web: Web, contoso):
    """424 for each that follows, with `dependsOn` or as the Python SDK spells it."""
    annie = await contoso.add_person("annie")
    token = await web.token_of(contoso)
    change = {"method": "PATCH", "url": f"/users/{annie.id}", "headers": {"Content-Type": "application/json"}}

    found = await send(
        web, token,
        {"id": "1", "method": "GET", "url": "/users/nobody"},
        {"id": "2", **change, "body": {"city": "A"}, "dependsOn": ["1"]},
        {"id": "3", **change, "body": {"city": "B"}, "depends_on": ["2"]},
        {"id": "4", **change, "body": {"state": "C"}},
        {"id": "5", **change, "body": {"country": "D"}, "dependsOn": ["4"]},
    )  # fmt: skip

    assert [found[each]["status"] for each in "12345"] == [404, 424, 424, 204, 204]
    assert found["2"]["body"]["error"]["code"] == "FailedDependency"
    stored = await contoso.user(annie.id)
    assert (stored.city, stored.state, stored.country) == (None, "C", "D")


@pytest.mark.parametrize(
    "requests",
    [
        [{"id": str(number), "method": "GET", "url": "/me"} for number in range(21)],
        [{"id": "1", "method": "GET", "url": "/me"}, {"id": "1", "method": "GET", "url": "/me"}],
        [{"id": "1", "method": "GET"}],
        [{"method": "GET", "url": "/me"}],
        [{"id": "1", "method": "BREW", "url": "/me"}],
        [{"id": "1", "method": "POST", "url": "/$batch", "body": {}}],
        [{"id": "1", "method": "GET", "url": ""}],
        [{"id": "1", "method": "GET", "url": "/me", "dependsOn": ["2"]}, {"id": "2", "method": "GET", "url": "/me"}],
        [{"id": "1", "method": "GET", "url": "/me", "dependsOn": ["1"]}],
        "no list",
    ],
)
async def test_a_batch_that_cannot_be_carried_out_is_refused_whole(web: Web, contoso, requests):
    answer = await web.post("/v1.0/$batch", await web.token_of(contoso), {"requests": requests})

    assert answer.status_code == 400
    assert answer.json()["error"]["code"] in {"BadRequest", "Request_BadRequest"}


async def test_a_batch_needs_a_token_and_each_request_its_permission(web: Web, contoso):
    check_envelope(await web.client.post("/v1.0/$batch", json={"requests": []}), 401, "InvalidAuthenticationToken")
    application, secret = await web.identity.register(contoso, permissions=["Organization.Read.All"])
    web.apps[contoso.id] = (application, secret)
    found = await send(
        web, await web.token_of(contoso),
        {"id": "1", "method": "GET", "url": "/users"}, {"id": "2", "method": "GET", "url": "/organization"},
    )  # fmt: skip
    assert (found["1"]["status"], found["2"]["status"]) == (403, 200)
    assert json.dumps(found)
