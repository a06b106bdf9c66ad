"""Custom date formats of .NET, to read dates and to write them: `yyyy-MM-ddzzz`, `M/d/yyyy h:mm:ss tt`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from comity.sync.expressions.date_pieces import DAYS, ERA, FRACTION_DIGITS_MAX, MONTHS, Piece, pieces
from comity.sync.expressions.dates import Instant, hour_of, in_range, offset_of
from comity.sync.expressions.errors import DateStyleUnknown, DateUnreadable, Fault
from comity.sync.expressions.values import Value, to_text

_CENTURY_TURN: Final = 50
"""Two digits below it are 20xx, others 19xx (.NET's calendar ends the window with 2049)."""
_LEADING, _TRAILING, _INNER = "AllowLeadingWhite", "AllowTrailingWhite", "AllowInnerWhite"
_WHITE: Final = {
    _LEADING: {_LEADING},
    _TRAILING: {_TRAILING},
    _INNER: {_INNER},
    "AllowWhiteSpaces": {_LEADING, _TRAILING, _INNER},
}
_STYLES: Final = frozenset(
    {"None", "NoCurrentDateDefault", "AdjustToUniversal", "AssumeLocal", "AssumeUniversal", "RoundtripKind", *_WHITE}
)


def convert(source: Value, styles: Value, read_as: Value, write_as: Value, *, today: datetime | None) -> str:
    """FormatDateTime: read a text in one format, write it in another.

    `styles` are names of .NET's DateTimeStyles with commas between, null for the usual ones; they decide about blanks.
    What the text does not say of the date is taken from `today`.
    """
    instant = read(to_text(source), to_text(read_as), _white(styles), today=today)
    return write(instant, to_text(write_as))


def read(text: str, form: str, white: frozenset[str], *, today: datetime | None = None) -> Instant:
    """Read a date exactly in a format."""
    pattern, fields = _reader(form, white)
    found = pattern.fullmatch(text)
    if found is None:
        raise Fault(DateUnreadable, form=form)
    said: dict[str, str] = {}
    for field, part in zip(fields, found.groups(), strict=True):
        if part is not None and said.setdefault(field, part).casefold() != part.casefold():
            raise Fault(DateUnreadable, form=form)
    try:
        return _assembled(said, today)
    except ValueError:
        raise Fault(DateUnreadable, form=form) from None


def write(instant: Instant, form: str) -> str:
    """Write a date in a format."""
    return "".join(
        piece.literal if not piece.symbol else _written(piece, instant) for piece in _tidy(pieces(form), instant)
    )


def _white(styles: Value) -> frozenset[str]:
    if styles is None or styles == "":
        return frozenset({_LEADING, _TRAILING})
    allowed: set[str] = set()
    for name in to_text(styles).split(","):
        style = name.strip().removeprefix("DateTimeStyles.")
        if style not in _STYLES:
            raise Fault(DateStyleUnknown, known=sorted(_STYLES))
        allowed |= _WHITE.get(style, set())
    return frozenset(allowed)


def _names(names: tuple[str, ...], length: int | None = None) -> str:
    return "((?i:" + "|".join(name[:length] for name in names) + "))"


_OFFSETS: Final = {1: "([+-][0-9]{1,2}+)", 2: "([+-][0-9]{2})"}
_NUMBERS: Final = {"M": "month", "d": "day", "h": "hour of 12", "H": "hour", "m": "minute", "s": "second"}


def _readable(piece: Piece) -> tuple[str, str]:
    """The field's name and the pattern (one group) that reads it; like .NET, no field gives digits back."""
    digits = "([0-9]{2})" if piece.width > 1 else "([0-9]{1,2}+)"
    match piece.symbol:
        case "y":
            pattern = digits if piece.width == 1 else f"([0-9]{{{piece.width}}})"
            return ("short year" if piece.width < 3 else "year"), pattern
        case "M" if piece.width > 2:
            return ("month name" if piece.width > 3 else "short month"), _names(MONTHS, None if piece.width > 3 else 3)
        case "d" if piece.width > 2:
            return ("day name" if piece.width > 3 else "short day"), _names(DAYS, None if piece.width > 3 else 3)
        case "f":
            return "fraction", f"([0-9]{{{piece.width}}})"
        case "F":
            return "fraction", f"([0-9]{{0,{piece.width}}}+)"
        case "t":
            return "half", "([AaPp][Mm])" if piece.width > 1 else "([AaPp])"
        case "g":
            return "era", f"((?i:{re.escape(ERA)}|AD))"
        case "K":
            return "offset", "([Zz]|[+-][0-9]{2}:[0-9]{2}|)"
        case "z":
            return "offset", _OFFSETS.get(piece.width, "([+-][0-9]{2}:?[0-9]{2}|[Zz])")
        case symbol:
            return _NUMBERS[symbol], digits


@lru_cache(maxsize=256)
def _reader(form: str, white: frozenset[str]) -> tuple[re.Pattern[str], tuple[str, ...]]:
    between = r"\s*+" if _INNER in white else ""
    patterns: list[str] = []
    fields: list[str] = []
    for piece in pieces(form):
        if not piece.symbol:
            patterns.append(re.escape(piece.literal) if piece.literal.strip() or not between else "")
            continue
        field, pattern = _readable(piece)
        fields.append(field)
        if piece.symbol == "F" and patterns and patterns[-1] == r"\.":
            patterns[-1] = rf"(?:\.{pattern})?+"  # .NET forgives the point as well when no digit follows
        else:
            patterns.append(pattern)
    before = r"\s*" if _LEADING in white else ""
    after = r"\s*" if _TRAILING in white else ""
    return re.compile(before + between.join(patterns) + after), tuple(fields)


def _assembled(said: dict[str, str], today: datetime | None) -> Instant:
    """Put the fields together; ValueError if there is no such day or time."""
    year, month, day = _day(said, today)
    fraction = said.get("fraction", "").ljust(FRACTION_DIGITS_MAX, "0")
    local = datetime(
        year, month, day, _hour(said), int(said.get("minute", 0)), int(said.get("second", 0)), int(fraction[:6]), UTC
    )
    for field, names in (("day name", DAYS), ("short day", tuple(each[:3] for each in DAYS))):
        if field in said and said[field].casefold() != names[local.weekday()].casefold():
            raise ValueError(said[field])
    offset = offset_of(said.get("offset") or "Z")
    return Instant(in_range(lambda: local - offset), int(fraction[6]))


def _day(said: dict[str, str], today: datetime | None) -> tuple[int, int, int]:
    now = today or datetime(1, 1, 1, tzinfo=UTC)
    month = _month(said)
    if "year" in said:
        year = int(said["year"])
    elif "short year" in said:
        short = int(said["short year"])
        year = short + (2000 if short < _CENTURY_TURN else 1900)
    elif month or "day" in said:
        year = now.year
    else:
        return now.year, now.month, now.day
    return year, month or 1, int(said.get("day", 1))


def _month(said: dict[str, str]) -> int | None:
    for field, length in (("month name", None), ("short month", 3)):
        if field in said:
            return 1 + [each[:length].casefold() for each in MONTHS].index(said[field].casefold())
    return int(said["month"]) if "month" in said else None


def _hour(said: dict[str, str]) -> int:
    if "hour of 12" in said:
        return hour_of(int(said["hour of 12"]), said.get("half") or "AM")
    hour, half = int(said.get("hour", 0)), said.get("half")
    if half and (hour >= 12) is not half.upper().startswith("P"):
        raise ValueError(half)
    return hour


def _tidy(form: tuple[Piece, ...], instant: Instant) -> Iterator[Piece]:
    """Without the point before a fraction of `F` that has no digits, as .NET leaves it out."""
    for at, piece in enumerate(form):
        following = form[at + 1] if at + 1 < len(form) else None
        if piece.literal == "." and following and following.symbol == "F" and not _written(following, instant):
            continue
        yield piece


def _written(piece: Piece, instant: Instant) -> str:
    moment, width = instant.moment, piece.width
    padded = 1 if width == 1 else 2
    match piece.symbol:
        case "y":
            return f"{moment.year % 100:0{width}}" if width < 3 else f"{moment.year:0{width}}"
        case "M":
            return f"{moment.month:0{padded}}" if width < 3 else MONTHS[moment.month - 1][: 3 if width == 3 else None]
        case "d":
            return f"{moment.day:0{padded}}" if width < 3 else DAYS[moment.weekday()][: 3 if width == 3 else None]
        case "f" | "F" as symbol:
            digits = f"{moment.microsecond:06}{instant.rest}"[:width]
            return digits if symbol == "f" else digits.rstrip("0")
        case "t":
            return ("AM" if moment.hour < 12 else "PM")[:width]
        case "g":
            return ERA
        case "K":
            return "Z"
        case "z":
            return {1: "+0", 2: "+00"}.get(width, "+00:00")
        case "h":
            return f"{moment.hour % 12 or 12:0{padded}}"
        case symbol:
            return f"{ {'H': moment.hour, 'm': moment.minute, 's': moment.second}[symbol]:0{padded}}"
