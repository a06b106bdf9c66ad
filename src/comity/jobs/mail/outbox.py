"""An outbox of files: each mail is one `.eml`, for installations without a mail server, and for tests and labs."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

from comity.jobs.mail.model import MailUnavailable


class FileOutbox:
    """Puts mail into a directory, readable by its owner only; the same mail twice is one file."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    async def send(self, message: EmailMessage) -> Sequence[str]:
        """See `Sender.send`."""
        try:
            await asyncio.to_thread(self._write, message)
        except OSError as fault:
            raise MailUnavailable(server=str(self._directory), detail=fault.strerror or str(fault)) from fault
        return ()

    def _write(self, message: EmailMessage) -> None:
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = str(message["Message-ID"]).strip("<>").partition("@")[0]
        path = self._directory / f"{name}.eml"
        half = path.with_suffix(".part")
        descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(message.as_bytes(policy=SMTP))
            opened.flush()
            os.fsync(opened.fileno())
        half.replace(path)
