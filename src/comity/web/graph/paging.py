"""Pages and the links between them: opaque, sealed, and good for one caller and one question only.

A token holds where the next page begins and the options of the first one; it is bound to the tenant,
the caller and the resource. Nobody reads from it how the directory is ordered, or goes on with
somebody else's.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote
from uuid import UUID

import msgspec

from comity.identity.errors import SealBroken
from comity.identity.sealing import Envelope, Sealer
from comity.web.errors import OptionUnreadable, PageTokenInvalid
from comity.web.graph.odata import PAGE_SIZE_DEFAULT, Options
from comity.web.graph.visit import Visit

PURPOSE: Final = "page-token"


class _Place(msgspec.Struct, array_like=True):
    """What a token holds."""

    after: UUID
    size: int
    select: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class PageAsked:
    """The page that a request asks for."""

    after: UUID | None
    size: int
    select: tuple[str, ...] | None


class Pages:
    """Reads and writes page tokens."""

    def __init__(self, sealer: Sealer) -> None:
        self._envelope: Envelope = sealer.envelope(PURPOSE)

    def asked(
        self, visit: Visit, options: Options, *, resource: str, known: Sequence[str], type_name: str
    ) -> PageAsked:
        """What the request asks for: its own options, or those that its token carries.

        Raises:
            PageTokenInvalid, OptionUnreadable (other options beside the token), SelectUnknown, TopInvalid.
        """
        select, top = options.select(known, type_name=type_name), options.top()
        token = options.given.get("skiptoken")
        if token is None:
            return PageAsked(None, top or PAGE_SIZE_DEFAULT, select)
        place = self._open(visit, resource, token)
        if (top is not None and top != place.size) or (select is not None and select != place.select):
            raise OptionUnreadable(option="$skiptoken")
        return PageAsked(place.after, place.size, place.select)

    def next_link(self, visit: Visit, page: PageAsked, *, resource: str, after: UUID) -> str:
        """The address of the page behind this one."""
        sealed = self._envelope.close(
            msgspec.msgpack.encode(_Place(after, page.size, page.select)), bound_to=_binding(visit, resource)
        )
        token = base64.urlsafe_b64encode(sealed).decode().rstrip("=")
        return f"{visit.base}/{resource}?$skiptoken={quote(token)}"

    def _open(self, visit: Visit, resource: str, token: str) -> _Place:
        try:
            sealed = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
            data = self._envelope.open(sealed, bound_to=_binding(visit, resource))
            return msgspec.msgpack.decode(data, type=_Place)
        except (binascii.Error, ValueError, SealBroken) as fault:
            raise PageTokenInvalid from fault


def _binding(visit: Visit, resource: str) -> list[bytes]:
    principal = visit.caller.principal_id
    return [visit.tx.tenant_id.bytes, principal.bytes if principal else b"", resource.encode()]
