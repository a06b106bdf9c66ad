"""Query options of OData, as Graph takes them (graph-api §1.5).

Names go with or without `$`, in any case, and percent-encoded. What a resource does not support is
refused, never ignored; the one exception is Graph's own: `$count` without `ConsistencyLevel: eventual`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from comity.core.criteria import Criterion, every
from comity.db.walking import Order
from comity.web.asking import Ask
from comity.web.errors import (
    AdvancedNeeded,
    ExpandInvalid,
    OptionUnknown,
    OptionUnreadable,
    OptionUnsupported,
    SearchNeedsHeader,
    SelectUnknown,
    TopInvalid,
)
from comity.web.graph.odata.reading import is_advanced, read_filter, read_order, read_search, renamed

PAGE_SIZE_MAX: Final = 999
PAGE_SIZE_DEFAULT: Final = 100
OPTIONS: Final = frozenset(
    {
        "select", "filter", "search", "orderby", "top", "skip", "skiptoken", "deltatoken", "count", "expand", "format",
        "apply", "compute", "levels",
    }
)  # fmt: skip
LISTING: Final = frozenset({"select", "filter", "search", "orderby", "top", "skiptoken", "count", "expand"})
"""What a directory collection takes."""
_EXPAND: Final = re.compile(r"^\s*([A-Za-z]+)\s*(?:\((.*)\))?\s*$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Searchable:
    """How a resource can be asked: its properties, and what may be ordered and searched by."""

    type: str
    names: Collection[str]
    """Properties that can be selected."""
    filters: Collection[str] = ()
    """Properties, and paths of properties, that can be filtered by."""
    starts: Sequence[str] = ()
    """Whose beginnings may be asked for without the advanced parameters."""
    orders: Sequence[str] = ()
    searches: Sequence[str] = ()
    """Where a phrase without a property looks."""
    expands: Collection[str] = ()

    def spell(self, name: str) -> str:
        """The name of a filterable property in Graph's spelling.

        Raises:
            SelectUnknown: no such property. CriterionUnsupported is raised where it is used.
        """
        for each in (*self.filters, *self.names):
            if each.lower() == name.lower():
                return each
        if "/" in name:
            return name
        raise SelectUnknown(property=name, type=self.type)


@dataclass(frozen=True, slots=True)
class Expand:
    """A navigation to be shown within, with what is chosen of it."""

    name: str
    select: tuple[str, ...] | None = None
    levels: int = 1


@dataclass(frozen=True, slots=True)
class Options:
    """The options of one request, as text, by their names without `$`."""

    given: Mapping[str, str]
    eventual: bool = False
    """Is `ConsistencyLevel: eventual` asked for?"""

    @property
    def counts(self) -> bool:
        """Is the number of all wanted?"""
        return self.given.get("count", "").lower() == "true"

    def select(self, known: Iterable[str], *, type_name: str) -> tuple[str, ...] | None:
        """The chosen properties in Graph's spelling and in the order asked for; None if none were chosen.

        Raises:
            SelectUnknown.
        """
        return read_select(self.given.get("select", ""), known, type_name=type_name)

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

    def criterion(self, of: Searchable) -> Criterion | None:
        """What `$filter` and `$search` ask for together, in the resource's spelling.

        Raises:
            FilterUnreadable, SelectUnknown, SearchNeedsHeader, AdvancedNeeded, CriterionUnsupported.
        """
        found = []
        if text := self.given.get("filter"):
            wanted = renamed(read_filter(text), of.spell)
            needs = is_advanced(wanted, of.starts)
            if needs is not None and not (self.eventual and self.counts):
                raise AdvancedNeeded(operator=needs)
            found.append(wanted)
        if text := self.given.get("search"):
            if not self.eventual:
                raise SearchNeedsHeader
            found.append(renamed(read_search(text, of.searches), of.spell))
        return every(*found)

    def order(self, of: Searchable, criterion: Criterion | None) -> Order | None:
        """What `$orderby` asks for.

        Raises:
            FilterUnreadable, SelectUnknown, AdvancedNeeded, OptionUnsupported.
        """
        text = self.given.get("orderby")
        if not text:
            return None
        name, descending = read_order(text)
        spelled = of.spell(name)
        if criterion is not None and not (self.eventual and self.counts):
            raise AdvancedNeeded(operator="orderBy")
        if spelled not in of.orders:
            raise OptionUnsupported(option="$orderby")
        return Order(spelled, descending)

    def expand(self, of: Searchable) -> Expand | None:
        """The one navigation to be shown within.

        Raises:
            ExpandInvalid: several, unknown, or not understood. AdvancedNeeded: several levels.
        """
        text = self.given.get("expand")
        if not text:
            return None
        match = _EXPAND.match(text)
        name = next((each for each in of.expands if match and each.lower() == match[1].lower()), None)
        if match is None or name is None:
            raise ExpandInvalid(expand=text[:80])
        inner: dict[str, str] = {}
        for part in (match[2] or "").split(";"):
            key, _, value = part.partition("=")
            if key.strip():
                inner[key.strip().removeprefix("$").lower()] = value.strip()
        if set(inner) - {"select", "levels"}:
            raise ExpandInvalid(expand=text[:80])
        select = [each.strip() for each in inner.get("select", "").split(",") if each.strip()]
        levels = _levels(inner.get("levels", "1"))
        if levels == 0:
            raise ExpandInvalid(expand=text[:80])
        if levels > 1 and not (self.eventual and self.counts):
            raise AdvancedNeeded(operator="$levels")
        return Expand(name, tuple(select) or None, levels)


LEVELS_MAX: Final = 20


def read_select(text: str, known: Iterable[str], *, type_name: str) -> tuple[str, ...] | None:
    """The properties of a comma list, in Graph's spelling; None for an empty one.

    Raises:
        SelectUnknown.
    """
    wanted = [each.strip() for each in text.split(",") if each.strip()]
    spelling = {each.lower(): each for each in known}
    for each in wanted:
        if each.lower() not in spelling:
            raise SelectUnknown(property=each, type=type_name)
    return tuple(dict.fromkeys(spelling[each.lower()] for each in wanted)) or None


def read_options(ask: Ask, *, supported: Collection[str], aliases: Collection[str] = ()) -> Options:
    """The request's options, each at most once; `aliases` are parameters that the path refers to.

    Raises:
        OptionUnreadable, OptionUnknown, OptionUnsupported.
    """
    given: dict[str, str] = {}
    for written, value in ask.query():
        name = written.removeprefix("$").lower()
        if name.removeprefix("@") in aliases:
            continue
        if name not in OPTIONS:
            raise OptionUnknown(option=written)
        if name in given:
            raise OptionUnreadable(option=written)
        given[name] = value
    eventual = (ask.header("consistencylevel") or "").strip().lower() == "eventual"
    counts = given.get("count", "true").lower()
    if counts not in {"true", "false"}:
        raise OptionUnreadable(option="$count")
    if not eventual or counts == "false":
        given.pop("count", None)
    for name in given:
        if name not in supported:
            raise OptionUnsupported(option=f"${name}")
    return Options(given, eventual)


def _levels(text: str) -> int:
    if text.lower() == "max":
        return LEVELS_MAX
    return min(int(text), LEVELS_MAX) if text.isascii() and text.isdecimal() and len(text) < 6 else 0
