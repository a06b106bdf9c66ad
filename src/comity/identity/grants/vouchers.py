"""Codes and refresh tokens as clients hold them: sealed, so that nobody makes one up, and naming a row.

They open nothing by themselves: the row says whether they still count.
"""

from __future__ import annotations

import base64
import binascii
import struct
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from comity.core.ids import TenantId, UserId
from comity.identity.errors import SealBroken
from comity.identity.sealing import Sealer

LENGTH_MAX: Final = 512
_FORM: Final = struct.Struct(">16s16s16sI")


@dataclass(frozen=True, slots=True)
class Voucher:
    """Which grant a code or refresh token is about, and its place in the row of refresh tokens (0: a code)."""

    tenant_id: TenantId
    user_id: UserId
    grant_id: UUID
    generation: int


class Vouchers:
    """Seals and opens them."""

    def __init__(self, sealer: Sealer) -> None:
        self._envelope = sealer.envelope("voucher")

    def seal(self, voucher: Voucher) -> str:
        """The text that a client holds."""
        form = _FORM.pack(voucher.tenant_id.bytes, voucher.user_id.bytes, voucher.grant_id.bytes, voucher.generation)
        sealed = self._envelope.close(form, bound_to=[_kind(code=voucher.generation == 0)])
        return base64.urlsafe_b64encode(sealed).decode().rstrip("=")

    def open(self, text: str, *, code: bool) -> Voucher | None:
        """What the text is about; None if it is not ours, or of the other kind."""
        if len(text) > LENGTH_MAX:
            return None
        try:
            sealed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
            tenant, user, grant, generation = _FORM.unpack(self._envelope.open(sealed, bound_to=[_kind(code=code)]))
        except (SealBroken, binascii.Error, ValueError, struct.error):
            return None
        return Voucher(TenantId(UUID(bytes=tenant)), UserId(UUID(bytes=user)), UUID(bytes=grant), generation)


def _kind(*, code: bool) -> bytes:
    return b"code" if code else b"refresh"
