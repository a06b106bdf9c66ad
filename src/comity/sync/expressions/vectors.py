"""Evaluates vector files: lists of expressions with a source object, as other implementations check themselves by.

The form is that of provisioning §6.5; what is expected may be missing. Whatever is wrong with a vector becomes its
answer, so one of them never hides the others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from comity.core.errors import Invalid
from comity.sync.expressions.compiling import compile_expression
from comity.sync.expressions.errors import ErrorKind, ExpressionError, Fault, ValueUnsupported
from comity.sync.expressions.functions import Context
from comity.sync.expressions.tree import START
from comity.sync.expressions.values import Ignore, Value, as_value, date_text


class VectorsUnreadable(Invalid):
    """The document is no list of vectors."""

    code = "vectors-unreadable"


Answer = dict[str, Any]
_NOTHING: Final[Mapping[str, object]] = {}


def evaluate_expression_vectors(document: object, *, now: datetime | None = None) -> list[Answer]:
    """Evaluate each vector: `{"index": 0, "actual": …}`, with `"flow": "ignore"` for the marker, or `"error": code`.

    `document` is a parsed JSON file. `now` is the time for vectors whose context has none.

    Raises:
        VectorsUnreadable: the document is no list.
    """
    if not isinstance(document, list):
        raise VectorsUnreadable(given=type(document).__name__)
    return [{"index": index, **_evaluated(vector, now)} for index, vector in enumerate(document)]


def _evaluated(vector: object, now: datetime | None) -> Answer:
    if not isinstance(vector, dict) or not isinstance(vector.get("expression"), str):
        return {"error": ErrorKind.PARSE.value}
    try:
        expression = compile_expression(vector["expression"], attribute_reader)
        source = object_in(vector, "source")
        return _answer(expression.evaluate(source, _context(object_in(vector, "context"), now)))
    except ExpressionError as wrong:
        return {"error": wrong.kind.value}
    except Fault as fault:
        return {"error": fault.error.kind.value}


def attribute_reader(name: str) -> Callable[[Mapping[str, object]], Value]:
    """Reads an attribute from a source object as JSON has it; one of an unknown kind is a fault when it is read."""
    return lambda source: _attribute(source, name)


def _attribute(source: Mapping[str, object], name: str) -> Value:
    try:
        return as_value(source.get(name))
    except Fault as fault:
        raise fault.at(START, name) from None


def object_in(vector: Mapping[str, object], name: str) -> Mapping[str, object]:
    """A part of a vector that must be an object; an empty one if it is missing."""
    found = vector.get(name)
    if found is None:
        return _NOTHING
    if not isinstance(found, dict):
        raise Fault(ValueUnsupported, given=type(found).__name__)
    return found


def _context(given: Mapping[str, object], now: datetime | None) -> Context:
    taken = given.get("taken")
    folded = (
        frozenset(each.casefold() for each in taken if isinstance(each, str))
        if isinstance(taken, list)
        else frozenset()
    )
    domain = given.get("default_domain")
    return Context(
        now=_time(given["now"]) if given.get("now") is not None else now,
        default_domain=domain if isinstance(domain, str) else None,
        is_taken=lambda value: value.casefold() in folded,
    )


def _time(text: object) -> datetime:
    try:
        found = as_value(datetime.fromisoformat(str(text)))
    except ValueError:
        found = None
    if not isinstance(found, datetime):
        raise Fault(ValueUnsupported, given="time")
    return found


def _answer(value: Value) -> Answer:
    match value:
        case Ignore():
            return {"actual": None, "flow": "ignore"}
        case datetime():
            return {"actual": date_text(value)}
        case Decimal():
            return {"actual": float(value)}
        case tuple():
            return {"actual": list(value)}
        case _:
            return {"actual": value}
