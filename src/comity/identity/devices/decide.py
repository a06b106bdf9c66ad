"""May the device have its tokens yet? Pure rules (RFC 8628 §3.5)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from comity.core.ids import AppId
from comity.identity.devices.model import DeviceRequest, DeviceState
from comity.identity.refusals import DeviceCodeInvalid, DeviceDeclined, DeviceExpired, DevicePending, DeviceTooFast

CODE_LETTERS: Final = "BCDFGHJKLMNPQRSTVWXZ"
"""No vowels, so that no code is a word, and nothing that looks like a digit (RFC 8628 §6.1)."""
CODE_LENGTH: Final = 9
LIFETIME: Final = timedelta(minutes=15)
INTERVAL_S: Final = 5
SLOWER_S: Final = 5


def normal_code(text: str) -> str | None:
    """The code that somebody typed, with or without dashes and capitals; None if it can be none."""
    code = "".join(each for each in text.upper() if each.isalnum())
    fine = len(code) == CODE_LENGTH and all(each in CODE_LETTERS for each in code)
    return code if fine else None


def judge_device(request: DeviceRequest | None, *, app_id: AppId, now: datetime) -> DeviceRequest:
    """The request as it was before this question, if the device may have its tokens.

    Raises:
        DeviceCodeInvalid, DeviceExpired, DeviceDeclined, DeviceTooFast, DevicePending.
    """
    if request is None or request.app_id != app_id:
        raise DeviceCodeInvalid
    if request.expires_at <= now:
        raise DeviceExpired
    match request.state:
        case DeviceState.APPROVED:
            return request
        case DeviceState.DECLINED:
            raise DeviceDeclined
        case DeviceState.PENDING:
            if request.polled_at and now < request.polled_at + timedelta(seconds=request.interval_s):
                raise DeviceTooFast
            raise DevicePending
