"""What somebody typed, in the forms that are stored, and the ranges of the keys in which to look for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Final, NamedTuple

from comity.core.folding import address_key, fold, written_words
from comity.core.phones import phone_key
from comity.people.model import Rank
from comity.people.spelling import typed_spellings
from comity.people.words import WORD_LENGTH_MAX

QUERY_LENGTH_MAX: Final = 256
"""Characters that are looked at; no name and no address is longer than what they tell apart."""
WORDS_MAX: Final = 8
LAST: Final = "\U0010ffff"
"""Sorts behind every letter: the end of a range of prefixes."""
NEXT: Final = "\x01"
"""Sorts behind the word itself and before everything that goes on: keys hold no control characters."""


class Span(NamedTuple):
    """From and below, in byte order."""

    low: str
    high: str

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and self.low <= key < self.high


ANY: Final = Span("", LAST)


def beginning_with(word: str) -> Span:
    """Everything that begins so."""
    return Span(word, word + LAST)


def exactly(word: str) -> Span:
    """The word alone."""
    return Span(word, word + NEXT)


def going_on(word: str) -> Span:
    """What begins so and goes on."""
    return Span(word + NEXT, word + LAST)


def first_word(word: str) -> Span:
    """Keys whose first word is just this."""
    return Span(word, word + "!")  # the blank between words is the only letter before it


@dataclass(frozen=True, slots=True)
class Typed:
    """One word that was typed, folded; `others` are its other spellings."""

    word: str
    others: tuple[str, ...] = ()

    @property
    def forms(self) -> tuple[str, ...]:
        """All of them."""
        return (self.word, *self.others)


@dataclass(frozen=True, slots=True)
class Query:
    """What was typed, in the forms that are stored (design §4.13)."""

    typed: tuple[Typed, ...]
    """The words of a name; all of them have to match, the beginning of a word is enough."""
    address: str | None
    """The folded text if it can be the beginning of an address: one word without blanks."""
    is_address: bool
    """Is it a whole mail address or UPN?"""
    number: str | None
    """The phone number in E.164, if it is one."""

    @property
    def is_empty(self) -> bool:
        """Does it ask for anybody at all?"""
        return not (self.typed or self.address)

    @property
    def words(self) -> tuple[str, ...]:
        """The folded words."""
        return tuple(each.word for each in self.typed)

    @property
    def name(self) -> str:
        """The words as one folded name."""
        return " ".join(self.words)


def read_query(text: str) -> Query:
    """Make a query of whatever somebody typed."""
    text = text.strip()[:QUERY_LENGTH_MAX]
    if "\x00" in text or any("\ud800" <= each <= "\udfff" for each in text):
        return Query((), None, is_address=False, number=None)
    key = address_key(text)
    one_word = bool(key) and not any(map(str.isspace, key))
    local, at, domain = key.partition("@")
    number = phone_key(text) if "@" not in text and text[:1] in "+0" else None
    written = [] if at else written_words(text)[:WORDS_MAX]
    return Query(
        typed=tuple(
            Typed(word, tuple(other[:WORD_LENGTH_MAX] for other in typed_spellings(each)))
            for each in written
            if (word := fold(each)[:WORD_LENGTH_MAX])
        ),
        address=key if one_word else None,
        is_address=one_word and bool(local and at and "." in domain) and "@" not in domain,
        number=number,
    )


class Arm(NamedTuple):
    """One range of one index of names, of a certain rank: by given name then surname, or the other way round."""

    rank: Rank
    by_given: bool
    first: Span
    second: Span

    @property
    def slot(self) -> int:
        """Where it stands in the statement: whole names before beginnings, then by index."""
        return 2 * (self.rank is not Rank.NAME) + (not self.by_given)

    def takes(self, given_key: str, surname_key: str) -> bool:
        """Does it find a person of these keys?"""
        first, second = (given_key, surname_key) if self.by_given else (surname_key, given_key)
        return first in self.first and second in self.second


def arms(query: Query) -> list[Arm]:
    """Where to look for a name, best rank first.

    Several words may be divided between given name and surname anywhere, in either order. Of the two ranges the
    one of the longer text leads: fewer names begin so.
    """
    if len(query.typed) == 1:
        word = query.typed[0].word
        found = [
            Arm(Rank.NAME, True, exactly(word), ANY),
            Arm(Rank.NAME, False, exactly(word), ANY),
            Arm(Rank.FIRST_NAME, True, going_on(word), ANY),
            Arm(Rank.LAST_NAME, False, going_on(word), ANY),
        ]
    else:
        found = [_arm(rank, *pair, exact=rank is Rank.NAME) for rank, pair in _divided(query.words)]
    return sorted(found, key=lambda each: each.slot)


def _divided(words: tuple[str, ...]) -> Iterator[tuple[Rank, tuple[str, str]]]:
    """(rank, (given, surname)) of each way to divide the words, exact and as beginnings; one may have them all."""
    parts = [(" ".join(words[:at]), " ".join(words[at:])) for at in range(1, len(words) + 1)]
    for (one, other), exact in product(parts, (True, False)):
        yield Rank.NAME if exact else Rank.FIRST_NAME, (one, other)
        yield Rank.NAME if exact else Rank.LAST_NAME, (other, one)


def _arm(rank: Rank, given: str, surname: str, *, exact: bool) -> Arm:
    def span(text: str) -> Span:
        if not text:
            return ANY
        return exactly(text) if exact else beginning_with(text)

    if len(given) >= len(surname):
        return Arm(rank, True, span(given), span(surname))
    return Arm(rank, False, span(surname), span(given))
