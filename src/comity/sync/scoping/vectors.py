"""Evaluates vector files of scoping filters: lists of filters with a source object (provisioning §6.5).

Whatever is wrong with a vector becomes its answer, so one of them never hides the others.
"""

from __future__ import annotations

from typing import Any

from comity.sync.expressions.errors import ErrorKind, EvaluationError, Fault
from comity.sync.expressions.vectors import VectorsUnreadable, attribute_reader, object_in
from comity.sync.scoping.compiling import Verdict, compile_filter
from comity.sync.scoping.model import FilterError, FilterErrorKind, read_filter

Answer = dict[str, Any]


def evaluate_scoping_vectors(document: object) -> list[Answer]:
    """Evaluate each vector: `{"index": 0, "actual": true}`, or `"error": code`.

    `document` is a parsed JSON file.

    Raises:
        VectorsUnreadable: the document is no list.
    """
    if not isinstance(document, list):
        raise VectorsUnreadable(given=type(document).__name__)
    return [{"index": index, **_evaluated(vector)} for index, vector in enumerate(document)]


def _evaluated(vector: object) -> Answer:
    if not isinstance(vector, dict):
        return {"error": FilterErrorKind.BAD_OPERAND.value}
    try:
        compiled = compile_filter(read_filter(vector.get("filter")), attribute_reader)
        return {"actual": compiled.verdict(object_in(vector, "source")) is Verdict.IN_SCOPE}
    except FilterError as wrong:
        return {"error": wrong.kind.value}
    except (EvaluationError, Fault):
        return {"error": ErrorKind.TYPE.value}
