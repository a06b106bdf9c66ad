"""The nouns of mail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

from comity.core.errors import ComityError, Unavailable

MailId = NewType("MailId", UUID)


@dataclass(frozen=True, slots=True)
class Letter:
    """What is to be said to whom: a code and its facts, words when it is sent.

    The catalogue holds its text under `code` and its subject under `<code>-subject`. A fact that is itself a
    mapping with a `code` is said in words, too, with its own `facts`.
    """

    code: str
    facts: Mapping[str, object]
    recipients: Sequence[str]
    language: str


class MailState(StrEnum):
    """How far a mail has come."""

    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"
    """Given up."""


@dataclass(frozen=True, slots=True)
class Mail:
    """A letter on its way."""

    id: MailId
    letter: Letter
    state: MailState
    fault: str | None
    created_at: datetime
    sent_at: datetime | None


class MailUnavailable(Unavailable):
    """The mail server does not answer, or not as the settings expect; the mail is tried again."""

    code = "mail-unavailable"


class MailRefused(ComityError):
    """The mail server does not take this mail, and never will."""

    code = "mail-refused"
