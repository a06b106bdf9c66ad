"""Every answer has an id, every failure an envelope, whatever the route and whatever goes wrong."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from uuid import uuid4

import httpx
import pytest

from comity.core.logs import configure
from comity.web.app import build
from comity.web.asking import BODY_BYTES_MAX, HEADER_BYTES_MAX, HEADERS_MAX
from comity.web.boundary import Boundary
from comity.web.errors import SHAPES, shape_of
from comity.web.routing import Door, Route, Router
from tests.support.logs import put_back
from tests.web.client import Web, check_envelope

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")


def filled(path: str) -> str:
    """The route's path with something in the place of each parameter."""
    return "/".join("x" if part.startswith("{") else part for part in path.split("/"))


async def test_every_route_refuses_every_other_method_in_the_envelope(web: Web, app: Boundary):
    """graph-api §1.4: never HTML, never plain text, 405 included."""
    known: dict[str, set[str]] = {}
    for route in app.router.routes:
        known.setdefault(route.path, set()).add(route.method)
    assert len(known) >= 16

    for path, methods in known.items():
        for method in set(METHODS) - methods:
            answer = await web.ask(method, filled(path))
            error = check_envelope(answer, 405, "Request_BadRequest")
            assert methods <= set(answer.headers["allow"].split(", ")), path
            assert error["details"][0]["code"] == "method-unknown"


@pytest.mark.parametrize(
    "path",
    ["/", "/v1.0", "/v1.0/", "/v1.0/nothing", "/v2.0/users", "/v1.0/users/x/nothing", "/v1.0/teams", "/favicon.ico"],
)
async def test_what_is_not_implemented_is_not_found(web: Web, path):
    """Design D11: 404 in Graph's form, never a fake 200."""
    check_envelope(await web.get(path), 404, "ResourceNotFound")


async def test_unreadable_paths_and_hosts_are_refused(web: Web, contoso):
    token = await web.token_of(contoso)

    check_envelope(await web.get("/v1.0/users/%00"), 400, "BadRequest")
    check_envelope(await web.get("/v1.0/users/%ff"), 400, "BadRequest")
    for host in ("a b", "x/y", "", "a@b", "x:y"):
        check_envelope(await web.get("/v1.0/users", token, host=host), 400, "BadRequest")


async def test_the_clients_own_id_is_echoed_if_it_is_one(web: Web):
    """graph-api §1.2: header and innerError."""
    mine = str(uuid4()).upper()

    echoed = await web.get("/v1.0/nothing", **{"client-request-id": mine})
    junk = await web.get("/v1.0/nothing", **{"client-request-id": "x" * 36})
    fine = await web.get("/livez", **{"client-request-id": mine})

    assert echoed.headers["client-request-id"] == mine
    assert echoed.json()["error"]["innerError"]["client-request-id"] == mine
    assert "client-request-id" not in junk.headers
    assert "client-request-id" not in junk.json()["error"]["innerError"]
    assert fine.headers["client-request-id"] == mine
    assert echoed.headers["request-id"] != fine.headers["request-id"]


async def test_a_bug_is_answered_without_its_text_and_told_once(services):
    """Bugs are not caught, they are logged once at the boundary with the request id (style §7)."""

    async def broken(_: object) -> None:
        raise ZeroDivisionError("the secret is Xanadu")

    whole = build(services)
    route = Route("GET", "/broken", broken, Door.GRAPH)  # type: ignore[arg-type]
    app = Boundary(Router([route]), services, gate=whole._gate, metrics=whole._metrics, forms={})
    log = io.StringIO()
    with put_back():
        configure("info", stream=log)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://lab.example") as client:
            answer = await client.get("/broken")

    error = check_envelope(answer, 500, "InternalServerError")
    told = log.getvalue()
    assert told.count("request-failed") == 1
    assert answer.headers["request-id"] in told
    assert "Xanadu" not in answer.text
    assert error["details"][0]["code"] == "unexpected"


async def test_too_many_or_too_long_headers_are_refused(web: Web):
    check_envelope(await web.get("/livez", **{"x-long": "x" * HEADER_BYTES_MAX}), 431, "BadRequest")
    many = {f"x-{number}": "x" for number in range(HEADERS_MAX)}
    check_envelope(await web.get("/livez", **many), 431, "BadRequest")


async def test_too_much_body_is_refused_announced_or_not(web: Web, contoso):
    """The token endpoint takes forms, not films; nobody reads a body that is too long to its end."""
    path = f"/{contoso.id}/oauth2/v2.0/token"
    form = {"content-type": "application/x-www-form-urlencoded"}
    pieces = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal pieces
        while pieces < 1000:
            pieces += 1
            yield b"a" * 4096

    announced = await web.client.post(path, content=b"a" * (BODY_BYTES_MAX + 1), headers=form)
    streamed = await web.client.post(path, content=endless(), headers=form)

    for answer in (announced, streamed):
        assert answer.status_code == 413
        assert answer.json()["error"] == "invalid_request"
        assert answer.headers["connection"] == "close"
    assert pieces < 100


def test_every_shape_is_an_error_status():
    for shape in SHAPES.values():
        assert 400 <= shape.status < 600
    for kind in SHAPES:
        assert shape_of(kind.__new__(kind)) is SHAPES[kind]
