"""The vectors of the specification, and documents that are none (provisioning §6.5)."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from comity.sync.expressions.vectors import VectorsUnreadable, evaluate_expression_vectors

VECTORS: list[dict[str, Any]] = json.loads(Path(__file__).with_name("vectors.json").read_text(encoding="utf-8"))
ANSWERS = evaluate_expression_vectors(VECTORS)


@pytest.mark.parametrize("index", range(len(VECTORS)))
def test_a_vector_gives_what_it_expects(index):
    """Values and their types, the ignore marker, patterns for chance, and classes of errors."""
    vector, answer = VECTORS[index], ANSWERS[index]

    if "error" in vector:
        assert answer == {"index": index, "error": vector["error"]}
    elif "expected_pattern" in vector:
        assert re.fullmatch(vector["expected_pattern"], answer["actual"])
    else:
        wanted = {"index": index, "actual": vector["expected"]} | {
            key: vector[key] for key in ("flow",) if key in vector
        }
        assert answer == wanted
        assert type(answer["actual"]) is type(vector["expected"])


def test_vectors_need_not_say_what_they_expect():
    """A file without its expected members is evaluated all the same."""
    bare = [{key: each[key] for key in ("expression", "source", "context") if key in each} for each in VECTORS]
    fixed = [index for index, each in enumerate(VECTORS) if "expected_pattern" not in each]

    answers = evaluate_expression_vectors(bare)

    assert [answers[index] for index in fixed] == [ANSWERS[index] for index in fixed]


@pytest.mark.parametrize(
    ("vector", "error"),
    [
        (None, "parse"),
        ("[a]", "parse"),
        ({}, "parse"),
        ({"expression": 7}, "parse"),
        ({"expression": "[a]", "source": []}, "type"),
        ({"expression": "[a]", "source": {"a": {"deep": 1}}}, "type"),
        ({"expression": "[a]", "source": {"a": [None]}}, "type"),
        ({"expression": "[a]", "source": {"a": float("nan")}}, "type"),
        ({"expression": "[a]", "source": {"a": float("inf")}}, "type"),
        ({"expression": "[a]", "source": {"a": 10**50}}, "type"),
        ({"expression": "Now()", "context": {"now": "yesterday"}}, "type"),
        ({"expression": "Now()", "context": 3}, "type"),
        ({"expression": "Now()"}, "type"),
        ({"expression": "DefaultDomain()", "context": {"default_domain": 5}}, "type"),
    ],
)
def test_a_malformed_vector_is_an_error_of_its_own(vector, error):
    """It never hides the others."""
    good = {"expression": "[a]", "source": {"a": "x"}}

    answers = evaluate_expression_vectors([vector, good])

    assert answers == [{"index": 0, "error": error}, {"index": 1, "actual": "x"}]


def test_a_source_attribute_nobody_reads_does_no_harm():
    """Only what the expression asks for is looked at."""
    answers = evaluate_expression_vectors([{"expression": "[a]", "source": {"a": "x", "b": {"deep": 1}}}])

    assert answers == [{"index": 0, "actual": "x"}]


def test_a_document_that_is_no_list_is_refused():
    """There is nothing that could be answered per vector."""
    with pytest.raises(VectorsUnreadable):
        evaluate_expression_vectors({"vectors": []})


def test_the_caller_may_give_the_time():
    """For vectors whose context has none."""
    answers = evaluate_expression_vectors([{"expression": "Now()"}], now=datetime(2026, 3, 4, 15, tzinfo=UTC))

    assert answers == [{"index": 0, "actual": "3/4/2026 3:00:00 PM"}]


def test_numbers_with_decimals_come_out_as_numbers():
    """JSON knows one kind of number; the type matters."""
    answers = evaluate_expression_vectors([{"expression": "42568.75"}, {"expression": "[a]", "source": {"a": 1.5}}])

    assert [each["actual"] for each in answers] == [42568.75, 1.5]
