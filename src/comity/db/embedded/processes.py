"""Which processes of PostgreSQL work in a directory, seen through /proc.

A zombie has neither an executable nor a working directory, so it never counts as living; a process id in
a file says nothing, since the id may have gone to somebody else.
"""

from __future__ import annotations

from pathlib import Path


def postgres_processes_in(directory: Path) -> list[int]:
    """Ids of the living processes of PostgreSQL whose working directory this is; ascending.

    Processes that we may not look at (another account's, unless we are root) are not seen.
    """
    try:
        here = directory.stat()
    except FileNotFoundError:
        return []
    found = []
    for process in Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        try:
            there = (process / "cwd").stat()
            program = (process / "exe").readlink().name
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
        # An upgrade may have replaced the file that the process still runs.
        is_postgres = program.removesuffix(" (deleted)") == "postgres"
        if is_postgres and (there.st_dev, there.st_ino) == (here.st_dev, here.st_ino):
            found.append(int(process.name))
    return sorted(found)
