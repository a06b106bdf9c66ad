"""The worked example: what it promises, and that it notices when a promise does not hold (design §5.3)."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from comity.app import open_comity
from comity.cli.demo.command import build_and_check
from comity.cli.demo.place import claim
from comity.cli.demo.scenario import WORKED_EXAMPLE, Scenario
from comity.cli.options import Options
from comity.cli.session import Installation, Session
from comity.core.settings import Secret, Settings
from tests.cli.conftest import Terminal
from tests.support.postgres import Server

FOUR = ("Annie", "Bob", "Barbara", "Charlie")


class OnDatabase:
    """Opens a database of the test's server where the demo would start a server of its own."""

    def __init__(self, url: str) -> None:
        self._url = Secret(url)

    def open(self, settings: Settings) -> AbstractAsyncContextManager[Installation]:
        return open_comity(replace(settings, database_url=self._url))


Build = Callable[[Scenario], tuple[dict[str, Any], list[str]]]


@pytest.fixture
def url(fresh_url: Callable[[], str]) -> str:
    """A database for one demo."""
    return fresh_url()


@pytest.fixture
def build(url: str, tmp_path: Path) -> Build:
    """Builds a scenario, again each time it is called."""
    session = Session(OnDatabase(url), {}, Options(quiet=True))  # type: ignore[arg-type]
    settings = Settings(data=tmp_path / "demo")
    return lambda scenario: build_and_check(session, settings, scenario)


def everything(server: Server, url: str) -> dict[str, tuple[int, str]]:
    """How many rows each table has, and a fingerprint of them."""
    database = str(psycopg.conninfo.conninfo_to_dict(url)["dbname"])
    with psycopg.connect(server.admin_url(database)) as admin:
        tables = admin.execute("select tablename from pg_tables where schemaname = 'public' order by 1").fetchall()
        found = {}
        for (table,) in tables:
            row = admin.execute(
                f"select count(*), md5(string_agg(t::text, '|' order by t::text)) from {table} t"
            ).fetchone()
            assert row is not None
            found[table] = row
    return found


def test_the_worked_example_keeps_its_promises(build: Build):
    """Twelve representations, twelve searches, eight decisions, two chats; read back, not written down."""
    report, failed = build(WORKED_EXAMPLE)

    assert failed == []
    rows = report["representations"]
    assert len(rows) == 12
    assert sorted(each["kind"] for each in rows) == ["b2b"] * 8 + ["internal"] * 4
    assert {each["userType"] for each in rows} == {"Member"}
    assert len({each["id"] for each in rows}) == 12
    assert [(each["as"], each["query"], each["found"]) for each in report["searches"]] == [
        (person, other, [other]) for person in FOUR for other in FOUR if other != person
    ]
    assert [
        (each["from"], each["to"], each["by"], each["allowed"], each["deciding_rule"]) for each in report["decisions"]
    ] == [
        ("Annie", "Charlie", "email", True, "ok"),
        ("Charlie", "Annie", "email", True, "ok"),
        ("Barbara", "Dana", "email", True, "ok"),
        ("Barbara", "Dana", "phone", True, "ok"),
        ("Dana", "Barbara", "email", True, "ok"),
        ("Dana", "Barbara", "phone", False, "phone-finds-personal-only"),
        ("Dana", "Barbara", "email", False, "tenant-consumer-inbound-off"),
        ("Barbara", "Dana", "email", True, "ok"),
    ]
    assert [each["with"] for each in report["decisions"]][-2:] == [{"AllowTeamsConsumerInbound": False}] * 2
    assert [(each["kind"], each["members"], each["messages"]) for each in report["chats"]] == [
        ("oneOnOne", ["Annie", "Charlie"], 2),
        ("oneOnOne", ["Barbara", "Dana"], 2),
    ]
    assert report["timings"]["share_to_visible_s"] > 0


def test_a_second_run_changes_nothing(build: Build, server: Server, url: str):
    """Not a row; the report is the same but for its timings."""
    first, _ = build(WORKED_EXAMPLE)
    before = everything(server, url)

    second, failed = build(WORKED_EXAMPLE)

    assert everything(server, url) == before
    assert failed == []
    assert {**first, "timings": None} == {**second, "timings": None}
    assert second["timings"]["share_to_visible_s"] is None


def test_a_demo_that_was_interrupted_is_completed(build: Build, tmp_path: Path):
    """Each step looks at what is there first."""
    build(WORKED_EXAMPLE)
    file = claim(tmp_path / "demo")
    file.complete = False
    file.save()

    report, failed = build(WORKED_EXAMPLE)

    assert failed == []
    assert len(report["representations"]) == 12
    assert [each["messages"] for each in report["chats"]] == [2, 2]


def test_an_acceptance_that_is_missing_is_named(build: Build):
    """Birch does not let Alder's people in: nobody of Birch finds Annie."""
    acceptances = tuple(each for each in WORKED_EXAMPLE.acceptances if each != ("B", "A"))

    _, failed = build(replace(WORKED_EXAMPLE, acceptances=acceptances))

    assert "Birch accepts the people of Alder" in failed
    assert "Bob finds Annie exactly once (found: nobody)" in failed
    assert any(each.startswith("Annie stands in Birch exactly once") for each in failed)


