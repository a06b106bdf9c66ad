"""Reads a regular expression of .NET character by character: escapes, Unicode categories, and what is refused."""

from __future__ import annotations

import unicodedata
from enum import StrEnum
from functools import cache
from typing import Final

import regex


class Refusal(StrEnum):
    """Why a pattern can not be used."""

    UNCLOSED_GROUP = "unclosed group"
    UNOPENED_GROUP = "closing parenthesis without an opening one"
    UNCLOSED_CLASS = "unclosed character class"
    REVERSED_RANGE = "range in reverse order"
    CLASS_IN_RANGE = "character class in a range"
    UNKNOWN_ESCAPE = "unknown escape"
    UNKNOWN_CATEGORY = "unknown Unicode category"
    UNKNOWN_GROUPING = "unknown kind of group"
    UNKNOWN_REFERENCE = "reference to a group that is not there"
    NOTHING_TO_REPEAT = "nothing to repeat"
    NESTED_REPEAT = "repeat of a repeat"
    REVERSED_REPEAT = "repeat in reverse order"
    NOT_CONVERTIBLE = "construct that only .NET has"
    TOO_DEEP = "groups nested too deep"
    TOO_LARGE = "pattern too large"


class PatternError(ValueError):
    """A pattern that can not be used: why, and at which character, counted from 1."""

    def __init__(self, refusal: Refusal, at: int) -> None:
        super().__init__(refusal.value, at)
        self.refusal = refusal
        self.at = at


_CONTROLS: Final = {"a": "\a", "e": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_HEX_DIGITS: Final = {"x": 2, "u": 4}
_CATEGORIES: Final = frozenset(
    [
        *("L", "Lu", "Ll", "Lt", "Lm", "Lo", "M", "Mn", "Mc", "Me", "N", "Nd", "Nl", "No", "P", "Pc", "Pd", "Ps", "Pe"),
        *("Pi", "Pf", "Po", "S", "Sm", "Sc", "Sk", "So", "Z", "Zs", "Zl", "Zp", "C", "Cc", "Cf", "Cs", "Co", "Cn"),
    ]
)
_BLOCKS: Final = {
    "Greek": "GreekandCoptic",
    "CombiningMarksforSymbols": "CombiningDiacriticalMarksforSymbols",
    "PrivateUse": "PrivateUseArea",
}
_OCTAL: Final = regex.compile(r"[0-7]{1,3}")
_LOW_SURROGATE: Final = regex.compile(r"\\u([dD][c-fC-F][0-9a-fA-F]{2})")
NAME: Final = regex.compile(r"[^\W\d]\w*")


class Reader:
    """A place in a pattern, which moves on as it is read."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.at = 0

    def peek(self) -> str:
        """The next character; empty at the end."""
        return self.source[self.at : self.at + 1]

    def next(self, refusal: Refusal = Refusal.UNCLOSED_GROUP) -> str:
        """The next character, taken."""
        char = self.peek()
        if not char:
            raise self.refused(refusal)
        self.at += 1
        return char

    def take(self, char: str) -> bool:
        """Take a character if it is the next one."""
        if self.peek() != char:
            return False
        self.at += 1
        return True

    def until(self, closing: str, refusal: Refusal) -> str:
        """Take everything up to a closing character, and that one too."""
        end = self.source.find(closing, self.at)
        if end < 0:
            raise self.refused(refusal)
        text = self.source[self.at : end]
        self.at = end + 1
        return text

    def refused(self, refusal: Refusal) -> PatternError:
        """A refusal at this place."""
        return PatternError(refusal, min(self.at, len(self.source) - 1) + 1)

    def category(self, letter: str) -> str:
        """`\\p{Lu}` or `\\p{IsGreek}`, after the letter, in the words of the host."""
        if not self.take("{"):
            raise self.refused(Refusal.UNKNOWN_CATEGORY)
        name = self.until("}", Refusal.UNKNOWN_CATEGORY)
        if name in _CATEGORIES:
            return f"\\{letter}{{{name}}}"
        block = name.removeprefix("Is")
        text = f"\\{letter}{{Block={_BLOCKS.get(block, block)}}}"
        if block == name or not NAME.fullmatch(block.replace("-", "")) or not _is_known(text):
            raise self.refused(Refusal.UNKNOWN_CATEGORY)
        return text

    def character(self) -> str:
        """The character that an escape stands for; the place is at its backslash."""
        self.at += 1
        char = self.next(Refusal.UNKNOWN_ESCAPE)
        if char in _CONTROLS:
            return _CONTROLS[char]
        if char in _HEX_DIGITS:
            return self._unit(_HEX_DIGITS[char])
        if char == "c":
            control = self.next(Refusal.UNKNOWN_ESCAPE).upper()
            if not "@" <= control <= "_":
                raise self.refused(Refusal.UNKNOWN_ESCAPE)
            return chr(ord(control) - ord("@"))
        if char in "01234567":
            found = _OCTAL.match(self.source, self.at - 1)
            assert found
            self.at = found.end()
            return chr(int(found[0], 8) & 0xFF)
        if char.isalnum() or unicodedata.category(char) in {"Mn", "Pc"}:
            raise self.refused(Refusal.UNKNOWN_ESCAPE)
        return char

    def _unit(self, digits: int) -> str:
        """A UTF-16 unit in hexadecimal; two halves of one character become that character."""
        high = self._hexadecimal(digits)
        following = _LOW_SURROGATE.match(self.source, self.at)
        if 0xD800 <= high < 0xDC00 and following:
            self.at = following.end()
            return chr(0x10000 + ((high - 0xD800) << 10) + int(following[1], 16) - 0xDC00)
        return chr(high)

    def _hexadecimal(self, digits: int) -> int:
        text = self.source[self.at : self.at + digits]
        if len(text) < digits or not all(char in "0123456789abcdefABCDEF" for char in text):
            raise self.refused(Refusal.UNKNOWN_ESCAPE)
        self.at += digits
        return int(text, 16)


@cache
def _is_known(category: str) -> bool:
    try:
        regex.compile(category)
    except regex.error:
        return False
    return True
