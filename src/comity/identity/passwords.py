"""Passwords: argon2id in a few threads, so that neither the event loop nor the memory suffers.

Parameters: 19 MiB, two passes, one lane (OWASP Password Storage Cheat Sheet, 2025): about 30 ms on one core.
Each hash says what it was made with, so raising them later keeps old ones valid.
"""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from comity.identity.errors import PasswordsBusy
from comity.identity.model import PasswordHash

T = TypeVar("T")

MEMORY_KIB: Final = 19 * 1024
PASSES: Final = 2
LANES: Final = 1
THREADS: Final = 2
"""At once; more would take memory from everything else."""
WAITING_MAX: Final = 64
"""Waiting for a thread; more are refused at once rather than made to wait for seconds."""


class Passwords:
    """Hashes and checks passwords; one per process, closed at its end."""

    def __init__(
        self,
        *,
        memory_kib: int = MEMORY_KIB,
        passes: int = PASSES,
        threads: int = THREADS,
        waiting_max: int = WAITING_MAX,
    ) -> None:
        self._hasher = PasswordHasher(time_cost=passes, memory_cost=memory_kib, parallelism=LANES, type=Type.ID)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="passwords")
        self._room = threads + waiting_max
        self._nobody: PasswordHash | None = None

    def close(self) -> None:
        """Let the threads go."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def hash(self, text: str) -> PasswordHash:
        """The hash to store.

        Raises:
            PasswordsBusy.
        """
        return await self._in_thread(lambda: self._hash(text))

    async def verify(self, stored: PasswordHash | None, text: str) -> bool:
        """Is it the password? For None, somebody unknown, it takes as long and says no.

        Raises:
            PasswordsBusy.
        """
        return await self._in_thread(lambda: self._verify(stored, text))

    def outdated(self, stored: PasswordHash) -> bool:
        """Was it made with other parameters than today's? Then store a new one when the text is at hand."""
        return self._hasher.check_needs_rehash(stored)

    async def _in_thread(self, act: Callable[[], T]) -> T:
        if self._room <= 0:
            raise PasswordsBusy(retry_after_s=2)
        self._room -= 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, act)
        finally:
            self._room += 1

    def _hash(self, text: str) -> PasswordHash:
        return PasswordHash(self._hasher.hash(_normal(text)))

    def _verify(self, stored: PasswordHash | None, text: str) -> bool:
        if stored is None:
            if self._nobody is None:
                self._nobody = self._hash("nobody's password")
            self._matches(self._nobody, text)
            return False
        return self._matches(stored, text)

    def _matches(self, stored: PasswordHash, text: str) -> bool:
        try:
            return self._hasher.verify(stored, _normal(text))
        except (VerificationError, InvalidHashError):
            return False


def _normal(text: str) -> str:
    """Keyboards differ in how they compose letters (RFC 8265, OpaqueString)."""
    return unicodedata.normalize("NFC", text)
