"""An authenticated request at the Graph door, and how its answers look."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, TypeVar
from uuid import UUID

import msgspec
from starlette.responses import Response

from comity.core.caller import Caller
from comity.core.errors import NotFound
from comity.db.transaction import Transaction, as_uuid
from comity.identity.model import Bearer
from comity.web.asking import Ask
from comity.web.auth import admitted

B = TypeVar("B")

MEDIA_TYPE: Final = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
HEADERS: Final = {"odata-version": "4.0", "cache-control": "no-cache"}
NEVER: Final = datetime(1, 1, 1, tzinfo=UTC)
"""How Graph writes a time that has not come: 0001-01-01T00:00:00Z."""


class ObjectUnknown(NotFound):
    """There is no such object, or the caller may not know of it."""

    code = "object-unknown"


@dataclass(frozen=True, slots=True)
class Errand:
    """A request whose token and body are known; nothing of the database is held yet."""

    ask: Ask
    version: str
    """`v1.0` or `beta`: answers link within the version they were asked in."""
    bearer: Bearer
    body: Any = None
    """What the route takes, in its declared form."""

    @asynccontextmanager
    async def visit(self) -> AsyncIterator[Visit]:
        """One transaction of the token's tenant."""
        async with admitted(self.ask, self.bearer) as (tx, caller):
            yield Visit(self.ask, self.version, self.bearer, self.body, tx, caller)

    @property
    def base(self) -> str:
        """The service root that links of the answer begin with."""
        return f"{self.ask.origin}/{self.version}"

    def context(self, name: str, select: Sequence[str] | None = None, *, entity: bool = False) -> str:
        """The `@odata.context` of a set or one of its entities."""
        chosen = f"({','.join(select)})" if select is not None else ""
        return f"{self.base}/$metadata#{name}{chosen}{'/$entity' if entity else ''}"

    def parameter(self, name: str) -> str:
        """What the path says; an alias `@x` is looked up in the query."""
        value = self.ask.parameters[name]
        if not value.startswith("@"):
            return value
        wanted = value.removeprefix("@").lower()
        found = (each for key, each in self.ask.query() if key.removeprefix("@").lower() == wanted)
        return next(found, "").strip("'")

    def id(self, name: str) -> UUID:
        """An id that the path names.

        Raises:
            ObjectUnknown: what stands there is none.
        """
        found = as_uuid(self.parameter(name))
        if found is None:
            raise ObjectUnknown(id=self.parameter(name))
        return found

    def prefers(self, wish: str) -> bool:
        """Does the `Prefer` header ask for it?"""
        return wish in (self.ask.header("prefer") or "").replace(" ", "").lower().split(",")


@dataclass(frozen=True, slots=True)
class Visit(Errand):
    """Who asks what, inside the transaction that answers it."""

    tx: Transaction = None  # type: ignore[assignment]  # always given; fields of the errand come first
    caller: Caller = None  # type: ignore[assignment]  # as above


def entity(
    context: str, body: Mapping[str, Any], *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """One entity."""
    return answer({"@odata.context": context, **body}, status=status, headers=headers)


def created(context: str, body: Mapping[str, Any], *, location: str | None = None) -> Response:
    """An entity just made."""
    return entity(context, body, status=201, headers={"location": location} if location else None)


def value(context: str, found: Any) -> Response:
    """What a function or an action returns, where that is no entity."""
    return answer({"@odata.context": context, "value": found})


def collection(
    context: str,
    items: Sequence[Mapping[str, Any]],
    *,
    next_link: str | None = None,
    delta_link: str | None = None,
    count: int | None = None,
) -> Response:
    """A page of entities, with a link to the next one if there is any."""
    body: dict[str, Any] = {"@odata.context": context}
    if count is not None:
        body["@odata.count"] = count
    if next_link is not None:
        body["@odata.nextLink"] = next_link
    if delta_link is not None:
        body["@odata.deltaLink"] = delta_link
    return answer({**body, "value": items})


def done() -> Response:
    """It is done, and there is nothing to say about it."""
    return Response(status_code=204, headers=HEADERS)


def number(count: int) -> Response:
    """A bare number: what a `$count` segment answers."""
    return Response(str(count), headers=HEADERS, media_type="text/plain")


def answer(body: Mapping[str, Any], *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """JSON in Graph's media type."""
    return Response(
        msgspec.json.encode(body),
        status_code=status,
        headers={"content-type": MEDIA_TYPE, **HEADERS, **(headers or {})},
    )
