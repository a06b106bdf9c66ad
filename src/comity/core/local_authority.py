"""HTTPS without anybody's help: a certificate authority of our own in the data directory.

DATA/ca.pem            the authority's certificate, which clients are told to trust
DATA/tls/ca.key        its private key, readable by its owner alone
DATA/tls/server.pem    key and certificate that the web process serves with; made anew when they are due

Official identity clients insist on HTTPS, even on localhost (design §5.4).
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import secrets
import socket
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from comity.core.errors import ComityError

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec

AUTHORITY_LIFETIME: Final = timedelta(days=3650)
SERVER_LIFETIME: Final = timedelta(days=397)
"""What browsers accept at most."""
RENEW_BEFORE: Final = timedelta(days=60)
BACKDATED: Final = timedelta(hours=1)
"""Clocks of clients may be behind ours."""
LOCAL_NAMES: Final = ("localhost", "127.0.0.1", "::1")


class AuthorityUnusable(ComityError):
    """The local authority's files cannot be read or written."""

    code = "local-authority-unusable"


def authority_file(directory: Path) -> Path:
    """The certificate that clients are told to trust."""
    return directory / "ca.pem"


def certify(directory: Path, names: Iterable[str], *, now: datetime) -> Path:
    """A file with key and certificate for `names` and this machine's own; kept while it is good for all of them.

    `names` are host names or addresses. The authority is made at first use, by whichever process comes first.

    Raises:
        AuthorityUnusable.
    """
    wanted = {*LOCAL_NAMES, socket.gethostname(), *names} - {"", "0.0.0.0", "::"}  # noqa: S104 - left out, not bound
    try:
        own = directory / "tls"
        own.mkdir(mode=0o700, parents=True, exist_ok=True)
        key, certificate = _authority(directory, own / "ca.key", now=now)
        path = own / "server.pem"
        if not _still_good(path, certificate, wanted, now=now):
            _replace(path, _issue(key, certificate, wanted, now=now), mode=0o600)
    except (OSError, ValueError) as fault:
        raise AuthorityUnusable(directory=str(directory), detail=type(fault).__name__) from fault
    return path


def _authority(
    directory: Path, key_file: Path, *, now: datetime
) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    from cryptography import x509  # noqa: PLC0415 - only whoever serves HTTPS waits
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415

    if not key_file.exists():
        _create(key_file, _private_pem(ec.generate_private_key(ec.SECP256R1())))
    key = load_pem_private_key(key_file.read_bytes(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError("not a key of ours")  # noqa: TRY004 - the file is at fault, not a caller
    path = authority_file(directory)
    if path.exists():
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
        if certificate.public_key() == key.public_key() and certificate.not_valid_after_utc > now + SERVER_LIFETIME:
            return key, certificate
    certificate = _self_signed(key, now=now)
    _replace(path, _certificate_pem(certificate), mode=0o644)
    return key, certificate


def _self_signed(key: ec.EllipticCurvePrivateKey, *, now: datetime) -> x509.Certificate:
    from cryptography import x509  # noqa: PLC0415
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415

    name = _name(f"Comity local authority {secrets.token_hex(4)}")
    usage = x509.KeyUsage(
        digital_signature=True, key_cert_sign=True, crl_sign=True, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    return (
        _builder(name, name, key, now=now, lifetime=AUTHORITY_LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(identifier, critical=False)
        .sign(key, SHA256())
    )


def _issue(
    authority_key: ec.EllipticCurvePrivateKey, authority: x509.Certificate, names: set[str], *, now: datetime
) -> bytes:
    """Key, certificate and the authority's, as one PEM text."""
    from cryptography import x509  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415
    from cryptography.x509.oid import ExtendedKeyUsageOID  # noqa: PLC0415

    key = ec.generate_private_key(ec.SECP256R1())
    alternatives = x509.SubjectAlternativeName([_alternative(each) for each in sorted(names)])
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key())
    certificate = (
        _builder(_name("Comity"), authority.subject, key, now=now, lifetime=SERVER_LIFETIME)
        .add_extension(alternatives, critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(identifier, critical=False)
        .sign(authority_key, SHA256())
    )
    return _private_pem(key) + _certificate_pem(certificate) + _certificate_pem(authority)


def _still_good(path: Path, authority: x509.Certificate, names: set[str], *, now: datetime) -> bool:
    from cryptography import x509  # noqa: PLC0415
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415

    if not path.exists():
        return False
    certificate = x509.load_pem_x509_certificates(path.read_bytes())[0]
    covered = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    try:
        certificate.verify_directly_issued_by(authority)
    except (ValueError, InvalidSignature):
        return False
    return certificate.not_valid_after_utc - RENEW_BEFORE > now and {_alternative(each) for each in names} <= set(
        covered
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, *, now: datetime, lifetime: timedelta
) -> x509.CertificateBuilder:
    from cryptography import x509  # noqa: PLC0415

    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + lifetime)
    )


def _name(text: str) -> x509.Name:
    from cryptography import x509  # noqa: PLC0415

    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])


def _alternative(name: str) -> x509.GeneralName:
    from cryptography import x509  # noqa: PLC0415

    try:
        return x509.IPAddress(ipaddress.ip_address(name.strip("[]")))
    except ValueError:
        return x509.DNSName(name.encode("idna").decode("ascii"))


def _private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat  # noqa: PLC0415

    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _certificate_pem(certificate: x509.Certificate) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding  # noqa: PLC0415

    return certificate.public_bytes(Encoding.PEM)


def _aside(path: Path, text: bytes, *, mode: int) -> Path:
    aside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return aside


def _replace(path: Path, text: bytes, *, mode: int) -> None:
    _aside(path, text, mode=mode).replace(path)


def _create(path: Path, text: bytes) -> None:
    """Write aside and link, so that two processes end up with one key."""
    aside = _aside(path, text, mode=0o600)
    with contextlib.suppress(FileExistsError):  # the other process was first: its key is the key
        os.link(aside, path)
    aside.unlink()
