"""Processes around an embedded server: its clients, its guardian, its postmaster."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from comity.db.embedded.processes import postgres_processes_in
from tests.support.waiting import wait_until

FAST = {"fsync": "off", "shared_buffers": "16MB"}
"""For servers whose power will not be cut: SIGKILL loses nothing that the kernel already has."""

CLIENT = """
import json, sys
from pathlib import Path
from comity.db.embedded import attach
with attach(Path(sys.argv[1]), settings=json.loads(sys.argv[2])) as lease:
    print(lease.connection.dsn, flush=True)
    sys.stdin.read()
"""


class Client:
    """Another process that holds a lease until it is killed or told to end."""

    def __init__(self, command: list[str], **how: object) -> None:
        self._process = subprocess.Popen(  # type: ignore[call-overload]
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **how
        )

    def dsn(self) -> str:
        """Wait until it is attached."""
        line: str = self._process.stdout.readline().strip()
        assert line, self._process.stderr.read()
        return line

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()


def client_command(data: Path, *, python: str = sys.executable, settings: str = '{"fsync": "off"}') -> list[str]:
    return [python, "-c", CLIENT, str(data), settings]


def postmaster_of(data: Path) -> int:
    return int((data / "pgdata" / "postmaster.pid").read_text().splitlines()[0])


def guardian_of(data: Path) -> int:
    return _stat_of(postmaster_of(data))[1]


def is_living(process: int) -> bool:
    """Whether it runs; a zombie does not, even where nobody reaps it."""
    try:
        return _stat_of(process)[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def nothing_runs(data: Path) -> bool:
    """Whether neither PostgreSQL nor a guardian works on this data directory."""
    return not postgres_processes_in(data / "pgdata") and not guardians_of(data)


def guardians_of(data: Path) -> list[int]:
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                arguments = (process / "cmdline").read_bytes().split(b"\0")
            except (FileNotFoundError, ProcessLookupError):
                continue
            if b"comity.db.embedded.guardian" in arguments and os.fsencode(data) in arguments:
                found.append(int(process.name))
    return found


def kill(process: int) -> None:
    """SIGKILL, and wait until it is dead: the signal only announces it."""
    os.kill(process, signal.SIGKILL)
    wait_until(lambda: not is_living(process))


def _stat_of(process: int) -> tuple[str, int]:
    """State and parent; the name before them may hold spaces and parentheses."""
    facts = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return facts[0], int(facts[1])
