"""What holds for every expression: it has a value or a documented error, it is never a traceback and never a hang."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comity.sync.expressions import date_formats
from comity.sync.expressions.compiling import FUNCTIONS, compile_for_mappings
from comity.sync.expressions.dates import Instant
from comity.sync.expressions.dotnet_reader import PatternError
from comity.sync.expressions.errors import ErrorKind, ExpressionError, Fault
from comity.sync.expressions.functions import Context
from comity.sync.expressions.parsing import parse
from comity.sync.expressions.patterns import compile_pattern
from comity.sync.expressions.tree import (
    Argument,
    AttributeOf,
    Bareword,
    Call,
    Comparison,
    Constant,
    Omitted,
    Operator,
    Word,
    to_text,
)
from comity.sync.expressions.values import Ignore
from comity.sync.expressions.vectors import evaluate_expression_vectors

SOAK = os.environ.get("COMITY_SOAK") == "1"
bounded = settings(
    max_examples=20_000 if SOAK else 300,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
"""The limits that matter are the engine's own; a busy machine must not decide."""
pytestmark = pytest.mark.soak

anything = st.text(st.characters(exclude_categories=()), max_size=40)
names = st.text(st.characters(exclude_characters='[]"', exclude_categories=()), min_size=1).map(str.strip).filter(bool)
numbers = st.integers(-(10**20), 10**20) | st.decimals(-1000, 1000, places=2).map(
    lambda number: abs(number) if number == 0 else number
)
leaves = (
    names.map(AttributeOf)
    | st.builds(Constant, anything)
    | st.builds(Constant, numbers)
    | st.sampled_from(Bareword).map(Word)
    | st.sampled_from(["a", "b", "list", "date", "number"]).map(AttributeOf)
)
function_names = st.sampled_from(sorted(FUNCTIONS)) | st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True)


def calls(terms: st.SearchStrategy[Argument]) -> st.SearchStrategy[Argument]:
    comparisons = st.builds(Comparison, terms, st.sampled_from(Operator), terms)
    arguments = st.lists(terms | comparisons | st.just(Omitted()), max_size=7).map(_without_trailing)
    return st.builds(Call, function_names, arguments)


def _without_trailing(arguments: list[Argument]) -> tuple[Argument, ...]:
    while arguments and isinstance(arguments[-1], Omitted):
        arguments.pop()
    return tuple(arguments)


def fitting_calls(terms: st.SearchStrategy[Argument]) -> st.SearchStrategy[Argument]:
    """Calls with as many arguments as the function takes, so that evaluation gets past the check of arity."""

    def call(name: str) -> st.SearchStrategy[Argument]:
        least, most = COUNTS.get(name) or (FUNCTIONS[name].least, FUNCTIONS[name].most)  # type: ignore[union-attr]
        return st.lists(terms, min_size=least, max_size=most or least + 2).map(lambda given: Call(name, tuple(given)))

    replaces = st.builds(
        lambda source, mode: Call("Replace", (source, *mode)),
        terms,
        st.sampled_from(REPLACE_MODES).flatmap(
            lambda mode: st.tuples(*[terms if each else st.just(Omitted()) for each in mode])
        ),
    )
    return st.sampled_from(sorted(set(FUNCTIONS) - {"Replace", "SelectUniqueValue"})).flatmap(call) | replaces


COUNTS = {"IIF": (3, 3), "Switch": (4, 4), "Coalesce": (1, 3), "FormatDateTime": (3, 4)}
REPLACE_MODES = [(1, 0, 0, 1), (1, 0, 0, 0, 0, 1), (0, 1, 0, 1), (0, 1, 1, 1), (0, 1, 1, 0, 1)]
USEFUL: list[str | int] = ["x", "", "d", "yyyy-MM-dd", "2020-02-29", "(?<g>a+)+$", "g", "${g}", "tr", ",", 1, 2, -1, 0]
useful = (
    st.sampled_from(["a", "b", "list", "date", "number", "none"]).map(AttributeOf)
    | st.builds(Constant, st.sampled_from(USEFUL))
    | st.sampled_from(Bareword).map(Word)
)
trees = st.recursive(leaves, calls, max_leaves=12)
fitting_trees = st.recursive(useful, fitting_calls, max_leaves=15)

TOKENS = [
    *sorted(FUNCTIONS), *Bareword, "[a]", "[b]", "[list]", "[date]", "[number]", '"x"', '""', '"yyyy-MM-dd"', '"d"',
    '"\\\\d+"',
    '"(?<g>a+)+$"', '"${g}"', "1", "-3", "0.5", "&HF", "(", ")", "(", ")", ",", ",", "=", "<>", ">", " ", "\n", "[",
    "]", '"',
    "\\", "'", "AND",
]  # fmt: skip
soup = st.lists(st.sampled_from(TOKENS), max_size=40).map("".join)
"""Nearly expressions: right tokens in any order."""

TELLING = ["a" * 200 + "b", "2020-02-29", "1/2/2020 3:04:05 PM", "True", "0", "x" * 100_000]
sources: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries({
    "a": st.none() | anything | st.booleans() | st.integers(),
    "b": st.none() | anything | st.sampled_from(TELLING),
    "list": st.lists(anything, max_size=4).map(tuple),
    "date": st.datetimes().map(lambda moment: moment.replace(tzinfo=UTC)),
    "number": st.decimals(-100, 100, places=2) | st.integers(),
})  # fmt: skip


