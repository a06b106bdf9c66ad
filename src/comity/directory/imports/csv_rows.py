"""Rows of a CSV file: separator by content, quoted fields with line breaks, line numbers of the file."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final, TextIO

from comity.directory.imports.columns import OWN, Column, Special, column
from comity.directory.imports.model import (
    ImportColumnRepeated,
    ImportFormUnknown,
    RawRow,
    Reason,
    Rejection,
)
from comity.directory.imports.source import is_damaged, readable
from comity.directory.model import Attribute

SEPARATORS: Final = (",", ";", "\t")
RECORD_LINES_MAX: Final = 100
"""Lines that one row may span; behind that, a quotation mark was left open."""
RECORD_LENGTH_MAX: Final = 128 * 1024
"""Characters of a row; Python's own limit for a field is the same."""
LINE_LENGTH_MAX: Final = 1024 * 1024
COLUMNS_TELLING_MIN: Final = 3
"""With fewer columns, a line that looks like a whole row may be chance."""
_PREAMBLE_LINES_MAX: Final = 5


class _QuoteOpenError(Exception):
    """A quotation mark opened a field, and nothing near closed it."""


class _Lines:
    """Hands a CSV reader the lines of one record at a time, and can take them back."""

    def __init__(self, text: Iterator[str]) -> None:
        self._text = text
        self._returned: deque[str] = deque()
        self._length = 0
        self.number = 0
        """Of the last line handed out."""
        self.record: list[str] = []

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._returned.popleft() if self._returned else next(self._text, None)
        if line is None:
            if self.record:
                raise _QuoteOpenError
            raise StopIteration
        self.number += 1
        self.record.append(line)
        self._length += len(line)
        if len(self.record) > 1 and (len(self.record) > RECORD_LINES_MAX or self._length > RECORD_LENGTH_MAX):
            raise _QuoteOpenError
        return line

    def begin(self) -> None:
        """The next line begins a record."""
        self.record = []
        self._length = 0

    def take_back(self, *, keep: int) -> None:
        """Take back all lines of this record but the first `keep`: they are handed out again."""
        rest = self.record[keep:]
        self._returned.extendleft(reversed(rest))
        self.number -= len(rest)
        self.record = self.record[:keep]


