"""What the text functions do to a text: letters, words and marks, by the rules of .NET and VBA.

Characters are Unicode code points: an emoji counts as one and is never cut in half.
"""

from __future__ import annotations

import base64
import re
import unicodedata
from functools import lru_cache
from typing import Final

from comity.sync.expressions.errors import CompareTypeUnknown, CultureUnknown, Fault
from comity.sync.expressions.values import Value, bounded, to_text, to_whole

BINARY_COMPARE: Final = 0
TEXT_COMPARE: Final = 1

_CULTURE: Final = re.compile(r"(?P<language>[A-Za-z]{2,8})(?:[-_][A-Za-z0-9]{1,8}){0,4}")
_TURKIC: Final = frozenset({"tr", "az"})


def append(source: Value, suffix: Value) -> str:
    """Append: one text after the other."""
    return bounded(to_text(source) + to_text(suffix))


def left(source: Value, count: Value) -> str:
    """Left: a negative count gives everything, null gives the empty text."""
    if source is None:
        return ""
    text, number = to_text(source), to_whole(count)
    return text if number < 0 else text[:number]


def mid(source: Value, start: Value, length: Value) -> str:
    """Mid: from a position that counts from 1, clipped at the end."""
    text, first, size = to_text(source), to_whole(start, least=1), to_whole(length, least=0)
    return text[first - 1 : first - 1 + size]


def in_str(source: Value, find: Value, start: Value, how: Value) -> int:
    """InStr: where a text begins in another, from 1; 0 if it does not."""
    text, wanted = to_text(source), to_text(find)
    first = 1 if start is None else to_whole(start, least=1)
    mode = BINARY_COMPARE if how is None else to_whole(how)
    if mode not in {BINARY_COMPARE, TEXT_COMPARE}:
        raise Fault(CompareTypeUnknown)
    if mode == TEXT_COMPARE:
        text, wanted = to_upper(text), to_upper(wanted)
    return text.find(wanted, first - 1) + 1


def word(source: Value, number: Value, delimiters: Value) -> str:
    """Word: the n-th of the words between delimiters, each of whose characters separates."""
    if source is None or delimiters is None:
        return ""
    nth = to_whole(number)
    words = [each for each in _split_at_any(to_text(source), to_text(delimiters)) if each]
    return words[nth - 1] if 1 <= nth <= len(words) else ""


def _split_at_any(text: str, separators: str) -> list[str]:
    if not separators:
        return [text]
    first = separators[0]
    return text.translate(dict.fromkeys(map(ord, separators), first)).split(first)


def split(source: Value, delimiter: Value) -> tuple[str, ...]:
    """Split: the parts between delimiters, without the blanks around them."""
    text, between = to_text(source), to_text(delimiter)
    return tuple(each.strip() for each in (text.split(between) if between else [text]))


def strip_spaces(source: Value) -> str:
    """StripSpaces: without U+0020; other blanks stay."""
    return to_text(source).replace(" ", "")


def to_base64(source: Value) -> str:
    """ConvertToBase64: of the bytes of UTF-16, little end first."""
    return bounded(base64.b64encode(to_text(source).encode("utf-16-le", "surrogatepass")).decode())


def to_utf8_hex(source: Value) -> str:
    """ConvertToUTF8Hex: half a character becomes U+FFFD, as .NET encodes it."""
    whole = to_text(source).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return bounded(whole.encode().hex().upper())


# --- letters -----------------------------------------------------------------


def lower(source: Value, culture: Value) -> str:
    """ToLower: letter by letter; a Turkish or Azerbaijani culture knows the dotless i."""
    text, language = to_text(source), _language(culture)
    if language in _TURKIC:
        text = text.replace("I", "ı").replace("İ", "i")
    elif language:
        text = text.replace("İ", "i")
    return to_lower(text)


def upper(source: Value, culture: Value) -> str:
    """ToUpper: letter by letter; a Turkish or Azerbaijani culture knows the dotted I."""
    text, language = to_text(source), _language(culture)
    if language in _TURKIC:
        text = text.replace("i", "İ")
    if language:
        text = text.replace("ı", "I")
    return to_upper(text)


def _language(culture: Value) -> str:
    """The language of a culture; empty for the invariant one."""
    if culture is None or culture == "":
        return ""
    found = _CULTURE.fullmatch(to_text(culture))
    if not found:
        raise Fault(CultureUnknown)
    return found["language"].lower()


def to_lower(text: str) -> str:
    """Lower case that keeps the number of characters, as .NET's invariant culture does."""
    return text.lower() if text.isascii() else "".join(map(_lower, text))


def to_upper(text: str) -> str:
    """Upper case that keeps the number of characters: ß stays."""
    return text.upper() if text.isascii() else "".join(map(_upper, text))


@lru_cache(maxsize=4096)
def _lower(char: str) -> str:
    changed = char.lower()
    return changed if len(changed) == 1 else char


@lru_cache(maxsize=4096)
def _upper(char: str) -> str:
    changed = char.upper()
    return changed if len(changed) == 1 and char != "ı" else char


def proper_case(source: Value, separators: Value) -> str:
    """PCase: each word with one capital, its first character; all else small."""
    text = to_lower(to_text(source))
    only = None if separators is None else frozenset(to_text(separators))
    begins = True
    out: list[str] = []
    for char in text:
        out.append(_upper(char) if begins else char)
        begins = _separates(char) if only is None else char in only
    return "".join(out)


@lru_cache(maxsize=4096)
def _separates(char: str) -> bool:
    """Blanks, control and format characters, punctuation, symbols."""
    category = unicodedata.category(char)
    return category[0] in "ZPS" or category in {"Cc", "Cf"}


_SPECIAL: Final = str.maketrans({
    "æ": "ae", "œ": "oe", "ø": "oe", "ß": "ss", "ł": "l", "ı": "i",
    "Æ": "AE", "Œ": "OE", "Ø": "OE", "ẞ": "SS", "Ł": "L",
})  # fmt: skip


def normalize_diacritics(source: Value) -> str:
    """NormalizeDiacritics: letters without their marks; ä becomes a, ø becomes oe."""
    text = to_text(source)
    if text.isascii():
        return text
    bare = "".join(char for char in unicodedata.normalize("NFD", text) if unicodedata.category(char) != "Mn")
    return bounded(unicodedata.normalize("NFC", bare).translate(_SPECIAL))
