"""`$batch`: up to twenty requests in one, each with an answer of its own (graph-api §1.8).

They are carried out one after the other, in the order given, which fulfils every `dependsOn`. Clients write the
address of an inner request with or without the version, and the Python SDK writes it whole.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final
from urllib.parse import quote, urlsplit
from uuid import uuid4

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message

from comity.core.errors import Invalid
from comity.web.asking import Ask
from comity.web.graph.bodies import Body
from comity.web.graph.operation import VERSIONS
from comity.web.graph.visit import Errand, answer

Serve = Callable[[Ask], Awaitable[Response]]
"""Answers a request whatever happens, errors included."""

REQUESTS_MAX: Final = 20
METHODS: Final = frozenset({"GET", "POST", "PATCH", "PUT", "DELETE"})
_INHERITED: Final = frozenset({b"authorization", b"host", b"accept-language", b"client-request-id"})


class BatchOverfull(Invalid):
    """More than twenty requests."""

    code = "batch-requests-too-many"


class BatchInvalid(Invalid):
    """The batch as a whole cannot be carried out; names the request and its fault."""

    code = "batch-unreadable"


class Inner(Body, kw_only=True):
    """One request of a batch."""

    id: str
    method: str
    url: str
    headers: dict[str, str] | None = None
    body: Any = msgspec.UNSET
    depends_on: list[str] | None = None


class Batch(Body, kw_only=True):
    """What a batch holds."""

    requests: list[Inner]


class RawBatch(msgspec.Struct):
    """A batch as it came: its requests are read one by one, since clients spell members differently."""

    requests: list[dict[str, Any]] = []


def batching(serve: Serve) -> Callable[[Errand], Awaitable[Response]]:
    """The operation, over whatever serves a single request."""

    async def run(errand: Errand) -> Response:
        async with errand.visit():  # whoever may not come in carries nothing out, not even nothing
            inner = read_batch(errand.body.requests)
        answers: dict[str, dict[str, Any]] = {}
        for each in inner:
            failed = [one for one in each.depends_on or () if answers[one]["status"] >= 400]
            answers[each.id] = _dependency_failed(each) if failed else await _carry_out(errand, each, serve)
        return answer({"responses": list(answers.values())})

    return run


def read_batch(requests: Sequence[Mapping[str, Any]]) -> list[Inner]:
    """The requests of a batch, each depending on earlier ones only.

    Raises:
        BatchOverfull, BatchInvalid.
    """
    if len(requests) > REQUESTS_MAX:
        raise BatchOverfull(count=len(requests), most=REQUESTS_MAX)
    found: list[Inner] = []
    for given in requests:
        named = {"dependsOn" if name == "depends_on" else name: value for name, value in given.items()}
        try:
            each = msgspec.convert(named, Inner)
        except msgspec.ValidationError as fault:
            raise BatchInvalid(request=str(given.get("id"))[:80], fault=str(fault)[:120]) from fault
        known = {one.id for one in found}
        if each.id in known or not each.id:
            raise BatchInvalid(request=each.id[:80], fault="ids have to differ")
        if each.method.upper() not in METHODS or _target(each.url) is None:
            raise BatchInvalid(request=each.id[:80], fault="method or url")
        if set(each.depends_on or ()) - known:
            raise BatchInvalid(request=each.id[:80], fault="dependsOn names no earlier request")
        found.append(each)
    return found


def _target(url: str) -> tuple[str, str] | None:
    """Path below the version, and query; None for what is no address, or a batch within the batch."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    path = parts.path.strip("/")
    first, _, rest = path.partition("/")
    if first.lower() in VERSIONS:
        path = rest
    return None if not path or path.lower().startswith("$batch") else (f"/{path}", parts.query)


async def _carry_out(errand: Errand, inner: Inner, serve: Serve) -> dict[str, Any]:
    target = _target(inner.url)
    assert target is not None, "checked before"
    sent = inner.body is not msgspec.UNSET and inner.body is not None
    if sent and not any(name.lower() == "content-type" for name in inner.headers or {}):
        return _answered(inner, 400, {}, {"error": {"code": "BadRequest", "message": _NO_CONTENT_TYPE}})
    outer = errand.ask.request.scope
    given = {name.lower().encode(): text.encode() for name, text in (inner.headers or {}).items()}
    inherited = {name: text for name, text in outer["headers"] if name in _INHERITED and name not in given}
    raw = _raw_body(inner.body) if sent else b""
    path = quote(f"/{errand.version}{target[0]}", safe="/%()'=@:,$;!*+~-._&\"")
    scope = {
        **outer,
        "method": inner.method.upper(),
        "path": path,
        "raw_path": path.encode(),
        "query_string": quote(target[1], safe="/%()'=@:,$;!*+~-._&\"?").encode(),
        "headers": [*inherited.items(), *given.items()],
    }

    async def receive() -> Message:
        return {"type": "http.request", "body": raw, "more_body": False}

    ask = replace(errand.ask, request=Request(scope, receive), id=uuid4(), parameters={})
    found = await serve(ask)
    kept = {name: text for name, text in found.headers.items() if name in {"content-type", "retry-after", "location"}}
    headers = {"-".join(part.title() for part in name.split("-")): text for name, text in kept.items()}
    return _answered(inner, found.status_code, {**headers, "request-id": str(ask.id)}, _shown(found))


def _raw_body(body: Any) -> bytes:
    if isinstance(body, str):
        try:
            return base64.b64decode(body, validate=True)
        except ValueError:
            return body.encode()
    return msgspec.json.encode(body)


def _shown(found: Response) -> Any:
    body = bytes(found.body)
    if not body:
        return None
    if "json" in found.headers.get("content-type", ""):
        return json.loads(body)
    return base64.b64encode(body).decode()


def _answered(inner: Inner, status: int, headers: Mapping[str, str], body: Any) -> dict[str, Any]:
    """The Python SDK expects a content type with every answer, an empty one included."""
    return {
        "id": inner.id,
        "status": status,
        "headers": {"Content-Type": "application/json", "Cache-Control": "no-cache", **headers},
        "body": body,
    }


_NO_CONTENT_TYPE: Final = "Write request id : a body needs the header Content-Type."
_NOT_TRIED: Final = "The request was not carried out, because one that it depends on failed."


def _dependency_failed(inner: Inner) -> dict[str, Any]:
    return _answered(inner, 424, {}, {"error": {"code": "FailedDependency", "message": _NOT_TRIED}})
