"""Regular expressions of .NET, converted (provisioning D-31)."""

from __future__ import annotations

import pytest

from comity.sync.expressions.dotnet_reader import PatternError, Refusal
from comity.sync.expressions.patterns import compile_pattern


@pytest.mark.parametrize(
    ("pattern", "found_in", "not_in"),
    [
        ("abc", ["xabcx"], ["ABC", "ab c"]),
        ("", ["", "x"], []),
        ("a|b|", ["", "a"], []),
        # anchors
        ("^a$", ["a", "a\n"], ["a\n\n", "ba", "\na"]),
        (r"\Aa\Z", ["a", "a\n"], ["a\n\n"]),
        (r"\Aa\z", ["a"], ["a\n"]),
        (r"(?m)^a$", ["x\na\ny", "a"], ["xa"]),
        (r"(?m)^a\z", ["x\na"], ["a\nx"]),
        (r"\Ga", ["ab"], ["ba"]),
        (r"\bcat\b", ["a cat.", "cat"], ["cats", "concat", "cat_", "cate\u0301"]),
        (r"\Bcat", ["concat"], ["cat", "a cat"]),
        ("^*a", ["a", "ba"], []),
        # sets
        (r"^\d+$", ["42", "٤٢"], ["4²", "x"]),
        (r"^\D$", ["x", "²"], ["4"]),
        (r"^\w+$", ["aÄ_9‿", "e\u0301"], ["a-b", "²", "a b"]),
        (r"^\W$", ["-", "²"], ["a", "_"]),
        (r"^\s$", [" ", "\t", "\u00a0", "\u2028", "\x85"], ["x", "\x1c", "\u200b"]),
        (r"^\S$", ["x", "\x1c"], [" ", "\u3000"]),
        (r"^\p{Lu}\P{Lu}$", ["Ab"], ["ab", "AB"]),
        (r"^\p{L}+$", ["abcÄ"], ["1"]),
        (r"^\p{IsGreek}+$", ["αβ"], ["ab"]),
        (r"^\p{IsBasicLatin}+$", ["ab"], ["ä"]),
        (r"^\P{IsBasicLatin}+$", ["ä"], ["a"]),
        (".", ["x", "\r"], ["\n", ""]),
        ("(?s).", ["\n"], [""]),
        ("(?s:.)x(?-s:.)", ["\nxy"], ["\nx\n"]),
        # classes
        ("^[a-c]$", ["b"], ["d", "-"]),
        ("^[^a-c]$", ["d", "\n"], ["a"]),
        ("^[]a]$", ["]", "a"], ["b"]),
        ("^[^]a]$", ["b"], ["]", "a"]),
        ("^[a-]$", ["a", "-"], ["b"]),
        ("^[-a]$", ["a", "-"], ["b"]),
        (r"^[\w-]$", ["a", "-"], ["."]),
        (r"^[\s-x]$", [" ", "-", "x"], ["a"]),
        ("^[[a]$", ["[", "a"], ["b"]),
        ("^[[:alpha:]]$", ["a]", ":]"], ["b", "b]"]),
        ("^[a&&b~~c||d]$", ["&", "~", "|"], ["-"]),
        (r"^[\]\\^]$", ["]", "\\", "^"], ["a"]),
        (r"^[\d\p{Lu}]$", ["5", "A"], ["a"]),
        (r"^[\D]$", ["a"], ["5"]),
        (r"^[\Wx]$", ["-", "x"], ["a"]),
        (r"^[^\Wx]$", ["a"], ["-", "x"]),
        (r"^[\S\n]$", ["a", "\n"], [" "]),
        (r"^[^\S\n]$", [" "], ["a", "\n"]),
        (r"^[\x41-\u0043\t\b]$", ["A", "C", "\t", "\b"], ["D", "b"]),
        (r"^[a-z-[aeiou]]$", ["b"], ["a", "-", "["]),
        (r"^[^a-z-[0-9]]$", ["!"], ["b", "5"]),
        (r"^[\w-[a-z-[m]]]$", ["m", "A"], ["a", "-"]),
        (r"^[\W-[ ]]$", ["-"], [" ", "a"]),
        # escapes
        (r"^\.\*\@\#\-\/$", [".*@#-/"], ["x"]),
        (r"^\t\n\r\f\v\a\e$", ["\t\n\r\f\v\a\x1b"], []),
        (r"^\x41\u0042\103\cA$", ["ABC\x01"], []),
        (r"^\0$", ["\0"], ["0"]),
        (r"^\ud83d\ude00$", ["😀"], []),
        (r"^ # $", [" # "], []),
        ("^{}{a}{,3}}]$", ["{}{a}{,3}}]"], []),
        ("~&", ["~&"], []),
        # repeats
        ("^a{2}$", ["aa"], ["a", "aaa"]),
        ("^a{2,}$", ["aaa"], ["a"]),
        ("^a{1,2}$", ["a", "aa"], ["aaa"]),
        ("^(ab)+$", ["abab"], ["aba"]),
        (r"^\x41+$", ["AAA"], []),
        ("^a+?b??$", ["aab"], []),
        ("^a{0}$", [""], ["a"]),
        # groups
        ("^(?:ab)+$", ["abab"], []),
        ("^(a)(b)\\2\\1$", ["abba"], ["abab"]),
        ("^(?<q>['\"]).*\\k<q>$", ["'x'"], ["'x\""]),
        ("^(?'q'x)\\k'q'$", ["xx"], []),
        ("^(?<n>a)(b)\\1$", ["abb"], ["aba"]),  # unnamed groups are numbered first
        ("^(?<n>a)(b)\\2$", ["aba"], ["abb"]),
        ("^(?<2>a)(b)\\2\\1$", ["abab"], []),
        ("^(a)\\12$", ["a\n"], ["a2"]),  # no group 12: octal
        ("^(?<x>a)|(?<x>b)$", ["b"], ["c"]),
        ("^(?i:a)b$", ["Ab"], ["AB"]),
        ("^a(?i)b|c$", ["aB", "C"], ["AB"]),
        ("^(a(?i)b)c$", ["aBc"], ["aBC"]),
        ("^(?i)[a-c](?-i)d$", ["Bd"], ["BD"]),
        ("^(?i)(x)\\1$", ["xX"], []),
        (r"^(?i)\p{Lu}$", ["A"], ["a"]),
        ("^(?n)(a)(?<b>b)\\1$", ["abb"], ["aba"]),
        ("^(?x) a b # comment )\n c [ ]$", ["abc "], ["a b c "]),
        ("^(?x: a b ) c$", ["ab c"], ["abc"]),
        ("^(?x)a +$", ["aaa"], ["a "]),
        ("^a(?#comment)+b$", ["aab"], []),
        ("^(?=a)\\w(?!b)", ["ac"], ["ab", "b"]),
        ("(?<=a+)b", ["aab"], ["b"]),
        ("(?<!a)b", ["cb"], ["ab"]),
        ("^(?>a+)a$", [], ["aaa"]),
        ("^(a)?(?(1)b|c)$", ["ab", "c"], ["ac", "b"]),
        ("^(?<x>a)?(?(x)b|c)$", ["ab", "c"], ["b"]),
        ("()", [""], []),
        ("^\ud800$", ["\ud800"], ["x"]),
        ("^😀.$", ["😀😀"], []),
    ],
)
def test_a_pattern_means_what_it_means_to_dotnet(pattern, found_in, not_in):
    """Escapes, sets, anchors, groups and their numbers, options, lookaround, subtraction."""
    compiled = compile_pattern(pattern)

    assert [text for text in found_in if not compiled.found_in(text)] == []
    assert [text for text in not_in if compiled.found_in(text)] == []


