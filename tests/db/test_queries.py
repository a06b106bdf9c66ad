"""SQL in files: every statement has a name of its own and is found by it (style §8)."""

from __future__ import annotations

import importlib
import pkgutil
import re
from pathlib import Path

import pytest

import comity
from comity.db.queries import Queries
from tools.sources import PACKAGE

FILES = sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.sql") if "-- name:" in path.read_text("utf-8"))


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package of this test's own, for files that no room would keep."""
    made = tmp_path / f"package_{tmp_path.name.replace('-', '_')}"
    made.mkdir()
    (made / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    return made


def test_statements_are_found_by_name(package: Path):
    (package / "queries.sql").write_text(
        "-- Head.\n\n-- name: one\n-- A sentence.\nselect 1;\n\n-- name: two\nselect 2;\n"
    )
    queries = Queries(package.name)

    assert queries.one == "-- A sentence.\nselect 1"
    assert dict(queries) == {"one": "-- A sentence.\nselect 1", "two": "select 2"}


def test_an_unknown_name_lists_the_known_ones(package: Path):
    (package / "queries.sql").write_text("-- name: one\nselect 1;\n-- name: two\nselect 2;\n")

    with pytest.raises(AttributeError, match=r"no statement 'three'; it has one, two"):
        _ = Queries(package.name).three


def test_two_statements_of_one_name_are_refused(package: Path):
    """The second would silently replace the first."""
    (package / "queries.sql").write_text("-- name: one\nselect 1;\n-- name: one\nselect 2;\n")

    with pytest.raises(ValueError, match="more than one statement named one"):
        Queries(package.name)


@pytest.mark.parametrize("file", FILES, ids=str)
def test_every_statement_is_asked_for_somewhere(file: Path):
    """A statement that nobody uses is not kept: it would have no test either."""
    package = ".".join(("comity", *file.parent.parts))
    source = "\n".join(path.read_text("utf-8") for path in PACKAGE.rglob("*.py"))
    names = [name for name, _ in Queries(package, file.name)]

    assert names
    assert [name for name in names if not re.search(rf"\bQ\.{name}\b|[\"']{name}[\"']", source)] == []


@pytest.mark.parametrize("file", FILES, ids=str)
def test_a_statement_on_a_tenants_rows_names_the_tenant(file: Path):
    """The plan needs it, and row-level security is the second wall, not the first (design D4)."""
    tenants = re.compile(r"\b(from|join|into|update)\s+(" + "|".join(tenant_tables()) + r")\b")
    package = ".".join(("comity", *file.parent.parts))

    assert [
        name
        for name, statement in Queries(package, file.name)
        if tenants.search(statement) and "%(tenant_id)s" not in statement
    ] == []


def tenant_tables() -> list[str]:
    from tests.support.catalogue import listed_tables

    return sorted(name for name, entry in listed_tables().items() if entry["class"] == "tenant")


def test_every_file_of_statements_is_loaded_by_a_module():
    """At import, so that a fault in it shows at once and not at the first use."""
    loaded = set()
    for module in pkgutil.walk_packages(comity.__path__, "comity."):
        if not module.name.endswith("__main__"):
            for value in vars(importlib.import_module(module.name)).values():
                if isinstance(value, Queries):
                    loaded.add(value._source)

    assert loaded == {f"{'.'.join(('comity', *file.parent.parts))}/{file.name}" for file in FILES}
