"""What sync jobs map, offer and may do, from the command line; and vector files (design §5.2)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Lab, Terminal

VECTORS = Path(__file__).parent.parent / "sync"


@pytest.fixture
def shared(lab: Lab) -> Lab:
    """Alder shares Annie with Birch, which accepts."""
    lab.comity("accept", lab.domain("alder"), "--tenant", lab.domain("birch"))
    lab.comity("share", lab.mail("annie", "alder"), "--to", lab.domain("birch"), "--tenant", lab.domain("alder"))
    return lab


def job(lab: Lab) -> tuple[str, ...]:
    return ("--tenant", lab.domain("alder"), "--to", lab.domain("birch"))


def there(lab: Lab) -> dict[str, object]:
    """Annie's account in Birch."""
    found = lab.comity.json("user", "list", "--tenant", lab.domain("birch"))
    return next(each for each in found if each.get("creationType") == "Invitation")


def run(lab: Lab) -> None:
    lab.comity("sync", "run", "--tenant", lab.domain("alder"))


def test_a_row_is_mapped_and_the_next_run_writes_it(shared: Lab):
    """An expression, a constant, a default; the document that is shown is the one that can be set."""
    where = job(shared)
    shared.comity("mapping", "set", "department", "--expression", 'Append([displayName], " (Alder)")', *where)
    shared.comity("mapping", "set", "jobTitle", "--default", "Guest from Alder", *where)
    run(shared)

    account = there(shared)
    assert account["department"] == "Annie Alder (Alder)"
    assert account["jobTitle"] == "Guest from Alder"
    shown = shared.comity.json("mapping", "show", *where)
    file = Path(shared.comity.environment["HOME"]) / "mapping.json"
    file.write_text(json.dumps(shown))
    assert shared.comity.json("mapping", "set", "--file", str(file), *where) == shown
    shared.comity("mapping", "set", "--reset", *where)
    assert len(shared.comity.json("mapping", "show", *where)["attributeMappings"]) == 23


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("city", "--expression", "ToUper([city])"), "did you mean ToUpper"),
        (("city", "--expression", "ToUpper([citi])"), "city"),
        (("city", "--expression", "ToUpper(\n[city]"), "line 2"),
        (("city", "--attribute", "citi"), "did you mean city"),
        (("proxyAddresses", "--constant", "x"), "proxyAddresses"),
        (("userType", "--constant", "Boss"), "Member or Guest"),
        (("alternativeSecurityIds", "--expression", "[mail]"), "home identity"),
        (("mailNickname", "--expression", "SelectUniqueValue([city], [mail])"), "SelectUniqueValue"),
        (("manager", "--constant", "Bob"), "reference"),
    ],
)
def test_what_cannot_be_mapped_is_said_at_once(shared: Lab, words: tuple[str, ...], said: str):
    """With line and column, or the row, and what to mend; nothing is saved."""
    before = shared.comity.json("mapping", "show", *job(shared))

    refused = shared.comity("mapping", "set", *words, *job(shared), fails=1)

    assert said.lower() in refused.err.lower()
    assert shared.comity.json("mapping", "show", *job(shared)) == before


def test_an_expression_is_tried_on_a_person(shared: Lab):
    """Nothing is saved."""
    where = ("--tenant", shared.domain("alder"), "--user", shared.mail("annie", "alder"))

    assert shared.comity.json("mapping", "test", 'Join(", ", [surname], [givenName])', *where) == {
        "value": "Alder, Annie",
        "kind": "text",
    }
    assert shared.comity.json("mapping", "test", "IgnoreFlowIfNullOrEmpty([city])", *where)["flow"] == "ignore"
    assert "column" in shared.comity("mapping", "test", "Left([city]", *where, fails=1).err


def test_a_filter_narrows_the_scope(shared: Lab):
    """Set from a file, shown in words, cleared."""
    clause = {"sourceOperandName": "department", "operatorName": "EQUALS", "targetOperand": {"values": ["Sales"]}}
    file = Path(shared.comity.environment["HOME"]) / "filter.json"
    file.write_text(json.dumps({"groups": [{"name": "Sales only", "clauses": [clause]}]}))
    run(shared)
    shared.comity("sync", "filter", "set", str(file), *job(shared))
    assert "Sales only: department EQUALS Sales" in shared.comity("sync", "filter", "show", *job(shared)).out
    run(shared)
    assert shared.comity.json("user", "list", "--tenant", shared.domain("birch"), "--deleted")

    shared.comity("sync", "filter", "clear", *job(shared))
    run(shared)
    assert there(shared)["userPrincipalName"]

    clause["operatorName"] = "EQUAL"
    file.write_text(json.dumps({"groups": [{"name": "Sales only", "clauses": [clause]}]}))
    assert "EQUALS" in shared.comity("sync", "filter", "set", str(file), *job(shared), fails=1).err


