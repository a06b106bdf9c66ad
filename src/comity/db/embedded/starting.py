"""See that the server runs: find its guardian, or start one, and wait until it is ready."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import struct
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from comity.db.embedded import locks
from comity.db.embedded.directory import check_major, server_account, socket_directory
from comity.db.embedded.errors import ServerDidNotStart, ServerNotReady
from comity.db.embedded.install import find_install, readable_install
from comity.db.embedded.layout import SOCKET_NAME, Layout, Record, State, read_record, read_text, write_record

GUARDIANS_MAX: Final = 3
"""How many guardians one start may lose to somebody's SIGKILL before it gives up."""

_GUARDIAN: Final = "comity.db.embedded.guardian"
_GUARDIAN_LOCK_FD: Final = 3
_TLS_QUESTION: Final = struct.pack("!ii", 8, 80877103)
"""SSLRequest: https://www.postgresql.org/docs/18/protocol-message-formats.html."""
_ANSWER_S_MAX: Final = 1.0
_LOG_BYTES_MAX: Final = 1024 * 1024


def ensure_server(layout: Layout, settings: Mapping[str, str], *, ready_timeout_s: float) -> Record:
    """Return the record of a server that takes connections; start it if nobody did.

    The caller holds `clients.lock` shared already: that, and then `start.lock`, is the order that keeps a
    leaving guardian and an arriving client apart (see `guardian`).

    Raises:
        ServerNotReady: it takes longer than `ready_timeout_s`; it goes on starting.
        ServerDidNotStart: it failed; DataOfAnotherMajor, DataDirectoryUnusable, ServerAccountMissing,
            BinariesMissing: it could not be tried.
    """
    deadline = time.monotonic() + ready_timeout_s
    start = locks.open_lock(layout.start_lock)
    try:
        if locks.lock_before(start, locks.EXCLUSIVE, deadline=deadline):
            record = _wait_for_server(layout, settings, deadline)
            if record is not None:
                return record
    finally:
        os.close(start)
    raise ServerNotReady(data=str(layout.data), waited_s=ready_timeout_s)


def _wait_for_server(layout: Layout, settings: Mapping[str, str], deadline: float) -> Record | None:
    """With `start.lock` ours: the record when it is ready; None when the time is over."""
    guardians = 0
    while True:
        lock = locks.open_lock(layout.guardian_lock)
        try:
            record = None
            if not locks.try_lock(lock, locks.EXCLUSIVE):
                record = read_record(layout)
            elif guardians == 0 or (guardians < GUARDIANS_MAX and not _failed(layout)):
                _start_guardian(layout, settings, lock)
                guardians += 1
            else:
                raise _failure(layout)
        finally:
            # Without effect on the lock that a guardian has inherited.
            os.close(lock)
        if record is not None and record.state is State.READY and _answers(record):
            return record
        if time.monotonic() >= deadline:
            return None
        time.sleep(locks.POLL_S)


def _start_guardian(layout: Layout, settings: Mapping[str, str], lock: int) -> None:
    """Decide what to run, write it down, and start a guardian that inherits the lock."""
    found = find_install()
    check_major(layout, found.major)
    account = server_account(layout)
    before = read_record(layout)
    record = Record(
        state=State.STARTING,
        install=readable_install(found, account),
        socket_directory=socket_directory(layout, account, before.socket_directory if before else None),
        account=account,
        settings=dict(settings),
    )
    write_record(layout, record)
    _spawn(layout, lock)


def _spawn(layout: Layout, lock: int) -> None:
    """Run the guardian in a session of its own, with nothing of ours but the lock.

    `posix_spawn` copies no memory and runs no Python in the child: it is quick, and safe beside threads.
    """
    log = os.open(layout.guardian_log, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    # Out of the way of the numbers that the guardian gets, should our own standard streams be closed.
    spare_log = fcntl.fcntl(log, fcntl.F_DUPFD_CLOEXEC, 10)
    spare_lock = fcntl.fcntl(lock, fcntl.F_DUPFD_CLOEXEC, 10)
    try:
        if os.fstat(log).st_size > _LOG_BYTES_MAX:
            os.ftruncate(log, 0)
        child = os.posix_spawn(
            sys.executable,
            # -S: it needs nothing but the standard library and us.
            [sys.executable, "-S", "-s", "-m", _GUARDIAN, str(layout.data)],
            {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "PYTHONPATH": str(Path(__file__).parents[3])},
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_DUP2, spare_log, 1),
                (os.POSIX_SPAWN_DUP2, spare_log, 2),
                (os.POSIX_SPAWN_DUP2, spare_lock, _GUARDIAN_LOCK_FD),
            ],
            setsid=True,
            setsigmask=(),
            setsigdef=(signal.SIGCHLD, signal.SIGHUP, signal.SIGINT, signal.SIGTERM),
        )
    finally:
        for descriptor in (log, spare_log, spare_lock):
            os.close(descriptor)
    try:
        # It forks at once and ends; taken here, so that it leaves no zombie with us.
        os.waitpid(child, 0)
    except ChildProcessError:
        return  # this process ignores SIGCHLD, so the kernel took it


def _answers(record: Record) -> bool:
    """Whether PostgreSQL answers: the record can be older than its server's death by a moment.

    A connection alone proves little, since the kernel queues it for a postmaster that is dying. So we ask
    whether it speaks TLS; it never does, but only a living one says so, and logs nothing about it.
    """
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(_ANSWER_S_MAX)
        try:
            client.connect(os.fspath(record.socket_directory / SOCKET_NAME))
            client.sendall(_TLS_QUESTION)
            return client.recv(1) in {b"N", b"S"}
        except OSError:
            return False


def _failed(layout: Layout) -> bool:
    record = read_record(layout)
    return record is not None and record.state is State.FAILED


def _failure(layout: Layout) -> ServerDidNotStart:
    """Why the guardian that we started is gone."""
    record = read_record(layout)
    if record is not None and record.state is State.FAILED:
        return ServerDidNotStart(data=str(layout.data), reason=record.reason, log_tail=record.log_tail)
    written = (read_text(layout.guardian_log) or "").splitlines()
    return ServerDidNotStart(data=str(layout.data), reason="guardian-ended", log_tail="\n".join(written[-20:]))
