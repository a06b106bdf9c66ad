"""Values that the driver has to be told about."""

from __future__ import annotations

import json

from psycopg.types.json import Jsonb


def dump_json(value: object) -> str:
    """Compact JSON; ids and dates as text, letters as they are."""
    return json.dumps(value, default=str, ensure_ascii=False, separators=(",", ":"))


def jsonb(value: object) -> Jsonb | None:
    """The value as a jsonb parameter; None stays SQL null."""
    return None if value is None else Jsonb(value, dumps=dump_json)
