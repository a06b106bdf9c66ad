"""Rows of JSON Lines, and of one JSON array read piece by piece."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final, TextIO

from comity.directory.imports.csv_rows import bounded_lines
from comity.directory.imports.model import ImportBroken, RawRow, Reason, Rejection
from comity.directory.imports.source import is_damaged, readable

ELEMENT_LENGTH_MAX: Final = 1024 * 1024
"""Characters of one element; a person takes about a thousand."""
SOURCE_SHOWN_MAX: Final = 10_000
_CHUNK: Final = 256 * 1024

_DECODER: Final = json.JSONDecoder()
_VALUE: Final = re.compile(r'"value"\s*:\s*\[')
_BLANK: Final = re.compile(r"[ \t\r\n]*")
_BARE: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[^\s,\]"]+', re.DOTALL)
_TOKEN: Final = re.compile(r'[{}\[\]]|"(?:[^"\\]|\\.)*(?P<closed>"?)', re.DOTALL)


def json_lines(text: TextIO) -> Iterator[RawRow | Rejection]:
    """One object per line; blank lines are no rows."""
    for number, line in enumerate(bounded_lines(text), 1):
        if line.strip():
            yield _row(number, line)


def json_array(text: TextIO) -> Iterator[RawRow | Rejection]:
    """The elements of the array, or of Graph's `value`; memory holds a chunk, never the file.

    An element that cannot be read is rejected, and reading goes on behind its last bracket.

    Raises:
        ImportBroken: the text ends or breaks off between elements or inside one; names the line.
    """
    array = _Array(text)
    array.enter()
    while (element := array.next_element()) is not None:
        yield _row(*element)


class _Array:
    """A window over the text that moves on element by element."""

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self._buffer = ""
        self._at = 0
        self._ended = False
        self.line = 1

    def enter(self) -> None:
        """Move behind the bracket that opens the array; its form was recognised by this beginning."""
        self._grow()
        self._skip_blank()
        if self._peek() == "[":
            self._move(self._at + 1)
            return
        while (found := _VALUE.search(self._buffer, self._at)) is None:
            if not self._grow():
                raise ImportBroken(line=self.line)
        self._move(found.end())

    def next_element(self) -> tuple[int, str] | None:
        """Line and text of the next element; None behind the closing bracket."""
        self._skip_blank()
        while self._peek() == ",":
            self._move(self._at + 1)
            self._skip_blank()
        if self._peek() == "]":
            return None
        line, end = self.line, self._end_of_element()
        text = self._buffer[self._at : end]
        self._move(end)
        return line, text

    def _end_of_element(self) -> int:
        while True:
            end = self._try_end()
            if end is not None:
                return end
            if len(self._buffer) - self._at > ELEMENT_LENGTH_MAX or not self._grow():
                raise ImportBroken(line=self.line)

    def _try_end(self) -> int | None:
        """Where the element ends, or None if more text is needed to say so."""
        if self._peek() not in "{[":  # a bare value: up to the next comma or bracket
            found = _BARE.match(self._buffer, self._at)
            return found.end() if found and (found.end() < len(self._buffer) or self._ended) else None
        try:
            return _DECODER.raw_decode(self._buffer, self._at)[1]
        except (ValueError, RecursionError):
            return self._closing_bracket()  # cut off by the window, or no JSON

    def _closing_bracket(self) -> int | None:
        depth = 0
        for token in _TOKEN.finditer(self._buffer, self._at):
            if token[0] in "{[":
                depth += 1
            elif token[0] in "}]":
                depth -= 1
                if depth == 0:
                    return token.end()
            elif not token["closed"]:
                return None  # the window ends within a text, where brackets mean nothing
        return None

    def _peek(self) -> str:
        if self._at == len(self._buffer) and not self._grow():
            raise ImportBroken(line=self.line)
        return self._buffer[self._at]

    def _skip_blank(self) -> None:
        while True:
            found = _BLANK.match(self._buffer, self._at)
            self._move(found.end() if found else self._at)
            if self._at < len(self._buffer) or not self._grow():
                return

    def _move(self, to: int) -> None:
        self.line += self._buffer.count("\n", self._at, to)
        self._at = to

    def _grow(self) -> bool:
        """Drop what was used, read on; False at the end of the text."""
        more = self._text.read(_CHUNK)
        self._buffer = self._buffer[self._at :] + more
        self._at = 0
        self._ended = not more
        return bool(more)


def _row(line: int, text: str) -> RawRow | Rejection:
    if is_damaged(text):
        return Rejection(line, Reason.ENCODING, source=readable(text.strip())[:SOURCE_SHOWN_MAX])
    try:
        value: Any = json.loads(text)
    except (ValueError, RecursionError):
        return Rejection(line, Reason.JSON, source=text.strip()[:SOURCE_SHOWN_MAX])
    if not isinstance(value, dict):
        return Rejection(line, Reason.NO_OBJECT, source=text.strip()[:SOURCE_SHOWN_MAX])
    return RawRow(line, value)
