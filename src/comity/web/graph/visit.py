"""An authenticated request at the Graph door, and how its answers look."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from starlette.responses import Response

from comity.core.caller import Caller
from comity.db.transaction import Transaction
from comity.web.asking import Ask
from comity.web.auth import admitted
from comity.web.routing import Endpoint

MEDIA_TYPE: Final = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"


@dataclass(frozen=True, slots=True)
class Visit:
    """Who asks what, inside the transaction that answers it."""

    ask: Ask
    tx: Transaction
    caller: Caller
    version: str
    """`v1.0` or `beta`: answers link within the version they were asked in."""

    @property
    def base(self) -> str:
        """The service root that links of the answer begin with."""
        return f"{self.ask.origin}/{self.version}"

    def context(self, name: str, select: Sequence[str] | None, *, entity: bool = False) -> str:
        """The `@odata.context` of a set or one of its entities."""
        chosen = f"({','.join(select)})" if select is not None else ""
        return f"{self.base}/$metadata#{name}{chosen}{'/$entity' if entity else ''}"


Handler = Callable[[Visit], Awaitable[Response]]


def visiting(handler: Handler, *, version: str) -> Endpoint:
    """Let `handler` answer, once it is known who asks."""

    async def endpoint(ask: Ask) -> Response:
        async with admitted(ask) as (tx, caller):
            return await handler(Visit(ask, tx, caller, version))

    return endpoint


def entity(context: str, body: Mapping[str, Any]) -> Response:
    """One entity."""
    return _answer({"@odata.context": context, **body})


def collection(context: str, items: Sequence[Mapping[str, Any]], *, next_link: str | None = None) -> Response:
    """A page of entities, with a link to the next one if there is any."""
    link = {"@odata.nextLink": next_link} if next_link is not None else {}
    return _answer({"@odata.context": context, **link, "value": items})


def _answer(body: dict[str, Any]) -> Response:
    headers = {"content-type": MEDIA_TYPE, "odata-version": "4.0", "cache-control": "no-cache"}
    return Response(msgspec.json.encode(body), headers=headers)
