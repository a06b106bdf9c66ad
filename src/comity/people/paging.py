"""Page tokens of a search: sealed, and good for one searcher and one question only.

What a token holds (names of the last person shown, ids of contacts) nobody reads who gets it, and nobody else
can go on with it.
"""

from __future__ import annotations

import base64
import binascii
from typing import Final
from uuid import UUID

import msgspec

from comity.core.caller import Caller
from comity.identity.errors import SealBroken
from comity.identity.sealing import Envelope, Sealer
from comity.people.model import PageTokenBroken, Place

PURPOSE: Final = "people-page"


class PageTokens:
    """Writes and reads page tokens."""

    def __init__(self, sealer: Sealer) -> None:
        self._envelope: Envelope = sealer.envelope(PURPOSE)

    def write(self, caller: Caller, text: str, place: Place) -> str:
        """The place as a token for this searcher and this query."""
        sealed = self._envelope.close(msgspec.msgpack.encode(place), bound_to=_binding(caller, text))
        return base64.urlsafe_b64encode(sealed).decode().rstrip("=")

    def read(self, caller: Caller, text: str, token: str) -> Place:
        """The place that a token names.

        Raises:
            PageTokenBroken.
        """
        try:
            sealed = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
            data = self._envelope.open(sealed, bound_to=_binding(caller, text))
            return msgspec.msgpack.decode(data, type=Place)
        except (binascii.Error, ValueError, SealBroken) as fault:
            raise PageTokenBroken from fault


def _binding(caller: Caller, text: str) -> list[bytes]:
    principal: UUID | None = caller.principal_id
    return [caller.tenant_id.bytes, principal.bytes if principal else b"", text.encode("utf-8", "surrogatepass")]
