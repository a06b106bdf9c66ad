"""Client assertions: an app proves who it is with a certificate instead of a secret (RFC 7523 §2.2).

As MSAL sends them: RS256 or PS256, the certificate named in the header by thumbprint (`x5t`, `x5t#S256`), `iss` and
`sub` the client id, `aud` the token endpoint.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from comity.core.ids import AppId, new_id
from comity.identity.errors import CertificateUnfit
from comity.identity.model import StoredCertificate
from comity.identity.refusals import (
    AssertionAudienceWrong,
    AssertionClientWrong,
    AssertionExpired,
    AssertionKeyUnknown,
    AssertionMalformed,
    CertificateExpired,
)

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ALGORITHMS: Final = ["RS256", "PS256"]
LENGTH_MAX: Final = 16 * 1024
LIFETIME_MAX: Final = timedelta(days=1)
SKEW: Final = timedelta(minutes=5)
"""Clients' clocks are not ours."""
KEY_BITS_MIN: Final = 2048


class _Header(msgspec.Struct):
    alg: str
    x5t: str | None = None
    x5t_s256: str | None = msgspec.field(name="x5t#S256", default=None)


def read_certificate(pem: bytes, *, at: datetime) -> StoredCertificate:
    """A certificate to register; a key beside it in the file is not looked at.

    Raises:
        CertificateUnfit: none, not RSA, too short, or over at `at`.
    """
    from cryptography import x509  # noqa: PLC0415 - only whoever registers one waits
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey  # noqa: PLC0415
    from cryptography.hazmat.primitives.hashes import SHA1, SHA256  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import Encoding  # noqa: PLC0415

    try:
        certificate = x509.load_pem_x509_certificate(pem)
        key = certificate.public_key()
    except ValueError as fault:
        raise CertificateUnfit from fault
    if not isinstance(key, RSAPublicKey) or key.key_size < KEY_BITS_MIN or certificate.not_valid_after_utc <= at:
        raise CertificateUnfit
    return StoredCertificate(
        new_id(),
        certificate.public_bytes(Encoding.DER),
        certificate.fingerprint(SHA1()),  # noqa: S303 - how clients name it, not what it is trusted for
        certificate.fingerprint(SHA256()),
        certificate.not_valid_after_utc,
    )


def check_assertion(
    text: str, app_id: AppId, certificates: Sequence[StoredCertificate], *, audiences: Collection[str], now: datetime
) -> None:
    """Was it made by the client, for us, and lately?

    Raises:
        AssertionMalformed, AssertionKeyUnknown, CertificateExpired, AssertionClientWrong, AssertionAudienceWrong,
        AssertionExpired.
    """
    certificate = _named(_header(text), certificates)
    if certificate is None:
        raise AssertionKeyUnknown(client=str(app_id))
    if certificate.expires_at <= now:
        raise CertificateExpired(client=str(app_id))
    try:
        claims = jwt.decode(text, _public_key(certificate), algorithms=ALGORITHMS).claims
    except (JoseError, ValueError) as fault:
        raise AssertionKeyUnknown(client=str(app_id)) from fault
    _check_claims(claims, app_id, audiences=audiences, now=now)


def _check_claims(claims: dict[str, Any], app_id: AppId, *, audiences: Collection[str], now: datetime) -> None:
    if {str(claims.get("iss")).lower(), str(claims.get("sub")).lower()} != {str(app_id)}:
        raise AssertionClientWrong(client=str(app_id))
    wanted = claims.get("aud")
    named = wanted if isinstance(wanted, list) else [wanted]
    if not {str(each).lower().rstrip("/") for each in named} & {each.lower() for each in audiences}:
        raise AssertionAudienceWrong(audience=str(wanted))
    until, since = claims.get("exp"), claims.get("nbf", 0)
    if not isinstance(until, int | float) or not isinstance(since, int | float):
        raise AssertionExpired
    at = now.timestamp()
    if not since - SKEW.total_seconds() <= at < until <= at + (LIFETIME_MAX + SKEW).total_seconds():
        raise AssertionExpired


def _header(text: str) -> _Header:
    first, _, rest = text.partition(".")
    if rest.count(".") != 1 or len(text) > LENGTH_MAX:
        raise AssertionMalformed
    try:
        header = msgspec.json.decode(base64.urlsafe_b64decode(first + "=" * (-len(first) % 4)), type=_Header)
    except (binascii.Error, ValueError, msgspec.MsgspecError) as fault:
        raise AssertionMalformed from fault
    if header.alg not in ALGORITHMS:
        raise AssertionMalformed
    return header


def _named(header: _Header, certificates: Sequence[StoredCertificate]) -> StoredCertificate | None:
    sha256, sha1 = _thumbprint(header.x5t_s256), _thumbprint(header.x5t)
    for each in certificates:
        if each.sha256 == sha256 if sha256 is not None else each.sha1 == sha1:
            return each
    return None


def _thumbprint(text: str | None) -> bytes | None:
    if text is None:
        return None
    bare = text.rstrip("=")
    try:
        return base64.urlsafe_b64decode(bare + "=" * (-len(bare) % 4))
    except (binascii.Error, ValueError) as fault:
        raise AssertionMalformed from fault


def _public_key(certificate: StoredCertificate) -> RSAKey:
    from cryptography import x509  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat  # noqa: PLC0415

    key = x509.load_der_x509_certificate(certificate.certificate).public_key()
    return RSAKey.import_key(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