def test_scope_groups_and_actions_are_shown_and_set(shared: Lab):
    """In one answer, with the names of those assigned."""
    shown = shared.comity.json("sync", "scope", *job(shared))
    assert shown["mode"] == "assigned"
    assert shown["assigned"] == [shared.mail("annie", "alder")]
    assert shared.comity.json("sync", "groups", "on", *job(shared))["groups"] is True
    assert "groups" in shared.comity("sync", "scope", "--all", *job(shared), fails=1).err
    shared.comity("sync", "groups", "off", *job(shared))
    assert shared.comity.json("sync", "scope", "--all", *job(shared))["mode"] == "all"
    assert shared.comity.json("sync", "actions", "--no-delete", *job(shared))["actions"] == ["add", "update"]


def test_a_target_admin_changes_the_user_type_unless_it_is_mapped_always(shared: Lab):
    """M45: `comity user update --user-type`; the refusal names the job and its tenant."""
    run(shared)
    upn, where = str(there(shared)["userPrincipalName"]), ("--tenant", shared.domain("birch"))
    shared.comity("user", "update", upn, "--user-type", "Guest", *where)
    run(shared)
    assert there(shared)["userType"] == "Guest"

    shared.comity("mapping", "set", "userType", "--apply", "always", *job(shared))
    run(shared)
    assert there(shared)["userType"] == "Member"
    refused = shared.comity("user", "update", upn, "--user-type", "Guest", *where, fails=1)

    assert "Sync_" in refused.err
    assert f"Alder {shared.mark}" in refused.err


def test_directory_extensions_go_along_where_they_are_mapped(shared: Lab):
    """Imported, shown, mapped and cleared by their own names (provisioning §5.2)."""
    name = f"extension_{'ab' * 16}_costCenter"
    annie, where = shared.mail("annie", "alder"), ("--tenant", shared.domain("alder"))
    shared.comity("user", "update", annie, f"{name}=4711", *where)
    assert shared.comity.json("user", "show", annie)[name] == "4711"
    shared.comity("mapping", "set", name, "--attribute", name, *job(shared))
    shared.comity("mapping", "set", "employeeId", "--expression", f'Append("C-", [{name}])', *job(shared))
    run(shared)

    assert (there(shared)[name], there(shared)["employeeId"]) == ("4711", "C-4711")
    shared.comity("user", "update", annie, f"{name}=4712", *where)
    run(shared)
    assert there(shared)[name] == "4712"


@pytest.mark.parametrize("kind", ["expressions", "scoping", "access"])
@pytest.mark.parametrize("content", [b"[" * 100_000, b"\xff\xfe[1]", b"{}", b"7", b""])
def test_a_file_that_holds_no_vectors_is_refused_in_a_sentence(
    comity: Terminal, kind: str, content: bytes, tmp_path: Path
):
    """Nested without end, in no encoding, of another form, empty."""
    file = tmp_path / "vectors.json"
    file.write_bytes(content)

    assert "vectors.json" in comity("eval", kind, str(file), fails=1).err


@pytest.mark.parametrize("kind", ["expressions", "scoping"])
def test_vectors_are_evaluated_without_a_database(comity: Terminal, kind: str, tmp_path: Path):
    """One object per vector, in order; neither data directory nor database is opened."""
    file = VECTORS / kind / "vectors.json"
    comity.environment.update(COMITY_DATABASE_URL="postgresql://nowhere.invalid/x", COMITY_DATA=str(tmp_path / "none"))

    answers = json.loads(comity("eval", kind, str(file)).out)

    vectors = json.loads(file.read_text())
    assert [each["index"] for each in answers] == list(range(len(vectors)))
    assert not (tmp_path / "none").exists()
    assert comity("eval", kind, str(tmp_path / "missing.json"), fails=2).err
