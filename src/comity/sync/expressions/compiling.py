"""From a tree to a function of a person: compiled once per job, then called for each of many people.

Every node becomes a closure `(row, context) -> value`; attributes are read by whatever reads the row, so a row can be
a mapping, a tuple or an object. Nothing is looked up by name, parsed or checked any more when a person is evaluated.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final, Generic, TypeAlias, TypeVar

from comity.sync.expressions.errors import (
    Fault,
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
    Place,
    Term,
    Word,
    walk,
)
from comity.sync.expressions.values import Ignore, Value, comparer

Row = TypeVar("Row")
Read: TypeAlias = Callable[[str], Callable[[Row], Value]]
"""For the name of an attribute, what reads it from a row."""

FUNCTIONS: Final[Mapping[str, Plain | Situated | Form]] = {**PLAIN, **SITUATED, **FORMS}


@dataclass(frozen=True, slots=True)
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
    evaluate = _Compiler(read).top(tree)
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


Run: TypeAlias = Callable[[Row, Context], Value]

_WORDS: Final[dict[Bareword, Value]] = {
    Bareword.TEXT_COMPARE: TEXT_COMPARE,
    Bareword.BINARY_COMPARE: BINARY_COMPARE,
    Bareword.IGNORE_ATTRIBUTE_FLOW: Ignore.ATTRIBUTE,
    Bareword.IGNORE_OBJECT_FLOW: Ignore.OBJECT,
    Bareword.TRUE: True,
    Bareword.FALSE: False,
}


class _Compiler(Generic[Row]):
    def __init__(self, read: Read[Row]) -> None:
        self._read = read

    def top(self, tree: Term) -> Run[Row]:
        """Compile a whole expression; some functions may stand only here."""
        for node, depth in walk(tree):
            if isinstance(node, Call) and node.name == "SelectUniqueValue" and depth > 1:
                raise MisplacedFunction(
                    line=node.place.line, column=node.place.column, function=node.name, rule="only outermost"
                )
        return self.node(tree)

    def node(self, node: Argument) -> Run[Row]:
        """Compile anything."""
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
            case Comparison():
                return self._comparison(node)

    def _comparison(self, node: Comparison) -> Run[Row]:
        left, right = self.node(node.left), self.node(node.right)
        compare, place = comparer(node.operator), node.place

        def run(row: Row, context: Context) -> Value:
            one, other = left(row, context), right(row, context)
            try:
                return compare(one, other)
            except Fault as fault:
                raise fault.at(place, node.operator) from None

        return run

    def _call(self, node: Call) -> Run[Row]:
        function = FUNCTIONS.get(node.name)
        if function is None:
            raise _unknown(node)
        if isinstance(function, Form):
            scene: Scene[Row] = Scene(node, self.node)
            return function.build(scene)
        check_count(node, function.least, function.most)
        arguments = [self.node(each) for each in node.arguments]
        if isinstance(function, Situated):
            arguments += [self.node(Omitted())] * (function.most - len(arguments))
            return _situated(function, arguments, node.place, node.name)
        if function.most is not None:
            arguments += [self.node(Omitted())] * (function.most - len(arguments))
        return _plain(function, arguments, node.place, node.name)


def _unknown(node: Call) -> UnknownFunction:
    meant = nearest(node.name, FUNCTIONS)
    if meant:
        return MisspelledFunction(line=node.place.line, column=node.place.column, function=node.name, suggestion=meant)
    return UnknownFunction(line=node.place.line, column=node.place.column, function=node.name)


def _plain(function: Plain, arguments: list[Run[Row]], place: Place, name: str) -> Run[Row]:
    """Call a function of values; the common one-argument function has a shorter path."""
    if len(arguments) == 1:
        return _plain_of_one(function, arguments[0], place, name)
    run, required = function.run, function.least if function.null_out else 0

    def call(row: Row, context: Context) -> Value:
        values = [each(row, context) for each in arguments]
        if required and None in values[:required]:
            return None
        try:
            return run(*values)
        except Fault as fault:
            raise fault.at(place, name) from None

    return call


def _plain_of_one(function: Plain, argument: Run[Row], place: Place, name: str) -> Run[Row]:
    run, null_out = function.run, function.null_out

    def call(row: Row, context: Context) -> Value:
        value = argument(row, context)
        if null_out and value is None:
            return None
        try:
            return run(value)
        except Fault as fault:
            raise fault.at(place, name) from None

    return call


def _situated(function: Situated, arguments: list[Run[Row]], place: Place, name: str) -> Run[Row]:
    """Call a function that looks at the context."""
    run, required = function.run, function.least if function.null_out else 0

    def call(row: Row, context: Context) -> Value:
        values = [each(row, context) for each in arguments]
        if required and None in values[:required]:
            return None
        try:
            return run(context, *values)
        except Fault as fault:
            raise fault.at(place, name) from None

    return call
