"""Text messages leave the house through a port: a webhook of the operator's, or a directory of files.

The webhook is documented in docs/how-to/register-personal-accounts.md.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import msgspec

from comity.core.catalogue import sentence
from comity.core.errors import ComityError, Unavailable
from comity.core.ids import new_id
from comity.core.outbound import Outbound
from comity.core.settings import Secret, Settings

TIMEOUT_S: Final = 10.0


class TextUnsent(Unavailable):
    """The service that sends text messages does not take them."""

    code = "text-unsent"


@dataclass(frozen=True, slots=True)
class Text:
    """What is to be said to which number: a code of the catalogue and its facts."""

    number: str
    """E.164."""
    code: str
    facts: Mapping[str, object]
    language: str

    @property
    def words(self) -> str:
        """In the reader's language."""
        return sentence(self.code, self.facts, self.language)


class Texter(Protocol):
    """Takes a text message to where its reader gets it."""

    async def send(self, text: Text) -> None:
        """Hand over.

        Raises:
            TextUnsent.
        """
        ...


class WebhookTexter:
    """POSTs `{"to", "text"}` as JSON to the operator's address."""

    def __init__(self, outbound: Outbound, url: str, token: Secret | None) -> None:
        self._outbound = outbound
        self._url = url
        self._token = token

    async def send(self, text: Text) -> None:
        """See `Texter.send`."""
        headers = {"authorization": f"Bearer {self._token.value}"} if self._token else {}
        body = msgspec.json.encode({"to": text.number, "text": text.words})
        try:
            answer = await self._outbound.post(
                self._url, body, media_type="application/json", timeout_s=TIMEOUT_S, headers=headers
            )
        except ComityError as fault:
            raise TextUnsent(detail=fault.code) from fault
        if not 200 <= answer.status < 300:
            raise TextUnsent(detail=f"status {answer.status}")


class FileTexter:
    """Puts messages into a directory, readable by its owner only: for labs, and where no service is named."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    async def send(self, text: Text) -> None:
        """See `Texter.send`."""
        try:
            await asyncio.to_thread(self._write, text)
        except OSError as fault:
            raise TextUnsent(detail=type(fault).__name__) from fault

    def _write(self, text: Text) -> None:
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._directory / f"{new_id()}.json"
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(msgspec.json.encode({"to": text.number, "text": text.words}))


def choose_texter(settings: Settings) -> Texter:
    """The way that the settings ask for."""
    if settings.text_webhook is not None:
        return WebhookTexter(Outbound.over(settings), settings.text_webhook, settings.text_webhook_token)
    return FileTexter(settings.outbox_path / "texts")
