"""Answers as a table for people, or as JSON or YAML for programs; everything else goes to standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import click

from comity.cli.options import Form


def counted(number: int, one: str, many: str) -> str:
    """`1 person`, `2 people`."""
    return f"{number} {one if number == 1 else many}"


@dataclass(frozen=True, slots=True)
class Table:
    """What people see instead of JSON: headings, rows of cells, and a sentence for none at all."""

    headings: Sequence[str]
    rows: Sequence[Sequence[object]]
    none: str = "None."


@dataclass(frozen=True, slots=True)
class Output:
    """The answer's way out, in the form asked for."""

    form: Form
    quiet: bool

    def show(self, value: Any, shown: Table | Mapping[str, object] | str | None = None) -> None:
        """Print the answer: `value` for programs, `shown` for people (default: the value's members)."""
        match self.form:
            case Form.JSON:
                click.echo(json.dumps(value, ensure_ascii=False, default=str))
            case Form.YAML:
                import yaml

                plain = json.loads(json.dumps(value, default=str))
                click.echo(yaml.safe_dump(plain, allow_unicode=True, sort_keys=False), nl=False)
            case Form.TABLE:
                self._for_people(shown if shown is not None else value)

    def besides(self, shown: Table | Mapping[str, object] | str) -> None:
        """One more part of the answer for people; for programs it is in the value already."""
        if self.form is Form.TABLE:
            self._for_people(shown)

    def say(self, text: str) -> None:
        """A sentence beside the answer, on standard error; not with --quiet."""
        if not self.quiet:
            click.echo(text, err=True)

    @contextmanager
    def progress(self, what: str) -> Iterator[Callable[[int, int], None]]:
        """A bar on a terminal, nothing in a pipe; the callable takes how much of how much is done."""
        if self.quiet or not sys.stderr.isatty():
            yield lambda _done, _total: None
            return
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            Progress,
            ProgressColumn,
            Task,
            TaskProgressColumn,
            TextColumn,
            TimeRemainingColumn,
        )
        from rich.text import Text

        class Speed(ProgressColumn):
            """People per second."""

            def render(self, task: Task) -> Text:
                return Text(f"{task.speed:,.0f}/s" if task.speed else "")

        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), Speed(), TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task(what, total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total)

    def _for_people(self, shown: object) -> None:
        match shown:
            case str():
                click.echo(shown)
            case Table() if not shown.rows:
                self.say(shown.none)
            case Table():
                _print_table(shown)
            case Mapping():
                width = max((len(name) for name in shown), default=0)
                for name, value in shown.items():
                    click.echo(f"{name:<{width}}  {_cell(value)}".rstrip())
            case _:
                click.echo(str(shown))


def _print_table(table: Table) -> None:
    """On a terminal as wide as it is; in a pipe as wide as it takes, so that nothing is cut off."""
    from rich import box
    from rich.console import Console
    from rich.table import Table as RichTable

    rich = RichTable(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for heading in table.headings:
        rich.add_column(heading, overflow="fold")
    for row in table.rows:
        rich.add_row(*(_cell(each) for each in row))
    width = None if sys.stdout.isatty() else 1000
    console = Console(file=sys.stdout, width=width, highlight=False, markup=False, emoji=False)
    console.print(rich)


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case list() | tuple():
            return ", ".join(_cell(each) for each in value)
        case Mapping():
            return ", ".join(f"{name}={_cell(each)}" for name, each in value.items())
    return str(value)
