"""Regular expressions as administrators know them from .NET, run by our own engine and never longer than allowed.

`compile_pattern` reads the .NET dialect piece by piece and writes the host's; what it does not know it refuses, so no
pattern can mean one thing to its author and another to us. The differences that matter: groups without a name are
numbered before those with one, `$` and `\\Z` match before a last newline, `\\z` does not; `\\w` and `\\s` are .NET's
sets; `[a-z-[aeiou]]` subtracts; repeats are written out by the host, so their product is bounded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import regex

from comity.sync.expressions.dotnet import translate
from comity.sync.expressions.dotnet_reader import PatternError, Refusal
from comity.sync.expressions.errors import Fault, PatternTooSlow

SECONDS_MAX: Final = 0.5
"""For one search or one replacement: a simple pattern takes microseconds, 100,000 matches a fifth of it."""
CHARACTERS_MAX: Final = 10_000


@dataclass(frozen=True, slots=True, eq=False)
class Pattern:
    """A compiled pattern; `groups` maps the names and numbers of .NET to the host's names."""

    source: str
    groups: Mapping[str, str]
    _compiled: regex.Pattern[str]

    def found_in(self, text: str) -> bool:
        """Is the pattern anywhere in the text?"""
        return self.first(text) is not None

    def first(self, text: str) -> regex.Match[str] | None:
        """The first match, if any."""
        try:
            return self._compiled.search(text, timeout=SECONDS_MAX)
        except TimeoutError:
            raise Fault(PatternTooSlow, seconds=SECONDS_MAX) from None

    def every(self, text: str) -> Iterator[regex.Match[str]]:
        """All matches, from the left, none overlapping another; the time limit is for all together."""
        try:
            yield from self._compiled.finditer(text, timeout=SECONDS_MAX)
        except TimeoutError:
            raise Fault(PatternTooSlow, seconds=SECONDS_MAX) from None


@lru_cache(maxsize=512)
def compile_pattern(source: str) -> Pattern:
    """Compile a pattern of the .NET dialect.

    Raises:
        PatternError: it is no pattern, or one that can not be converted or is too large.
    """
    if len(source) > CHARACTERS_MAX:
        raise PatternError(Refusal.TOO_LARGE, CHARACTERS_MAX)
    host, groups = translate(source)
    try:
        return Pattern(source, groups, regex.compile(host, regex.VERSION0))
    except regex.error:
        raise PatternError(Refusal.NOT_CONVERTIBLE, 1) from None
