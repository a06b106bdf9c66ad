"""Kinds of parameters: what they take, and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from comity.access.errors import InvalidEnumValue, StringNotAccepted
from comity.access.properties import ALL_KNOWN, ALLOW_LIST
from comity.cli.cmdlets.conditions import Predicate
from comity.cli.cmdlets.errors import ValueMistyped
from comity.cli.cmdlets.parse import parse_condition
from comity.cli.cmdlets.values import Record, Shape, Table, Unknown, Value, as_text, describe

PATTERN: Final = Shape("DomainPattern", {"Domain": "text"}, stands_for="Domain")
ALLOW: Final = Shape("AllowList", {"AllowedDomain": PATTERN})
ALL: Final = Shape(ALL_KNOWN, {"AllowedDomain": PATTERN}, hidden=frozenset({"AllowedDomain"}))
DOMAINS: Final = Shape("AllowedDomains", {"AllowedDomain": PATTERN}, covers=(ALLOW, ALL, PATTERN))
"""Either of the two, before it is known which."""

Read = Callable[[str, Value], object]
"""(parameter, value) → what the cmdlet gets, or an error."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What a parameter takes; `word` is how the reference calls it."""

    word: str
    wanted: str
    read: Read
    unknown: frozenset[str]
    """Kinds and shapes of values not known yet that may fit; `any` always may."""
    nullable: bool = False
    bare: bool = False
    """Given without a value, it means $true."""
    needs_value: bool = True
    """False: the value is left out, or joined with a colon."""

    def convert(self, name: str, value: Value) -> object:
        """The value as the cmdlet gets it; one that is not known yet stays so.

        Raises:
            ValueMistyped, InvalidEnumValue, StringNotAccepted.
        """
        if isinstance(value, Unknown):
            kind = value.kind.name if isinstance(value.kind, Shape) else value.kind
            if kind == "any" or kind in self.unknown:
                return value
            if isinstance(value.kind, Shape) and value.kind.stands_for and "text" in self.unknown:
                return value
            raise self._mistyped(name, value)
        if value is None and not self.nullable:
            raise self._mistyped(name, value)
        try:
            return self.read(name, value)
        except ValueMistyped as fault:
            raise self._mistyped(name, value) from fault

    def _mistyped(self, name: str, value: Value) -> ValueMistyped:
        return ValueMistyped(parameter=name, wanted=self.wanted, given=describe(value))


def _misfit(name: str, value: Value) -> ValueMistyped:
    return ValueMistyped(parameter=name, wanted="another value", given=describe(value))


def _bool(name: str, value: Value) -> bool:
    match value:
        case bool():
            return value
        case int() if value in (0, 1):
            return bool(value)
    raise _misfit(name, value)


def _text(name: str, value: Value) -> object:
    return as_text(value, name)


def _text_or_null(name: str, value: Value) -> object:
    return None if value is None else as_text(value, name)


def _number(name: str, value: Value) -> object:
    text = str(as_text(value, name)) if not isinstance(value, bool) else ""
    if not (text.isascii() and text.removeprefix("-").isdigit() and len(text) <= 10):
        raise _misfit(name, value)
    return int(text)


def _size(name: str, value: Value) -> object:
    if isinstance(value, str) and value.lower() == "unlimited":
        return None
    return _number(name, value)


def _texts(name: str, value: Value) -> object:
    items = value if isinstance(value, tuple | list) else [value]
    found = [as_text(each, name) for each in items]
    return Unknown("list") if any(isinstance(each, Unknown) for each in found) else found


def _entries(name: str, value: Value) -> object:
    """A list, or a hashtable of lists with Add, Remove or Replace; null empties."""
    match value:
        case None:
            return None
        case Table():
            verbs = {verb: _plain_list(name, each) for verb, each in value.entries.items()}
            return Unknown("list") if any(isinstance(each, Unknown) for each in verbs.values()) else verbs
    return _plain_list(name, value)


def _plain_list(name: str, value: Value) -> object:
    match value:
        case Unknown():
            return value
        case None | Table() | bool():
            raise _misfit(name, value)
        case Record(shape=shape) if shape is ALLOW:
            return _plain_list(name, value.properties["AllowedDomain"])
    found = _texts(name, value)
    return found if isinstance(found, Unknown) else [each for each in found if each]  # type: ignore[attr-defined] # texts


def _blocked_domains(name: str, value: Value) -> object:
    if isinstance(value, str):
        raise StringNotAccepted(property=name)
    return _entries(name, value)


def _allowed_domains(name: str, value: Value) -> object:
    """As `access.properties` wants it: two shapes that cannot be confused."""
    match value:
        case None:
            return None
        case Record(shape=shape) if shape is ALL:
            return {"mode": ALL_KNOWN}
        case Record(shape=shape) if shape in (ALLOW, PATTERN):
            return _allow_list(_plain_list(name, value))
        case str():
            raise StringNotAccepted(property=name)
        case tuple() | list() if value:
            if any(isinstance(each, str) for each in value):
                raise StringNotAccepted(property=name)
            if all(isinstance(each, Unknown) or _is_pattern(each) for each in value):
                return _allow_list(_plain_list(name, value))
    raise _misfit(name, value)


