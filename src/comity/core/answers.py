"""What comes back from calls to the outside; apart from the caller itself, so that no HTTP client is loaded for it."""

from __future__ import annotations

from dataclasses import dataclass

from comity.core.errors import Invalid, Unavailable


class AddressRefused(Invalid):
    """Not an address that we call: not HTTPS, unreadable, or within our own networks."""

    code = "address-refused"


class AnswerMissing(Unavailable):
    """Whoever was called did not answer, or not in time."""

    code = "answer-missing"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: status, media type in lower case without its parameters, and the body."""

    status: int
    media_type: str
    body: bytes
