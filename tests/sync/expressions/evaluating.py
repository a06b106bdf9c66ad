"""Short ways to evaluate an expression in a test."""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random
from typing import Any

from comity.sync.expressions.compiling import compile_for_mappings
from comity.sync.expressions.functions import Context

NOW = datetime(2026, 7, 2, 15, 33, 38, tzinfo=UTC)


def value(expression: str, *, taken: tuple[str, ...] = (), **source: Any) -> Any:
    """The value for a person who has these attributes."""
    context = Context(now=NOW, default_domain="contoso.example", is_taken=taken.__contains__, chance=Random(7))
    return compile_for_mappings(expression).evaluate(source, context)
