"""The catalogue: codes and facts become sentences, at the door and nowhere else (design D6).

Each room keeps its sentences beside its code in `messages.<language>.po` (gettext), the code being the msgid and
`{name}` standing for a parameter. They are read when the first sentence is asked for, and kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from string import Formatter
from typing import Final

LANGUAGE: Final = "en"
"""Every code has a sentence in this language; others fall back to it."""


def sentence(code: str, parameters: Mapping[str, object], language: str = LANGUAGE) -> str:
    """Say it in words: the sentence of `code` with its facts filled in.

    A code without a sentence is a bug that a test catches; here it still says what is known.
    """
    text = sentences(language).get(code) or sentences(LANGUAGE).get(code)
    if text is None:
        facts = ", ".join(f"{name} {_shown(value)}" for name, value in parameters.items())
        return f"{code} ({facts})" if facts else code
    return Formatter().vformat(text, (), _Facts(parameters))


def placeholders(text: str) -> set[str]:
    """The names of the facts that a sentence asks for."""
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@cache
def sentences(language: str) -> Mapping[str, str]:
    """All sentences of a language, by code; empty for a language that nobody wrote."""
    return {code: text for file in catalogue_files(language) for code, text in read_file(file).items()}


def catalogue_files(language: str) -> Iterator[Traversable]:
    """The files of a language, in all rooms and the packages within."""
    waiting = [resources.files("comity")]
    while waiting:
        for each in sorted(waiting.pop().iterdir(), key=lambda entry: entry.name):
            if each.is_dir():
                waiting.append(each)
            elif each.name == f"messages.{language}.po":
                yield each


def read_file(file: Traversable) -> dict[str, str]:
    """The sentences of one file, by code."""
    from babel.messages.pofile import read_po  # noqa: PLC0415 - 50 ms that only whoever is told something waits

    with file.open("rb") as opened:
        return {str(entry.id): str(entry.string) for entry in read_po(opened) if entry.id and entry.string}


class _Facts(dict[str, object]):
    """Parameters as they are shown; one that is missing shows its name."""

    def __init__(self, parameters: Mapping[str, object]) -> None:
        super().__init__((name, _shown(value)) for name, value in parameters.items())

    def __missing__(self, name: str) -> str:
        return f"{{{name}}}"


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(str(each) for each in value)
    return "" if value is None else str(value)
