"""`comity doctor`: look at a set-up part by part, and say how to mend what is wrong."""

from __future__ import annotations

import os
import shutil
import stat
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from comity.cli.options import Command
from comity.cli.session import Session, pass_session

if TYPE_CHECKING:
    from comity.cli.session import Installation
    from comity.core.settings import Settings

PYTHON_MIN: Final = (3, 11)
SPACE_MIN: Final = 1 << 30
"""Bytes: below it, PostgreSQL will soon be unable to write."""


class Verdict(StrEnum):
    """What came of one look."""

    OK = "ok"
    NOTE = "note"
    """In order, but worth knowing."""
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Finding:
    """One part of the set-up: how it is, and how to mend it."""

    part: str
    verdict: Verdict
    found: str
    mend: str = ""


@click.command(cls=Command)
@pass_session
async def doctor(session: Session) -> int:
    """Check the set-up, and say how to mend it; exit 1 if something is wrong.

    Looks at Python, the data directory, the server's programs, the database with its version, roles
    and schema, the clock, the keys, and whether a worker is running.
    """
    from comity.cli.output import Table

    settings = session.settings
    findings = [_python(), *_directory(settings), *_programs(settings)]
    if settings.database_url is not None or settings.data.exists():  # looking alone makes no installation
        findings += [each async for each in _database(session)]
    session.out.show(
        [
            {"part": each.part, "verdict": each.verdict.value, "found": each.found, "mend": each.mend or None}
            for each in findings
        ],
        Table(
            ("Part", "", "Found", "To mend it"),
            [(each.part, each.verdict.value, each.found, each.mend) for each in findings],
        ),
    )
    return 1 if any(each.verdict is Verdict.FAULT for each in findings) else 0


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < PYTHON_MIN:
        return Finding("Python", Verdict.FAULT, version, "Install Python 3.11 or newer.")
    return Finding("Python", Verdict.OK, version)


def _directory(settings: Settings) -> list[Finding]:
    """Whose it is, who may write, and how much room there is."""
    data = settings.data
    if not data.exists():
        return [Finding("data directory", Verdict.NOTE, f"{data} is not there yet", "It is made at the first start.")]
    facts = data.stat()
    if not stat.S_ISDIR(facts.st_mode):
        return [Finding("data directory", Verdict.FAULT, f"{data} is no directory", "Name another with --data.")]
    findings = []
    if facts.st_uid != os.geteuid():
        mend = "Run Comity as its owner, or name another directory with --data."
        findings.append(Finding("data directory", Verdict.FAULT, f"{data} belongs to uid {facts.st_uid}", mend))
    elif facts.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        findings.append(Finding("data directory", Verdict.FAULT, f"others may write in {data}", f"chmod 700 {data}"))
    else:
        findings.append(Finding("data directory", Verdict.OK, str(data)))
    free = shutil.disk_usage(data).free
    verdict, mend = (Verdict.OK, "") if free >= SPACE_MIN else (Verdict.FAULT, "Make room on that file system.")
    return [*findings, Finding("space", verdict, f"{free / (1 << 30):.1f} GiB free", mend)]


def _programs(settings: Settings) -> list[Finding]:
    """PostgreSQL's programs, and the account that runs them if we are root."""
    from comity.core.catalogue import sentence
    from comity.db.embedded import EmbeddedServerError
    from comity.db.embedded.directory import server_account
    from comity.db.embedded.install import find_install
    from comity.db.embedded.layout import Layout

    if settings.database_url is not None:
        return [Finding("server", Verdict.OK, "the one that COMITY_DATABASE_URL names")]
    try:
        install = find_install()
        account = server_account(Layout(Path(os.path.realpath(settings.data))))
    except EmbeddedServerError as fault:
        return [Finding("server", Verdict.FAULT, fault.code, sentence(fault.code, fault.parameters))]
    runs = f", run by uid {account[0]}" if account else ""
    return [Finding("server", Verdict.OK, f"embedded PostgreSQL {install.major}{runs}")]


async def _database(session: Session) -> AsyncIterator[Finding]:
    """Everything that can only be seen from within; the first fault ends the look."""
    from comity.core.catalogue import sentence
    from comity.core.errors import ComityError

    try:
        async with session.open() as comity:
            async for finding in _inside(comity):
                yield finding
    except ComityError as fault:
        yield Finding("database", Verdict.FAULT, fault.code, sentence(fault.code, fault.parameters))


async def _inside(comity: Installation) -> AsyncIterator[Finding]:
    from comity.db.inspect import look
    from comity.jobs.presence import worker_is_present

    seen = await look(comity.db)
    where = "embedded" if comity.settings.database_url is None else "external"
    if seen.major < 15:
        yield Finding("database", Verdict.FAULT, f"PostgreSQL {seen.version}", "Use PostgreSQL 15 or newer.")
    else:
        yield Finding("database", Verdict.OK, f"{where}, PostgreSQL {seen.version}")
    if seen.too_mighty:
        names = ", ".join(seen.too_mighty)
        mend = f"alter role {seen.too_mighty[0]} nosuperuser nobypassrls; -- the walls between tenants rest on it"
        yield Finding("roles", Verdict.FAULT, f"{names} can pass row-level security", mend)
    else:
        yield Finding("roles", Verdict.OK, f"{seen.login} becomes comity_app for each transaction")
    yield Finding("schema", Verdict.OK, f"number {seen.schema}")
    if not seen.flushes:
        mend = "Set fsync and synchronous_commit to on: what is acknowledged would be lost with the server."
        yield Finding("durability", Verdict.FAULT, "commits are not flushed", mend)
    offset = comity.clock.offset
    if offset:
        yield Finding("clock", Verdict.NOTE, f"moved by {offset}", "comity clock reset")
    else:
        yield Finding("clock", Verdict.OK, "goes with the machine's")
    yield _key(comity.settings)
    if await worker_is_present(comity.db):
        yield Finding("worker", Verdict.OK, "is running")
    else:
        yield Finding("worker", Verdict.NOTE, "none is running", "comity serve brings one; comity worker is one alone.")


def _key(settings: Settings) -> Finding:
    """The key that seals secrets; made at the first need."""
    from comity.core.catalogue import sentence
    from comity.core.errors import ComityError
    from comity.identity.sealing import load_secret_key

    path = settings.secret_key_path
    if not path.exists():
        return Finding("sealing key", Verdict.NOTE, f"{path} is not there yet", "It is made when the service starts.")
    try:
        load_secret_key(path)
    except ComityError as fault:
        return Finding("sealing key", Verdict.FAULT, fault.code, sentence(fault.code, fault.parameters))
    return Finding("sealing key", Verdict.OK, str(path))