class CsvRows:
    """The rows of a CSV file; iterate for `RawRow` and `Rejection`, in file order.

    Lines with nothing on them are no rows. A row of empty fields is one.

    Raises:
        ImportFormUnknown: no header with a userPrincipalName column; ImportColumnRepeated.
    """

    def __init__(self, text: Iterator[str]) -> None:
        self._lines = _Lines(text)
        self.separator, self.columns = self._header()
        self._kept = [(at, each.name) for at, each in enumerate(self.columns) if each.key not in OWN and each.name]

    @property
    def names(self) -> tuple[str, ...]:
        """The columns as the file calls them, without those of an earlier rejected file."""
        return tuple(each.name for each in self.columns if each.key not in OWN)

    def __iter__(self) -> Iterator[RawRow | Rejection]:
        lines = self._lines
        while True:
            reader = csv.reader(lines, delimiter=self.separator)
            lines.begin()
            try:
                for cells in reader:
                    first = lines.number - len(lines.record) + 1
                    if len(lines.record) > 1 and (self._swallowed() or self._straddles(len(cells))):
                        yield self._quote_open(first)
                    elif cells and (len(cells) > 1 or cells[0].strip()):
                        yield self._row(first, cells)
                    lines.begin()
            except _QuoteOpenError:
                yield self._quote_open(lines.number - len(lines.record) + 1)
            except csv.Error:  # a field longer than the module's limit, on one line
                line = lines.record[0]
                lines.take_back(keep=1)
                yield Rejection(lines.number, Reason.TOO_LONG, {"at_most": RECORD_LENGTH_MAX}, source=line[:1000])
            else:
                return

    def _row(self, line: int, cells: Sequence[str]) -> RawRow | Rejection:
        width = len(self.columns)
        own = tuple(each for at, each in enumerate(cells) if at >= width or self.columns[at].key not in OWN)
        if any(map(is_damaged, cells)):
            return Rejection(line, Reason.ENCODING, cells=tuple(map(readable, own)))
        if len(cells) != width and (len(cells) < width or any(each.strip() for each in cells[width:])):
            reason = Reason.COLUMNS_TOO_FEW if len(cells) < width else Reason.COLUMNS_TOO_MANY
            return Rejection(line, reason, {"found": len(cells), "expected": width}, own)
        return RawRow(line, {name: cells[at] for at, name in self._kept}, own)

    def _quote_open(self, first: int) -> Rejection:
        """Only the line with the mark is lost; whatever it swallowed is read again."""
        self._lines.take_back(keep=1)
        return Rejection(
            first, Reason.QUOTE_OPEN, source=readable(self._lines.record[0].rstrip("\r\n"))[:RECORD_LENGTH_MAX]
        )

    def _swallowed(self) -> bool:
        """Is one of the lines inside this record a whole row by itself?

        Then a quotation mark was left open above it, and one further below only seemed to close it;
        where that one is left open too, both lines have as many separators as a row.
        """
        width = len(self.columns)
        if width < COLUMNS_TELLING_MIN:
            return False
        first, *others = self._lines.record
        plain = first.count(self.separator) == width - 1
        return any(
            (each.count('"') % 2 == 0 and len(next(csv.reader([each], delimiter=self.separator), [])) == width)
            or (plain and each.count(self.separator) == width - 1)
            for each in others
        )

    def _straddles(self, found: int) -> bool:
        """Does this record, which has not as many fields as it should, end in the middle of another row?

        So it is where the first line by itself has as many separators as a row, and where the lines below
        it would be a whole row together with those that follow.
        """
        if found == len(self.columns):
            return False
        if self._lines.record[0].count(self.separator) == len(self.columns) - 1:
            return True
        lines, record = self._lines, self._lines.record
        lines.take_back(keep=1)
        lines.begin()
        try:
            cells = next(csv.reader(lines, delimiter=self.separator), [])
        except (_QuoteOpenError, csv.Error):
            cells = []
        whole = len(cells) == len(self.columns) and sum(each.count('"') for each in lines.record) % 2 == 0
        lines.take_back(keep=0)
        for _ in record[1:]:
            next(lines)
        lines.record = record
        return whole

    def _header(self) -> tuple[str, tuple[Column, ...]]:
        """Skip Excel's `sep=;` and the template's version line; find separator and columns."""
        for line in islice(self._lines, _PREAMBLE_LINES_MAX):
            self._lines.begin()
            separator, found = max(((each, _columns(line, each)) for each in SEPARATORS), key=_known)
            if any(each.meaning is Attribute.USER_PRINCIPAL_NAME for each in found):
                _check_once(found)
                return separator, found
        raise ImportFormUnknown


def bounded_lines(text: TextIO) -> Iterator[str]:
    """The lines of a text, each with its break; of a longer one than anybody writes, only the beginning."""
    while line := text.readline(LINE_LENGTH_MAX):
        if len(line) < LINE_LENGTH_MAX or line.endswith(("\n", "\r")):
            yield line
            continue
        rest = line
        while rest and not rest.endswith(("\n", "\r")):
            rest = text.readline(LINE_LENGTH_MAX)
        yield line + "\n"


def _columns(line: str, separator: str) -> tuple[Column, ...]:
    return tuple(column(each.strip()) for each in next(csv.reader([line], delimiter=separator), []))


def _known(found: tuple[str, tuple[Column, ...]]) -> int:
    return sum(each.meaning is not None for each in found[1])


def _check_once(columns: Sequence[Column]) -> None:
    """Each attribute has one column.

    Raises:
        ImportColumnRepeated: names both.
    """
    seen: dict[object, Column] = {}
    for each in columns:
        meaning = Attribute.ACCOUNT_ENABLED if each.meaning is Special.BLOCKED else each.meaning
        if meaning is not None and (before := seen.setdefault(meaning, each)) is not each:
            raise ImportColumnRepeated(first=before.name, second=each.name)
