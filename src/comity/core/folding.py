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
)  # fmt: skip
"""Letters that Unicode does not decompose."""

_WORDS: Final = re.compile(r"[^\w']+|_+")


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
