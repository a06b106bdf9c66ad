"""Where mail leaves the house: a port, with a mail server and a directory as its implementations."""

from __future__ import annotations

from collections.abc import Sequence
from email.message import EmailMessage
from typing import Protocol


class Sender(Protocol):
    """Takes a finished message to where its recipients get it."""

    async def send(self, message: EmailMessage) -> Sequence[str]:
        """Hand over; return addresses that were refused while others were taken.

        Raises:
            MailUnavailable: try again later.
            MailRefused: nobody will ever get it this way.
        """
        ...
