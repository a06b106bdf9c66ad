"""Locks on files: who is here, who may start, who guards.

They are `flock` locks: each belongs to the open file, not to the process, so a child that inherits the
open file shares the lock, and the kernel drops it with the last holder, whichever way that one ended.
"""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path
from typing import Final

SHARED: Final = fcntl.LOCK_SH
EXCLUSIVE: Final = fcntl.LOCK_EX

POLL_S: Final = 0.005
"""How often a busy lock is tried again: `flock` itself knows no time-out."""


def open_lock(path: Path) -> int:
    """Open the file that a lock is taken on; closing it gives the lock back."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


def try_lock(lock: int, how: int) -> bool:
    """Take the lock if it is free."""
    try:
        fcntl.flock(lock, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def lock_before(lock: int, how: int, *, deadline: float) -> bool:
    """Take the lock, waiting until `deadline` on the monotonic clock at most."""
    while not try_lock(lock, how):
        if time.monotonic() >= deadline:
            return False
        time.sleep(POLL_S)
    return True


def unlock(lock: int) -> None:
    """Give the lock back and keep the file open."""
    fcntl.flock(lock, fcntl.LOCK_UN)
