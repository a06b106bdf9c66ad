"""The data directory: whose it is, and as whom PostgreSQL works in it."""

from __future__ import annotations

import os
import pwd
import stat
from pathlib import Path
from typing import Final

from comity.db.embedded.errors import DataDirectoryUnusable, DataOfAnotherMajor, ServerAccountMissing
from comity.db.embedded.layout import SOCKET_NAME, SOCKET_PATH_BYTES_MAX, Layout

SERVER_ACCOUNTS: Final = ("comity", "postgres", "nobody")
"""As whom PostgreSQL runs if we are root: the first that exists."""

SHORT_PATHS: Final = Path("/tmp")  # noqa: S108 - a private directory in it, made with mkdir's mode 0700


def claim_directory(data: Path) -> Layout:
    """Make the data directory if it is missing, and check that it is ours alone to write.

    An existing one keeps its mode: everything that we put in it is closed by itself.

    Raises:
        DataDirectoryUnusable: it is not a directory, or not writable; it belongs to somebody else (even root
            keeps out: its owner could lead root elsewhere by links); or others may write in it.
    """
    real = Path(os.path.realpath(data))
    try:
        real.mkdir(mode=0o700, parents=True, exist_ok=True)
        facts = real.stat()
    except (FileExistsError, NotADirectoryError) as error:
        raise DataDirectoryUnusable(data=str(data), reason="not-a-directory") from error
    except OSError as error:
        raise _not_writable(data, error) from error
    if facts.st_uid != os.geteuid():
        raise DataDirectoryUnusable(data=str(data), reason="other-owner", detail=str(facts.st_uid))
    if facts.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise DataDirectoryUnusable(data=str(data), reason="open-to-others", detail=f"{facts.st_mode & 0o777:o}")
    if not os.access(real, os.W_OK | os.X_OK):
        raise DataDirectoryUnusable(data=str(data), reason="not-writable", detail="no write permission")
    return Layout(real)


def check_major(layout: Layout, expected: str) -> None:
    """Refuse data that another major version of PostgreSQL made: nothing but that version can read it.

    Raises:
        DataOfAnotherMajor: names both versions.
    """
    try:
        found = (layout.pgdata / "PG_VERSION").read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return
    if found != expected:
        raise DataOfAnotherMajor(data=str(layout.data), found=found, expected=expected)


def server_account(layout: Layout) -> tuple[int, int] | None:
    """User and group id that PostgreSQL runs as; None: as ourselves, which is so unless we are root.

    Data that exists stays with the account that it belongs to, whichever accounts came since.

    Raises:
        ServerAccountMissing: we are root, and there is none of SERVER_ACCOUNTS.
        DataDirectoryUnusable: root itself owns the cluster, as after copying it by hand.
    """
    if os.geteuid() != 0:
        return None
    try:
        owner = layout.pgdata.stat()
    except FileNotFoundError:
        return _first_account()
    if owner.st_uid == 0:
        raise DataDirectoryUnusable(data=str(layout.pgdata), reason="other-owner", detail="0")
    return owner.st_uid, owner.st_gid


def _first_account() -> tuple[int, int]:
    for name in SERVER_ACCOUNTS:
        try:
            account = pwd.getpwnam(name)
        except KeyError:
            continue
        return account.pw_uid, account.pw_gid
    raise ServerAccountMissing(tried=SERVER_ACCOUNTS)


def socket_directory(layout: Layout, account: tuple[int, int] | None, before: Path | None) -> Path:
    """A private directory for the socket, on a path short enough for one.

    DATA/run, or else one below /tmp: the one from `before`, if it is still ours, so that the address stays
    the same when a guardian was killed.
    """
    owner, group = account or (os.geteuid(), os.getegid())
    directory = layout.run
    if len(os.fsencode(directory / SOCKET_NAME)) > SOCKET_PATH_BYTES_MAX:
        if before is not None and before.parent == SHORT_PATHS and _is_private(before, owner):
            return before
        directory = SHORT_PATHS / f"comity-{os.urandom(8).hex()}"
    directory.mkdir(mode=0o700, exist_ok=directory == layout.run)
    if account is not None:
        os.chown(directory, owner, group)
    return directory


def _is_private(directory: Path, owner: int) -> bool:
    try:
        facts = directory.lstat()
    except FileNotFoundError:
        return False
    return stat.S_ISDIR(facts.st_mode) and facts.st_uid == owner and not facts.st_mode & 0o077


def _not_writable(data: Path, error: OSError) -> DataDirectoryUnusable:
    return DataDirectoryUnusable(data=str(data), reason="not-writable", detail=error.strerror or str(error))
