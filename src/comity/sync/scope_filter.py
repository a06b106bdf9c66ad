"""The scoping filter of a job: checked when it is saved, asked for each person of a page (provisioning §4.2)."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from comity.core.ids import UserId
from comity.directory.extensions import is_extension
from comity.sync.attributes import SOURCE_NAMES, bits_read, reader
from comity.sync.expressions.errors import ExpressionError, Fault, PatternTooSlow
from comity.sync.expressions.parsing import nearest
from comity.sync.model import Person, Reason, Skip
from comity.sync.patience import SLOW_MAX
from comity.sync.scoping.checking import check_filter
from comity.sync.scoping.compiling import CompiledFilter, Verdict, compile_filter
from comity.sync.scoping.model import FilterError, read_filter


class FilterAttributeUnknown(FilterError):
    """There is no such attribute to filter by."""

    code = "scoping-attribute-unknown"


class FilterAttributeMisspelled(FilterAttributeUnknown):
    """There is an attribute of nearly that name."""

    code = "scoping-attribute-misspelled"


@dataclass(frozen=True, slots=True)
class Sifted:
    """What a filter says of a page."""

    out: frozenset[UserId]
    """They do not pass: nobody offers them."""
    set_aside: Mapping[UserId, Skip] = field(default_factory=dict)
    """Nothing is decided about them, and why."""
    slow: int = 0
    """For how many of them a pattern took too long."""


NOTHING_SIFTED = Sifted(frozenset())


def compiled_filter(document: Mapping[str, Any] | None) -> CompiledFilter[Person] | None:
    """The predicate of a stored filter, compiled once per process; None for no filter.

    Raises:
        FilterError: it cannot be saved as it is; names group and clause.
    """
    return None if document is None else _compiled(json.dumps(document, sort_keys=True))


def filter_bits(document: Mapping[str, Any] | None) -> int:
    """The bits of the attributes that a filter reads."""
    compiled = compiled_filter(document)
    bits = 0
    for name in compiled.attributes if compiled else ():
        bits |= bits_read(name)
    return bits


def sift(people: Iterable[Person], offered: Collection[UserId], by: CompiledFilter[Person] | None) -> Sifted:
    """Ask the filter about those of a page whom the assignment offers.

    If it cannot be said of a person whether she passes, she fails alone: to take that for "no" would delete her.
    Once a pattern was too slow for too many, nobody else is asked.
    """
    if by is None:
        return NOTHING_SIFTED
    out, set_aside, slow = set(), {}, 0
    for person in people:
        if person.id not in offered or person.is_deleted:
            continue
        if slow >= SLOW_MAX:
            set_aside[person.id] = _unknown(person, {"error": PatternTooSlow.code})
            continue
        try:
            verdict = by.verdict(person)
        except ExpressionError as wrong:
            set_aside[person.id] = _unknown(person, {**wrong.parameters, "error": wrong.code})
            slow += wrong.code == PatternTooSlow.code
        except Fault as wrong:
            set_aside[person.id] = _unknown(person, {**wrong.facts, "error": wrong.error.code})
        else:
            if verdict is Verdict.OUT_OF_SCOPE:
                out.add(person.id)
            elif verdict is Verdict.IGNORED:
                set_aside[person.id] = Skip(person.id, None, Reason.SET_ASIDE, failed=False)
    return Sifted(frozenset(out), set_aside, slow)


def _unknown(person: Person, facts: Mapping[str, object]) -> Skip:
    return Skip(person.id, None, Reason.EVALUATION, failed=True, details={**facts, "attribute": "scope"})


@lru_cache(maxsize=256)
def _compiled(text: str) -> CompiledFilter[Person]:
    given = read_filter(json.loads(text))
    check_filter(given)
    for which in (given.groups, given.input_groups):
        for at, group in enumerate(which, 1):
            for number, clause in enumerate(group.clauses, 1):
                name = clause.attribute
                if name in SOURCE_NAMES or name in {"userType", "manager"} or is_extension(name):
                    continue
                facts = {"group": at, "clause": number, "title": group.title, "attribute": name}
                if meant := nearest(name, SOURCE_NAMES):
                    raise FilterAttributeMisspelled(suggestion=meant, **facts)
                raise FilterAttributeUnknown(**facts)
    return compile_filter(given, reader)
