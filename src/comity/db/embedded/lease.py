"""Use the embedded server for as long as you hold a lease."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from comity.db.embedded import locks
from comity.db.embedded.directory import claim_directory
from comity.db.embedded.errors import DataDirectoryUnusable, ServerNotReady
from comity.db.embedded.layout import Layout, Record
from comity.db.embedded.settings import PORT
from comity.db.embedded.starting import ensure_server


@dataclass(frozen=True, slots=True)
class Connection:
    """How to reach the server."""

    dsn: str
    """URL of role `comity` on database `comity`, with its password: never log it."""
    admin_secret: Path
    """File with the superuser's password; for tests only."""

    def __repr__(self) -> str:
        return f"Connection(admin_secret={self.admin_secret!r})"


def attach(data: Path, *, settings: Mapping[str, str] | None = None, ready_timeout_s: float = 60) -> Lease:
    """Join those who use the embedded server in this data directory; start it if nobody does.

    The server runs while anybody holds a lease, and stops two seconds after the last one is gone. `settings`
    override those of `settings.DEFAULTS` if this call starts the server; one that runs keeps its own.

    Raises:
        EmbeddedServerError: see the tree in `errors`; each says what to mend.
    """
    layout = claim_directory(data)
    try:
        lease = Lease(layout, locks.open_lock(layout.clients_lock), settings or {}, ready_timeout_s)
    except OSError as error:
        raise _unusable(data, error) from error
    try:
        lease.join()
    except BaseException:
        lease.close()
        raise
    return lease


class Lease:
    """The right to find the server running; ends with `close`, or with the process, however that ends.

    A forked child shares it: the server stays until both are gone.
    """

    def __init__(self, layout: Layout, clients: int, settings: Mapping[str, str], ready_timeout_s: float) -> None:
        self._layout = layout
        self._clients: int | None = clients
        self._settings = settings
        self._ready_timeout_s = ready_timeout_s
        self._connection: Connection | None = None

    @property
    def connection(self) -> Connection:
        """How to reach the server, as of `attach` or the latest `again`."""
        if self._connection is None:
            raise RuntimeError("not attached")
        return self._connection

    def join(self) -> Connection:
        """Become one of the clients, then see that the server runs: in this order (see `guardian`)."""
        deadline = time.monotonic() + self._ready_timeout_s
        # Only a guardian ever locks it exclusively, for a moment.
        if not locks.lock_before(self._open_lock(), locks.SHARED, deadline=deadline):
            raise ServerNotReady(data=str(self._layout.data), waited_s=self._ready_timeout_s)
        return self.again()

    def again(self) -> Connection:
        """See that the server runs, after connections failed; starts it if its guardian was killed.

        Any thread may call it. The address is nearly always the one from before.

        Raises:
            EmbeddedServerError: as `attach`.
        """
        self._open_lock()
        try:
            record = ensure_server(self._layout, self._settings, ready_timeout_s=self._ready_timeout_s)
            self._connection = _connection(self._layout, record)
        except OSError as error:
            raise _unusable(self._layout.data, error) from error
        return self._connection

    def close(self) -> None:
        """Give the lease back; again is allowed and does nothing."""
        if self._clients is not None:
            os.close(self._clients)
            self._clients = None

    def _open_lock(self) -> int:
        if self._clients is None:
            raise RuntimeError("the lease is closed")
        return self._clients

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _connection(layout: Layout, record: Record) -> Connection:
    password = layout.comity_secret.read_text(encoding="utf-8")
    host = _quote(os.fsencode(record.socket_directory))
    return Connection(
        dsn=f"postgresql://comity:{password}@/comity?host={host}&port={PORT}",
        admin_secret=layout.admin_secret,
    )


def _quote(path: bytes) -> str:
    """Percent-encode all but letters and digits: libpq reads a URL."""
    return "".join(chr(byte) if chr(byte).isalnum() and byte < 128 else f"%{byte:02X}" for byte in path)


def _unusable(data: Path, error: OSError) -> DataDirectoryUnusable:
    return DataDirectoryUnusable(data=str(data), reason="not-writable", detail=str(error))
