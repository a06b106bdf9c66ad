"""The spellings under which one word of a name is found: Köhntopp, kohntopp and koehntopp are one name.

What is stored and what is typed meet in folded words. A word is stored under its folded form and under the
spellings of `stored_spellings`; what is typed is looked for under its folded form and those of
`typed_spellings`. Whether `oe` stands for `ö` is decided by the letters around it, so Michael, Israel and Duett
stay what they are.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

from comity.core.folding import fold
from comity.people.transliteration import in_latin

_WRITTEN_OUT: Final = str.maketrans(
    {"ä": "ae", "å": "aa", "æ": "ae"} | dict.fromkeys("öøőœ", "oe") | dict.fromkeys("üű", "ue")  # codespell:ignore ue
)
_DIGRAPH: Final = re.compile(r"(?<![aeiouyq])([aou])e(?!$|[aeiouy]|l$|l[aeiouy](?!l)|tt|z$)|^([aou])e(?!$|[aeiouy])")
"""Two letters that may be an umlaut: not behind a vowel (Bauer, Quelle), not at the end (Zoe), not before a vowel
(Noee), not in -ael, -uela (Michael, Manuela), not in Duett, not in Rodriguez."""
_NEVER: Final = re.compile(r"((ak|vir)tuell|manu[e]ll|joell|noell|miguel|aero|poet|phoeb|guerr|guev|maestr|caesar)")
"""Words in which they are none although they look like it."""
_LETTERS_BEHIND: Final = 2
"""So many letters must follow while somebody still types: `due` may become Duett."""
_APOSTROPHE_TAIL: Final = 3


@lru_cache(maxsize=65536)
def stored_spellings(written: str) -> tuple[str, ...]:
    """The other folded spellings of a word in small letters, without `fold` of itself."""
    folded = fold(written)
    if written.isascii():
        found = [_bent(folded), *_without_apostrophe(folded)]
    else:
        found = [_written_out(written), _bent(folded), *_without_apostrophe(folded), *map(fold, in_latin(written))]
    return tuple(each for each in dict.fromkeys(found) if each and each != folded)


@lru_cache(maxsize=8192)
def typed_spellings(written: str) -> tuple[str, ...]:
    """Under which other spellings a typed word, or its beginning, is looked for too."""
    folded = fold(written)
    last = max((match.end() for match in _DIGRAPH.finditer(folded)), default=0)
    found = [*_without_apostrophe(folded), *map(fold, in_latin(written))]
    if len(folded) - last >= _LETTERS_BEHIND:
        found.append(_bent(folded))
    if "å" in written:
        found.append(_written_out(written))
    return tuple(each for each in dict.fromkeys(found) if each and each != folded)


def _written_out(written: str) -> str:
    return fold(unicodedata.normalize("NFC", written).translate(_WRITTEN_OUT))


def _bent(folded: str) -> str:
    """koehntopp → kohntopp, where the letters may stand for an umlaut."""
    if "e" not in folded or _NEVER.search(folded):
        return folded
    return _DIGRAPH.sub(lambda match: match[1] or match[2], folded)


def _without_apostrophe(folded: str) -> tuple[str, ...]:
    """o'brien → obrien, brien."""
    if "'" not in folded:
        return ()
    tail = folded.rpartition("'")[2]
    return (folded.replace("'", ""), *([tail] if len(tail) >= _APOSTROPHE_TAIL else []))
