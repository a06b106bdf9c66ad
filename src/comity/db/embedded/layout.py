"""What lies in the data directory, and the record through which starter and guardian speak.

DATA/pgdata/            the cluster (on root's machine it belongs to the account that runs it)
DATA/pgdata.new/        a cluster in the making; renamed when whole
DATA/run/               the socket, if the path is short enough
DATA/server.json        the record: what to run, and how far it is
DATA/clients.lock       shared by each process that uses the server
DATA/start.lock         exclusive while somebody starts or stops it
DATA/guardian.lock      exclusive while a guardian lives
DATA/server.lock        exclusive while any process of PostgreSQL lives
DATA/*.secret           passwords: of the superuser and of the role `comity`
DATA/roles.applied      the bootstrap script that this cluster has seen
DATA/*.log              what guardian and server wrote
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from typing import Final

SOCKET_NAME: Final = ".s.PGSQL.5432"
SOCKET_PATH_BYTES_MAX: Final = 107
"""`sun_path` has 108 bytes and ends with a zero."""


class State(StrEnum):
    """How far the server is."""

    STARTING = "starting"
    READY = "ready"
    STOPPING = "stopping"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Record:
    """What to run, decided by whoever starts the guardian, and how far it is, written by the guardian."""

    state: State
    install: Path
    """Directory with PostgreSQL's `bin`, `lib` and `share`."""
    socket_directory: Path
    account: tuple[int, int] | None = None
    """User and group id that PostgreSQL runs as; None: as ourselves."""
    settings: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""
    """Why it failed: see `ServerDidNotStart`."""
    log_tail: str = ""


class Layout:
    """The names in one data directory."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.pgdata = data / "pgdata"
        self.pgdata_new = data / "pgdata.new"
        self.run = data / "run"
        self.record = data / "server.json"
        self.clients_lock = data / "clients.lock"
        self.start_lock = data / "start.lock"
        self.guardian_lock = data / "guardian.lock"
        self.server_lock = data / "server.lock"
        self.admin_secret = data / "admin.secret"
        self.comity_secret = data / "comity.secret"
        self.roles_applied = data / "roles.applied"
        self.guardian_log = data / "guardian.log"
        self.server_log = data / "postgres.log"


def read_record(layout: Layout) -> Record | None:
    """The record as it stands; None before the first start.

    Members that this version does not know are skipped: the guardian may be a newer one.
    """
    text = read_text(layout.record)
    if text is None:
        return None
    written = json.loads(text)
    known = {each.name for each in fields(Record)}
    facts = {name: value for name, value in written.items() if name in known}
    facts["state"] = State(facts["state"])
    facts["install"] = Path(facts["install"])
    facts["socket_directory"] = Path(facts["socket_directory"])
    if facts.get("account") is not None:
        facts["account"] = tuple(facts["account"])
    return Record(**facts)


def write_record(layout: Layout, record: Record) -> None:
    """Replace the record in one step; readers see the old one or the new one.

    Only the holder of `guardian.lock` writes it.
    """
    write_file(layout.record, json.dumps(asdict(record), indent=1, default=str), durable=False)


def write_file(path: Path, text: str, *, durable: bool) -> None:
    """Write a private file in one step; a durable one survives a power cut."""
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.new")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        if durable:
            os.fsync(descriptor)
    unfinished.replace(path)
    if durable:
        sync_directory(path.parent)


def sync_directory(path: Path) -> None:
    """Make names that were added to or renamed in a directory survive a power cut."""
    directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def read_text(path: Path) -> str | None:
    """The text of a small file of ours; None if there is none."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
