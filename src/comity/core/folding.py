"""Stored forms for comparing and ordering names and addresses (design §4.13).

The database compares these keys byte by byte under `COLLATE "C"`, which keeps every index usable
under row-level security. What is stored and what is typed meet because both pass through here.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

_SPECIAL: Final = str.maketrans(
    {
        "ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "ł": "l", "þ": "th", "ħ": "h", "ı": "i",
        "ŋ": "n", "ə": "e", "ƒ": "f", "ŧ": "t", "ĸ": "k", "’": "'", "`": "'", "´": "'", "‐": "-", "‑": "-", "–": "-",
    }
    | dict.fromkeys(map(chr, (0xAD, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xFEFF)))
)  # fmt: skip
"""Letters that Unicode does not decompose; and marks that nobody sees, which are left out."""

_UNSEEN: Final = {letter: into for letter, into in _SPECIAL.items() if into is None or into in ("'", "-")}
"""Of these only what changes no letter."""

_WORDS: Final = re.compile(r"[^\w'\u0300-\u036f\u0900-\u0dff\u0e00-\u0eff]+|_+")
"""Between words. The signs of Indian and Thai scripts stand within words though they are no letters."""


@lru_cache(maxsize=65536)
def fold(text: str) -> str:
    """Without case, accents and compatibility forms: Köhntopp → kohntopp, Strauß → strauss, Łukasz → lukasz."""
    if text.isascii():
        return text.lower()
    text = unicodedata.normalize("NFKC", text).casefold().translate(_SPECIAL)
    return "".join(each for each in unicodedata.normalize("NFKD", text) if not unicodedata.combining(each))


def words(text: str) -> list[str]:
    """The folded words of a name, in order; blanks and punctuation separate, an apostrophe does not."""
    return [each.strip("'") for each in _WORDS.split(fold(text)) if each.strip("'")]


def written_words(text: str) -> list[str]:
    """The words of a name in small letters that keep their accents: `fold` of each gives `words`."""
    if text.isascii():
        return words(text)
    text = unicodedata.normalize("NFKC", text).casefold().translate(_UNSEEN)
    return [each for part in _WORDS.split(unicodedata.normalize("NFC", text)) if (each := part.strip("'"))]


@lru_cache(maxsize=65536)
def name_key(text: str | None) -> str:
    """A name part as one folded text, words joined by single blanks; empty for none."""
    if not text:
        return ""
    if text.isascii() and text.replace(" ", "").isalnum():  # most names; the general way gives the same
        return " ".join(text.lower().split())
    return " ".join(words(text))


def address_key(text: str) -> str:
    """A mail address or UPN without case (RFC 5321 leaves the local part open; people do not)."""
    if text.isascii():  # nearly all; the general way gives the same
        return text.strip().lower()
    return unicodedata.normalize("NFKC", text).strip().casefold()
