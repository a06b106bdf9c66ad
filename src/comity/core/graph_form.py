"""Nouns that are Graph's own, spelled as Graph spells them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from uuid import UUID


def as_graph(value: object) -> object:
    """The value as JSON with Graph's property names: `activity_date_time` becomes `activityDateTime`.

    Keys of mappings are names already and stay; instants are UTC with a Z.
    """
    if is_dataclass(value) and not isinstance(value, type):
        return {camel(each.name): as_graph(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Mapping):
        return {str(name): as_graph(each) for name, each in value.items()}
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [as_graph(each) for each in value]
    return value


def camel(name: str) -> str:
    """`display_name` as `displayName`."""
    first, *rest = name.split("_")
    return first + "".join(each.capitalize() for each in rest)
