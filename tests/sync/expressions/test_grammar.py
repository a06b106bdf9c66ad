"""What is an expression and what is not, and what is said of mistakes (provisioning §6.1)."""

from __future__ import annotations

from decimal import Decimal

import pytest

from comity.sync.expressions import errors
from comity.sync.expressions.compiling import check_expression, compile_for_mappings
from comity.sync.expressions.parsing import parse
from comity.sync.expressions.tree import (
    AttributeOf,
    Bareword,
    Call,
    Comparison,
    Constant,
    Omitted,
    Operator,
    Place,
    Word,
    to_text,
)
from tests.sync.expressions.evaluating import value

A = AttributeOf("a")


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("[a]", A),
        ("[ a ]", A),
        ("[extension_0a1b_costCenter]", AttributeOf("extension_0a1b_costCenter")),
        ('"x"', Constant("x")),
        ('""', Constant("")),
        ("7", Constant(7)),
        ("-7", Constant(-7)),
        ("42568.75", Constant(Decimal("42568.75"))),
        ("&HF7", Constant(247)),
        ("&Hf7", Constant(247)),
        ("True", Word(Bareword.TRUE)),
        ("Now()", Call("Now")),
        ("Now(\n)", Call("Now")),
        ("F([a])", Call("F", (A,))),
        ("F ( [a] , 1 )", Call("F", (A, Constant(1)))),
        ("F([a],)", Call("F", (A,))),
        ("F([a], , ,)", Call("F", (A,))),
        ("F(,)", Call("F")),
        ("F(, [a])", Call("F", (Omitted(), A))),
        ('F([a], "", [a])', Call("F", (A, Constant(""), A))),
        ("F([a]=1)", Call("F", (Comparison(A, Operator.EQUAL, Constant(1)),))),
        ("F([a]<>1, 2>=3)", Call("F", (
            Comparison(A, Operator.NOT_EQUAL, Constant(1)),
            Comparison(Constant(2), Operator.GREATER_OR_EQUAL, Constant(3)),
        ))),
        ("F(vbTextCompare)", Call("F", (Word(Bareword.TEXT_COMPARE),))),
    ],
)  # fmt: skip
def test_the_grammar_reads(text, tree):
    """Every production; blanks and line breaks between tokens are free."""
    assert parse(text) == tree
    assert parse(to_text(tree)) == tree


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        (r'"a\\b"', r"a\b"),
        (r'"a\"b"', 'a"b'),
        (r'"\+x"', r"\+x"),
        (r'"\n"', r"\n"),
        (r'"\\\""', '\\"'),
        (r'"\\\\+"', r"\\+"),
        ('"two\nlines"', "two\nlines"),
        ('"\u0000\ud800😀"', "\u0000\ud800😀"),
    ],
)
def test_escapes_are_backslash_and_quote_and_no_others(text, meant):
    """Any other backslash stays, because a documented expression relies on it (D-20)."""
    assert parse(text) == Constant(meant)


@pytest.mark.parametrize(
    "text",
    [
        "", "   ", "(", ")", "F(", "F)", "F([a]", "F([a]))", "F [a]", "[a] [b]", '"a" "b"', "[a]=[b]", "F([a]=)",
        "F(=1)",
        "F(1=2=3)", "F(([a]))", "[]", "[ ]", "[a", "a]", "1.", ".5", "--1", "1.2.3", "&H", "&HG", "&h1", "F(1 2)",
        "12ab",
        "F;", "F('a')", "[a]+[b]", "F(a.b)", "$x", "[a[b]]", "F(“a”)",
    ],
)  # fmt: skip
def test_what_is_no_expression_is_a_parse_error(text):
    """All of them carry a line and a column."""
    with pytest.raises(errors.ParseError) as caught:
        parse(text)

    assert caught.value.kind is errors.ErrorKind.PARSE
    assert caught.value.place >= Place(1, 1)


@pytest.mark.parametrize(
    ("text", "error", "place", "facts"),
    [
        ('Append([a],\n  "x"', errors.NotClosed, (2, 6), {}),
        ('Append([a],\n  "x)', errors.TextNotClosed, (2, 3), {}),
        ("Append([a, 1)", errors.AttributeNotClosed, (1, 8), {}),
        ("Append('a', 1)", errors.SingleQuotes, (1, 8), {"found": "'"}),
        ('IIF([a]="1" AND [b]="2","y","n")', errors.NoLogicalOperators, (1, 13), {"found": "AND"}),
        ('IIF(NOT [a],"y","n")', errors.NoLogicalOperators, (1, 5), {"found": "NOT"}),
        ('Append(userPrincipalName, "x")', errors.BareAttribute, (1, 8), {"suggestion": "[userPrincipalName]"}),
        ("IIF([a]=true,1,2)", errors.MisspelledWord, (1, 9), {"suggestion": "True"}),
        ("IIF(1=2,1,ignoreAttributeflow)", errors.MisspelledWord, (1, 11), {"suggestion": "IgnoreAttributeFlow"}),
        ('Append("a" "b")', errors.ParseError, (1, 12), {"found": '"b"', "expected": ") , = <> > >= < <="}),
        ("tolower([a])", errors.MisspelledFunction, (1, 1), {"suggestion": "ToLower"}),
        ('Append("a",\n Replce("b"))', errors.MisspelledFunction, (2, 2), {"suggestion": "Replace"}),
        ("switch([a],,1,2)", errors.MisspelledFunction, (1, 1), {"suggestion": "Switch"}),
        ("AltSecidFromNetid([a])", errors.MisspelledFunction, (1, 1), {"suggestion": "AltSecIdFromNetId"}),
        ("Frobnicate([a])", errors.UnknownFunction, (1, 1), {"function": "Frobnicate"}),
        ("BitAnd(1,\n2,3)", errors.ArityError, (1, 1), {"given": 3, "takes": "2"}),
        ('Append(,"x")', errors.ArgumentMissing, (1, 1), {"position": 1}),
        ('Switch([a],"d","k",)', errors.PairsNeeded, (1, 1), {"given": 3}),
        ('Append("a", ToLower(SelectUniqueValue("a","b")))', errors.MisplacedFunction, (1, 21), {}),
        ('Replace([a], , "([a-z", , "", , )', errors.PatternRefused, (1, 16), {"reason": "unclosed character class"}),
        ("1" * 41, errors.NumberTooLong, (1, 1), {"limit": 40}),
    ],
)
def test_a_mistake_is_shown_where_it_is_and_what_was_meant(text, error, place, facts):
    """Line and column count from 1; a wrong case or a near miss gets a suggestion (D-19)."""
    with pytest.raises(error) as caught:
        check_expression(text)

    assert type(caught.value) is error
    assert caught.value.place == place
    assert facts.items() <= dict(caught.value.parameters).items()


