"""The local authority: made once, kept as long as it is good, and trusted by clients that check."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from comity.core.local_authority import SERVER_LIFETIME, AuthorityUnusable, authority_file, certify

NOW = datetime(2026, 11, 20, tzinfo=UTC)


def names(path: Path) -> set[str]:
    certificate = x509.load_pem_x509_certificates(path.read_bytes())[0]
    covered = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return {str(each.value) for each in covered}


def test_the_same_certificate_serves_as_long_as_it_is_good(tmp_path: Path):
    """Whoever trusted the authority once does so after each restart."""
    path = certify(tmp_path, ["comity.example"], now=NOW)
    first, authority = path.read_bytes(), authority_file(tmp_path).read_bytes()

    again = certify(tmp_path, ["comity.example"], now=NOW + timedelta(days=30)).read_bytes()

    assert again == first
    assert {"localhost", "127.0.0.1", "::1", "comity.example"} <= names(path)
    assert b"PRIVATE KEY" not in authority
    assert path.stat().st_mode & 0o077 == 0
    assert (tmp_path / "tls" / "ca.key").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("wanted", "later"),
    [("other.example", timedelta(0)), ("comity.example", SERVER_LIFETIME)],
    ids=["another-name", "too-old"],
)
def test_a_new_one_is_issued_by_the_same_authority(tmp_path: Path, wanted: str, later: timedelta):
    """A new host name or an old certificate is no reason for clients to trust anew."""
    first = certify(tmp_path, ["comity.example"], now=NOW).read_bytes()
    authority = authority_file(tmp_path).read_bytes()

    path = certify(tmp_path, [wanted], now=NOW + later)

    assert path.read_bytes() != first
    assert wanted in names(path)
    assert authority_file(tmp_path).read_bytes() == authority
    x509.load_pem_x509_certificates(path.read_bytes())[0].verify_directly_issued_by(
        x509.load_pem_x509_certificate(authority)
    )


def test_what_is_no_key_is_said_in_one_sentence(tmp_path: Path):
    """Rather than a trace of a library."""
    certify(tmp_path, [], now=NOW)
    (tmp_path / "tls" / "ca.key").write_text("no key")

    with pytest.raises(AuthorityUnusable) as refused:
        certify(tmp_path, [], now=NOW)

    assert refused.value.parameters["directory"] == str(tmp_path)
