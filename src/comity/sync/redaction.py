"""Values that nobody is told: what the mapping computes with `Redact` stands nowhere but in the account itself."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from comity.directory.model import Attribute, attributes_of
from comity.sync.attributes import bit_of
from comity.sync.computing import compiled
from comity.sync.mapping_rows import AttributeMapping, Expression
from comity.sync.model import CARRIED, Action

REDACTED: Final = "[Redact]"
_CARRIED: Final = frozenset(CARRIED)


@lru_cache(maxsize=256)
def redacted_bits(mapping: AttributeMapping) -> int:
    """Bits of the target attributes whose values nobody is told (expressions with `Redact`)."""
    return sum(
        {
            bit_of(row.target)
            for row in mapping.rows
            if isinstance(row.source, Expression) and compiled(row.source.text).is_redacted
        }
    )


def logged_attributes(action: Action, changed: int) -> Sequence[Attribute]:
    """Which attributes the values of a receipt or log line are, in their order: all of a creation's."""
    return CARRIED if action is Action.CREATE else [each for each in attributes_of(changed) if each in _CARRIED]


def redact(
    values: Sequence[str | None] | None, action: Action, changed: int, redacted: int
) -> Sequence[str | None] | None:
    """The values of a receipt with those hidden that `redacted` names; what is not there is not."""
    if values is None or not redacted & (changed if action is not Action.CREATE else redacted):
        return values
    named = logged_attributes(action, changed)
    return [
        REDACTED if each.bit & redacted and value is not None else value
        for each, value in zip(named, values, strict=True)
    ]
