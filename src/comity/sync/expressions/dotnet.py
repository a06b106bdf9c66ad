"""From the regular expressions of .NET to those of our engine, construct by construct.

The pattern is read twice: once to count its groups, because .NET numbers those with a name after those without, and
once to write it anew. Options such as `(?i)` are resolved while reading, so only case-insensitivity reaches the host.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import regex

from comity.sync.expressions.dotnet_reader import NAME, PatternError, Reader, Refusal

GROUPS_DEEP_MAX: Final = 50
SIZE_MAX: Final = 20_000
"""In written-out repeats: the host unrolls them when it compiles, and this keeps a pattern at a few megabytes."""


def translate(source: str) -> tuple[str, dict[str, str]]:
    """The host's pattern, and which group of it each name and number of .NET means.

    Raises:
        PatternError: .NET would refuse it as well, or the host has nothing like it.
    """
    counting = _Translation(source, None)
    counting.whole()
    groups = counting.groups()
    return _Translation(source, groups).whole(), groups


class _Piece(NamedTuple):
    """A part of the host's pattern, and how large it is when all repeats are written out."""

    text: str
    size: int = 1


class _Repeat(NamedTuple):
    text: str
    least: int
    most: int | None


_WORD: Final = r"\p{L}\p{Mn}\p{Nd}\p{Pc}"
_BOUNDED: Final = _WORD + "\\u200c\\u200d"
_SPACE: Final = r"\f\n\r\t\x0b\x85\p{Z}"
_SETS: Final = {
    "d": r"\p{Nd}", "D": r"\P{Nd}", "w": f"[{_WORD}]", "W": f"[^{_WORD}]", "s": f"[{_SPACE}]", "S": f"[^{_SPACE}]",
}  # fmt: skip
_IN_CLASS: Final = {"d": r"\p{Nd}", "D": r"\P{Nd}", "w": _WORD, "s": _SPACE}
"""Sets that can stand in a class as they are; the other two are joined by alternation."""
_BORDER: Final = f"(?:(?<=[{_BOUNDED}])(?![{_BOUNDED}])|(?<![{_BOUNDED}])(?=[{_BOUNDED}]))"
_ANCHORS: Final = {
    "A": r"\A", "Z": r"(?=\n?\Z)", "z": r"\Z", "G": r"\G", "b": _BORDER, "B": f"(?!{_BORDER})",
}  # fmt: skip
_OPTIONS: Final = frozenset("imnsx")
_PLAIN_GROUPS: Final = {":": "(?:", "=": "(?=", "!": "(?!", ">": "(?>"}
_SPECIAL: Final = frozenset("\\.^$*+?{}[]()|#&~- \t\n\r\f\v")
_SPECIAL_IN_CLASS: Final = frozenset("\\]^-[&~|#")


