"""The parts of the reference that are made from the code, each as Markdown."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
import tomllib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click
from starlette.responses import Response

import comity
from comity.core import settings as settings_module
from comity.core.errors import ComityError
from comity.web.graph.routes import operations
from tools.sources import PACKAGE

if TYPE_CHECKING:
    from comity.cli.cmdlets.cmdlet import Parameter
    from comity.web.graph.operation import Operation


def graph_routes() -> str:
    """Every Graph route: what it does, where it differs, and the test that witnesses it."""
    lines = ["| Route | State | Remark |", "|---|---|---|"]
    for each in graph_operations():
        beta = "`/beta` only; " if each.beta else ""
        options = f"takes {', '.join(f'`${option}`' for option in each.options)}; " if each.options else ""
        remark = f"{each.remark}; " if each.remark else ""
        says = f"{each.says}; {beta}{options}{remark}`{witness(each)}`"
        lines.append(f"| {each.method} `{each.shown}` | Done | {_cell(says)} |")
    return "\n".join(lines)


def graph_operations() -> Sequence[Operation]:
    """Everything that the Graph door serves."""

    async def serve(_: object) -> Response:
        return Response()

    return operations(serve)


def witness(operation: Operation) -> str:
    """The test of the resource that an operation belongs to."""
    return f"tests/web/graph/test_{operation.tag}.py"


def settings() -> str:
    """Every setting: its variable, its default and its sentence, in the order of the class."""
    lines = ["| Variable | Default | Meaning |", "|---|---|---|"]
    for name, default, note in setting_fields():
        lines.append(f"| `COMITY_{name.upper()}` | {f'`{default}`' if default else '–'} | {_cell(note)} |")
    return "\n".join(lines)


def setting_fields() -> Iterator[tuple[str, str, str]]:
    """The fields of `Settings` as (name, default as written or "", note under the field)."""
    tree = ast.parse(inspect.getsource(settings_module))
    body = next(n.body for n in tree.body if isinstance(n, ast.ClassDef) and n.name == "Settings")
    for field, after in zip(body, [*body[1:], ast.Pass()], strict=True):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            noted = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
            note = str(after.value.value) if noted else ""  # type: ignore[attr-defined]
            default = ast.unparse(field.value) if field.value else ""
            yield field.target.id, "" if default == "None" else default.strip("'"), note


def error_codes() -> str:
    """Every code that a command or an answer may carry, by room, with what it means."""
    lines = ["| Code | Kind | Means | Room |", "|---|---|---|---|"]
    for error in sorted(error_classes(), key=lambda each: (each.__module__.split(".")[1], each.code)):
        kind = next(base.__name__ for base in error.__mro__ if base.__module__ == ComityError.__module__)
        meaning = _cell((inspect.getdoc(error) or "").split("\n\n")[0])
        lines.append(f"| `{error.code}` | {kind} | {meaning} | `{error.__module__.split('.')[1]}` |")
    return "\n".join(lines)


def error_classes() -> set[type[ComityError]]:
    """Every error of every room that has a code of its own."""
    for module in pkgutil.walk_packages(comity.__path__, "comity."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    found: set[type[ComityError]] = set()
    waiting: list[type[ComityError]] = [ComityError]
    while waiting:
        error = waiting.pop()
        waiting += error.__subclasses__()
        if "code" in vars(error) and error is not ComityError and error.__module__.startswith("comity."):
            found.add(error)
    return found


def commands() -> str:
    """Every command with its options, as `--help` shows them."""
    group = importlib.import_module("comity.cli").main
    return "\n\n".join(_command(group, ["comity"]))


def _command(command: click.Command, names: list[str]) -> Iterator[str]:
    # The names of the help option come from the top group, as they do when it is asked from a terminal; a
    # command remembers those it was asked with first.
    context = click.Context(
        command,
        info_name=" ".join(names),
        terminal_width=100,
        max_content_width=100,
        help_option_names=["-h", "--help"],
    )
    yield f"{'#' * min(len(names) + 1, 4)} {' '.join(names)}"
    yield f"```text\n{command.get_help(context)}\n```"
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            if child is not None and not child.hidden:
                yield from _command(child, [*names, name])


def cmdlets() -> str:
    """Every cmdlet with its parameters, from the declarations that check what is typed."""
    from comity.cli.cmdlets.cmdlet import CHANGING, COMMON  # noqa: PLC0415 - only this part needs the cmdlets
    from comity.cli.cmdlets.library import ALL  # noqa: PLC0415

    everywhere = ", ".join(f"`-{each.name}`" for each in COMMON)
    changing = ", ".join(f"`-{each.name}`" for each in CHANGING)
    parts = [f"All take {everywhere}. Those that change something take {changing}, too."]
    for cmdlet in ALL:
        aliases = f" Also: {', '.join(f'`{each}`' for each in cmdlet.aliases)}." if cmdlet.aliases else ""
        parts.append(f"### {cmdlet.name}\n\n{cmdlet.about}{aliases}{' Changes something.' if cmdlet.changes else ''}")
        if cmdlet.parameters:
            parts.append("\n".join(_parameters(cmdlet.parameters)))
        if cmdlet.returns is not None:
            names = ", ".join(f"`{each}`" for each in cmdlet.returns.properties if each not in cmdlet.returns.hidden)
            when = " with `-PassThru`" if cmdlet.passes_thru else ""
            parts.append(f"Returns{when}: {names or f'`{cmdlet.returns.name}`'}.")
    return "\n\n".join(parts)


def _parameters(parameters: Sequence[Parameter]) -> Iterator[str]:
    yield "| Parameter | Position | Takes | Meaning |"
    yield "|---|---|---|---|"
    for each in parameters:
        name = f"`-{each.name}`" + "".join(f", `-{alias}`" for alias in each.aliases)
        position = "" if each.position is None else str(each.position)
        name = f"**{name}**" if each.mandatory else name
        yield f"| {name} | {position} | {_cell(each.kind.word)} | {_cell(each.about)} |"


def tables() -> str:
    """Every table: class, owner, retention, personal data (db/tables.toml)."""
    listed = tomllib.loads((PACKAGE / "db" / "tables.toml").read_text(encoding="utf-8"))
    columns = list(dict.fromkeys(key for entry in listed.values() for key in entry))
    lines = ["| Table | " + " | ".join(columns) + " |", "|---|" + "---|" * len(columns)]
    for name, entry in sorted(listed.items()):
        lines.append(f"| `{name}` | " + " | ".join(_cell(_said(entry.get(key, ""))) for key in columns) + " |")
    return "\n".join(lines)


def _said(value: object) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _cell(text: str) -> str:
    """Text on one line, fit for a table cell."""
    return re.sub(r"\s+", " ", text).strip().replace("|", "\\|")