def test_attributes_are_compared_with_those_the_source_has():
    """Names are case-sensitive; where the source's attributes are known, a near miss is named when it is saved."""
    known = {"displayName", "department"}

    check_expression("[displayName]", attributes=known)
    with pytest.raises(errors.MisspelledAttribute) as near:
        check_expression("ToLower([displayname])", attributes=known)
    with pytest.raises(errors.UnknownAttribute) as far:
        check_expression("[x]", attributes=known)

    assert near.value.parameters["suggestion"] == "displayName"
    assert near.value.place == (1, 9)
    assert type(far.value) is errors.UnknownAttribute


def test_an_expression_has_at_most_ten_thousand_characters():
    """The limit itself is fine."""
    longest = '"' + "x" * 9_998 + '"'

    assert value(longest) == "x" * 9_998
    with pytest.raises(errors.ExpressionTooLong):
        parse(longest + " ")


@pytest.mark.parametrize(
    ("shape", "innermost", "result"),
    [
        ("Not({})", "x", True),
        ('Append({},"x")', "", "x" * 249),
        ("Mid({},1,9)", "2020", "2020"),
        ('Join("",[a],"x",{})', "2", "2x" * 249 + "2"),
        ("Coalesce([b],{})", "2020", "2020"),
        ('Switch({},"d","k","v")', "k", "d"),
        ('Switch([a],{},"k","v")', "x", "x"),
        ('Switch([a],"d",{},"v")', "x", "d"),
        ('Replace({},"x",,,"y")', "x", "y"),
        ('Replace("",,"(?<g>x)","g",,{})', "axb", "x"),
        ('FormatDateTime({},"yyyy","yyyy")', "2020", "2020"),
        ('IIF({},"True","False")', "False", "False"),
        ("InStr({},[a],1)", "2020", 0),
    ],
)
def test_functions_may_be_nested_deep(shape, innermost, result):
    """Far from Python's own limit; beyond ours it is an error and no traceback."""
    deepest = "[a]"
    for _ in range(249):
        deepest = shape.replace("{}", deepest)

    assert value(deepest, a=innermost) == result
    assert to_text(parse(to_text(parse(deepest)))) == to_text(parse(deepest))
    with pytest.raises(errors.NestedTooDeep):
        parse(shape.replace("{}", deepest))


def test_nesting_beyond_all_measure_is_an_error():
    """As deep as ten thousand characters can go."""
    with pytest.raises(errors.NestedTooDeep):
        parse("Not(" * 1999 + "[a]" + ")" * 1999)


@pytest.mark.parametrize("chain", ['IIF([a]="{n}","{n}",{rest})', 'IIF([a]<>"{n}",{rest},"{n}")'])
def test_a_chain_of_conditions_is_as_long_as_an_expression_may_be(chain):
    """AND and OR are written as IIF in a branch of IIF: that is a list of questions, not depth."""
    expression = '"none"'
    for n in range(400, 0, -1):
        expression = chain.replace("{n}", str(n)).replace("{rest}", expression)

    assert value(expression, a="1") == "1"
    assert value(expression, a="400") == "400"
    assert value(expression, a="401") == "none"
    assert len(to_text(parse(expression))) > 9_000


def test_every_branch_is_checked_when_it_is_saved():
    """Parse, unknown function and arity errors do not wait for a person who takes the branch."""
    with pytest.raises(errors.ArityError):
        check_expression('IIF([a]="x", Append("y"), "z")')
    with pytest.raises(errors.UnknownFunction):
        check_expression('Switch([a], , "x", Nonsense([b]))')


def test_a_compiled_expression_says_what_it_reads():
    """The engine wakes for the attributes it reads, hides what is redacted, and refuses what asks the target (D-28)."""
    plain = compile_for_mappings('Join(" ", [givenName], Redact([surname]))')
    unique = compile_for_mappings("SelectUniqueValue([a], [b])")

    assert plain.attributes == {"givenName", "surname"}
    assert plain.is_redacted and plain.is_steady and not plain.selects_unique_value
    assert unique.selects_unique_value and not unique.is_redacted and not unique.is_steady
    assert not compile_for_mappings('DateDiff("d", Now(), CDate([a]))').is_steady