def test_a_share_that_is_missing_is_named(build: Build):
    """Cedar does not share with Alder: Annie does not find Charlie."""
    shares = tuple(each for each in WORKED_EXAMPLE.shares if each != ("C", "A"))

    _, failed = build(replace(WORKED_EXAMPLE, shares=shares))

    assert "Charlie is shared with Alder" in failed
    assert "Annie finds Charlie exactly once (found: nobody)" in failed


def test_a_blocked_domain_is_named(build: Build):
    """Cedar blocks Alder: Annie may not write to Charlie, whoever began."""
    scenario = replace(WORKED_EXAMPLE, chats=WORKED_EXAMPLE.chats[1:], blocked_domains=(("C", "alder.example"),))

    _, failed = build(scenario)

    assert any(each.startswith("Annie may write to Charlie by email, because of ok") for each in failed)
    assert "Annie and Charlie have one chat (found: 0)" in failed


def test_what_was_withdrawn_later_is_named_and_left_alone(build: Build, url: str, comity: Terminal):
    """With an ordinary command, between two runs: the second one reports, it does not mend."""
    build(WORKED_EXAMPLE)
    comity.environment["COMITY_DATABASE_URL"] = url
    comity("accept", "alder.example", "--withdraw", "--tenant", "birch.example")
    comity("access", "set", "AllowFederatedUsers=false", "--tenant", "cedar.example")

    _, failed = build(WORKED_EXAMPLE)

    assert "Birch accepts the people of Alder" in failed
    assert any("Annie may write to Charlie" in each and "tenant-federation-off" in each for each in failed)
    assert comity.json("partner", "show", "alder.example", "--tenant", "birch.example")["isSyncAllowed"] is False


def test_secrets_lie_in_one_private_file(build: Build, tmp_path: Path, server: Server, url: str):
    """Everywhere else they are hashed."""
    report, _ = build(WORKED_EXAMPLE)

    file = tmp_path / "demo" / "demo.json"
    secrets = [
        *(each["client_secret"] for each in report["tenants"]),
        *(each["admin"]["password"] for each in report["tenants"]),
        *(each["password"] for each in report["people"]),
    ]
    assert file.stat().st_mode & 0o777 == 0o600
    assert len(set(secrets)) == 11
    assert all(each in file.read_text() for each in secrets)
    database = str(psycopg.conninfo.conninfo_to_dict(url)["dbname"])
    with psycopg.connect(server.admin_url(database)) as admin:
        for (table,) in admin.execute("select tablename from pg_tables where schemaname = 'public'").fetchall():
            text = str(admin.execute(f"select coalesce(string_agg(t::text, ' '), '') from {table} t").fetchone())
            assert not any(each in text for each in secrets), table


@pytest.mark.whole
def test_the_command_prints_one_line_of_json(comity: Terminal, tmp_path: Path):
    """Members as in the contract; on a server of its own, whatever database is configured."""
    said = comity("demo", "--once", "--data", str(tmp_path / "own"), "--output", "json")

    assert said.out.count("\n") == 1
    report = json.loads(said.out)
    assert list(report) == ["tenants", "people", "representations", "searches", "decisions", "chats", "timings"]
    assert set(report["tenants"][0]) == {
        "letter", "id", "name", "domain", "client_id", "client_secret", "public_client_id", "admin"
    }  # fmt: skip
    assert set(report["people"][0]) == {"name", "tenant", "id", "userPrincipalName", "phone", "password"}
    assert set(report["people"][-1]) == {"name", "tenant", "id", "mail", "phone", "password"}
    assert set(report["timings"]) == {"ready_s", "share_to_visible_s", "total_s"}
    again = comity("demo", "--once", "--data", str(tmp_path / "own"))
    assert "nothing was changed" in again.err
    assert "Annie" in again.out


@pytest.mark.whole
def test_the_command_fails_when_a_promise_does_not_hold(comity: Terminal, tmp_path: Path):
    """Exit 1, naming it; after somebody changed the demo's data with ordinary commands."""
    del comity.environment["COMITY_DATABASE_URL"]
    comity.environment["COMITY_DATA"] = str(tmp_path / "own")
    comity("demo", "--once")
    comity("accept", "alder.example", "--withdraw", "--tenant", "birch.example")
    comity("unshare", "charlie@cedar.example", "--to", "alder.example", "--tenant", "cedar.example")
    comity("access", "set", "BlockedDomains=alder.example", "--tenant", "cedar.example")

    said = comity("demo", "--once", fails=1)

    assert "Expectation failed: Birch accepts the people of Alder." in said.err
    assert "Expectation failed: Charlie is shared with Alder." in said.err
    assert "Expectation failed: Annie may write to Charlie by email" in said.err
