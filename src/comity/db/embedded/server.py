"""One PostgreSQL under the guardian's hand: make the cluster, start it, see it, stop it.

PostgreSQL gets its directories as open descriptors (`-D /proc/self/fd/7`), never by path: as root its
account may not traverse the data directory's parents, and nobody opens them to it. The link in /proc leads
straight to the open directory; PostgreSQL moves there at once and works with relative names, and its
processes inherit the descriptors.

`server.lock` says whether any process of PostgreSQL still lives: each of them inherits the open, locked
file, whoever killed its parent. A process id in `postmaster.pid` cannot say that: it may be a zombie's that
nobody reaps, a stranger's by now, or count in another container.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path
from typing import Final

from comity.db.embedded import children, locks
from comity.db.embedded.children import Program
from comity.db.embedded.layout import (
    SOCKET_NAME,
    Layout,
    Record,
    read_text,
    sync_directory,
    write_file,
)
from comity.db.embedded.processes import postgres_processes_in
from comity.db.embedded.settings import server_settings

SUPERUSER: Final = "postgres"

LEAVING_S_MAX: Final = 30.0
"""How long a former server may take to stop by itself."""
ORPHANS_S_MAX: Final = 1.0
"""How long processes may go on whose postmaster is dead."""
FAST_STOP_S_MAX: Final = 60.0
PROGRAM_S_MAX: Final = 120.0
LOG_BYTES_MAX: Final = 8 * 1024 * 1024
LOG_TAIL_LINES: Final = 20

_PACKAGE: Final = Path(__file__).parent
_BOOTSTRAP: Final = _PACKAGE / "bootstrap.psql"
_ROLES: Final = _PACKAGE.parent / "roles.sql"


class StartFailed(Exception):
    """The server did not start; `reason` is one of those of `ServerDidNotStart`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class StopRequested(Exception):
    """The guardian was asked to stop while it waited for the server."""


