"""Cyrillic and Greek names in Latin letters, as people commonly write them: Владимир → vladimir, wladimir.

Each system is a way that somebody really uses: passports, English, German, scholars. A name gets one Latin
form per system; those that agree count once.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Final

_CYRILLIC: Final = {
    "а": "a", "б": "b", "в": "v", "г": "g", "д": "d", "е": "e", "ё": "e", "ж": "zh", "з": "z", "и": "i", "й": "y",
    "к": "k", "л": "l", "м": "m", "н": "n", "о": "o", "п": "p", "р": "r", "с": "s", "т": "t", "у": "u", "ф": "f",
    "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ъ": "", "ы": "y", "ь": "", "э": "e", "ю": "yu",
    "я": "ya", "і": "i", "ї": "yi", "є": "ye", "ґ": "g", "ў": "w", "ђ": "dj", "ј": "j", "љ": "lj", "њ": "nj",
    "ћ": "c", "џ": "dz", "ѓ": "g", "ќ": "k", "ѕ": "dz",
}  # fmt: skip
_ENGLISH: Final = _CYRILLIC | {"ий": "y", "ый": "y"}
_PASSPORT: Final = _CYRILLIC | {"й": "i", "ю": "iu", "я": "ia", "ъ": "ie", "є": "ie", "ї": "i"}
_GERMAN: Final = _CYRILLIC | {
    "в": "w", "ё": "jo", "ж": "sch", "з": "s", "ий": "i", "ый": "y", "й": "i", "кс": "x", "х": "ch", "ц": "z",
    "ч": "tsch", "ш": "sch", "щ": "schtsch", "ю": "ju", "я": "ja", "є": "je", "ї": "ji",
}  # fmt: skip
_SCHOLARLY: Final = _CYRILLIC | {
    "ж": "z", "й": "j", "х": "h", "ц": "c", "ч": "c", "ш": "s", "щ": "sc", "ю": "ju", "я": "ja", "є": "je", "ї": "ji",
}  # fmt: skip
_POPULAR: Final = _ENGLISH | {"й": "i", "х": "h", "кс": "x", "ю": "u", "ье": "ie"}

_GREEK: Final = {
    "α": "a", "β": "v", "γ": "g", "δ": "d", "ε": "e", "ζ": "z", "η": "i", "θ": "th", "ι": "i", "κ": "k", "λ": "l",
    "μ": "m", "ν": "n", "ξ": "x", "ο": "o", "π": "p", "ρ": "r", "σ": "s", "ς": "s", "τ": "t", "υ": "y", "φ": "f",
    "χ": "ch", "ψ": "ps", "ω": "o", "ου": "ou", "αυ": "av", "ευ": "ev", "ηυ": "iv", "γγ": "ng", "γξ": "nx",
    "γχ": "nch", "μπ": "b",
}  # fmt: skip
_GREEK_POPULAR: Final = _GREEK | {"χ": "h", "γκ": "g", "ντ": "d", "ου": "u", "υ": "i"}
_GREEK_CLASSICAL: Final = _GREEK | {
    "β": "b", "η": "e", "φ": "ph", "αυ": "au", "ευ": "eu", "ηυ": "eu", "μπ": "mp",
}  # fmt: skip

_OF_CYRILLIC: Final = (_ENGLISH, _PASSPORT, _GERMAN, _SCHOLARLY, _POPULAR)
_OF_GREEK: Final = (_GREEK, _GREEK_POPULAR, _GREEK_CLASSICAL)


@lru_cache(maxsize=65536)
def in_latin(word: str) -> tuple[str, ...]:
    """The Latin forms of a Cyrillic or Greek word in small letters, each once; none for a word in other letters."""
    if any("\u0400" <= letter <= "\u052f" for letter in word):
        systems: tuple[dict[str, str], ...] = _OF_CYRILLIC
    elif any("\u0370" <= letter <= "\u03ff" or "\u1f00" <= letter <= "\u1fff" for letter in word):
        word = "".join(each for each in unicodedata.normalize("NFD", word) if not unicodedata.combining(each))
        systems = _OF_GREEK
    else:
        return ()
    return tuple(dict.fromkeys(_spell(word, each) for each in systems))


def _spell(word: str, system: dict[str, str]) -> str:
    """Two letters that make one sound go first; a letter that the system does not know stays."""
    spelled, at = [], 0
    while at < len(word):
        width = 2 if word[at : at + 2] in system else 1
        spelled.append(system.get(word[at : at + width], word[at : at + width]))
        at += width
    return "".join(spelled)
