"""Named SQL in files: each statement has a name, a sentence and named parameters (style §8).

A file holds blocks that begin with `-- name: load_user`; further comment lines are the sentence.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from importlib import resources
from typing import Final, LiteralString, cast

_NAME: Final = re.compile(r"^-- name: ([a-z][a-z0-9_]*)\s*$", re.MULTILINE)


class Queries:
    """The statements of one file, as attributes.

    Raises:
        ValueError: two statements of the file have the same name.
        AttributeError: there is no statement of that name; names those there are.
    """

    def __init__(self, package: str, file: str = "queries.sql") -> None:
        text = resources.files(package).joinpath(file).read_text(encoding="utf-8")
        parts = _NAME.split(text)[1:]
        self._source = f"{package}/{file}"
        if twice := [name for name, count in Counter(parts[::2]).items() if count > 1]:
            raise ValueError(f"{self._source} has more than one statement named {', '.join(twice)}")
        self._statements = {
            name: cast("LiteralString", body.strip().rstrip(";"))
            for name, body in zip(parts[::2], parts[1::2], strict=True)
        }

    def __getattr__(self, name: str) -> LiteralString:
        try:
            return self._statements[name]
        except KeyError:
            known = ", ".join(sorted(self._statements))
            raise AttributeError(f"{self._source} has no statement {name!r}; it has {known}") from None

    def __iter__(self) -> Iterator[tuple[str, LiteralString]]:
        """(name, statement) pairs, for tests that explain or walk them."""
        return iter(self._statements.items())