class Server:
    """PostgreSQL in one data directory, started by the record."""

    def __init__(self, layout: Layout, record: Record) -> None:
        self._layout = layout
        self._record = record
        self._postmaster: int | None = None
        self._log = os.open(layout.server_log, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        self.bound_log()
        self._log_start = os.fstat(self._log).st_size

    def start(self) -> None:
        """Have the server ready: cluster, processes, roles and database.

        Raises:
            StartFailed: it does not start; the log says why.
            StopRequested: the guardian was told to stop meanwhile.
        """
        self._log_start = os.fstat(self._log).st_size
        lock = locks.open_lock(self._layout.server_lock)
        try:
            self._wait_for_former_server(lock)
            self._make_secrets()
            if not self._layout.pgdata.exists():
                self._make_cluster(lock)
            self._remove_stale_files()
            self._launch(lock)
        finally:
            # Our own copy goes, so that from now on only PostgreSQL's processes hold the lock.
            os.close(lock)
        self._wait_until_ready()
        self._make_roles()

    def ended(self) -> bool:
        """Whether the postmaster is gone; takes notice of its end."""
        if self._postmaster is not None and children.exit_status(self._postmaster) is not None:
            self._postmaster = None
        return self._postmaster is None

    def stop(self) -> None:
        """Stop it: fast, which rolls back what runs; after a while at once, which crash recovery mends.

        A socket directory below /tmp goes too, so that nothing is left there.
        """
        for how, patience_s in (
            (signal.SIGINT, FAST_STOP_S_MAX),
            (signal.SIGQUIT, 10.0),
            (signal.SIGKILL, 10.0),
        ):
            if self._postmaster is None:
                break
            _kill(self._postmaster, how)
            deadline = time.monotonic() + patience_s
            while not self.ended() and time.monotonic() < deadline:
                children.pause(locks.POLL_S)
        if self._record.socket_directory.parent != self._layout.data:
            _remove_tree(self._record.socket_directory)

    def log_tail(self) -> str:
        """The end of what was logged since the last start, at most LOG_TAIL_LINES lines."""
        size = os.fstat(self._log).st_size
        start = max(self._log_start if self._log_start <= size else 0, size - 16_384)
        lines = os.pread(self._log, size - start, start).decode(errors="replace").splitlines()
        return "\n".join(lines[-LOG_TAIL_LINES:])

    def bound_log(self) -> None:
        """Keep the log small: beyond its limit it becomes the one older file.

        PostgreSQL appends, so it goes on at the new end; lines written between copy and cut are lost.
        """
        size = os.fstat(self._log).st_size
        if size > LOG_BYTES_MAX:
            older = self._layout.server_log.with_suffix(".log.1")
            write_file(older, os.pread(self._log, size, 0).decode(errors="replace"), durable=False)
            os.ftruncate(self._log, 0)

    def _wait_for_former_server(self, lock: int) -> None:
        """Wait until no process of a former server is left; then the lock is ours.

        After SIGKILL of a guardian its postmaster stops by its death signal, and a last checkpoint may take
        long. After SIGKILL of a postmaster its backends end when they next wait for something; one that
        computes does not, so it gets little time. What is left then is killed, as PostgreSQL itself does
        after a crash: starting beside it would destroy the data; crash recovery mends the rest.
        """
        began = time.monotonic()
        while not locks.try_lock(lock, locks.EXCLUSIVE):
            if children.pause(locks.POLL_S):
                raise StopRequested
            waited_s = time.monotonic() - began
            if waited_s < ORPHANS_S_MAX:
                continue
            left = [
                process
                for directory in (self._layout.pgdata, self._layout.pgdata_new)
                for process in postgres_processes_in(directory)
            ]
            if waited_s >= LEAVING_S_MAX or self._postmaster_on_file() not in left:
                for process in left:
                    _kill(process, signal.SIGKILL)

    def _make_secrets(self) -> None:
        for secret in (self._layout.admin_secret, self._layout.comity_secret):
            if not secret.exists():
                # A new password must reach the server: forget that the roles were made.
                self._layout.roles_applied.unlink(missing_ok=True)
                write_file(secret, os.urandom(24).hex(), durable=True)

    def _make_cluster(self, lock: int) -> None:
        """Run initdb beside the final place, and move the cluster there when it is whole."""
        new = self._layout.pgdata_new
        _remove_tree(new)
        new.mkdir(mode=0o700)
        self._layout.roles_applied.unlink(missing_ok=True)
        # In memory only, and readable by the account: the file with it is root's.
        password = os.memfd_create("password")
        os.write(password, self._layout.admin_secret.read_bytes())
        if self._record.account is not None:
            os.chown(new, *self._record.account)
            os.fchown(password, *self._record.account)
        directory = os.open(new, os.O_RDONLY | os.O_DIRECTORY)
        durable = server_settings(self._record.settings)["fsync"] != "off"
        try:
            status = children.run(
                Program(
                    arguments=[
                        self._record.install / "bin" / "initdb",
                        "-D",
                        f"/proc/self/fd/{directory}",
                        f"--username={SUPERUSER}",
                        f"--pwfile=/proc/self/fd/{password}",
                        "--auth=scram-sha-256",
                        "--encoding=UTF8",
                        "--locale-provider=builtin",
                        "--builtin-locale=C.UTF-8",
                        "--no-instructions",
                        *([] if durable else ["--no-sync"]),
                    ],
                    death_signal=signal.SIGKILL,
                    output=self._log,
                    inherited=(directory, password, lock),
                    account=self._record.account,
                ),
                timeout_s=PROGRAM_S_MAX,
            )
        finally:
            os.close(directory)
            os.close(password)
        if status != 0:
            raise StartFailed("initdb-failed")
        new.rename(self._layout.pgdata)
        sync_directory(self._layout.data)

    def _remove_stale_files(self) -> None:
        """Remove what a killed server left; we hold the lock, so none of ours lives.

        PostgreSQL refuses to start while the process id in such a file exists, be it a zombie's or a
        stranger's. A server that somebody started by hand holds no lock of ours: it is left alone.
        """
        if postgres_processes_in(self._layout.pgdata):
            raise StartFailed("another-server")
        socket = self._record.socket_directory / SOCKET_NAME
        for stale in (
            self._layout.pgdata / "postmaster.pid",
            socket,
            socket.with_name(f"{SOCKET_NAME}.lock"),
        ):
            stale.unlink(missing_ok=True)

    def _launch(self, lock: int) -> None:
        data = os.open(self._layout.pgdata, os.O_RDONLY | os.O_DIRECTORY)
        sockets = os.open(self._record.socket_directory, os.O_RDONLY | os.O_DIRECTORY)
        settings = server_settings(self._record.settings)
        settings["unix_socket_directories"] = f"/proc/self/fd/{sockets}"
        try:
            self._postmaster = children.start(
                Program(
                    arguments=[
                        self._record.install / "bin" / "postgres",
                        "-D",
                        f"/proc/self/fd/{data}",
                        *(part for name, value in settings.items() for part in ("-c", f"{name}={value}")),
                    ],
                    # SIGINT is PostgreSQL's fast shutdown.
                    death_signal=signal.SIGINT,
                    output=self._log,
                    inherited=(data, sockets, lock),
                    account=self._record.account,
                )
            )
        finally:
            os.close(data)
            os.close(sockets)

    def _wait_until_ready(self) -> None:
        """Wait until the postmaster says so in its pid file; recovery may take its time."""
        while not self._says_ready():
            if self.ended():
                raise StartFailed("server-exited")
            if children.pause(locks.POLL_S):
                raise StopRequested

    def _says_ready(self) -> bool:
        lines = self._pid_file()
        return self._postmaster_on_file() == self._postmaster and len(lines) > 7 and lines[7].strip() == "ready"

    def _postmaster_on_file(self) -> int | None:
        """The process id in the pid file; on its own it proves nothing (see the module)."""
        lines = self._pid_file()
        return int(lines[0]) if lines and lines[0].isdigit() else None

    def _pid_file(self) -> list[str]:
        return (read_text(self._layout.pgdata / "postmaster.pid") or "").splitlines()

    def _make_roles(self) -> None:
        """Make roles and database, unless this very script was run on this cluster before."""
        script = _ROLES.read_text(encoding="utf-8") + _BOOTSTRAP.read_text(encoding="utf-8")
        if read_text(self._layout.roles_applied) == script:
            return
        status = children.run(
            Program(
                arguments=[self._record.install / "bin" / "psql", "--no-psqlrc", f"--file={_BOOTSTRAP}"],
                death_signal=signal.SIGKILL,
                output=self._log,
                environment={
                    "PGHOST": str(self._record.socket_directory),
                    "PGUSER": SUPERUSER,
                    "PGDATABASE": "postgres",
                    "PGPASSWORD": self._layout.admin_secret.read_text(encoding="utf-8"),
                    "COMITY_ROLE_PASSWORD": self._layout.comity_secret.read_text(encoding="utf-8"),
                },
            ),
            timeout_s=PROGRAM_S_MAX,
        )
        if status != 0:
            raise StartFailed("roles-failed")
        write_file(self._layout.roles_applied, script, durable=True)


def _kill(process: int, how: signal.Signals) -> None:
    """Send a signal to a process that may have ended meanwhile."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, how)


def _remove_tree(top: Path) -> None:
    """Remove a directory and all in it; importing `shutil` would cost the guardian megabytes."""
    for directory, directories, files in os.walk(top, topdown=False):
        for name in files:
            (Path(directory) / name).unlink()
        for name in directories:
            (Path(directory) / name).rmdir()
    if top.exists():
        top.rmdir()