def attempt(call: Callable[[], Any]) -> tuple[Any, Any]:
    """The result, or the documented error; every other exception is a failure of the test."""
    try:
        return call(), None
    except (ExpressionError, Fault, PatternError) as wrong:
        return None, wrong


def evaluated(text: str, source: dict[str, Any]) -> object:
    """The value, or the class of the error."""
    context = Context(now=datetime(2026, 2, 28, tzinfo=UTC), default_domain="x.example", chance=Random(3))
    result, wrong = attempt(lambda: compile_for_mappings(text).evaluate(source, context))
    if wrong is None:
        return result
    assert isinstance(wrong, ExpressionError), "faults have been given their place"
    assert wrong.place >= (1, 1)
    return wrong.kind


@bounded
@given(trees)
def test_what_is_printed_is_read_again(tree):
    """Whatever the tree."""
    assert parse(to_text(tree)) == tree


@bounded
@given(anything | soup | trees.map(to_text))
def test_printing_is_stable(text):
    """Reading what was printed and printing it again changes nothing any more."""
    tree, wrong = attempt(lambda: parse(text))
    if wrong:
        return

    assert parse(to_text(tree)) == tree
    assert to_text(parse(to_text(tree))) == to_text(tree)


@bounded
@given(anything | soup | trees.map(to_text) | fitting_trees.map(to_text), sources)
def test_every_text_has_a_value_or_a_documented_error(text, source):
    """Parser and evaluator are total."""
    result = evaluated(text, source)

    assert result is None or isinstance(result, str | int | Decimal | bool | datetime | tuple | Ignore | ErrorKind)


@bounded
@given(trees | fitting_trees, sources)
def test_evaluating_is_pure(tree, source):
    """The same expression, person, time and chance give the same value: a preview is what will happen."""
    assert evaluated(to_text(tree), source) == evaluated(to_text(tree), source)


scalars = st.none() | st.booleans() | st.integers() | st.floats() | anything | soup
KEYS = ["expression", "source", "context", "now", "taken", "default_domain", "a"]
nearly_json: st.SearchStrategy[Any] = scalars
for _ in range(3):
    nearly_json = scalars | st.lists(nearly_json, max_size=3) | st.dictionaries(st.sampled_from(KEYS), nearly_json)


@bounded
@given(nearly_json)
def test_every_vector_has_an_answer(vector):
    """However malformed."""
    (answer,) = evaluate_expression_vectors([vector])

    assert answer["index"] == 0
    assert ("error" in answer) is not ("actual" in answer)


PATTERN_TOKENS = [
    *"abAB01 .^$|()*+?[]{},-\\#\n", "(?:", "(?<g>", "(?'h'", "(?=", "(?!", "(?<=", "(?<!", "(?>", "(?i)", "(?x)",
    "(?n)", "(?-i:",
    "(?(1)", "(?#", "[^", "-[", r"\d", r"\W", r"\s", r"\b", r"\1", r"\2", r"\k<g>", r"\p{L}", r"\P{IsGreek}", r"\x41",
    "{2,3}",
    "{0,}", "+?", "{1000}", ")*", ")+", "ß", "ı", "\ud800", "😀",
]  # fmt: skip


@bounded
@given(st.lists(st.sampled_from(PATTERN_TOKENS), max_size=25).map("".join), anything | st.text("ab", max_size=60))
def test_every_pattern_is_refused_or_answers_in_time(pattern, text):
    """No pattern hangs, none takes all memory, none ends in another exception."""
    compiled, refused = attempt(lambda: compile_pattern(pattern))
    if refused:
        assert refused.at >= 1
        return

    found, slow = attempt(lambda: compiled.first(text))
    everything, slower = attempt(lambda: list(compiled.every(text)))

    if slow or slower:
        assert {each.error.kind for each in (slow, slower) if each} == {ErrorKind.TYPE}
        return
    assert (found is None) is (everything == [])


@bounded
@given(st.datetimes(), st.integers(0, 9), st.sampled_from([
    "yyyy-MM-ddTHH:mm:ss.fffffffK", "o", "M/d/yyyy h:mm:ss.FFFFFFF tt", "yyyyMMddHHmmssfffffff",
    "dddd, dd MMMM yyyy 'at' HH.mm.ss,fffffff zzz", "ffffffff"[:7] + " ss mm HH d M yyyy",
]))  # fmt: skip
def test_a_date_written_in_full_is_read_again(moment, rest, form):
    """Reading undoes writing, to the last of .NET's 100 ns."""
    instant = Instant(moment.replace(tzinfo=UTC), rest)

    assert date_formats.read(date_formats.write(instant, form), form, frozenset()) == instant


@bounded
@given(
    anything | st.lists(st.sampled_from([*"dfFghHKmMstyz'\\\"%./: -", "yyyy", "MMM"]), max_size=12).map("".join),
    anything,
)
def test_every_date_format_reads_writes_or_is_refused(form, text):
    """Formats come from people and attributes."""
    for act in (
        lambda: date_formats.read(text, form, frozenset({"AllowInnerWhite", "AllowLeadingWhite"})),
        lambda: date_formats.write(Instant(datetime(2026, 2, 28, tzinfo=UTC)), form),
    ):
        _, fault = attempt(act)

        assert fault is None or fault.error.kind is ErrorKind.TYPE
