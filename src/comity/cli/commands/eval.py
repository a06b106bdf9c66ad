"""`comity eval`: evaluate a file of vectors; needs neither data directory nor database."""

from __future__ import annotations

import json
from typing import IO, Any, Final

import click

from comity.cli.documents import read_json
from comity.cli.options import Command, Group

_AT: Final = "comity.cli.commands.eval:"
KINDS: Final = {
    "expressions": (_AT + "expressions", "Expressions of attribute mappings."),
    "scoping": (_AT + "scoping", "Scoping filters."),
    "access": (_AT + "access", "Decisions of external access."),
}
"""Kind → where its command is, and a sentence for the list."""


@click.group("eval", cls=Group, lazy=KINDS)
def evaluate() -> None:
    """Evaluate a file of vectors, and print a JSON array with one object per vector, in order."""


@click.command(cls=Command)
@click.argument("file", type=click.File("rb"), metavar="FILE")
def expressions(file: IO[bytes]) -> None:
    """Evaluate expressions over the source objects that stand beside them."""
    from comity.core.clock import MachineClock
    from comity.sync.expressions.vectors import evaluate_expression_vectors

    show(evaluate_expression_vectors(vectors_of(file), now=MachineClock().now()))


@click.command(cls=Command)
@click.argument("file", type=click.File("rb"), metavar="FILE")
def scoping(file: IO[bytes]) -> None:
    """Ask scoping filters whether the source objects beside them are in scope."""
    from comity.sync.scoping.vectors import evaluate_scoping_vectors

    show(evaluate_scoping_vectors(vectors_of(file)))


@click.command(cls=Command)
@click.argument("file", type=click.File("rb"), metavar="FILE")
def access(file: IO[bytes]) -> None:
    """Decide who may talk to whom in vectors of external access."""
    from comity.access.vectors import evaluate_access_vectors

    show(evaluate_access_vectors(read_vectors(file)))


def vectors_of(file: IO[bytes]) -> list[Any]:
    """The vectors themselves, whatever stands beside them.

    Raises:
        ClickException: the file is no JSON, or holds no vectors.
    """
    document = read_vectors(file)
    found: list[Any] = document["vectors"] if isinstance(document, dict) else document
    return found


def read_vectors(file: IO[bytes]) -> Any:
    """The document in a file: a list of vectors, or an object that holds one.

    Raises:
        ClickException: the file is no JSON, or holds no vectors.
    """
    document = read_json(file.name, file.read())
    vectors = document.get("vectors") if isinstance(document, dict) else document
    if not isinstance(vectors, list):
        raise click.ClickException(f"{file.name} holds no vectors; it should be a list, or have one under “vectors”.")
    return document


def show(answers: list[dict[str, Any]]) -> None:
    """Print the answers: always JSON, since the command is for programs."""
    click.echo(json.dumps(answers, ensure_ascii=True))
