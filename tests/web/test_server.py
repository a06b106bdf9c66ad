"""The server over real sockets: the token journey, what is not HTTP, bounds, and a stop that drops nothing."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing

import httpx
import msgspec
import pytest
from starlette.responses import Response

from comity.core.listening import Listener, listen
from comity.web.app import build
from comity.web.asking import HEADER_BYTES_MAX
from comity.web.boundary import Boundary
from comity.web.protocol import TARGET_BYTES_MAX, BoundedProtocol
from comity.web.routing import Door, Route, Router
from comity.web.server import run
from comity.web.services import Services
from tests.support.sign_in import Identity
from tests.support.waiting import wait_until
from tests.web.client import check_envelope


@asynccontextmanager
async def served(
    app: Boundary, services: Services, protocol: type[BoundedProtocol] = BoundedProtocol
) -> AsyncIterator[tuple[str, asyncio.Event, asyncio.Task[None]]]:
    """The application on a free port: its address, the event that stops it, and its task."""
    listener: Listener = listen("127.0.0.1", 0, tls=services.settings.serves_https)
    stop = asyncio.Event()
    task = asyncio.create_task(run(app, services.settings, listener, stop=stop, protocol=protocol))
    try:
        yield listener.url, stop, task
    finally:
        stop.set()
        await task


async def exchange(url: str, request: bytes) -> bytes:
    """Send bytes, read until the other side closes."""
    host, port = url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    with closing(writer):
        writer.write(request)
        return await reader.read()


async def test_the_token_journey_over_a_real_socket(app: Boundary, services: Services, identity: Identity, contoso):
    """From the metadata to the keys, the token, and the next page, each at the address that the one before named."""
    for number in range(3):
        await contoso.add_person(f"person{number}")
    application, secret = await identity.register(contoso)
    async with served(app, services) as (url, _, _), httpx.AsyncClient() as client:
        metadata = (await client.get(f"{url}/{contoso.domain}/v2.0/.well-known/openid-configuration")).json()
        assert metadata["token_endpoint"].startswith(url)
        assert (await client.get(metadata["jwks_uri"])).json()["keys"]
        form = {"grant_type": "client_credentials", "client_id": str(application.app_id), "scope": f"{url}/.default"}
        answer = await client.post(metadata["token_endpoint"], data={**form, "client_secret": secret})
        headers = {"authorization": f"Bearer {answer.json()['access_token']}"}
        page = (await client.get(f"{url}/v1.0/users?$top=2", headers=headers)).json()
        rest = (await client.get(page["@odata.nextLink"], headers=headers)).json()
        guest = await client.get(f"{url}/v1.0/users/a_b.example%23EXT%23%40{contoso.domain}", headers=headers)
        head = await client.head(f"{url}/livez")

    assert len(page["value"]) == 2
    assert len(rest["value"]) == 1
    check_envelope(guest, 404, "Request_ResourceNotFound")
    assert head.status_code == 200
    assert head.content == b""
    assert "server" not in head.headers


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET /livez HTTP/1.1\r\nno colon\r\n\r\n", 400),
        (b"GET /livez HTTP/1.1\r\nhost: x\r\nx-long: " + b"x" * (HEADER_BYTES_MAX + TARGET_BYTES_MAX), 431),
        (b"GET /livez HTTP/1.1\r\nhost: x\r\n" + b"x-many: x\r\n" * 200, 431),
        (b"GET /" + b"x" * (TARGET_BYTES_MAX + 1), 400),
    ],
    ids=["no-http", "no-header", "long-header", "many-headers", "long-target"],
)
async def test_what_is_no_request_is_answered_in_the_envelope_too(app, services, request_bytes, status):
    """graph-api §1.4; and it is answered before it has arrived whole, so that nobody fills the memory."""
    async with served(app, services) as (url, _, _):
        answer = await exchange(url, request_bytes)

    head, _, body = answer.partition(b"\r\n\r\n")
    error = msgspec.json.decode(body)["error"]
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert error["innerError"]["request-id"].encode() in head
    assert error["code"] == "BadRequest"


class Impatient(BoundedProtocol):
    headers_seconds_max = 0.05


async def test_a_connection_that_says_nothing_is_not_kept(app, services):
    """Whoever opens a connection has to say soon what for, and to the end."""
    async with served(app, services, Impatient) as (url, _, _):
        assert await exchange(url, b"") == b""
        assert await exchange(url, b"GET /livez HTTP/1.1\r\nhost: x\r\n") == b""


async def test_a_stop_lets_requests_in_work_finish_and_takes_no_new_ones(services: Services):
    """SIGTERM drains (design §7)."""
    begun, may_end = asyncio.Event(), asyncio.Event()

    async def slow(_: object) -> Response:
        begun.set()
        await may_end.wait()
        return Response(b"done")

    whole = build(services)
    router = Router([Route("GET", "/slow", slow, Door.PROBES)])
    app = Boundary(router, services, gate=whole._gate, metrics=whole._metrics, forms={})
    async with served(app, services) as (url, stop, task), httpx.AsyncClient() as client:
        running = asyncio.create_task(client.get(f"{url}/slow"))
        await begun.wait()
        stop.set()
        await asyncio.to_thread(wait_until, lambda: not answers(url))
        assert not task.done()
        may_end.set()
        answer = await running
        await task

    assert answer.content == b"done"


def answers(url: str) -> bool:
    host, port = url.removeprefix("http://").split(":")
    try:
        socket.create_connection((host, int(port))).close()
    except ConnectionError:
        return False
    return True
