"""A mail server of the tests' own, with a certificate that only they trust."""

from __future__ import annotations

import asyncio
import ssl
import warnings
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

USER, PASSWORD = "comity", "correct horse"


@dataclass
class Mailbox:
    """What the server has taken, and how it answers."""

    taken: list[Envelope] = field(default_factory=list)
    signed_in: list[str] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    """Replies to recipients."""
    reply: str = "250 OK"
    """The reply to a message."""

    def authenticate(self, *given: Any) -> AuthResult:
        login = given[4]
        assert isinstance(login, LoginPassword)
        fits = (login.login.decode(), login.password.decode()) == (USER, PASSWORD)
        if fits:
            self.signed_in.append(login.login.decode())
        return AuthResult(success=fits, handled=False)

    async def handle_RCPT(  # noqa: N802 - the library's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if reply := self.refused.get(address):
            return reply
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.encrypted.append(session.ssl is not None)
        if self.reply.startswith("2"):
            self.taken.append(envelope)
        return self.reply


@dataclass
class MailServer:
    """A running server: where it is, what to trust, what it took."""

    port: int
    ca_file: Path
    box: Mailbox


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Key and certificate of 127.0.0.1 in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail of the tests")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("mail") / "mail.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.fixture
async def starttls(certificate: Path) -> AsyncIterator[MailServer]:
    """A server that insists on STARTTLS and a password."""
    async for each in _serve(certificate, starttls=True, with_password=True):
        yield each


@pytest.fixture
async def tls(certificate: Path) -> AsyncIterator[MailServer]:
    """A server that speaks TLS from the first byte, and insists on a password."""
    async for each in _serve(certificate, tls=True, with_password=True):
        yield each


@pytest.fixture
async def plain(certificate: Path) -> AsyncIterator[MailServer]:
    """A relay in the clear, which offers neither TLS nor passwords."""
    async for each in _serve(certificate):
        yield each


def _context(certificate: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    return context


async def _serve(
    certificate: Path, *, starttls: bool = False, tls: bool = False, with_password: bool = False
) -> AsyncIterator[MailServer]:
    """In the test's own loop, on a port that is free: the sender waits in a thread."""
    box, loop = Mailbox(), asyncio.get_running_loop()
    options: dict[str, Any] = {"hostname": "mail.example"}
    if starttls:
        options |= {"tls_context": _context(certificate), "require_starttls": True}
    if with_password:
        options |= {"authenticator": box.authenticate, "auth_required": True, "auth_require_tls": starttls}

    def answer() -> SMTP:
        with warnings.catch_warnings():  # passwords without STARTTLS: it does not see the TLS beneath
            warnings.simplefilter("ignore", UserWarning)
            return SMTP(box, loop=loop, **options)

    server = await loop.create_server(answer, "127.0.0.1", 0, ssl=_context(certificate) if tls else None)
    async with server:
        yield MailServer(server.sockets[0].getsockname()[1], certificate, box)
