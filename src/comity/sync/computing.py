"""The rows of a mapping that have to be computed: expressions, and values that change their kind on the way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, TypeAlias

from comity.directory.decide import split_address, text_fault
from comity.directory.extensions import Extension, extension_fault
from comity.directory.model import Attribute
from comity.sync.attributes import TRUTHS, SourceNames, name_of, reader
from comity.sync.expressions import errors
from comity.sync.expressions.compiling import CompiledExpression, compile_expression
from comity.sync.expressions.functions import Context
from comity.sync.expressions.values import Ignore, Value, is_empty, to_boolean, to_text
from comity.sync.mapping_rows import Constant, Direct, Expression, Field, MappingRow
from comity.sync.model import Computed, Fault, Person, Reason

Compute: TypeAlias = Callable[[Person, Context], Any]

USER_TYPES: Final = frozenset({"Member", "Guest"})


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One row ready to be computed; `target` is what it writes, for whoever has to mend it."""

    target: str
    attributes: frozenset[str]
    """Names of the source attributes that it reads."""
    run: Compute
    is_steady: bool = True
    """Does the same person give the same value at another time?"""


class _InvalidError(Exception):
    """The value is none that the target attribute can take."""


class _LeftAlone(Exception):
    """The expression says to leave the person alone."""


def evaluate_all(evaluations: Sequence[Evaluation], person: Person, context: Context) -> Computed:
    """What all of them make of a person; the first that fails is her fault."""
    values = []
    for each in evaluations:
        try:
            values.append(each.run(person, context))
        except errors.ExpressionError as wrong:
            facts = {**wrong.parameters, "attribute": each.target, "error": wrong.code}
            return Fault(Reason.EVALUATION, facts)
        except errors.Fault as wrong:
            return Fault(Reason.EVALUATION, {**wrong.facts, "attribute": each.target, "error": wrong.error.code})
        except _InvalidError as wrong:
            reason = _REASONS.get(wrong.args[0], Reason.EVALUATION)
            return Fault(reason, {"attribute": each.target, "error": wrong.args[0]})
        except _LeftAlone:
            return Fault(Reason.SET_ASIDE, {"attribute": each.target})
    return tuple(values)


_REASONS: Final = {
    "missing": Reason.MANDATORY,
    "no-address": Reason.VALUE_INVALID,
    "no-user-type": Reason.VALUE_INVALID,
}
_MANDATORY: Final = frozenset({Attribute.DISPLAY_NAME, Attribute.USER_PRINCIPAL_NAME})
"""What no account is without: here an expression can neither give nothing nor leave the target alone."""


@lru_cache(maxsize=4096)
def compiled(text: str) -> CompiledExpression[Person]:
    """An expression ready for people, compiled once per process.

    Raises:
        ExpressionError.
    """
    return compile_expression(text, reader, attributes=SourceNames())


@lru_cache(maxsize=4096)
def computation(row: MappingRow | None) -> Evaluation:
    """A row that has to be computed.

    Raises:
        ExpressionError.
    """
    assert row is not None
    target = row.target
    finish, mandatory = _finisher(target), target in _MANDATORY
    match row.source:
        case Expression(text):
            expression = compiled(text)
            run = expression.evaluate
            return Evaluation(
                name_of(target),
                expression.attributes,
                lambda person, context: _finished(run(person, context), finish, mandatory),
                expression.is_steady,
            )
        case Direct(attribute):
            name = name_of(attribute)
            read = reader(name)
            return Evaluation(
                name_of(target), frozenset({name}), lambda person, _: _finished(read(person), finish, mandatory)
            )
        case Constant(value):
            return Evaluation(name_of(target), frozenset(), lambda _person, _context: value)
    return Evaluation(name_of(target), frozenset(), lambda _person, _context: None)


def _finished(value: Value, finish: Callable[[Value], Any], mandatory: bool) -> Any:
    """The value as the target attribute takes it; an empty one is none."""
    if value is Ignore.OBJECT:
        raise _LeftAlone
    if mandatory and (value is Ignore.ATTRIBUTE or is_empty(value)):
        raise _InvalidError("missing")
    if value is Ignore.ATTRIBUTE:
        return value
    return None if is_empty(value) else finish(value)


def _finisher(target: Field) -> Callable[[Value], Any]:
    if isinstance(target, Extension):
        return lambda value: _extension(target.name, value)
    if target in TRUTHS:
        return to_boolean
    return {
        Attribute.USER_TYPE: _user_type,
        Attribute.USER_PRINCIPAL_NAME: _address,
        Attribute.MAIL: _address,
    }.get(target, _text)


def _text(value: Value) -> str:
    text = to_text(value)
    if fault := text_fault(text):
        raise _InvalidError(fault)
    return text


def _address(value: Value) -> str:
    text = _text(value)
    if split_address(text) is None:
        raise _InvalidError("no-address")
    return text


def _user_type(value: Value) -> str:
    text = to_text(value)
    if text not in USER_TYPES:
        raise _InvalidError("no-user-type")
    return text


def _extension(name: str, value: Value) -> Any:
    kept: Any = value if isinstance(value, bool | int) else to_text(value)
    if fault := extension_fault(name, kept):
        raise _InvalidError(fault)
    return kept
