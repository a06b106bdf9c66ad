"""Texts in double quotes and bare words: escapes, and variables that are filled in when the script runs."""

from __future__ import annotations

import re
from typing import Final

from comity.cli.cmdlets.errors import ExpansionUnknown, Located
from comity.cli.cmdlets.syntax import Literal, Place, Position, Text

_ESCAPES: Final = {
    "0": "\0", "a": "\a", "b": "\b", "e": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"
}  # fmt: skip
_PIECE: Final = re.compile(
    r"""(?P<escape>`[\s\S])
      | (?P<doubled>["“”„]{2})
      | \$\(\s*\$(?P<inner>[^\W\d]\w*)(?P<members>(?:\.[^\W\d]\w*)*)\s*\)
      | \$(?:(?P<name>[^\W\d]\w*)(?![\w:])|\{(?P<braced>[^\W\d][\w ]*)\})
      | (?P<refused>\$\(|\$[^\W\d]\w*:)
      | (?P<plain>[^`$"“”„]+|.)""",
    re.VERBOSE,
)


def expanded(at: Position, raw: str, *, start: int) -> Literal | Text:
    """Text with escapes and variables; `start` is how far behind `at` it begins."""
    pieces: list[str | Place] = []
    for match in _PIECE.finditer(raw):
        name = match["inner"] or match["name"] or match["braced"]
        if match["refused"] is not None:
            raise Located(_within(at, raw, match.start() + start, start), ExpansionUnknown(found=match["refused"]))
        if name is not None:
            members = tuple((match["members"] or "").split(".")[1:])
            pieces.append(Place(_within(at, raw, match.start() + start, start), name.lower(), members))
        elif (escape := match["escape"]) is not None:
            pieces.append(_ESCAPES.get(escape[1], escape[1]))
        else:
            pieces.append('"' if match["doubled"] is not None else match["plain"])
    if any(isinstance(each, Place) for each in pieces):
        return Text(at, tuple(pieces))
    return Literal(at, "".join(str(each) for each in pieces))


def _within(at: Position, raw: str, offset: int, start: int) -> Position:
    before = raw[: offset - start]
    lines = before.count("\n")
    if not lines:
        return Position(at.line, at.column + offset)
    return Position(at.line + lines, len(before) - before.rfind("\n"))
