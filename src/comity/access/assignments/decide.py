"""Rules of assignment, as pure functions."""

from __future__ import annotations

from collections.abc import Iterable

from comity.access.assignments.model import BATCH_MAX, GROUPS_MAX, AssignmentType, PolicySources, Source
from comity.access.errors import BatchTooLarge, TooManyGroupAssignments
from comity.core.folding import address_key
from comity.core.ids import UserId

_ORDER = {AssignmentType.DIRECT: 0, AssignmentType.GROUP: 1, AssignmentType.TENANT: 2}


def position(wanted: int | None, *, others: int) -> int:
    """Ranks are positions: any number becomes one of 1 to `others` + 1, none the last.

    Raises:
        TooManyGroupAssignments.
    """
    if others >= GROUPS_MAX:
        raise TooManyGroupAssignments(limit=GROUPS_MAX)
    return others + 1 if wanted is None else min(max(wanted, 1), others + 1)


def in_order(user_id: UserId, sources: Iterable[Source]) -> PolicySources:
    """Where a person's policy comes from, the winner first: direct, then groups by rank, then tenant-wide."""
    return PolicySources(user_id, tuple(sorted(sources, key=lambda each: (_ORDER[each.kind], each.rank or 0))))


def people_of_batch(named: Iterable[str]) -> list[str]:
    """The people of a batch, each once, in the order given; blanks around and a leading `sip:` do not count.

    Raises:
        BatchTooLarge: names how many there were.
    """
    people: dict[str, str] = {}
    for each in named:
        text = each.strip()
        if text.lower().startswith("sip:"):
            text = text[4:].strip()
        if text:
            people.setdefault(address_key(text), text)
    if len(people) > BATCH_MAX:
        raise BatchTooLarge(count=len(people), limit=BATCH_MAX)
    return list(people.values())
