"""Custom date formats of .NET, taken apart: `yyyy-MM-dd` is a row of fields with a width and of literals."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Final, NamedTuple

from comity.sync.expressions.errors import DateFormatInvalid, Fault

MONTHS: Final = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
ERA: Final = "A.D."

_FIELDS: Final = frozenset("dfFghHKmMstyz")
FRACTION_DIGITS_MAX: Final = 7
_STANDARD: Final = {
    "d": "MM/dd/yyyy",
    "D": "dddd, dd MMMM yyyy",
    "f": "dddd, dd MMMM yyyy HH:mm",
    "F": "dddd, dd MMMM yyyy HH:mm:ss",
    "g": "MM/dd/yyyy HH:mm",
    "G": "MM/dd/yyyy HH:mm:ss",
    "m": "MMMM dd",
    "M": "MMMM dd",
    "o": "yyyy-MM-ddTHH:mm:ss.fffffffK",
    "O": "yyyy-MM-ddTHH:mm:ss.fffffffK",
    "r": "ddd, dd MMM yyyy HH:mm:ss 'GMT'",
    "R": "ddd, dd MMM yyyy HH:mm:ss 'GMT'",
    "s": "yyyy-MM-ddTHH:mm:ss",
    "t": "HH:mm",
    "T": "HH:mm:ss",
    "u": "yyyy-MM-dd HH:mm:ss'Z'",
    "U": "dddd, dd MMMM yyyy HH:mm:ss",
    "y": "yyyy MMMM",
    "Y": "yyyy MMMM",
}


class Piece(NamedTuple):
    """A field such as `MM` (symbol M, width 2), or a literal (symbol empty)."""

    symbol: str
    width: int
    literal: str


@lru_cache(maxsize=256)
def pieces(form: str) -> tuple[Piece, ...]:
    """Take a format apart; a single letter is a standard format."""
    if len(form) == 1:
        if form not in _STANDARD:
            raise Fault(DateFormatInvalid, form=form)
        form = _STANDARD[form]
    if not form:
        raise Fault(DateFormatInvalid, form=form)
    return tuple(_taken_apart(form))


def _taken_apart(form: str) -> Iterator[Piece]:
    at = 0
    while at < len(form):
        char = form[at]
        if char in _FIELDS:
            width = len(form[at:]) - len(form[at:].lstrip(char))
            if char in "fF" and width > FRACTION_DIGITS_MAX:
                raise Fault(DateFormatInvalid, form=form)
            yield Piece(char, width, "")
            at += width
        elif char in "'\"":
            literal, at = _quoted(form, at)
            yield Piece("", 0, literal)
        elif char == "\\":
            if at + 1 == len(form):
                raise Fault(DateFormatInvalid, form=form)
            yield Piece("", 0, form[at + 1])
            at += 2
        elif char == "%":
            if form[at + 1 : at + 2] in {"", "%"}:
                raise Fault(DateFormatInvalid, form=form)
            at += 1
        else:
            yield Piece("", 0, char)
            at += 1


def _quoted(form: str, start: int) -> tuple[str, int]:
    """The literal between quotes that begins at `start`, and where it ends."""
    literal, at = "", start + 1
    while at < len(form) and form[at] != form[start]:
        at += form[at] == "\\"
        literal += form[at : at + 1]
        at += 1
    if at >= len(form):
        raise Fault(DateFormatInvalid, form=form)
    return literal, at + 1
