"""Options that every command takes, before or after its name, and groups that import a command when it is used.

Nothing but click is imported here: `--help` has to answer before anybody waits for it.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, cast

import click


class Form(StrEnum):
    """How an answer is written."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"


@dataclass(slots=True)
class Options:
    """What was said on the command line to all commands."""

    data: Path | None = None
    output: Form = Form.TABLE
    as_user: str | None = None
    reason: str | None = None
    yes: bool = False
    quiet: bool = False
    verbose: bool = False


SENTENCE_MAX: Final = 100
"""As long as a line of help may be."""
_ALSO: Final = "Options of `comity --help` may stand here, too."


def _note(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    """Keep an option where all commands find it; the innermost place wins."""
    options = getattr(context.find_root().obj, "options", None)
    if options is not None and value not in (None, False):
        setattr(options, str(parameter.name), Form(value) if parameter.name == "output" else value)


def _shared(*, hidden: bool) -> list[click.Parameter]:
    """The options as parameters of one command; shown at the top only."""

    def option(*names: str, **how: Any) -> click.Parameter:
        return click.Option(names, expose_value=False, callback=_note, hidden=hidden, **how)

    return [
        option("--data", type=click.Path(path_type=Path, file_okay=True), metavar="DIR",
               help="Where the installation lives [COMITY_DATA; default: your data directory]."),
        option("--output", type=click.Choice([each.value for each in Form]), help="How to write the answer [table]."),
        option("--as", "as_user", metavar="USER", help="Act with this person's rights, not as the operator."),
        option("--reason", metavar="TEXT", help="Why; kept in the audit."),
        option("--yes", is_flag=True, help="Do not ask."),
        option("--quiet", is_flag=True, help="Say nothing but the answer."),
        option("--verbose", is_flag=True, help="Log to standard error what happens, with traces."),
    ]  # fmt: skip


def _finished(outcome: Any) -> Any:
    """What a command returned; an asynchronous one is run to its end."""
    if inspect.iscoroutine(outcome):
        import asyncio

        return asyncio.run(outcome)
    return outcome


class Command(click.Command):
    """A command; if it is asynchronous, it is run to its end."""

    def __init__(self, *arguments: Any, **how: Any) -> None:
        super().__init__(*arguments, **how)
        self.params += _shared(hidden=True)
        self.epilog = self.epilog or _ALSO

    def invoke(self, ctx: click.Context) -> Any:
        """Call it with what was parsed."""
        return _finished(super().invoke(ctx))


class Group(click.Group):
    """A group of commands; those in `lazy` (name → where, sentence) are imported when they are used."""

    command_class = Command
    group_class = type

    def __init__(self, *arguments: Any, lazy: Mapping[str, tuple[str, str]] | None = None, **how: Any) -> None:
        top = how.pop("top", False)
        super().__init__(*arguments, **how)
        self._lazy = dict(lazy or {})
        self.params += _shared(hidden=not top)

    def invoke(self, ctx: click.Context) -> Any:
        """Call the command that was named, or the group's own work."""
        return _finished(super().invoke(ctx))

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order in which people need them."""
        return [*self._lazy, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import it, if that is still to be done."""
        if cmd_name not in self._lazy:
            return super().get_command(ctx, cmd_name)
        module, _, attribute = self._lazy[cmd_name][0].partition(":")
        return cast("click.Command", getattr(importlib.import_module(module), attribute))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List them without importing any that are lazy."""
        rows = [(name, text) for name, (_, text) in self._lazy.items() if text]
        rows += [(name, each.get_short_help_str(SENTENCE_MAX)) for name, each in sorted(self.commands.items())]
        with formatter.section("Commands"):
            formatter.write_dl(rows)
