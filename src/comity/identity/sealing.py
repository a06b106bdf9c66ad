"""The key outside the database: seals what must not be read from a copy of it (design §7).

`secret.key` holds 32 random bytes as hex text, readable by its owner alone. Each purpose derives a
key of its own (HKDF), so that what was sealed for one can not be passed off as another.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from comity.identity.errors import SealBroken, SecretKeyExposed, SecretKeyUnreadable

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12


def load_secret_key(path: Path) -> bytes:
    """The installation's sealing key; made at first use, by whichever process comes first.

    Raises:
        SecretKeyExposed: others on the machine could read it.
        SecretKeyUnreadable: it cannot be read or made, or is no key.
    """
    try:
        if not path.exists():
            _create(path)
        if path.stat().st_mode & 0o077:
            raise SecretKeyExposed(path=str(path))
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError) as fault:
        raise SecretKeyUnreadable(path=str(path), detail=type(fault).__name__) from fault
    if len(key) != KEY_BYTES:
        raise SecretKeyUnreadable(path=str(path), detail="length")
    return key


def _create(path: Path) -> None:
    """Write aside and link, so that two processes end up with one key and nobody reads half of it."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    aside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(KEY_BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):  # the other process was first: its key is the key
            os.link(aside, path)
    finally:
        aside.unlink()


class Sealer:
    """Seals and opens with keys derived from one secret."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def seal(self, data: bytes, *, purpose: str, name: str) -> bytes:
        """Encrypt for keeping (AES-256-GCM); `name` says whose it is and is needed to open it."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + AESGCM(self._derived(purpose, KEY_BYTES)).encrypt(nonce, data, name.encode())

    def open(self, sealed: bytes, *, purpose: str, name: str) -> bytes:
        """Decrypt what `seal` made.

        Raises:
            SealBroken: another key sealed it, or it is not what was sealed under that name.
        """
        nonce, rest = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        try:
            return AESGCM(self._derived(purpose, KEY_BYTES)).decrypt(nonce, rest, name.encode())
        except (InvalidTag, ValueError) as fault:
            raise SealBroken(purpose=purpose) from fault

    def envelope(self, purpose: str) -> Envelope:
        """For many short texts that leave the house and come back, such as page tokens."""
        return Envelope(self._derived(purpose, 2 * KEY_BYTES), purpose)

    def _derived(self, purpose: str, length: int) -> bytes:
        return HKDF(SHA256(), length, salt=None, info=f"comity:{purpose}".encode()).derive(self._secret)


class Envelope:
    """Seals texts without a nonce (AES-SIV, RFC 5297), so that their number needs no watching."""

    def __init__(self, key: bytes, purpose: str) -> None:
        self._cipher = AESSIV(key)
        self._purpose = purpose

    def close(self, data: bytes, *, bound_to: list[bytes]) -> bytes:
        """Encrypt; opens only with the same `bound_to`. The same text gives the same envelope."""
        return self._cipher.encrypt(data, bound_to)

    def open(self, sealed: bytes, *, bound_to: list[bytes]) -> bytes:
        """Decrypt.

        Raises:
            SealBroken: not ours, or bound to something else.
        """
        try:
            return self._cipher.decrypt(sealed, bound_to)
        except (InvalidTag, ValueError) as fault:
            raise SealBroken(purpose=self._purpose) from fault
