"""Options that every command takes, help that nobody waits for, exit codes that scripts rely on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import pytest
import yaml

from comity.cli import main as root
from comity.cli.options import Group
from comity.cli.root import COMMANDS
from tests.cli.conftest import Terminal

HEAVY = ("psycopg", "asyncio", "structlog", "rich", "starlette", "procrastinate", "babel", "yaml", "comity.db")


def every_command(command: click.Command, names: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found = [names]
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            assert child is not None
            found += every_command(child, (*names, name))
    return found


def test_help_imports_nothing_heavy():
    """It answers in under 0.15 s because it loads click and little else (design P7)."""
    code = (
        "import sys; from comity.app import main; main(['--help']);"
        f"print([each for each in {HEAVY!r} if each in sys.modules], file=sys.stderr)"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stderr.strip() == "[]"
    assert "Commands:" in done.stdout


def test_every_command_explains_itself(comity: Terminal):
    """A sentence, and how to use it."""
    for names in every_command(root):
        said = comity(*names, "--help")
        assert said.out.startswith("Usage: comity"), names
        assert len(said.out.splitlines()[2].strip()) > 10, names


def test_help_lists_every_command_of_a_group(comity: Terminal):
    """Those that are imported late, and those that are not."""
    listed = comity("sync", "--help").out.partition("Commands:")[2]
    for name in ("plan", "undo", "run", "status", "log", "filter"):
        assert f"\n  {name} " in listed


def test_every_listed_command_has_a_sentence():
    """Those without one are for the program itself."""
    assert [name for name, (_, text) in COMMANDS.items() if not text] == ["web"]


@pytest.mark.parametrize(
    "words",
    [
        ("--output", "json", "tenant", "list"),
        ("tenant", "--output", "json", "list"),
        ("tenant", "list", "--output", "json"),
    ],
)
def test_options_stand_before_or_after_a_commands_name(comity: Terminal, words: tuple[str, ...]):
    """People forget where they belong (design §5.2)."""
    assert isinstance(comity(*words).json, list)


def test_the_innermost_option_wins(comity: Terminal):
    """An alias may set one that the line then changes."""
    assert isinstance(yaml.safe_load(comity("--output", "json", "tenant", "list", "--output", "yaml").out), list)


def test_quiet_leaves_the_answer_alone(comity: Terminal):
    """Sentences beside it go to standard error, or nowhere."""
    where = ("--tenant", "quiet.example")
    comity("tenant", "create", "Quiet", "--domain", "quiet.example")

    loud, quiet = comity("group", "list", *where), comity("group", "list", *where, "--quiet")

    assert (loud.out, loud.err.strip()) == ("", "None.")
    assert (quiet.out, quiet.err) == ("", "")


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("nonsense",), "No such command"),
        (("tenant", "create", "Alder"), "--domain"),
        (("tenant", "list", "--output", "xml"), "xml"),
        (("serve", "--port", "70000"), "70000"),
        (("clock", "move"), "--to"),
        (("clock", "move", "soon"), "30d"),
        (("clock", "move", "--to", "tomorrow"), "2027"),
        (("share", "annie", "--tenant", "x.example"), "--to"),
        (("user", "update", "annie", "shoeSize=44", "--tenant", "x.example"), "jobTitle"),
        (("people", "find", "bob"), "--as"),
    ],
)
def test_wrong_usage_is_told_and_exits_with_2(comity: Terminal, words: tuple[str, ...], complaint: str):
    """What to type instead stands in the message."""
    said = comity(*words, fails=2)

    assert complaint in said.err
    assert said.out == ""


def test_a_command_says_its_version(comity: Terminal):
    """For bug reports."""
    assert comity("--version").out.startswith("comity, version ")


def test_a_terminal_that_went_away_is_no_bug(comity: Terminal, tmp_path: Path):
    """`comity tenant list | head -0` ends quietly."""
    environment = {**comity.environment, "PATH": "/usr/bin:/bin"}
    line = f"{sys.executable} -m comity tenant --help | head -n 0"

    done = subprocess.run(
        ["bash", "-c", line], env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert "Traceback" not in done.stderr


def test_groups_list_their_commands_in_the_order_of_use():
    """Not in the order of letters."""
    assert isinstance(root, Group)
    assert root.list_commands(click.Context(root))[:3] == ["demo", "serve", "worker"]
