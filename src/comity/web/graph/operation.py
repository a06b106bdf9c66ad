"""What Graph serves, declared: one operation is one method on one path, with all that is to be said of it.

Routes, the OpenAPI document and the parity page are made from these declarations, so they cannot disagree.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from starlette.responses import Response

from comity.web.asking import Ask
from comity.web.auth import verified
from comity.web.graph.bodies import Anything, read_body
from comity.web.graph.shape import Shape
from comity.web.graph.visit import Errand, Visit
from comity.web.routing import Door, Endpoint, Route

VERSIONS: Final = ("v1.0", "beta")
ME: Final = "/users/{user}"

_CALLED: Final = re.compile(r"/\(([\w,]+)\)((?:/\{\w+\})+)")

Handler = Callable[[Visit], Awaitable[Response]]
"""Answers within one transaction."""
Runner = Callable[[Errand], Awaitable[Response]]
"""Answers with transactions of its own, or with none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method on one path, under `/v1.0` and `/beta` or `/beta` alone."""

    method: str
    path: str
    says: str
    """What it does, for who reads the documents."""
    handler: Handler | None = None
    runner: Runner | None = None
    shape: Shape[Any] | None = None
    """What it answers with."""
    many: bool = False
    """A collection of that."""
    status: int = 200
    body: type[msgspec.Struct] | None = None
    options: Sequence[str] = ()
    """Query options that it takes."""
    beta: bool = False
    remark: str = ""
    """Where it differs from Graph."""

    @property
    def shown(self) -> str:
        """The path as people write it: named arguments in parentheses."""
        return _CALLED.sub(_called, self.path)

    @property
    def tag(self) -> str:
        """The resource that it belongs to: the module that answers."""
        answers = self.handler or self.runner
        return getattr(answers, "__module__", "").rpartition(".")[2].removesuffix("_delta")


def get(path: str, handler: Handler, says: str, **more: Any) -> Operation:
    """Something to read."""
    return Operation(method="GET", path=path, handler=handler, says=says, **more)


def post(path: str, handler: Handler, says: str, **more: Any) -> Operation:
    """Something to make or do."""
    return Operation(method="POST", path=path, handler=handler, says=says, **{"body": Anything, "status": 201, **more})


def patch(path: str, handler: Handler, says: str, **more: Any) -> Operation:
    """Something to change."""
    return Operation(method="PATCH", path=path, handler=handler, says=says, **{"status": 204, **more})


def put(path: str, handler: Handler, says: str, **more: Any) -> Operation:
    """Something to set as a whole."""
    return Operation(method="PUT", path=path, handler=handler, says=says, **{"status": 204, **more})


def delete(path: str, handler: Handler, says: str, **more: Any) -> Operation:
    """Something to take away."""
    return Operation(method="DELETE", path=path, handler=handler, says=says, **{"status": 204, **more})


def _called(match: re.Match[str]) -> str:
    values = match[2].strip("/").split("/")
    return "(" + ",".join(f"{value.strip('{}')}='{value}'" for value in values) + ")"


def routes_of(operations: Sequence[Operation]) -> Iterator[Route]:
    """The routes of these operations; what is served of a user is served of `/me`, too."""
    for operation in operations:
        for version in VERSIONS[1:] if operation.beta else VERSIONS:
            yield Route(operation.method, f"/{version}{operation.path}", _endpoint(operation, version), Door.GRAPH)
            if operation.path.startswith(f"{ME}/"):
                path = f"/{version}/me{operation.path.removeprefix(ME)}"
                yield Route(operation.method, path, _endpoint(operation, version), Door.GRAPH)


def _endpoint(operation: Operation, version: str) -> Endpoint:
    """Let the operation answer, once it is known who asks and what was sent."""

    async def endpoint(ask: Ask) -> Response:
        bearer = await verified(ask)
        body = await read_body(ask, operation.body) if operation.body is not None else None
        errand = Errand(ask, version, bearer, body)
        if operation.runner is not None:
            return await operation.runner(errand)
        assert operation.handler is not None, "an operation answers somehow"
        async with errand.visit() as visit:
            return await operation.handler(visit)

    return endpoint
