"""A mail server: STARTTLS or TLS from the first byte, with a password if it wants one, and never without end."""

from __future__ import annotations

import asyncio
import smtplib
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from enum import StrEnum
from pathlib import Path
from typing import Final

from comity.core.settings import Secret
from comity.jobs.mail.model import MailRefused, MailUnavailable

_PERMANENT: Final = 500
"""From this reply code on the server means "never", below it "not now"."""


class Security(StrEnum):
    """How the way to the server is protected."""

    STARTTLS = "starttls"
    """Begun in the clear, then TLS; a server that does not offer it gets no mail."""
    TLS = "tls"
    """TLS from the first byte."""
    NONE = "none"
    """In the clear: for a relay on the same machine."""

    @property
    def port(self) -> int:
        """The port that is usual for it."""
        return {Security.STARTTLS: 587, Security.TLS: 465, Security.NONE: 25}[self]


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpServer:
    """Where mail goes, and how."""

    host: str
    security: Security
    port: int
    user: str | None = None
    password: Secret | None = None
    timeout_s: float = 30.0
    ca_file: Path | None = None
    """Certificates to trust instead of the system's."""


class SmtpSender:
    """Sends each mail over a connection of its own, in a thread, because the library waits."""

    def __init__(self, server: SmtpServer) -> None:
        self._server = server

    async def send(self, message: EmailMessage) -> Sequence[str]:
        """See `Sender.send`."""
        return await asyncio.to_thread(self._send, message)

    def _send(self, message: EmailMessage) -> Sequence[str]:
        try:
            with self._connect() as client:
                return sorted(client.send_message(message))
        except smtplib.SMTPRecipientsRefused as fault:
            replies = {address: (code, _text(reply)) for address, (code, reply) in fault.recipients.items()}
            detail = "; ".join(f"{address}: {code} {text}" for address, (code, text) in sorted(replies.items()))
            if all(code >= _PERMANENT for code, _ in replies.values()):
                raise MailRefused(server=self._server.host, detail=detail) from fault
            raise self._unavailable(detail) from fault
        except (smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as fault:
            detail = f"{fault.smtp_code} {_text(fault.smtp_error)}"
            if fault.smtp_code >= _PERMANENT:
                raise MailRefused(server=self._server.host, detail=detail) from fault
            raise self._unavailable(detail) from fault
        except smtplib.SMTPResponseException as fault:
            # A greeting, a TLS command or a password that is refused: the settings can be mended, the mail waits.
            raise self._unavailable(f"{fault.smtp_code} {_text(fault.smtp_error)}") from fault
        except (smtplib.SMTPException, OSError) as fault:
            raise self._unavailable(str(fault) or type(fault).__name__) from fault

    def _connect(self) -> smtplib.SMTP:
        server = self._server
        own_name = socket.gethostname()
        if server.security is Security.TLS:
            client: smtplib.SMTP = smtplib.SMTP_SSL(
                server.host, server.port, own_name, timeout=server.timeout_s, context=self._trust()
            )
        else:
            client = smtplib.SMTP(server.host, server.port, own_name, timeout=server.timeout_s)
        try:
            if server.security is Security.STARTTLS:
                client.starttls(context=self._trust())
            if server.user is not None:
                client.login(server.user, server.password.value if server.password else "")
        except BaseException:
            client.close()
            raise
        return client

    def _trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=None if self._server.ca_file is None else str(self._server.ca_file))

    def _unavailable(self, detail: str) -> MailUnavailable:
        return MailUnavailable(server=f"{self._server.host}:{self._server.port}", detail=detail)


def _text(reply: bytes | str) -> str:
    return reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply
