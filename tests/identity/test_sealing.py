"""The key outside the database."""

from __future__ import annotations

import os
import secrets
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from comity.identity.errors import SealBroken, SecretKeyExposed, SecretKeyUnreadable
from comity.identity.sealing import Sealer, load_secret_key


def test_the_key_is_made_once_for_its_owner_alone(tmp_path):
    path = tmp_path / "data" / "secret.key"

    first = load_secret_key(path)

    assert load_secret_key(path) == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["secret.key"]


def test_processes_that_come_at_once_agree_on_one_key(tmp_path):
    path = tmp_path / "secret.key"

    with ThreadPoolExecutor(8) as threads:
        keys = set(threads.map(lambda _: load_secret_key(path), range(32)))

    assert len(keys) == 1


def test_a_key_that_others_can_read_is_refused(tmp_path):
    path = tmp_path / "secret.key"
    load_secret_key(path)
    path.chmod(0o640)

    with pytest.raises(SecretKeyExposed):
        load_secret_key(path)


@pytest.mark.parametrize("text", ["", "no key", "abcd", "ä"])
def test_a_file_that_is_no_key_is_refused(tmp_path, text):
    path = tmp_path / "secret.key"
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)

    with pytest.raises(SecretKeyUnreadable):
        load_secret_key(path)


def test_a_seal_opens_with_the_same_key_purpose_and_name_only():
    sealer = Sealer(secrets.token_bytes(32))
    sealed = sealer.seal(b"private", purpose="signing-key", name="one")

    assert sealer.open(sealed, purpose="signing-key", name="one") == b"private"
    assert b"private" not in sealed
    for other, purpose, name in [
        (Sealer(secrets.token_bytes(32)), "signing-key", "one"),
        (sealer, "something-else", "one"),
        (sealer, "signing-key", "two"),
    ]:
        with pytest.raises(SealBroken):
            other.open(sealed, purpose=purpose, name=name)
    with pytest.raises(SealBroken):
        sealer.open(sealed[:5], purpose="signing-key", name="one")


def test_an_envelope_opens_for_whom_it_is_bound_to_only():
    envelope = Sealer(secrets.token_bytes(32)).envelope("page")
    closed = envelope.close(b"after 7", bound_to=[b"tenant", b"caller"])

    assert envelope.open(closed, bound_to=[b"tenant", b"caller"]) == b"after 7"
    for bound_to in ([b"tenant", b"other"], [b"tenantcaller"], []):
        with pytest.raises(SealBroken):
            envelope.open(closed, bound_to=bound_to)
    with pytest.raises(SealBroken):
        envelope.open(os.urandom(3), bound_to=[b"tenant", b"caller"])
