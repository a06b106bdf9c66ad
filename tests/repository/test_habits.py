"""Habits that a review would otherwise have to repeat (CONTRIBUTING.md, "Habits")."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tools.sources import called_names, plain_strings, python_files, room_of, text_files

# Put together here, so that this file does not break its own rules.
UNFINISHED = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "HA" + "CK"]) + r")\b")
MACHINE_PATH = re.compile("|".join(["/" + "work/", "/" + "root/", "/tmp/" + "brief", "/opt/" + "pypi", r"/home/\w"]))
CLOCK_IN_SQL = re.compile(
    r"\b(now|clock_timestamp|statement_timestamp|transaction_timestamp|timeofday)\s*\(\s*\)"
    r"|\b(current_timestamp|current_date|current_time|localtimestamp|localtime)\b",
    re.IGNORECASE,
)
CLOCK_CALLS = re.compile(r"(^|\.)(datetime\.(now|utcnow|today)|date\.today|time\.(time|time_ns|localtime|gmtime))$")
ASKS_THE_CLOCK = {"src/comity/core/clock.py", "src/comity/core/ids.py"}
READS_THE_ENVIRONMENT = {"src/comity/core/settings.py", "src/comity/app.py"}


def test_nothing_is_left_for_later():
    """No mark of unfinished work is committed: what is open is an issue, not a comment (style §6)."""
    found = [
        f"{path}:{number}"
        for path, text in text_files()
        for number, line in enumerate(text.splitlines(), 1)
        if UNFINISHED.search(line)
    ]

    assert found == []


def test_no_file_knows_the_machine_it_was_written_on():
    """A path from somebody's disk works nowhere else, and says things about him."""
    found = [
        f"{path}:{number}: {line.strip()}"
        for path, text in text_files()
        for number, line in enumerate(text.splitlines(), 1)
        if MACHINE_PATH.search(line)
    ]

    assert found == []


def test_no_test_sleeps():
    """A test waits for the event it is about; a sleep is either too short or too long (style §12)."""
    found = [
        f"{path}:{line}"
        for path, tree in python_files("tests")
        for line, name, call in called_names(tree)
        if name in {"time.sleep", "asyncio.sleep", "anyio.sleep", "sleep"} and not _yields_only(call)
    ]

    assert found == []


def test_sql_never_asks_what_time_it_is():
    """The business clock is an argument: a lab moves it, and the database would not know (design §4.10)."""
    found = []
    for path, text in text_files():
        if path.suffix == ".sql" and path.parts[0] == "src":
            for number, line in enumerate(text.splitlines(), 1):
                if CLOCK_IN_SQL.search(line.partition("--")[0]):
                    found.append(f"{path}:{number}: {line.strip()}")
    for path, tree in python_files("src"):
        found += [f"{path}:{line}: {text!r}" for line, text in plain_strings(tree) if CLOCK_IN_SQL.search(text)]

    assert found == []


def test_only_the_clock_asks_what_time_it_is():
    """Time is an argument everywhere else; ids are the one named exception (their order is no date)."""
    found = [
        f"{path}:{line}: {name}"
        for path, tree in python_files("src")
        if str(path) not in ASKS_THE_CLOCK
        for line, name, _ in called_names(tree)
        if CLOCK_CALLS.search(name)
    ]

    assert found == []


def test_the_environment_is_read_in_one_place():
    """Settings are read once and passed down by argument (style §11)."""
    found = [
        f"{path}:{line}"
        for path, tree in python_files("src")
        if str(path) not in READS_THE_ENVIRONMENT
        for line in _readings_of_the_environment(tree)
    ]

    assert found == []


def test_no_exception_is_swallowed():
    """Catching everything and doing nothing hides bugs: name what may happen, and why it is fine."""
    found = [
        f"{path}:{node.lineno}"
        for path, tree in python_files("src", "tests", "bench", "tools")
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler)
        if _catches_everything(node.type) and _does_nothing(node.body)
    ]

    assert found == []


def test_rooms_are_found_from_paths():
    """The helper that the checks above and beside rely on."""
    names = {room_of(path) for path, _ in python_files("src")}

    assert "core" in names
    assert "" in names


def _yields_only(call: ast.Call) -> bool:
    return bool(call.args) and isinstance(call.args[0], ast.Constant) and call.args[0].value == 0


def _readings_of_the_environment(tree: ast.Module) -> Iterator[int]:
    """Lines with `os.environ`, `os.getenv` or an import of them."""
    names = {"environ", "environb", "getenv"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "os" and node.attr in names:
            yield node.lineno
        if isinstance(node, ast.ImportFrom) and node.module == "os":
            yield from (node.lineno for alias in node.names if alias.name in names)


def _catches_everything(kind: ast.expr | None) -> bool:
    return kind is None or ast.unparse(kind) in {"Exception", "BaseException"}


def _does_nothing(body: list[ast.stmt]) -> bool:
    return all(
        isinstance(each, ast.Pass)
        or (isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant))
        or isinstance(each, ast.Continue)
        for each in body
    )
