"""Replace and its modes (provisioning §6.4, D-30, D-31, D-35)."""

from __future__ import annotations

from itertools import product

import pytest

from comity.sync.expressions import errors
from comity.sync.expressions.compiling import check_expression
from tests.sync.expressions.evaluating import value


@pytest.mark.parametrize(
    ("arguments", "source", "result"),
    [
        # old + value
        ('[a],"l",,,"L"', {"a": "hello"}, "heLLo"),
        ('[a],"L",,,"x"', {"a": "hello"}, "hello"),
        ('[a],"l",,,""', {"a": "hello"}, "heo"),
        ('[a],"aa",,,"a"', {"a": "aaaaa"}, "aaa"),
        ('[a],"$1",,,"${x}"', {"a": "$1"}, "${x}"),
        ('[a],[b],,,"x"', {"a": "hello"}, "hello"),
        ('[a],"l",,,[b]', {"a": "hello"}, "heo"),
        ('[a],1,,,2', {"a": 101}, "202"),
        ('[a],"l","","","L","",""', {"a": "hello"}, "heLLo"),
        # old + template
        ('[a],"<u>",,,,,"<u>@x.example/<u>"', {"a": "ann"}, "ann@x.example/ann"),
        ('[a],"<u>",,,,,"none"', {"a": "ann"}, "none"),
        ('[a],"<u>",,,,,[t]', {"a": "ann"}, ""),
        # regex + value
        ('[a],,"[0-9]+",,"#"', {"a": "a1b22"}, "a#b#"),
        ('[a],,"x*",,"-"', {"a": "abxd"}, "-a-b--d-"),
        ('[a],,"(b)(?<n>c)(d)",,"$1|$2|$3|${n}|$0|$&"', {"a": "abcde"}, "ab|d|c|c|bcd|bcde"),
        ('[a],,"(b)(?<n>c)(d)",,"${9}|$9|$$|$x|${"', {"a": "abcde"}, "a${9}|$9|$|$x|${e"),
        ('[a],,"c",,"[$`|$\'|$_|$+]"', {"a": "abcde"}, "ab[ab|de|abcde|c]de"),
        ('[a],,"(a)|(b)",,"<$1$2>"', {"a": "ab"}, "<a><b>"),
        ('[a],,"(x)?b",,"<$1>"', {"a": "abc"}, "a<>c"),
        ('[a],,"(a)",,"$12 ${1}2"', {"a": "a"}, "$12 a2"),
        ('[a],,"zzz",,"-"', {"a": "abc"}, "abc"),
        ('[a],,[p],,"-"', {"a": "abc"}, "abc"),
        ('[a],,[p],,"-"', {"a": "abc", "p": "b"}, "a-c"),
        ('[a],,"B",,"-"', {"a": "abc"}, "abc"),
        ('[a],,"(?i)B",,"-"', {"a": "abc"}, "a-c"),
        # regex + group + value
        ('[a],,"(?<n>^\\\\d*)","n","888"', {"a": "545 Tremont"}, "888 Tremont"),
        ('[a],,"(?<k>[a-z])=(?<v>[0-9]*)","v","X"', {"a": "a=1 b= c=33"}, "a=X b= c=X"),
        ('[a],,"([a-z])=([0-9])","2","X"', {"a": "a=1"}, "a=X"),
        ('[a],,"(?<g>b)?c","g","X"', {"a": "c bc"}, "c Xc"),
        ('[a],,"(?<g>b)","g","$0"', {"a": "abc"}, "a$0c"),
        # regex + group + attribute
        ('[a],,"(?<g>[0-9]+)","g",,[b]', {"a": "there", "b": "1"}, "there"),
        ('[a],,"(?<g>[0-9]+)","g",,[b]', {"a": "", "b": "x12y34"}, "12"),
        ('[a],,"(?<g>[0-9]+)","g",,[b]', {"b": "x12"}, "12"),
        ('[a],,"(?<g>[0-9]+)","g",,[b]', {"b": "none"}, None),
        ('[a],,"(?<g>[0-9]+)","g",,[b]', {}, None),
        ('[a],,"(?<g>[0-9]+)?x","g",,[b]', {"b": "x"}, None),
    ],
)  # fmt: skip
def test_replace_gives(arguments, source, result):
    """By the mode that the arguments choose; no match leaves the source unchanged."""
    assert value(f"Replace({arguments})", **source) == result


FITTING = {
    frozenset(each)
    for each in (
        ("old", "value"),
        ("old", "template"),
        ("regex", "value"),
        ("regex", "group", "value"),
        ("regex", "group", "attr"),
    )
}
NAMES = ("old", "regex", "group", "value", "attr", "template")


@pytest.mark.parametrize("present", list(product([False, True], repeat=6)))
def test_only_the_five_sets_of_arguments_fit(present):
    """All 64 sets; what fits no mode is an arity error on save."""
    given = frozenset(name for name, there in zip(NAMES, present, strict=True) if there)
    texts = {"old": '"o"', "regex": '"(?<g>x)"', "group": '"g"', "value": '"v"', "attr": "[b]", "template": '"t"'}
    expression = f"Replace([a],{','.join(texts[name] if name in given else '' for name in NAMES)})"

    if given in FITTING:
        check_expression(expression)
    else:
        with pytest.raises(errors.ArityError):
            check_expression(expression)


def test_an_empty_text_counts_only_as_the_value():
    """Elsewhere it stands for an argument that is omitted (D-30)."""
    assert value('Replace([a],".","","","","","")', a="a.b") == "ab"
    with pytest.raises(errors.NoReplaceMode):
        check_expression('Replace([a],"","","","x")')
    with pytest.raises(errors.NoReplaceMode):
        check_expression('Replace([a],"x",,,"",,"template")')


def test_a_bad_pattern_or_group_is_caught_on_save():
    """With the place of the pattern in the expression and of the fault in the pattern."""
    with pytest.raises(errors.PatternRefused) as bad:
        check_expression('Replace([a], , "a(b", , "x")')
    with pytest.raises(errors.PatternGroupMissing) as missing:
        check_expression('Replace([a], , "(?<one>b)", "two", "x")')

    assert bad.value.kind is errors.ErrorKind.REGEX and bad.value.place == (1, 16)
    assert bad.value.parameters["at"] == 2
    assert missing.value.kind is errors.ErrorKind.REGEX and missing.value.parameters["group"] == "two"


def test_a_pattern_from_an_attribute_is_looked_at_when_it_is_there():
    """It can not be known on save."""
    check_expression('Replace([a],,[p],,"x")')
    with pytest.raises(errors.PatternRefused):
        value('Replace([a],,[p],,"x")', a="abc", p="(")


@pytest.mark.parametrize("mode", ['"x"', '"g","x"', '"g",,[a]'])
def test_a_pattern_that_takes_too_long_is_a_fault_and_not_a_hang(mode):
    """A time limit for each evaluation (D-31)."""
    pattern = '"(?<g>(?:a|a)*(?:a|a)*)$"'
    source = "[a]" if not mode.endswith("[a]") else "[none]"
    middle = "," if mode == '"x"' else ""

    with pytest.raises(errors.PatternTooSlow) as caught:
        value(f"Replace({source},,{pattern},{middle}{mode})", a="a" * 60 + "b")

    assert caught.value.kind is errors.ErrorKind.TYPE


def test_a_long_value_is_no_reason_to_fail():
    """100 KB and a match for each character: much, but no pattern that runs away."""
    assert value('Replace([a],,"[A-Z]",,"x")', a="A" * 100_000) == "x" * 100_000
