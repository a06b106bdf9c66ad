"""The table of all functions (provisioning §6.3): names, numbers of arguments, and what they do with values.

Functions that decide themselves what to evaluate (IIF, Switch, Replace and their like) are in `forms`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from random import Random, SystemRandom
from typing import Final

from comity.sync.expressions import dates, random_texts, texts
from comity.sync.expressions.errors import DefaultDomainMissing, Fault, SeveralRoles, TimeMissing
from comity.sync.expressions.values import (
    Ignore,
    Value,
    bounded,
    is_empty,
    number_of,
    to_boolean,
    to_text,
    to_texts,
    to_whole,
)


def _nothing_is_taken(_value: str) -> bool:
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What an expression may know besides the source object; nothing is asked of the machine but chance."""

    now: datetime | None = None
    """The business time, with a zone."""
    default_domain: str | None = None
    """Of the source tenant (D-25)."""
    is_taken: Callable[[str], bool] = _nothing_is_taken
    """Is a value in use in the target? Asked by SelectUniqueValue."""
    chance: Random = field(default_factory=SystemRandom)


@dataclass(frozen=True, slots=True)
class Plain:
    """A function of evaluated arguments; `least` of them are required, null stands for those omitted.

    With `null_out`, null in a required argument gives null and the function is not asked.
    """

    run: Callable[..., Value]
    least: int
    most: int | None
    null_out: bool = True


@dataclass(frozen=True, slots=True)
class Situated:
    """A function that also looks at the context, which comes first."""

    run: Callable[..., Value]
    least: int
    most: int
    null_out: bool = True


def join(separator: Value, *sources: Value) -> str:
    """Join: lists are spread; null and empty values are skipped."""
    between = "" if separator is None else to_text(separator)
    return bounded(between.join([each for source in sources for each in to_texts(source) if each]))


def item(source: Value, number: Value) -> Value:
    """Item: counts from 1; null beyond the end."""
    values, nth = to_texts(source), to_whole(number)
    return values[nth - 1] if 1 <= nth <= len(values) else None


def single_role(source: Value) -> Value:
    """SingleAppRoleAssignment: the role if there is one; several would be a choice by chance."""
    roles = to_texts(source)
    if len(roles) > 1:
        raise Fault(SeveralRoles, count=len(roles))
    return roles[0] if roles else None


def c_bool(value: Value) -> bool:
    """CBool: a number is true unless it is zero; a text is a number, or true or false in any case."""
    if isinstance(value, bool):
        return value
    number = number_of(value)
    return to_boolean(value) if number is None else number != 0


def is_not(value: Value) -> bool:
    """Not: true for everything but True."""
    return not (value is True or (isinstance(value, str) and value.casefold() == "true"))


def is_string(value: Value) -> bool:
    """IsString: null, lists and the ignore marker have no text form."""
    return not isinstance(value, tuple | Ignore | None)


def ignore_if_empty(value: Value) -> Value:
    """IgnoreFlowIfNullOrEmpty: the value, or the marker to leave the target alone."""
    return Ignore.ATTRIBUTE if is_empty(value) else value


def now(context: Context) -> datetime:
    """Now: the time of the context."""
    if context.now is None:
        raise Fault(TimeMissing)
    return context.now


def default_domain(context: Context) -> str:
    """DefaultDomain: of the source tenant."""
    if not context.default_domain:
        raise Fault(DefaultDomainMissing)
    return context.default_domain


PLAIN: Final[dict[str, Plain]] = {
    "Append": Plain(texts.append, 2, 2),
    "AppRoleAssignmentsComplex": Plain(to_texts, 1, 1),
    "AltSecIdFromNetId": Plain(to_text, 1, 1),
    "BitAnd": Plain(lambda one, other: to_whole(one) & to_whole(other), 2, 2),
    "CBool": Plain(c_bool, 1, 1),
    "CDate": Plain(dates.read_date, 1, 1),
    "ConvertToBase64": Plain(texts.to_base64, 1, 1),
    "ConvertToUTF8Hex": Plain(texts.to_utf8_hex, 1, 1),
    "Count": Plain(lambda source: len(to_texts(source)), 1, 1, null_out=False),
    "CStr": Plain(to_text, 1, 1),
    "DateAdd": Plain(dates.add, 3, 3),
    "DateDiff": Plain(dates.difference, 3, 3),
    "DateFromNum": Plain(dates.date_from_ticks, 1, 1),
    "IgnoreFlowIfNullOrEmpty": Plain(ignore_if_empty, 1, 1, null_out=False),
    "InStr": Plain(texts.in_str, 2, 4),
    "IsNull": Plain(lambda value: value is None, 1, 1, null_out=False),
    "IsNullOrEmpty": Plain(is_empty, 1, 1, null_out=False),
    "IsPresent": Plain(lambda value: not is_empty(value), 1, 1, null_out=False),
    "IsString": Plain(is_string, 1, 1, null_out=False),
    "Item": Plain(item, 2, 2),
    "Join": Plain(join, 2, None, null_out=False),
    "Left": Plain(texts.left, 2, 2, null_out=False),
    "Len": Plain(lambda source: 0 if source is None else len(to_text(source)), 1, 1, null_out=False),
    "Mid": Plain(texts.mid, 3, 3),
    "NormalizeDiacritics": Plain(texts.normalize_diacritics, 1, 1),
    "Not": Plain(is_not, 1, 1, null_out=False),
    "NumFromDate": Plain(dates.ticks_from_date, 1, 1),
    "PCase": Plain(texts.proper_case, 1, 2),
    "Redact": Plain(lambda value: value, 1, 1, null_out=False),
    "RemoveDuplicates": Plain(lambda source: tuple(dict.fromkeys(to_texts(source))), 1, 1),
    "SingleAppRoleAssignment": Plain(single_role, 1, 1),
    "Split": Plain(texts.split, 2, 2),
    "StripSpaces": Plain(texts.strip_spaces, 1, 1),
    "ToLower": Plain(texts.lower, 1, 2),
    "ToUpper": Plain(texts.upper, 1, 2),
    "Word": Plain(texts.word, 3, 3, null_out=False),
}

SITUATED: Final[dict[str, Situated]] = {
    "DefaultDomain": Situated(default_domain, 0, 0),
    "Guid": Situated(lambda context: random_texts.guid(context.chance), 0, 0),
    "Now": Situated(now, 0, 0),
    "RandomString": Situated(lambda context, *rest: random_texts.random_string(context.chance, *rest), 5, 6),
}