def _is_pattern(value: Value) -> bool:
    return isinstance(value, Record) and value.shape is PATTERN


def _allow_list(domains: object) -> object:
    return domains if isinstance(domains, Unknown) else {"mode": ALLOW_LIST, "domains": domains}


def _patterns(name: str, value: Value) -> object:
    """Domain patterns; null is none."""
    items = [] if value is None else value if isinstance(value, tuple | list) else [value]
    if any(isinstance(each, str) for each in items):
        raise StringNotAccepted(property=name)
    if not all(isinstance(each, Unknown) or _is_pattern(each) for each in items):
        raise _misfit(name, value)
    return Unknown(PATTERN) if any(isinstance(each, Unknown) for each in items) else tuple(items)


def _as_it_is(_name: str, value: Value) -> object:
    return value


_TEXTUAL: Final = frozenset({"text", "number"})
BOOL: Final = Kind("Boolean", "$true or $false", _bool, frozenset({"bool"}))
FLAG: Final = Kind("Boolean or switch", "$true or $false", _bool, frozenset({"bool"}), bare=True)
SWITCH: Final = Kind("Switch", "$true or $false", _bool, frozenset({"bool"}), bare=True, needs_value=False)
TEXT: Final = Kind("String", "a text", _text, _TEXTUAL)
TEXT_OR_NULL: Final = Kind("String or $null", "a text or $null", _text_or_null, _TEXTUAL, nullable=True)
NUMBER: Final = Kind("Int32", "a whole number", _number, frozenset({"number", "text"}))
SIZE: Final = Kind("Int32 or Unlimited", "a whole number or Unlimited", _size, frozenset({"number", "text"}))
TEXTS: Final = Kind("String[]", "a list of texts", _texts, _TEXTUAL | {"list"})
ENTRIES: Final = Kind(
    "List, @{Add; Remove; Replace} or $null", "a list, or a hashtable with Add, Remove or Replace", _entries,
    _TEXTUAL | {"list", ALLOW.name}, nullable=True,
)  # fmt: skip
BLOCKED_DOMAINS: Final = Kind(
    ENTRIES.word, ENTRIES.wanted, _blocked_domains, frozenset({"list", PATTERN.name, ALLOW.name}), nullable=True
)
ALLOWED_DOMAINS: Final = Kind(
    "AllowList, AllowAllKnownDomains, DomainPattern or $null",
    "what New-CsEdgeAllowList or New-CsEdgeAllowAllKnownDomains made",
    _allowed_domains,
    frozenset({ALLOW.name, ALL.name, DOMAINS.name, PATTERN.name}),
    nullable=True,
)
PATTERNS: Final = Kind(
    "DomainPattern[] or $null", "what New-CsEdgeDomainPattern made", _patterns, frozenset({PATTERN.name}), nullable=True
)
VALUE: Final = Kind("Object", "a value", _as_it_is, frozenset({"bool", "text", "number", "list"}), nullable=True)


def one_of(values: type[StrEnum] | Iterable[str]) -> Kind:
    """One of several words, in any case."""
    words = [str(each) for each in values]

    def read(name: str, value: Value) -> object:
        text = as_text(value, name)
        for each in words:
            if isinstance(text, Unknown) or each.lower() == text.lower():
                return each if isinstance(text, str) else text
        raise InvalidEnumValue(property=name, value=text, values=words)

    return Kind(" | ".join(words), f"one of {', '.join(words)}", read, _TEXTUAL)


def instance_of(shape: Shape) -> Kind:
    """An object that a Get- or a New- cmdlet made."""

    def read(name: str, value: Value) -> object:
        if isinstance(value, Record) and value.shape is shape:
            return value
        raise _misfit(name, value)

    return Kind(f"{shape.name} object", f"an object of {shape.name}", read, frozenset({shape.name}))


def _filter(name: str, value: Value) -> object:
    """A condition in braces, or the text of one."""
    if isinstance(value, str):
        return Predicate(parse_condition(value))
    if not isinstance(value, Predicate):
        raise _misfit(name, value)
    return value


def _condition(name: str, value: Value) -> object:
    if not isinstance(value, Predicate):
        raise _misfit(name, value)
    return value


FILTER: Final = Kind("Condition or String", "a condition such as {Enabled -eq $true}", _filter, frozenset({"text"}))
CONDITION: Final = Kind("Condition", "a condition such as {$_.Enabled -eq $true}", _condition, frozenset())
ACTION: Final = one_of(["Stop", "Continue", "SilentlyContinue", "Ignore", "Inquire", "Break", "Suspend"])
