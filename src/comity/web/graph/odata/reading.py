"""From the text of `$filter`, `$search` and `$orderby` to a criterion and an order."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from typing import Any, Final
from uuid import UUID

from comity.core.criteria import (
    ITEM,
    AnyItem,
    Compare,
    Criterion,
    CriterionUnsupported,
    Either,
    Every,
    HasWord,
    Not,
    Op,
    Scalar,
)
from comity.core.errors import Invalid

CHARACTERS_MAX: Final = 8_000
NESTING_MAX: Final = 50

_PHRASE: Final = re.compile(r"\s*(?:([A-Za-z]+)\s*:)?(.*)", re.DOTALL)
_FUNCTIONS: Final = {"startswith": Op.STARTS, "endswith": Op.ENDS, "contains": Op.CONTAINS}
_TURNED: Final = ("tolower", "toupper")
"""Texts compare without case, so that turning them changes nothing."""


class FilterUnreadable(Invalid):
    """A filter or search that does not follow the grammar."""

    code = "filter-unreadable"


def read_filter(text: str) -> Criterion:
    """The criterion that a `$filter` means, with names as the client wrote them.

    Raises:
        FilterUnreadable, CriterionUnsupported.
    """
    return _criterion(_tree(text, "filter").children[0], None)


def read_search(text: str, default: Sequence[str]) -> Criterion:
    """The criterion that a `$search` means; a phrase without a property looks at the `default` ones.

    Raises:
        FilterUnreadable.
    """
    return _found(_tree(text, "search").children[0], default)


def read_order(text: str) -> tuple[str, bool]:
    """The property and whether descending.

    Raises:
        FilterUnreadable: also for several properties at once.
    """
    parts = text.split()
    if not 1 <= len(parts) <= 2 or "," in text or parts[-1].lower() not in {"asc", "desc", parts[0].lower()}:
        raise FilterUnreadable(clause=text[:80], column=1)
    return parts[0], parts[-1].lower() == "desc" and len(parts) == 2


def is_advanced(criterion: Criterion | None, starts: Sequence[str]) -> str | None:
    """The operator that asks for `ConsistencyLevel: eventual` and `$count=true`, if there is one (graph-api §1.5).

    `starts` are the properties whose beginnings may be asked for without.
    """
    match criterion:
        case Compare(name, op):
            if op is Op.NE or op is Op.ENDS:
                return {"ne": "ne", "endswith": "endsWith"}[op.value]
            return "startsWith" if op is Op.STARTS and name not in starts else None
        case Not():
            return "not"
        case AnyItem(_, part):
            return "endsWith" if isinstance(part, Compare) and part.op is Op.ENDS else None
        case Every(parts) | Either(parts):
            return next((found for each in parts if (found := is_advanced(each, starts))), None)
    return None


def renamed(criterion: Criterion, spell: Callable[[str], str]) -> Criterion:
    """The criterion with names as the resource spells them."""
    match criterion:
        case Compare(name, op, value):
            return Compare(spell(name), op, value)
        case HasWord(name, text):
            return HasWord(spell(name), text)
        case AnyItem(name, part):
            return AnyItem(spell(name), part)
        case Every(parts):
            return Every(tuple(renamed(each, spell) for each in parts))
        case Either(parts):
            return Either(tuple(renamed(each, spell) for each in parts))
        case Not(part):
            return Not(renamed(part, spell))


def _tree(text: str, start: str) -> Any:
    from lark.exceptions import UnexpectedInput  # noqa: PLC0415 - a third of a tenth of a second, for who filters

    depth = max_depth(text)
    if len(text) > CHARACTERS_MAX or depth > NESTING_MAX:
        raise FilterUnreadable(clause=text[:80], column=1)
    try:
        return _parser().parse(text, start=start)
    except UnexpectedInput as fault:
        column = fault.column if isinstance(fault.column, int) and fault.column > 0 else len(text) + 1
        raise FilterUnreadable(clause=text[:80], column=column) from fault


def max_depth(text: str) -> int:
    """How deep its parentheses go."""
    depth = deepest = 0
    for each in text:
        depth += (each == "(") - (each == ")")
        deepest = max(deepest, depth)
    return deepest + len(re.findall(r"\bnot\b", text, re.IGNORECASE))


@cache
def _parser() -> Any:
    from lark import Lark  # noqa: PLC0415 - as above

    grammar = resources.files("comity.web.graph.odata").joinpath("grammar.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", start=["filter", "search"], maybe_placeholders=False)


def _criterion(node: Any, item: str | None) -> Criterion:
    """A node of the tree; `item` is what a lambda calls its item."""
    kind = getattr(node, "data", None)
    parts = [each for each in getattr(node, "children", []) if getattr(each, "type", "") not in {"AND", "OR", "NOT"}]
    match kind:
        case "either":
            return Either(tuple(_criterion(each, item) for each in parts))
        case "both":
            return Every(tuple(_criterion(each, item) for each in parts))
        case "negation":
            return Not(_criterion(parts[0], item))
        case "membership":
            name = _name(parts[0], item)
            return Either(tuple(Compare(name, Op.EQ, _value(each)) for each in parts[1:] if each.type != "IN"))
        case "comparison":
            return _comparison(parts[0], Op(str(parts[1]).lower()), _value(parts[2]), item)
        case "invocation":
            return _invocation(node, item)
    raise FilterUnreadable(clause=str(node)[:80], column=1)


def _comparison(left: Any, op: Op, value: Scalar, item: str | None) -> Criterion:
    if left.data == "invocation":
        if _function(left) in _TURNED:
            return Compare(_operand(left, item), op, value)
        inner = _invocation(left, item)
        if not isinstance(value, bool) or op not in (Op.EQ, Op.NE):
            raise FilterUnreadable(clause=_function(left), column=1)
        return inner if value is (op is Op.EQ) else Not(inner)
    name = _name(left, item)
    if name.lower().endswith("/$count"):
        if value != 0 or op not in (Op.EQ, Op.NE, Op.GT):
            raise CriterionUnsupported(property=name, operator=op.value)
        there = AnyItem(name[: -len("/$count")], None)
        return Not(there) if op is Op.EQ else there
    return Compare(name, op, value)


def _invocation(node: Any, item: str | None) -> Criterion:
    path, *arguments = node.children
    names = [str(each) for each in path.children]
    function = names[-1].lower()
    if function == "any" and len(names) > 1:
        name = "/".join(_inner(names[:-1], item))
        if not arguments:
            return AnyItem(name, None)
        if arguments[0].data != "lambda":
            raise FilterUnreadable(clause="any", column=1)
        variable, part = arguments[0].children
        return AnyItem(name, _criterion(part, str(variable)))
    if function not in _FUNCTIONS or len(names) > 1 or len(arguments) != 2:
        raise FilterUnreadable(clause="/".join(names), column=1)
    value = _value(arguments[1])
    if not isinstance(value, str):
        raise FilterUnreadable(clause=function, column=1)
    return Compare(_operand(arguments[0], item), _FUNCTIONS[function], value)


def _function(node: Any) -> str:
    return str(node.children[0].children[-1]).lower()


def _operand(node: Any, item: str | None) -> str:
    """A property, as it is or turned."""
    kind = getattr(node, "data", None)
    if kind == "path":
        return _name(node, item)
    if kind == "invocation" and _function(node) in _TURNED and len(node.children) == 2:
        return _operand(node.children[1], item)
    raise FilterUnreadable(clause=str(node)[:80], column=1)


def _name(path: Any, item: str | None) -> str:
    return "/".join(_inner([str(each) for each in path.children], item))


def _inner(names: list[str], item: str | None) -> list[str]:
    """Within a lambda, names begin with what it calls its item."""
    if item is None or names[0] != item:
        return names
    return names[1:] or [ITEM]


_INSTANT_LENGTH: Final = 10


def _value(token: Any) -> Scalar:
    text = str(token)
    readers: Mapping[str, Callable[[str], Scalar]] = {
        "STRING": lambda text: text[1:-1].replace("''", "'"),
        "GUID": UUID,
        "INSTANT": _instant,
        "NUMBER": int,
        "TRUE": lambda _: True,
        "FALSE": lambda _: False,
        "NULL": lambda _: None,
    }
    reader = readers.get(getattr(token, "type", ""))
    if reader is None:
        raise FilterUnreadable(clause=text[:80], column=1)
    try:
        return reader(text)
    except ValueError as fault:
        raise FilterUnreadable(clause=text[:80], column=1) from fault


def _instant(text: str) -> datetime:
    if len(text) == _INSTANT_LENGTH:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    whole, dot, rest = text.upper().partition(".")
    if dot:  # up to seven digits, of which Python takes six
        digits = re.match(r"\d+", rest)
        assert digits is not None, "the grammar asks for digits"
        text = f"{whole}.{digits[0][:6].ljust(6, '0')}{rest[digits.end() :]}"
    return datetime.fromisoformat(text.upper())


def _found(node: Any, default: Sequence[str]) -> Criterion:
    kind = getattr(node, "data", None)
    if kind in {"found_any", "found_all"}:
        parts = tuple(_found(each, default) for each in node.children if getattr(each, "type", "") not in {"AND", "OR"})
        return Either(parts) if kind == "found_any" else Every(parts)
    match = _PHRASE.fullmatch(re.sub(r"\\(.)", r"\1", str(node)[1:-1]))
    assert match is not None, "the pattern takes any text"
    names = [match[1]] if match[1] else list(default)
    found = tuple(HasWord(each, match[2]) for each in names)
    return found[0] if len(found) == 1 else Either(found)
