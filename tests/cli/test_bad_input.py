"""Whatever goes wrong ends in one clear sentence and a non-zero exit, never in a traceback."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from comity.cli.failures import run
from comity.cli.root import main as root
from comity.cli.session import Session
from comity.db.migrate import newest
from tests.cli.conftest import Terminal
from tests.support.postgres import Server


def sentence(err: str) -> str:
    """The one sentence of an error."""
    lines = [line for line in err.strip().splitlines() if line]
    assert len(lines) == 1, err
    assert lines[0].startswith("Error: ")
    return lines[0].removeprefix("Error: ")


def test_an_unknown_tenant(comity: Terminal):
    """Says how tenants are named."""
    told = sentence(comity("user", "list", "--tenant", "nowhere.example", fails=1).err)

    assert "nowhere.example" in told
    assert "domain" in told


def test_an_unknown_person(comity: Terminal):
    """Says how people are named."""
    told = sentence(comity("user", "show", "ghost@nowhere.example", fails=1).err)

    assert "ghost@nowhere.example" in told


@pytest.mark.parametrize(
    "content",
    [b"", b"\x00\x01\x02\xff" * 50, b"just words\nand more words\n", b'{"value": [{"userPrincipalName": "a@b'],
    ids=["empty", "binary", "prose", "broken-json"],
)
def test_a_malformed_file(comity: Terminal, tmp_path: Path, content: bytes):
    """Whatever it is, it is no list of people."""
    comity("tenant", "create", "File", "--domain", f"{tmp_path.name.replace('_', '-')}.example".lower())
    file = tmp_path / "people.csv"
    file.write_bytes(content)
    where = f"{tmp_path.name.replace('_', '-')}.example".lower()

    sentence(comity("user", "import", str(file), "--tenant", where, fails=1).err)


def test_a_file_that_is_not_there(comity: Terminal, tmp_path: Path):
    """Says which."""
    comity("tenant", "create", "Absent", "--domain", "absent.example")

    told = sentence(comity("user", "import", str(tmp_path / "no.csv"), "--tenant", "absent.example", fails=1).err)

    assert "no.csv" in told


def test_a_port_that_is_taken(comity: Terminal):
    """Before anything is started."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        told = sentence(comity("serve", "--port", str(port), fails=1).err)

    assert str(port) in told


def test_a_port_that_is_no_number(comity: Terminal):
    """In the environment, where no parser of options looks."""
    comity.environment["COMITY_PORT"] = "http"

    told = sentence(comity("serve", fails=1).err)

    assert "COMITY_PORT" in told


def test_an_address_that_is_not_ours(comity: Terminal):
    """TEST-NET-1 belongs to nobody (RFC 5737)."""
    told = sentence(comity("serve", "--host", "192.0.2.1", "--port", "0", fails=1).err)

    assert "192.0.2.1" in told


def test_a_database_that_is_not_there(comity: Terminal):
    """Says where to look."""
    comity.environment["COMITY_DATABASE_URL"] = "postgresql://comity:secret@127.0.0.1:1/comity?connect_timeout=2"

    told = sentence(comity("tenant", "list", fails=1).err)

    assert "COMITY_DATABASE_URL" in told
    assert "secret" not in told


def test_a_database_address_that_is_none(comity: Terminal):
    """A typing mistake in the environment."""
    comity.environment["COMITY_DATABASE_URL"] = "over there"

    sentence(comity("tenant", "list", fails=1).err)


def test_a_database_of_a_newer_comity(comity: Terminal, server: Server, fresh_url: Callable[[], str]):
    """Older code does not touch it."""
    url = fresh_url()
    comity.environment["COMITY_DATABASE_URL"] = url
    with psycopg.connect(server.admin_url(str(psycopg.conninfo.conninfo_to_dict(url)["dbname"]))) as admin:
        admin.execute(
            "insert into schema_migration select %s, 'later', 'none', applied_at from schema_migration limit 1",
            (newest() + 1,),
        )

    told = sentence(comity("tenant", "list", fails=1).err)

    assert "newer Comity" in told


def test_a_database_that_was_never_migrated(comity: Terminal, server: Server, worker_id: str):
    """A command does not migrate somebody else's server by the way; `serve` does."""
    from tests.support.postgres import create_database

    create_database(server, f"comity_bare_{worker_id}")
    comity.environment["COMITY_DATABASE_URL"] = server.url(f"comity_bare_{worker_id}")

    told = sentence(comity("tenant", "list", fails=1).err)

    assert "comity serve" in told


def test_a_data_directory_that_is_a_file(comity: Terminal, tmp_path: Path):
    """Without a database of one's own, the embedded server would live there."""
    del comity.environment["COMITY_DATABASE_URL"]
    (tmp_path / "data").write_text("not a directory")

    told = sentence(comity("tenant", "list", fails=1).err)

    assert str(tmp_path / "data") in told


def test_a_demo_in_somebody_elses_directory(comity: Terminal, tmp_path: Path):
    """It would be lost among other things."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("chapter 1")

    told = sentence(comity("demo", "--once", "--data", str(tmp_path / "mine"), fails=1).err)

    assert "--data" in told
    assert [each.name for each in (tmp_path / "mine").iterdir()] == ["thesis.txt"]


def test_a_bug_is_one_sentence_and_a_trace_in_the_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """With a number, under which whoever looks finds it."""

    class Broken:
        def open(self, _settings: object) -> None:
            raise ZeroDivisionError("a bug")

    session = Session(Broken(), {"COMITY_DATA": str(tmp_path)})  # type: ignore[arg-type]

    code = run(root, ["tenant", "list"], session)

    told = sentence(capsys.readouterr().err)
    (line,) = [json.loads(each) for each in (tmp_path / "comity.log").read_text().splitlines()]
    assert code == 1
    assert str(line["request_id"]) in told
    assert "ZeroDivisionError: a bug" in line["exception"]
    assert (tmp_path / "comity.log").stat().st_mode & 0o777 == 0o600
