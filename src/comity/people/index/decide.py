"""Which words come and go when people changed, as pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from comity.directory.model import Attribute, bits
from comity.events.model import Change, ChangeKind, Entry
from comity.people.index.model import Indexed, PersonRow
from comity.people.words import words_of

RULES: Final = 1
"""Number of the rules by which words are made. Raise it with every change of them: each tenant's index is then
made anew, while it is in use."""
READ: Final = bits(
    {
        Attribute.DISPLAY_NAME, Attribute.GIVEN_NAME, Attribute.SURNAME, Attribute.JOB_TITLE, Attribute.DEPARTMENT,
        Attribute.USER_TYPE, Attribute.ACCOUNT_ENABLED, Attribute.SHOW_IN_ADDRESS_LIST, Attribute.IS_DELETED,
    }
)  # fmt: skip
"""Attributes that words or visibility are made of."""
_ALWAYS: Final = frozenset(
    {ChangeKind.USER_CREATED, ChangeKind.USER_DELETED, ChangeKind.USER_RESTORED, ChangeKind.USER_PURGED}
)


@dataclass(frozen=True, slots=True)
class Difference:
    """What changes in the index."""

    come: list[tuple[int, str, UUID]] = field(default_factory=list)
    go: list[tuple[int, str, UUID]] = field(default_factory=list)
    dictionary: set[str] = field(default_factory=set)
    lost: bool = False
    """Somebody's name may have gone from the dictionary's bearers."""


def concerns_index(change: Change | Entry) -> bool:
    """May it change somebody's words, or whether she has any?"""
    return change.kind in _ALWAYS or (change.kind is ChangeKind.USER_UPDATED and bool(change.changed & READ))


def difference(people: Iterable[PersonRow], before: Mapping[UUID, Indexed], *, known: bool) -> Difference:
    """What has to come and go so that the index holds what these people are called now.

    `known`: they may have stood in it before, under names that are gone.
    """
    found = Difference(lost=known)
    for person in people:
        words = words_of(person.named) if person.visible else None
        wanted = words.indexed() if words else set()
        had = before.get(person.id, set())
        found.come.extend((part, word, person.id) for part, word in wanted - had)
        found.go.extend((part, word, person.id) for part, word in had - wanted)
        if words:
            found.dictionary.update(words.dictionary())
    return found
