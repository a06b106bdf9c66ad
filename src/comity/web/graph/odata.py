"""Query options of OData, as Graph takes them (graph-api §1.5).

Names go with or without `$`, in any case, and percent-encoded. What a resource does not support is
refused, never ignored; the one exception is Graph's own: `$count` without `ConsistencyLevel: eventual`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from comity.web.asking import Ask
from comity.web.errors import (
    OptionUnknown,
    OptionUnreadable,
    OptionUnsupported,
    SelectUnknown,
    TopInvalid,
)

PAGE_SIZE_MAX: Final = 999
PAGE_SIZE_DEFAULT: Final = 100
OPTIONS: Final = frozenset(
    {
        "select", "filter", "search", "orderby", "top", "skip", "skiptoken", "deltatoken", "count", "expand", "format",
        "apply", "compute", "levels",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Options:
    """The options of one request, as text, by their names without `$`."""

    given: dict[str, str]

    def select(self, known: Sequence[str], *, type_name: str) -> tuple[str, ...] | None:
        """The chosen properties in Graph's spelling and in the order asked for; None if none were chosen.

        Raises:
            SelectUnknown.
        """
        wanted = [each.strip() for each in self.given.get("select", "").split(",") if each.strip()]
        spelling = {each.lower(): each for each in known}
        for each in wanted:
            if each.lower() not in spelling:
                raise SelectUnknown(property=each, type=type_name)
        return tuple(dict.fromkeys(spelling[each.lower()] for each in wanted)) or None

    def top(self) -> int | None:
        """The page size asked for.

        Raises:
            TopInvalid.
        """
        text = self.given.get("top")
        if text is None:
            return None
        size = int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0
        if not 1 <= size <= PAGE_SIZE_MAX:
            raise TopInvalid(top=text, most=PAGE_SIZE_MAX)
        return size


def read_options(ask: Ask, *, supported: Collection[str]) -> Options:
    """The request's options, each at most once.

    Raises:
        OptionUnreadable, OptionUnknown, OptionUnsupported.
    """
    given: dict[str, str] = {}
    for written, value in ask.query():
        name = written.removeprefix("$").lower()
        if name not in OPTIONS:
            raise OptionUnknown(option=written)
        if name in given:
            raise OptionUnreadable(option=written)
        given[name] = value
    if given.get("count", "").lower() in {"true", "false"} and not _counts(ask, given["count"]):
        del given["count"]
    for name in given:
        if name not in supported:
            raise OptionUnsupported(option=f"${name}")
    return Options(given)


def _counts(ask: Ask, value: str) -> bool:
    return value.lower() == "true" and (ask.header("consistencylevel") or "").lower() == "eventual"
