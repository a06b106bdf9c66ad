"""A PostgreSQL for a test run: the embedded one, or one started from given binaries."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from comity.db.embedded import attach
from tests.support.server import admin_dsn
from tests.support.waiting import wait_until

FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "200"}
"""Tests of behaviour need no flush; tests of durability start a server of their own."""


@dataclass(frozen=True)
class Server:
    """Where a superuser and the login role `comity` connect; `{database}` is filled in."""

    admin: str
    login: str

    def admin_url(self, database: str) -> str:
        return psycopg.conninfo.make_conninfo(self.admin, dbname=database)

    def url(self, database: str) -> str:
        return psycopg.conninfo.make_conninfo(self.login, dbname=database)


@contextlib.contextmanager
def embedded(data: Path) -> Iterator[Server]:
    """The embedded server, shared by all test processes that name the same directory."""
    data.mkdir(parents=True, exist_ok=True)
    with attach(data, settings=FAST) as lease:
        yield Server(admin_dsn(lease.connection), lease.connection.dsn)


@contextlib.contextmanager
def from_binaries(binaries: Path, *, roles: bool = True) -> Iterator[Server]:
    """A server of its own from `binaries` (such as Debian's PostgreSQL 15), gone afterwards.

    Without `roles` nobody has made Comity's roles on it yet.
    """
    account = pwd.getpwnam("postgres") if os.getuid() == 0 else pwd.getpwuid(os.getuid())
    home = Path(tempfile.mkdtemp(prefix="comity-pg-", dir="/tmp"))
    shutil.chown(home, account.pw_uid, account.pw_gid)
    who = {"user": account.pw_uid, "group": account.pw_gid} if os.getuid() == 0 else {}
    password = home / "password"
    password.write_text("test")
    shutil.chown(password, account.pw_uid)
    run: dict[str, Any] = {"cwd": home, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, **who}
    subprocess.run(
        [binaries / "initdb", "-D", home / "data", "-U", "postgres", "--auth=scram-sha-256", f"--pwfile={password}",
         "--encoding=UTF8", "--no-locale", "--no-sync"], check=True, **run,
    )  # fmt: skip
    settings = [each for name, value in {**FAST, "listen_addresses": "", "unix_socket_directories": str(home)}.items()
                for each in ("-c", f"{name}={value}")]  # fmt: skip
    process = subprocess.Popen([binaries / "postgres", "-D", home / "data", *settings], **run)
    admin = f"host={home} user=postgres password=test dbname=postgres"
    try:
        wait_until(lambda: _answers(admin), timeout_s=30)
        if roles:
            with psycopg.connect(admin, autocommit=True) as connection:
                connection.execute(resources.files("comity.db").joinpath("roles.sql").read_bytes())
                connection.execute("alter role comity password 'test'")
        yield Server(admin, f"host={home} user=comity password=test dbname=postgres")
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()
        shutil.rmtree(home)


def drop_database(server: Server, name: str) -> None:
    """Drop it if it is there, whoever uses it."""
    with psycopg.connect(server.admin_url("postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))


def create_database(server: Server, name: str) -> None:
    """An empty database of that name, owned as a real one is."""
    drop_database(server, name)
    with psycopg.connect(server.admin_url("postgres"), autocommit=True) as connection:
        connection.execute(
            sql.SQL("create database {} owner comity_owner template template0").format(sql.Identifier(name))
        )


def _answers(dsn: str) -> bool:
    try:
        psycopg.connect(dsn, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True
