"""Values that the driver has to be told about."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from psycopg.types.json import Jsonb


def dump_json(value: object) -> str:
    """Compact JSON; ids and dates as text, letters as they are."""
    return json.dumps(value, default=str, ensure_ascii=False, separators=(",", ":"))


def jsonb(value: object) -> Jsonb | None:
    """The value as a jsonb parameter; None stays SQL null."""
    return None if value is None else Jsonb(value, dumps=dump_json)


def array_text(values: Iterable[object]) -> str:
    """An array literal of values whose text needs no quotes (ids, numbers) or that are None.

    The driver's own way asks each element for its type; for thousands of ids that is most of the time.
    """
    return "{" + ",".join(["NULL" if each is None else str(each) for each in values]) + "}"


def text_array(values: Sequence[str | None]) -> str:
    """An array literal of texts."""
    parts = ["NULL" if each is None else f'"{each}"' for each in values]
    literal = ",".join(parts)
    if "\\" in literal or literal.count('"') != 2 * (len(parts) - parts.count("NULL")):
        parts = ["NULL" if each is None else '"' + _escaped(each) + '"' for each in values]
        literal = ",".join(parts)
    return "{" + literal + "}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
