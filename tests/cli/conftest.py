"""The command line as a person types it, in process, on a database of its own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from comity.app import main
from comity.core.ids import new_id
from comity.db.migrate import migrate
from tests.support.logs import put_back
from tests.support.postgres import Server, create_database


@dataclass(frozen=True)
class Said:
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Terminal:
    """Types commands; each is expected to succeed unless `fails` says otherwise."""

    def __init__(self, environment: dict[str, str], read: Callable[[], tuple[str, str]]) -> None:
        self.environment = environment
        self._read = read

    def __call__(self, *words: str, fails: int = 0) -> Said:
        self._read()
        code = main(words, self.environment)
        out, err = self._read()
        assert code == fails, err
        assert "Traceback" not in out + err
        return Said(code, out, err)

    def json(self, *words: str, fails: int = 0) -> Any:
        return self(*words, "--output", "json", fails=fails).json


@pytest.fixture(scope="module")
def fresh_url(server: Server, worker_id: str) -> Callable[[], str]:
    """Makes a migrated database that nobody else uses."""

    def make() -> str:
        name = f"comity_cli_{worker_id}_{new_id().hex[-12:]}"
        create_database(server, name)
        asyncio.run(migrate(server.url(name), now=datetime.now(UTC)))
        return server.url(name)

    return make


@pytest.fixture(scope="module")
def shared_url(fresh_url: Callable[[], str]) -> str:
    """One database for the tests of a module; each makes tenants of its own."""
    return fresh_url()


@pytest.fixture(autouse=True)
def plain_logs() -> Iterator[None]:
    """Commands decide where logs go; afterwards it is as before."""
    with put_back():
        yield


@pytest.fixture
def comity(shared_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Terminal:
    """A terminal with nothing but the address of a database."""
    return Terminal(
        {"COMITY_DATABASE_URL": shared_url, "COMITY_DATA": str(tmp_path / "data"), "HOME": str(tmp_path)},
        capsys.readouterr,
    )


@dataclass(frozen=True)
class Lab:
    """Two tenants with one person each, of names and domains that nobody else has."""

    comity: Terminal
    mark: str

    def domain(self, name: str) -> str:
        return f"{name}-{self.mark}.example"

    def mail(self, person: str, tenant: str) -> str:
        return f"{person}@{self.domain(tenant)}"

    def add(self, tenant: str, *people: str) -> None:
        self.comity("tenant", "create", f"{tenant.title()} {self.mark}", "--domain", self.domain(tenant))
        rows = ["userPrincipalName,displayName,givenName,surname,mail,userType"]
        for each in people:
            mail = self.mail(each, tenant)
            rows.append(f"{mail},{each.title()} {tenant.title()},{each.title()},{tenant.title()},{mail},Member")
        file = Path(self.comity.environment["HOME"]) / f"{tenant}.csv"
        file.write_text("\n".join(rows) + "\n")
        self.comity("user", "import", str(file), "--tenant", self.domain(tenant))


@pytest.fixture
def lab(comity: Terminal) -> Lab:
    """Annie in Alder and Barbara in Birch."""
    made = Lab(comity, new_id().hex[-12:])
    made.add("alder", "annie")
    made.add("birch", "barbara")
    return made
