"""The files of this repository, as checks see them."""

from __future__ import annotations

import ast
import functools
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "src" / "comity"
UNREADABLE = {".png", ".ico", ".woff2", ".gz"}


@functools.cache
def repository_files() -> tuple[Path, ...]:
    """Every file that is tracked, or new and not ignored, in order of its path.

    `safe.directory` is widened for this one question, because a clone may belong to somebody else
    than the person who runs its tests, and git then refuses to say anything.
    """
    listing = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    paths = (ROOT / name for name in sorted(filter(None, listing.split("\0"))))
    return tuple(path for path in paths if path.is_file())


def text_files() -> Iterator[tuple[Path, str]]:
    """Every readable file, as its path within the repository and its text."""
    for path in repository_files():
        if path.suffix not in UNREADABLE:
            yield path.relative_to(ROOT), path.read_text(encoding="utf-8", errors="replace")


def python_files(*tops: str) -> Iterator[tuple[Path, ast.Module]]:
    """Every Python file below the given top directories, parsed."""
    for path in repository_files():
        within = path.relative_to(ROOT)
        if path.suffix == ".py" and within.parts[0] in tops:
            yield within, ast.parse(path.read_text(encoding="utf-8"), filename=str(within))


def room_of(within: Path) -> str:
    """The room that a file under src/comity stands in; "" for the package itself, "app" for app.py."""
    parts = within.parts[2:]
    return parts[0] if len(parts) > 1 else parts[0].removesuffix(".py").removeprefix("__init__")


def rooms() -> list[str]:
    """The packages under src/comity that are there already."""
    return sorted(path.parent.name for path in PACKAGE.glob("*/__init__.py"))


def imported_modules(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Each absolute import, as line and dotted name; `from a import b` yields `a.b`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            for alias in node.names:
                yield node.lineno, f"{node.module}.{alias.name}"


def called_names(tree: ast.Module) -> Iterator[tuple[int, str, ast.Call]]:
    """Each call of a dotted name, spelled as in the source: `asyncio.sleep`, `datetime.now`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield node.lineno, ast.unparse(node.func), node


def plain_strings(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Each string constant that is not a docstring (nor the note under a field)."""
    notes = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in notes:
            yield node.lineno, node.value
