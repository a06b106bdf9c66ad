"""From a tree to a function of a person: compiled once per job, then called for each of many people.

Every node becomes a closure `(row, context) -> value`; attributes are read by whatever reads the row, so a row can be
a mapping, a tuple or an object. Nothing is looked up by name, parsed or checked any more when a person is evaluated.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final, Generic, TypeAlias, TypeVar

from comity.sync.expressions.calls import Run, eager, situated
from comity.sync.expressions.errors import (
    ExpressionError,
    MisplacedFunction,
    MisspelledAttribute,
    MisspelledFunction,
    UnknownAttribute,
    UnknownFunction,
)
from comity.sync.expressions.forms import FORMS, Form, Scene, check_count
from comity.sync.expressions.functions import PLAIN, SITUATED, Context, Plain, Situated
from comity.sync.expressions.parsing import nearest, parse
from comity.sync.expressions.texts import BINARY_COMPARE, TEXT_COMPARE
from comity.sync.expressions.tree import (
    Argument,
    AttributeOf,
    Bareword,
    Call,
    Comparison,
    Constant,
    Omitted,
    Term,
    Word,
    bottom_up,
    walk,
)
from comity.sync.expressions.values import Ignore, Value, comparer

Row = TypeVar("Row")
Read: TypeAlias = Callable[[str], Callable[[Row], Value]]
"""For the name of an attribute, what reads it from a row."""

FUNCTIONS: Final[Mapping[str, Plain | Situated | Form]] = {**PLAIN, **SITUATED, **FORMS}


@dataclass(frozen=True, slots=True, eq=False)
class CompiledExpression(Generic[Row]):
    """An expression ready for many people."""

    text: str
    tree: Term
    attributes: frozenset[str]
    """Source attributes that it reads."""
    functions: frozenset[str]
    evaluate: Callable[[Row, Context], Value]
    """Its value for a row. Raises EvaluationError, or PatternRefused for a pattern that comes from an attribute."""

    @property
    def is_redacted(self) -> bool:
        """Must logs show `[Redact]` in place of its value?"""
        return "Redact" in self.functions

    @property
    def selects_unique_value(self) -> bool:
        """Does it ask what is taken in the target? Mappings between tenants refuse that (D-28)."""
        return "SelectUniqueValue" in self.functions

    @property
    def is_steady(self) -> bool:
        """Does the same person give the same value at another time?"""
        return self.functions.isdisjoint({"Now", "Guid", "RandomString", "SelectUniqueValue"})


def by_name(name: str) -> Callable[[Mapping[str, Value]], Value]:
    """Reads rows that are mappings; an attribute that is absent is null."""
    return lambda row: row.get(name)


def compile_for_mappings(
    text: str, *, attributes: Collection[str] | None = None
) -> CompiledExpression[Mapping[str, Value]]:
    """Compile for rows that are mappings from attribute names to values; see `compile_expression`."""
    return compile_expression(text, by_name, attributes=attributes)


def compile_expression(
    text: str, read: Read[Row], *, attributes: Collection[str] | None = None
) -> CompiledExpression[Row]:
    """Parse and check an expression, and make it ready to be evaluated.

    `read` gives, for an attribute's name, what reads it from a row. With `attributes`, a name that is not among them is
    refused.

    Raises:
        ExpressionError: as `errors` lists them; all but those that depend on a person's values.
    """
    tree = parse(text)
    names: set[str] = set()
    functions: set[str] = set()
    for node, _ in walk(tree):
        if isinstance(node, AttributeOf):
            _check_attribute(node, attributes)
            names.add(node.name)
        elif isinstance(node, Call):
            functions.add(node.name)
    evaluate = _Compiler(read).whole(tree)
    return CompiledExpression(text, tree, frozenset(names), frozenset(functions), evaluate)


def check_expression(text: str, *, attributes: Collection[str] | None = None) -> None:
    """Look at an expression that somebody wants to save; raises what `compile_expression` raises."""
    compile_for_mappings(text, attributes=attributes)


def _check_attribute(node: AttributeOf, known: Collection[str] | None) -> None:
    if known is None or node.name in known:
        return
    meant = nearest(node.name, known)
    if meant:
        raise MisspelledAttribute(line=node.place.line, column=node.place.column, found=node.name, suggestion=meant)
    raise UnknownAttribute(line=node.place.line, column=node.place.column, found=node.name)


_WORDS: Final[dict[Bareword, Value]] = {
    Bareword.TEXT_COMPARE: TEXT_COMPARE,
    Bareword.BINARY_COMPARE: BINARY_COMPARE,
    Bareword.IGNORE_ATTRIBUTE_FLOW: Ignore.ATTRIBUTE,
    Bareword.IGNORE_OBJECT_FLOW: Ignore.OBJECT,
    Bareword.TRUE: True,
    Bareword.FALSE: False,
}


class _Compiler(Generic[Row]):
    """Compiles from the inside out, without recursing; `compiled` has what is done, by the identity of the node."""

    def __init__(self, read: Read[Row]) -> None:
        self._read = read
        self._compiled: dict[int, Run[Row]] = {}

    def whole(self, tree: Term) -> Run[Row]:
        """Compile an expression; of several mistakes the first in the text is raised."""
        _check_outermost(tree)
        mistake: ExpressionError | None = None
        for node in bottom_up(tree):
            try:
                self._compiled[id(node)] = self._node(node)
            except ExpressionError as found:
                mistake = found
                self._compiled[id(node)] = self._node(Omitted())
        if mistake:
            raise mistake
        return self._compiled[id(tree)]

    def _node(self, node: Argument) -> Run[Row]:
        match node:
            case Call():
                return self._call(node)
            case AttributeOf(name):
                get = self._read(name)
                return lambda row, _: get(row)
            case Constant(value):
                return lambda _row, _context: value
            case Word(word):
                meaning = _WORDS[word]
                return lambda _row, _context: meaning
            case Omitted():
                return lambda _row, _context: None
            case Comparison(left, operator, right, place):
                sides = [self._compiled[id(left)], self._compiled[id(right)]]
                return eager(Call(operator, (), place), comparer(operator), sides)

    def _call(self, node: Call) -> Run[Row]:
        function = FUNCTIONS.get(node.name)
        if function is None:
            raise _unknown(node)
        arguments = [self._compiled[id(each)] for each in node.arguments]
        if isinstance(function, Form):
            scene: Scene[Row] = Scene(node, arguments)
            return function.build(scene)
        check_count(node, function.least, function.most)
        if function.most is not None:
            arguments += [self._node(Omitted())] * (function.most - len(arguments))
        required = function.least if function.null_out else 0
        if isinstance(function, Situated):
            return situated(node, function.run, arguments, required=required)
        return eager(node, function.run, arguments, required=required)


def _check_outermost(tree: Term) -> None:
    """SelectUniqueValue asks the target for the result itself, so nothing may be done with it afterwards."""
    for node, _ in walk(tree):
        if isinstance(node, Call) and node.name == "SelectUniqueValue" and node is not tree:
            raise MisplacedFunction(
                line=node.place.line, column=node.place.column, function=node.name, rule="only outermost"
            )


def _unknown(node: Call) -> UnknownFunction:
    meant = nearest(node.name, FUNCTIONS)
    if meant:
        return MisspelledFunction(line=node.place.line, column=node.place.column, function=node.name, suggestion=meant)
    return UnknownFunction(line=node.place.line, column=node.place.column, function=node.name)
