"""Named SQL in files: each statement has a name, a sentence and named parameters (style §8).

A file holds blocks that begin with `-- name: load_user`; further comment lines are the sentence.
"""

from __future__ import annotations

import re
from importlib import resources
from typing import Final, LiteralString, cast

_NAME: Final = re.compile(r"^-- name: ([a-z][a-z0-9_]*)\s*$", re.MULTILINE)


class Queries:
    """The statements of one file, as attributes.

    Raises:
        AttributeError: there is no statement of that name; names those there are.
    """

    def __init__(self, package: str, file: str = "queries.sql") -> None:
        text = resources.files(package).joinpath(file).read_text(encoding="utf-8")
        parts = _NAME.split(text)[1:]
        self._source = f"{package}/{file}"
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

    def __iter__(self):  # type: ignore[no-untyped-def] # noqa: ANN204
        """(name, statement) pairs, for tests that explain or walk them."""
        return iter(self._statements.items())
