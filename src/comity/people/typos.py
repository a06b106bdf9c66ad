"""Misspelt words: which words of a dictionary lie within an edit or two of what was typed.

Words that differ by k edits (insert, delete, replace, swap two neighbours) have a text in common after at most k
letters were deleted from each. So each word of the dictionary is stored under what is left of its beginning
after such deletions, what was typed is looked up under its own, and what is found is measured whole.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import combinations
from typing import Final

ONE_FROM: Final = 5
"""From so many letters on, one edit is forgiven (people-search §7)."""
TWO_FROM: Final = 9
"""From so many on, two."""
STORED_SHORTER: Final = 1
"""The word meant may be shorter than what was typed by so much, and is forgiven as much."""
WORD_MAX: Final = 40
"""Longer words are nobody's name."""
CUT: Final = 7
"""Letters of a word's beginning that deletions are made of; an edit within it costs one deletion on either side."""


def edits_forgiven(typed: str) -> int:
    """How many edits are forgiven in a typed word: 0, 1 or 2. A word with a digit is no misspelt name."""
    if len(typed) < ONE_FROM or len(typed) > WORD_MAX or not _is_name(typed):
        return 0
    return 1 if len(typed) < TWO_FROM else 2


def is_meant(typed: str, word: str) -> bool:
    """May `typed` be `word`, misspelt? Not if it is the word itself."""
    edits = min(edits_forgiven(typed), edits_stored(word))
    return edits > 0 and typed != word and distance(typed, word, at_most=edits) <= edits


def edits_stored(word: str) -> int:
    """How many deletions a word of the dictionary is stored under; 0: it is not stored."""
    if not ONE_FROM - STORED_SHORTER <= len(word) <= WORD_MAX or not _is_name(word):
        return 0
    return 1 if len(word) < TWO_FROM - STORED_SHORTER else 2


@lru_cache(maxsize=8192)
def variants(word: str, edits: int) -> frozenset[str]:
    """What is left of a word's beginning after at most so many deletions."""
    start = word[:CUT]
    found = {start}
    for gone in range(1, edits + 1):
        found.update("".join(kept) for kept in combinations(start, max(len(start) - gone, 0)))
    return frozenset(found)


def distance(one: str, other: str, *, at_most: int) -> int:
    """Edits between two words, a swap of neighbours being one; anything above `at_most` if they are farther apart."""
    if abs(len(one) - len(other)) > at_most:
        return at_most + 1
    one, other = _without_common_ends(one, other)
    if not one or not other:
        return len(one) + len(other)
    before: list[int] = []
    last = list(range(len(other) + 1))
    for at, letter in enumerate(one, 1):
        row = [at]
        for to, wanted in enumerate(other, 1):
            cost = last[to - 1] + (letter != wanted)
            cost = min(cost, last[to] + 1, row[to - 1] + 1)
            if at > 1 and to > 1 and letter == other[to - 2] and one[at - 2] == wanted:
                cost = min(cost, before[to - 2] + 1)
            row.append(cost)
        if min(row) > at_most:
            return at_most + 1
        before, last = last, row
    return last[-1]


def _without_common_ends(one: str, other: str) -> tuple[str, str]:
    """What is left between the letters that two words begin and end with alike."""
    least = min(len(one), len(other))
    start = 0
    while start < least and one[start] == other[start]:
        start += 1
    end = 0
    while end < least - start and one[-1 - end] == other[-1 - end]:
        end += 1
    return one[start : len(one) - end], other[start : len(other) - end]


def _is_name(word: str) -> bool:
    return not any(map(str.isdigit, word))
