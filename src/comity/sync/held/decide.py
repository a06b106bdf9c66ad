"""How many deletions are too many, and who leaves: state in, verdict out; no I/O, no clock."""

from __future__ import annotations

from collections.abc import Container, Iterable, Set

from comity.core.ids import UserId
from comity.sync.decide import is_eligible
from comity.sync.held.model import FLOOR, ThresholdInvalid
from comity.sync.model import Person, Threshold

_NO_LIMIT = 1 << 62


def limit_of(threshold: Threshold, links: int) -> int:
    """So many deletions go through while the job keeps `links` accounts in line; one more, and all are held.

    Source: design D8 (500 or 10 % of the links, whichever is smaller, but at least 10), provisioning §8.1.
    """
    limits = [_NO_LIMIT]
    if threshold.is_on and threshold.number is not None:
        limits.append(threshold.number)
    if threshold.is_on and threshold.percent is not None:
        limits.append(max(FLOOR, links * threshold.percent // 100))
    return min(limits)


def links_that_matter(threshold: Threshold) -> int | None:
    """From so many links on the percentage allows no less than the number does; None: all of them matter."""
    if threshold.percent is None:
        return 0
    return None if threshold.number is None else -(-threshold.number * 100 // threshold.percent)


def say_threshold(threshold: Threshold) -> str:
    """The threshold as people read it: `500 / 10 %`."""
    parts = [] if threshold.number is None else [str(threshold.number)]
    if threshold.percent is not None:
        parts.append(f"{threshold.percent} %")
    return " / ".join(parts)


def leaving(
    people: Iterable[Person],
    *,
    linked: Container[UserId],
    offered: Container[UserId],
    set_aside: Container[UserId],
    elsewhere: Container[UserId],
) -> Set[UserId]:
    """Who of a page the job would delete in the target, as far as the source can tell.

    `linked` are those whom it manages, `offered` those in its scope, `set_aside` those for whom nothing is decided,
    `elsewhere` those whom another job of the pair keeps.
    """
    return {
        person.id
        for person in people
        if person.id in linked
        and not (person.id in offered and not person.is_deleted and is_eligible(person))
        and person.id not in set_aside
        and person.id not in elsewhere
    }


def check_threshold(threshold: Threshold) -> None:
    """A number is at least 0, a percentage between 1 and 100; one that is on has one of them.

    Raises:
        ThresholdInvalid.
    """
    number, percent = threshold.number, threshold.percent
    fits = (number is None or number >= 0) and (percent is None or 1 <= percent <= 100)
    if not fits or (threshold.is_on and number is None and percent is None):
        raise ThresholdInvalid