def test_groups_are_numbered_as_dotnet_does():
    """Those without a name first, then those with one; a number may be given."""
    assert set(compile_pattern("(?<n>a)(b)(?<m>c)(?<n>d)").groups) == {"1", "2", "3", "n", "m"}
    groups = compile_pattern("(?<n>a)(b)(?<3>c)(?<m>d)").groups
    assert groups["n"] == groups["2"] and groups["m"] == groups["4"] and "3" in groups


@pytest.mark.parametrize(
    ("pattern", "refusal", "at"),
    [
        ("(a", Refusal.UNCLOSED_GROUP, 1),
        ("a(b", Refusal.UNCLOSED_GROUP, 2),
        ("(?#x", Refusal.UNCLOSED_GROUP, None),
        ("a)", Refusal.UNOPENED_GROUP, 2),
        ("[a", Refusal.UNCLOSED_CLASS, 1),
        ("[]", Refusal.UNCLOSED_CLASS, 1),
        ("[a-z-[b]c]", Refusal.UNCLOSED_CLASS, 1),
        ("[b-a]", Refusal.REVERSED_RANGE, None),
        (r"[a-\d]", Refusal.CLASS_IN_RANGE, None),
        ("*a", Refusal.NOTHING_TO_REPEAT, 1),
        ("a|+", Refusal.NOTHING_TO_REPEAT, 3),
        ("(?i)*", Refusal.NOTHING_TO_REPEAT, None),
        ("{2}", Refusal.NOTHING_TO_REPEAT, 1),
        ("a**", Refusal.NESTED_REPEAT, 3),
        ("a++", Refusal.NESTED_REPEAT, 3),
        ("a{2}{3}", Refusal.NESTED_REPEAT, None),
        ("a{3,2}", Refusal.REVERSED_REPEAT, 2),
        ("a\\", Refusal.UNKNOWN_ESCAPE, None),
        (r"\y", Refusal.UNKNOWN_ESCAPE, None),
        (r"\_", Refusal.UNKNOWN_ESCAPE, None),
        (r"\xZ1", Refusal.UNKNOWN_ESCAPE, None),
        (r"\u12", Refusal.UNKNOWN_ESCAPE, None),
        (r"\c1", Refusal.UNKNOWN_ESCAPE, None),
        (r"\8", Refusal.UNKNOWN_REFERENCE, None),
        (r"[\8]", Refusal.UNKNOWN_ESCAPE, None),
        (r"\1", Refusal.UNKNOWN_REFERENCE, None),
        (r"\k<x>", Refusal.UNKNOWN_REFERENCE, None),
        (r"\kx", Refusal.UNKNOWN_ESCAPE, None),
        (r"\p", Refusal.UNKNOWN_CATEGORY, None),
        (r"\p{Nonsense}", Refusal.UNKNOWN_CATEGORY, None),
        (r"\p{IsNonsense}", Refusal.UNKNOWN_CATEGORY, None),
        ("(?P<n>a)", Refusal.UNKNOWN_GROUPING, None),
        ("(?|a)", Refusal.UNKNOWN_GROUPING, None),
        ("(?<1a>b)", Refusal.UNKNOWN_GROUPING, None),
        ("(?<0>b)", Refusal.UNKNOWN_GROUPING, None),
        ("(?<>b)", Refusal.UNKNOWN_GROUPING, None),
        ("(?<a", Refusal.UNKNOWN_GROUPING, None),
        ("(?", Refusal.UNKNOWN_GROUPING, None),
        ("(?i", Refusal.UNKNOWN_GROUPING, None),
        ("(?<a>x)(?<b-a>y)", Refusal.NOT_CONVERTIBLE, None),
        ("(?(?=a)b|c)", Refusal.NOT_CONVERTIBLE, None),
        ("(a)(?(1)b|c|d)", Refusal.NOT_CONVERTIBLE, None),
        ("(" * 51 + ")" * 51, Refusal.TOO_DEEP, 51),
        ("[a-[" * 51 + "]" * 102, Refusal.TOO_DEEP, None),
        ("a{100000}", Refusal.TOO_LARGE, None),
        ("a{99999999999999999999}", Refusal.TOO_LARGE, None),
        ("(?:a{200}){200}", Refusal.TOO_LARGE, None),
        ("((((((((((((((((a+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+", Refusal.TOO_LARGE, None),
        ("a" * 10_001, Refusal.TOO_LARGE, None),
    ],
)
def test_a_pattern_that_can_not_be_used_is_refused(pattern, refusal, at):
    """Because .NET refuses it, because nothing here means the same, or because it would take all memory."""
    with pytest.raises(PatternError) as caught:
        compile_pattern(pattern)

    assert caught.value.refusal is refusal
    assert caught.value.at == at if at else caught.value.at >= 1
