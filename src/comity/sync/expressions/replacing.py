"""Replace and its five modes (provisioning §6.4), chosen by which arguments are there."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from enum import Enum
from functools import lru_cache
from typing import Final

from regex import Match

from comity.sync.expressions.dotnet_reader import PatternError
from comity.sync.expressions.errors import Fault, PatternGroupMissing, PatternRefused, TextTooLong
from comity.sync.expressions.patterns import Pattern, compile_pattern
from comity.sync.expressions.values import TEXT_CHARACTERS_MAX, Value, is_empty, to_text


class Mode(Enum):
    """What Replace does, by the arguments it was given besides the source."""

    OLD_BY_VALUE = frozenset({"old", "value"})
    OLD_IN_TEMPLATE = frozenset({"old", "template"})
    PATTERN_BY_VALUE = frozenset({"regex", "value"})
    GROUP_BY_VALUE = frozenset({"regex", "group", "value"})
    GROUP_OF_ATTRIBUTE = frozenset({"regex", "group", "attr"})


PARAMETERS: Final = ("old", "regex", "group", "value", "attr", "template")
"""After the source, in their order."""


def replace_old(source: Value, old: Value, value: Value) -> Value:
    """Every occurrence of `old` in the source becomes `value`."""
    if source is None:
        return None
    return _all_replaced(to_text(source), old, value)


def replace_in_template(source: Value, old: Value, template: Value) -> Value:
    """Every occurrence of `old` in the template becomes the source."""
    if source is None:
        return None
    return _all_replaced("" if template is None else to_text(template), old, source)


def _all_replaced(text: str, old: Value, new: Value) -> str:
    wanted, put = _optional(old), _optional(new)
    if not wanted:
        return text
    _check_length(len(text) + text.count(wanted) * (len(put) - len(wanted)))
    return text.replace(wanted, put)


def replace_pattern(source: Value, pattern: Value, value: Value) -> Value:
    """Every match in the source becomes `value`, in which `${name}`, `$1` and their like stand for what was found."""
    if source is None:
        return None
    text, wanted = to_text(source), _optional(pattern)
    if not wanted:
        return text
    compiled = pattern_for(wanted)
    parts = _template(compiled, _optional(value))
    return "".join(_limited(_substituted(text, compiled, parts)))


def _substituted(text: str, pattern: Pattern, parts: tuple[_Part, ...]) -> Iterator[str]:
    at = 0
    for found in pattern.every(text):
        yield text[at : found.start()]
        for part in parts:
            yield part if isinstance(part, str) else part(found)
        at = found.end()
    yield text[at:]


def replace_group(source: Value, pattern: Value, group: Value, value: Value) -> Value:
    """In each match only what the group found becomes `value`; a group that found nothing is left alone (D-35)."""
    if source is None:
        return None
    text, wanted = to_text(source), _optional(pattern)
    if not wanted:
        return text
    compiled = pattern_for(wanted)
    name = group_of(compiled, _optional(group))
    return "".join(_limited(_group_replaced(text, compiled, name, _optional(value))))


def _group_replaced(text: str, pattern: Pattern, group: str, value: str) -> Iterator[str]:
    at = 0
    for found in pattern.every(text):
        start, end = found.span(group)
        if start < at or start == end:  # a lookbehind may find again what is replaced already
            continue
        yield text[at:start]
        yield value
        at = end
    yield text[at:]


def group_of_attribute(source: Value, pattern: Value, group: Value, attribute: Value) -> Value:
    """The source if it is there, else what the group finds first in the attribute; null if nothing."""
    if not is_empty(source):
        return source
    wanted = _optional(pattern)
    if is_empty(attribute) or not wanted:
        return None
    compiled = pattern_for(wanted)
    name = group_of(compiled, _optional(group))
    found = compiled.first(to_text(attribute))
    return None if found is None else found.group(name)


def pattern_for(source: str) -> Pattern:
    """A pattern, compiled once.

    Raises:
        Fault: of kind regex, if it can not be used.
    """
    try:
        return compile_pattern(source)
    except PatternError as wrong:
        raise Fault(PatternRefused, reason=wrong.refusal.value, at=wrong.at) from None


def group_of(pattern: Pattern, name: str) -> str:
    """The host's name of a group, given by name or number."""
    if name not in pattern.groups:
        raise Fault(PatternGroupMissing, group=name, known=[*pattern.groups])
    return pattern.groups[name]


_Part = str | Callable[[Match[str]], str]
_REFERENCE: Final = re.compile(r"\$(?:(?P<sign>[$&`'+_])|(?P<number>[0-9]+)|\{(?P<name>\w+)\})")


@lru_cache(maxsize=512)
def _template(pattern: Pattern, value: str) -> tuple[_Part, ...]:
    """The replacement, taken apart; what refers to no group of the pattern stands for itself."""
    parts: list[_Part] = []
    at = 0
    for found in _REFERENCE.finditer(value):
        part = _part(pattern, found)
        if part is not None:
            parts += [value[at : found.start()], part]
            at = found.end()
    parts.append(value[at:])
    return tuple(part for part in parts if part != "")


def _part(pattern: Pattern, reference: re.Match[str]) -> _Part | None:
    match reference["sign"]:
        case "$":
            return "$"
        case "&":
            return lambda found: found.group()
        case "`":
            return lambda found: found.string[: found.start()]
        case "'":
            return lambda found: found.string[found.end() :]
        case "_":
            return lambda found: found.string
        case "+":
            last = max((each for each in pattern.groups if each.isdecimal()), key=int, default="0")
            return _group_part(pattern, last)
        case _:
            return _group_part(pattern, reference["name"] or reference["number"])


def _group_part(pattern: Pattern, name: str) -> _Part | None:
    if name.isdecimal() and not int(name[:9]):
        return lambda found: found.group()
    host = pattern.groups.get(name)
    if host is None:
        return None
    return lambda found: found.group(host) or ""


def _limited(parts: Iterator[str]) -> Iterator[str]:
    length = 0
    for part in parts:
        length += len(part)
        _check_length(length)
        yield part


def _check_length(length: int) -> None:
    if length > TEXT_CHARACTERS_MAX:
        raise Fault(TextTooLong, limit=TEXT_CHARACTERS_MAX)


def _optional(value: Value) -> str:
    return "" if value is None else to_text(value)
