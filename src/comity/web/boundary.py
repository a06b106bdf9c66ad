"""The outermost wall: every request gets an id, every failure an answer, every bug one line in the log."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from comity.core.errors import ComityError
from comity.core.logs import get_logger
from comity.web.asking import Ask
from comity.web.errors import Unexpected, error_response
from comity.web.gate import Gate
from comity.web.metrics import Metrics
from comity.web.routing import Door, Route, Router
from comity.web.services import Services

log = get_logger()

ErrorForm = Callable[[ComityError, Ask], Response]
Work = Callable[[Route, Ask], Awaitable[Response]]


class Boundary:
    """The ASGI application: finds the route, bounds the work, answers whatever happens."""

    def __init__(
        self, router: Router, services: Services, *, gate: Gate, metrics: Metrics, forms: Mapping[Door, ErrorForm]
    ) -> None:
        self.router = router
        self._services = services
        self._gate = gate
        self._metrics = metrics
        self._forms = forms

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            raise NotImplementedError(f"{scope['type']} is not spoken here")
        ask = Ask(Request(scope, receive), self._services, self._gate)
        answer = _Answer(ask, send)
        began = self._services.machine.monotonic_s()
        try:
            route, response = await self._answer(ask, self._admitted)
        except ClientDisconnect:
            return  # nobody is left to be told
        try:
            await response(scope, receive, answer)
        finally:
            seconds = self._services.machine.monotonic_s() - began
            self._metrics.answered(route, status=answer.status, seconds=seconds)

    async def serve(self, ask: Ask) -> Response:
        """Answer a request within another one, which was let in already."""
        return (await self._answer(ask, _at_once))[1]

    async def _answer(self, ask: Ask, work: Work) -> tuple[Route | None, Response]:
        route: Route | None = None
        try:
            route, ask.parameters = self._find(ask)
            return route, await work(route, ask)
        except ComityError as error:
            return route, self._refuse(error, ask, route)
        except ClientDisconnect:
            raise
        except Exception:  # the last place where a bug can be answered; it is told once, here
            method = ask.request.scope["method"]
            log.exception("request-failed", request_id=str(ask.id), method=method, route=_name(route))
            return route, self._refuse(Unexpected(), ask, route)

    def _find(self, ask: Ask) -> tuple[Route, dict[str, str]]:
        scope = ask.request.scope
        ask.check_headers()
        return self.router.find(scope["method"], scope.get("raw_path") or scope["path"].encode())

    async def _admitted(self, route: Route, ask: Ask) -> Response:
        if route.door is Door.PROBES:  # they have to answer above all when everything else is too much
            return await route.endpoint(ask)
        with self._gate.admit():
            return await route.endpoint(ask)

    def _refuse(self, error: ComityError, ask: Ask, route: Route | None) -> Response:
        form = self._forms.get(route.door) if route else None
        return form(error, ask) if form else error_response(error, ask.trace)


class _Answer:
    """Sends an answer with the headers that each one has."""

    def __init__(self, ask: Ask, send: Send) -> None:
        self._ask = ask
        self._send = send
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = message["headers"] = list(message.get("headers", []))
            headers.append((b"request-id", str(self._ask.id).encode()))
            headers.append((b"x-content-type-options", b"nosniff"))
            if client_id := self._ask.client_request_id:
                headers.append((b"client-request-id", client_id.encode()))
        await self._send(message)


async def _at_once(route: Route, ask: Ask) -> Response:
    return await route.endpoint(ask)


def _name(route: Route | None) -> str:
    return route.path if route else ""
