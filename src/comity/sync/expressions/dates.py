"""Dates as the reference product counts and reads them: .NET's calendar, VB.NET's DateDiff, Windows' ticks.

All dates are UTC. An `Instant` adds what a datetime can not hold: the last decimal of .NET's 100 ns.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from comity.sync.expressions.errors import DateNeeded, DateOutOfRange, DateUnreadable, Fault, IntervalUnknown
from comity.sync.expressions.values import Value, kind, to_text, to_whole


class Instant(NamedTuple):
    """A moment to 100 ns; `rest` is 0 to 9, the ticks beyond the microsecond."""

    moment: datetime
    rest: int = 0


_FILETIME_EPOCH: Final = datetime(1601, 1, 1, tzinfo=UTC)
_TICKS_PER_MICROSECOND: Final = 10
_OFFSET_HOURS_MAX: Final = 14

_TIME = r"(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]{1,9}))?)?"
_OFFSET = r"\s*(?P<offset>[Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)?"
_ISO: Final = re.compile(
    rf"(?P<year>[0-9]{{4}})-(?P<month>[0-9]{{2}})-(?P<day>[0-9]{{2}})(?:[Tt ]\s*{_TIME})?{_OFFSET}",
)
_ISO_BASIC: Final = re.compile(
    r"(?P<year>[0-9]{4})(?P<month>[0-9]{2})(?P<day>[0-9]{2})"
    r"(?:[Tt](?P<hour>[0-9]{2})(?P<minute>[0-9]{2})(?:(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]{1,9}))?)?)?"
    + _OFFSET,
)
_AMERICAN: Final = re.compile(
    rf"(?P<month>[0-9]{{1,2}})/(?P<day>[0-9]{{1,2}})/(?P<year>[0-9]{{4}})"
    rf"(?: {_TIME}(?: ?(?P<half>[AaPp][Mm]))?)?{_OFFSET}",
)


def to_date(value: Value) -> datetime:
    """A date; texts are not, until CDate has read them."""
    if not isinstance(value, datetime):
        raise Fault(DateNeeded, given=kind(value))
    return value


def read_date(value: Value) -> datetime:
    """CDate: `yyyy-MM-dd[zzz]`, ISO 8601 or `M/d/yyyy h:mm:ss tt`; without an offset it is UTC."""
    if isinstance(value, datetime):
        return value
    return _read(to_text(value), (_ISO, _ISO_BASIC, _AMERICAN)).moment


def ticks_from_date(value: Value) -> int:
    """NumFromDate: from ISO 8601, with a space or a T, to 100 ns since 1601."""
    instant = Instant(value) if isinstance(value, datetime) else _read(to_text(value), (_ISO, _ISO_BASIC))
    since = instant.moment - _FILETIME_EPOCH
    if since < timedelta():
        raise Fault(DateOutOfRange)
    return since // timedelta(microseconds=1) * _TICKS_PER_MICROSECOND + instant.rest


def date_from_ticks(value: Value) -> datetime:
    """DateFromNum: from 100 ns since 1601."""
    ticks = to_whole(value, least=0)
    return in_range(lambda: _FILETIME_EPOCH + timedelta(microseconds=ticks // _TICKS_PER_MICROSECOND))


def add(interval: Value, count: Value, start: Value) -> datetime:
    """DateAdd: months and years end at the end of a shorter month."""
    moment, number = to_date(start), to_whole(count)
    match interval:
        case "yyyy":
            return _add_months(moment, 12 * number)
        case "m":
            return _add_months(moment, number)
        case _:
            return in_range(lambda: moment + number * _length(interval))


def difference(interval: Value, start: Value, end: Value) -> int:
    """DateDiff: from the first to the second, as VB.NET counts.

    Years, months and weeks (from Sunday) count the borders crossed; days and below the time gone by, toward zero.
    """
    first, second = to_date(start), to_date(end)
    match interval:
        case "yyyy":
            return second.year - first.year
        case "m":
            return 12 * (second.year - first.year) + second.month - first.month
        case "ww":
            return (_sunday(second) - _sunday(first)) // 7
        case _:
            length, elapsed = _length(interval), second - first
            whole = abs(elapsed) // length
            return whole if elapsed >= timedelta() else -whole


_LENGTHS: Final = {
    "ww": timedelta(weeks=1),
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "n": timedelta(minutes=1),
    "s": timedelta(seconds=1),
}


def _length(interval: Value) -> timedelta:
    length = _LENGTHS.get(interval) if isinstance(interval, str) else None
    if length is None:
        raise Fault(IntervalUnknown, known=["yyyy", "m", *_LENGTHS])
    return length


def _sunday(moment: datetime) -> int:
    """The number of the day on which its week began."""
    return moment.toordinal() - moment.isoweekday() % 7


def _add_months(moment: datetime, months: int) -> datetime:
    year, month = divmod(12 * moment.year + moment.month - 1 + months, 12)
    if not 1 <= year <= 9999:
        raise Fault(DateOutOfRange)
    day = min(moment.day, monthrange(year, month + 1)[1])
    return moment.replace(year=year, month=month + 1, day=day)


def in_range(moment: Callable[[], datetime]) -> datetime:
    """Compute a date that may lie beyond the calendar."""
    try:
        return moment()
    except OverflowError:
        raise Fault(DateOutOfRange) from None


def _read(text: str, forms: tuple[re.Pattern[str], ...]) -> Instant:
    for form in forms:
        if found := form.fullmatch(text.strip()):
            return _instant(found.groupdict())
    raise Fault(DateUnreadable, form="yyyy-MM-dd, ISO 8601, M/d/yyyy h:mm:ss tt")


def _instant(parts: dict[str, str | None]) -> Instant:
    try:
        hour = hour_of(int(parts.get("hour") or 0), parts.get("half"))
        fraction = (parts.get("fraction") or "").ljust(7, "0")
        local = datetime(
            int(parts["year"] or 0), int(parts["month"] or 0), int(parts["day"] or 0),
            hour, int(parts.get("minute") or 0), int(parts.get("second") or 0), int(fraction[:6]), UTC,
        )  # fmt: skip
        offset = offset_of(parts.get("offset") or "Z")
    except ValueError:
        raise Fault(DateUnreadable, form="a day and time that exist") from None
    return Instant(in_range(lambda: local - offset), int(fraction[6]))


def hour_of(hour: int, half: str | None) -> int:
    """The hour of 24, from one of 24, or from one of 12 with AM or PM; ValueError if there is none such."""
    if half is None:
        return hour
    if not 1 <= hour <= 12:
        raise ValueError(hour)
    return hour % 12 + (12 if half.upper().startswith("P") else 0)


def offset_of(text: str) -> timedelta:
    """An offset from UTC such as `Z`, `+02:00`, `+0200`, `-7`; ValueError if there is none such."""
    if text in {"Z", "z"}:
        return timedelta()
    digits = text[1:].replace(":", "")
    hours, minutes = (digits[:-2], digits[-2:]) if len(digits) > 2 else (digits, "0")
    if int(hours) > _OFFSET_HOURS_MAX or int(minutes) > 59:
        raise ValueError(text)
    size = timedelta(hours=int(hours), minutes=int(minutes))
    return -size if text[0] == "-" else size