class _Translation(Reader):
    """One reading of a pattern; `known` are its groups, or None while they are being counted."""

    def __init__(self, source: str, known: dict[str, str] | None) -> None:
        super().__init__(source)
        self._known = known
        self._depth = 0
        self._options: frozenset[str] = frozenset()
        self._unnamed = 0
        self._numbers: set[int] = set()
        self._names: list[str] = []

    def whole(self) -> str:
        """Translate everything."""
        text, _ = self._alternation()
        if self.at < len(self.source):
            raise self.refused(Refusal.UNOPENED_GROUP)
        return text

    def groups(self) -> dict[str, str]:
        """The host's name for each group of .NET, by number and by name."""
        taken = self._numbers | set(range(1, self._unnamed + 1))
        found = {str(number): f"d{number}" for number in sorted(taken)}
        number = self._unnamed
        for at, name in enumerate(self._names):
            number += 1
            while number in taken:
                number += 1
            found[name] = found[str(number)] = f"n{at}"
        return found

    # --- structure ---

    def _alternation(self) -> _Piece:
        branches = [self._branch()]
        while self.take("|"):
            branches.append(self._branch())
        return _Piece("|".join(each.text for each in branches), self._sized(sum(each.size for each in branches) + 1))

    def _branch(self) -> _Piece:
        texts: list[str] = []
        size = 0
        while True:
            self._skip_blanks()
            if self.peek() in {"", "|", ")"}:
                return _Piece("".join(texts), size)
            piece = self._atom()
            if piece is not None:
                piece = self._repeated(piece)
                texts.append(piece.text)
                size = self._sized(size + piece.size)

    def _atom(self) -> _Piece | None:
        """The next thing that could be repeated; None for options, which are nothing themselves."""
        char = self.peek()
        match char:
            case "(":
                return self._group()
            case "[":
                return _Piece(self._cased(self._class()))
            case "\\":
                return _Piece(self._escape())
            case ".":
                text = "(?s:.)" if "s" in self._options else "."
            case "^" | "$":
                text = f"(?m:{char})" if "m" in self._options else char
            case "*" | "+" | "?":
                raise self.refused(Refusal.NOTHING_TO_REPEAT)
            case "{" if self._repeat() is not None:
                raise self.refused(Refusal.NOTHING_TO_REPEAT)
            case _:
                text = self._literal(char)
        self.at += 1
        return _Piece(text)

    def _repeated(self, piece: _Piece) -> _Piece:
        self._skip_blanks()
        start = self.at
        repeat = self._repeat()
        if repeat is None:
            return piece
        if repeat.most is not None and repeat.most < repeat.least:
            raise PatternError(Refusal.REVERSED_REPEAT, start + 1)
        self.at = start + len(repeat.text)
        lazy = "?" if self.take("?") else ""
        self._skip_blanks()
        if self._repeat() is not None:
            raise self.refused(Refusal.NESTED_REPEAT)
        copies = repeat.least + (repeat.most is None or repeat.most > repeat.least)
        unit = piece.text if len(piece.text) == 1 else f"(?:{piece.text})"
        return _Piece(unit + repeat.text + lazy, self._sized(piece.size * max(copies, 1)))

    def _repeat(self) -> _Repeat | None:
        """The quantifier that stands here; a brace that is none stands for itself, in .NET as well."""
        char = self.peek()
        if char and char in "*+?":
            return _Repeat(char, 1 if char == "+" else 0, 1 if char == "?" else None)
        found = _BRACES.match(self.source, self.at)
        if not found:
            return None
        least, most = found["least"], found["most"]
        if max(len(least), len(most or "")) > len(str(SIZE_MAX)):
            raise self.refused(Refusal.TOO_LARGE)
        upper = int(least) if found["comma"] is None else int(most) if most else None
        return _Repeat(found[0], int(least), upper)

    def _group(self) -> _Piece | None:
        start = self.at
        opening = self._opening()
        if opening is None:
            return None
        if self._depth == GROUPS_DEEP_MAX:
            raise PatternError(Refusal.TOO_DEEP, start + 1)
        before, text = opening
        self._depth += 1
        inner = self._alternation()
        self._depth -= 1
        if not self.take(")"):
            raise PatternError(Refusal.UNCLOSED_GROUP, start + 1)
        self._options = before
        return _Piece(f"{text}{inner.text})", inner.size + 1)

    def _opening(self) -> tuple[frozenset[str], str] | None:
        """The options to restore after the group, and its opening; None for options that hold from here on."""
        before = self._options
        self.at += 1
        if not self.take("?"):
            return before, "(?:" if "n" in before else self._numbered()
        kind = self.peek()
        self.at += 1
        if kind in _PLAIN_GROUPS:
            return before, _PLAIN_GROUPS[kind]
        if kind == "<" and self.peek() in {"=", "!"}:
            return before, f"(?<{self.next()}"
        if kind in {"<", "'"}:
            return before, self._named(">" if kind == "<" else "'")
        if kind == "(":
            return before, self._condition()
        self.at -= 1
        changed = self._changed_options()
        if self.take(")"):
            self._options = changed
            return None
        if not self.take(":"):
            raise self.refused(Refusal.UNKNOWN_GROUPING)
        self._options = changed
        return before, "(?:"

    def _numbered(self) -> str:
        self._unnamed += 1
        return f"(?P<d{self._unnamed}>"

    def _named(self, closing: str) -> str:
        name = self.until(closing, Refusal.UNKNOWN_GROUPING)
        if "-" in name:
            raise self.refused(Refusal.NOT_CONVERTIBLE)
        if name.isdecimal() and name.isascii() and len(name) <= len(str(SIZE_MAX)) and int(name):
            self._numbers.add(int(name))
            return f"(?P<d{int(name)}>"
        if not NAME.fullmatch(name):
            raise self.refused(Refusal.UNKNOWN_GROUPING)
        if name not in self._names:
            self._names.append(name)
        return f"(?P<n{self._names.index(name)}>"

    def _condition(self) -> str:
        """`(?(name)yes|no)`; a condition that is a pattern has no counterpart that is sure to mean the same."""
        name = self.until(")", Refusal.UNKNOWN_GROUPING)
        if self._known is not None and name not in self._known:
            raise self.refused(Refusal.NOT_CONVERTIBLE)
        return f"(?({self._known[name] if self._known else '0'})"

    def _changed_options(self) -> frozenset[str]:
        options, adding = self._options, True
        while (char := self.peek()) and (char in _OPTIONS or char == "-"):
            if char == "-":
                adding = False
            else:
                options = options | {char} if adding else options - {char}
            self.at += 1
        return options

    # --- escapes ---

    def _escape(self) -> str:
        start = self.at
        self.at += 1
        char = self.next(Refusal.UNKNOWN_ESCAPE)
        if char in _ANCHORS:
            return _ANCHORS[char]
        if char in _SETS:
            return _SETS[char]
        if char in "pP":
            return self.category(char)
        if char == "k":
            closing = {"<": ">", "'": "'"}.get(self.next(Refusal.UNKNOWN_ESCAPE))
            if closing is None:
                raise self.refused(Refusal.UNKNOWN_ESCAPE)
            return self._reference(self.until(closing, Refusal.UNKNOWN_REFERENCE))
        if char in "123456789":
            return self._numeric(start)
        self.at = start
        return self._literal(self.character())

    def _numeric(self, start: int) -> str:
        """`\\1` is a reference; `\\12` is one if there are so many groups, else a character in octal."""
        found = _DIGITS.match(self.source, start + 1)
        assert found
        digits = found[0]
        if len(digits) == 1 or self._known is None or digits in self._known:
            self.at = found.end()
            return self._reference(digits)
        self.at = start
        return self._literal(self.character())

    def _reference(self, name: str) -> str:
        if self._known is None:
            return "(?:)"
        if name not in self._known:
            raise self.refused(Refusal.UNKNOWN_REFERENCE)
        return self._cased(f"(?P={self._known[name]})")

    # --- character classes ---

    def _class(self) -> str:
        start = self.at
        self.at += 1
        negated = self.take("^")
        members: list[str] = []
        joined: list[str] = []
        without = ""
        first = True
        while first or self.peek() != "]":
            if not self.peek():
                raise PatternError(Refusal.UNCLOSED_CLASS, start + 1)
            if not first and self.source.startswith("-[", self.at):
                self.at += 1
                without = self._nested_class(start)
                break
            self._member(members, joined)
            first = False
        if not self.take("]"):
            raise PatternError(Refusal.UNCLOSED_CLASS, start + 1)
        text = _union(members, joined, negated=negated)
        return f"(?:(?!{without}){text})" if without else text

    def _nested_class(self, start: int) -> str:
        if self._depth == GROUPS_DEEP_MAX:
            raise PatternError(Refusal.TOO_DEEP, start + 1)
        self._depth += 1
        text = self._class()
        self._depth -= 1
        return text

    def _member(self, members: list[str], joined: list[str]) -> None:
        """Read a character, a range or a set."""
        if self._is_set():
            letter = self.source[self.at + 1]
            self.at += 2
            if letter in "pP":
                members.append(self.category(letter))
            elif letter in _IN_CLASS:
                members.append(_IN_CLASS[letter])
            else:
                joined.append(_SETS[letter])
            return
        low = self._class_character()
        if self.peek() != "-" or self.source[self.at + 1 : self.at + 2] in {"]", "[", ""}:
            members.append(_escaped(low, _SPECIAL_IN_CLASS))
            return
        self.at += 1
        if self._is_set():
            raise self.refused(Refusal.CLASS_IN_RANGE)
        high = self._class_character()
        if high < low:
            raise self.refused(Refusal.REVERSED_RANGE)
        members.append(f"{_escaped(low, _SPECIAL_IN_CLASS)}-{_escaped(high, _SPECIAL_IN_CLASS)}")

    def _is_set(self) -> bool:
        return self.peek() == "\\" and self.source[self.at + 1 : self.at + 2] in {*_SETS, "p", "P"}

    def _class_character(self) -> str:
        if self.peek() != "\\":
            return self.next(Refusal.UNCLOSED_CLASS)
        if self.source.startswith("\\b", self.at):
            self.at += 2
            return "\b"
        return self.character()

    # --- small parts ---

    def _literal(self, char: str) -> str:
        text = _escaped(char, _SPECIAL)
        return self._cased(text) if char.upper() != char.lower() else text

    def _cased(self, text: str) -> str:
        return f"(?i:{text})" if "i" in self._options else text

    def _skip_blanks(self) -> None:
        """Comments, and with option x blanks and comments to the end of the line."""
        while True:
            char = self.peek()
            if self.source.startswith("(?#", self.at):
                self.until(")", Refusal.UNCLOSED_GROUP)
            elif "x" in self._options and char and char in " \t\n\r\f\v":
                self.at += 1
            elif "x" in self._options and char == "#":
                end = self.source.find("\n", self.at)
                self.at = len(self.source) if end < 0 else end
            else:
                return

    def _sized(self, size: int) -> int:
        if size > SIZE_MAX:
            raise self.refused(Refusal.TOO_LARGE)
        return size


_BRACES: Final = regex.compile(r"\{(?P<least>[0-9]+)(?P<comma>,(?P<most>[0-9]*))?\}")
_DIGITS: Final = regex.compile(r"[0-9]+")


def _escaped(char: str, special: frozenset[str]) -> str:
    return f"\\{char}" if char in special else char


def _union(members: list[str], joined: list[str], *, negated: bool) -> str:
    """One character out of all members; sets that are complements are joined by alternation."""
    if not joined:
        return f"[{'^' if negated else ''}{''.join(members)}]"
    either = "|".join([f"[{''.join(members)}]", *joined] if members else joined)
    return f"(?:(?!{either})(?s:.))" if negated else f"(?:{either})"
