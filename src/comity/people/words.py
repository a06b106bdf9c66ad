"""The words by which a person is found, and which of them stand in the index.

The beginnings of given name and surname are keys of the person's own row; the index holds what they do not
reach: further words of a name, other spellings, words of the display name, and of title and department.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from typing import Final, NamedTuple

from comity.core.folding import fold, written_words
from comity.people.spelling import stored_spellings
from comity.people.typos import edits_stored

WORD_LENGTH_MAX: Final = 60
"""Letters of a word that tell anybody apart."""
WORDS_MAX: Final = 12
"""Words of one text that are looked at; longer texts are no names."""
PARTICLES: Final = frozenset({
    "von", "van", "vom", "der", "den", "dem", "des", "de", "di", "del", "della", "dello", "da", "das", "do", "dos",
    "du", "la", "le", "les", "los", "las", "zu", "zur", "zum", "ter", "ten", "te", "af", "av", "al", "el", "bin", "ibn",
    "ben", "bint", "und",
})  # fmt: skip
"""Words of a surname under which nobody looks anybody up; joined with what follows they are found."""


class Part(IntEnum):
    """Which part of a person a word of the index comes from; stored."""

    GIVEN = 1
    """A given name but the first, or several written as one."""
    SURNAME = 2
    """A surname but the first word, or several written as one."""
    SPELLING = 3
    """A word of the name in another spelling."""
    DISPLAY = 4
    """A word that only the display name has."""
    WORK = 5
    """A word of job title or department."""


NAME_PARTS: Final = (Part.GIVEN, Part.SURNAME, Part.SPELLING, Part.DISPLAY)


class Named(NamedTuple):
    """What a person is found by, as it stands in the live row."""

    display_name: str
    given_name: str | None
    surname: str | None
    job_title: str | None
    department: str | None


@dataclass(frozen=True, slots=True)
class Words:
    """All words of one person, by part; folded."""

    given: tuple[str, ...]
    surname: tuple[str, ...]
    spellings: tuple[str, ...]
    display: tuple[str, ...]
    work: tuple[str, ...]

    def indexed(self) -> set[tuple[int, str]]:
        """(part, word) of what the keys of the row do not reach."""
        found: set[tuple[int, str]] = {(Part.GIVEN, each) for each in self.given[1:]}
        found.update((Part.SURNAME, each) for each in self.surname[1:] if each not in PARTICLES)
        found.update((Part.SPELLING, each) for each in self.spellings)
        found.update((Part.DISPLAY, each) for each in self.display)
        found.update((Part.WORK, each) for each in self.work if len(each) > 1)
        return found

    def dictionary(self) -> set[str]:
        """The words of the name that typing mistakes are compared with."""
        every = (*self.given, *self.surname, *self.spellings, *self.display)
        return {each for each in every if edits_stored(each) and each not in PARTICLES}


def words_of(named: Named) -> Words:
    """The words of a person. Who has no given name and no surname on file has those of the display name."""
    display = _written(named.display_name)
    given, surname = _written(named.given_name), _written(named.surname)
    if not given and not surname:
        given, surname = display[:1], display[1:]
    given_words, surname_words = _with_joined(_folded(given)), _with_joined(_folded(surname))
    names = {*given_words, *surname_words}
    shown = tuple(each for each in dict.fromkeys(_folded(display)) if each not in names and each not in PARTICLES)
    spellings = [other for each in dict.fromkeys((*given, *surname, *display)) for other in stored_spellings(each)]
    work = [*_written(named.job_title), *_written(named.department)]
    return Words(
        given=given_words,
        surname=surname_words,
        spellings=tuple(each[:WORD_LENGTH_MAX] for each in dict.fromkeys(spellings) if each not in names),
        display=shown,
        work=tuple(dict.fromkeys((*_folded(work), *(other for each in work for other in stored_spellings(each))))),
    )


@lru_cache(maxsize=65536)
def _written(text: str | None) -> tuple[str, ...]:
    return tuple(written_words(text)[:WORDS_MAX]) if text else ()


def _folded(written: Iterable[str]) -> tuple[str, ...]:
    return tuple(_fold(each) for each in written)


@lru_cache(maxsize=65536)
def _fold(word: str) -> str:
    return fold(word)[:WORD_LENGTH_MAX]


def _with_joined(words: tuple[str, ...]) -> tuple[str, ...]:
    """The words, and all of them as one: Anna-Lena → annalena, von der Leyen → vonderleyen."""
    if len(words) < 2:
        return words
    return (*words, "".join(words)[:WORD_LENGTH_MAX])
