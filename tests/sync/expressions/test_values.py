"""Values, their text forms and how they compare (provisioning §6.2, D-21, D-22)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from comity.sync.expressions import errors
from comity.sync.expressions.values import Ignore, as_value
from tests.sync.expressions.evaluating import value

EMPTY = [None, "", ()]


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (True, "True"),
        (False, "False"),
        (7, "7"),
        (-7, "-7"),
        (2**63, "9223372036854775808"),
        (Decimal("42568.75"), "42568.75"),
        (Decimal("0.0000001"), "0.0000001"),
        (Decimal("1.50"), "1.50"),
        (datetime(2009, 6, 15, 20, 45, 30, tzinfo=UTC), "6/15/2009 8:45:30 PM"),
        (datetime(2009, 6, 15, 0, 5, 9, tzinfo=UTC), "6/15/2009 12:05:09 AM"),
        (datetime(2009, 12, 1, 12, 0, 0, tzinfo=UTC), "12/1/2009 12:00:00 PM"),
    ],
)
def test_every_value_has_one_text_form(given, text):
    """Invariant: no culture, no rounding, no exponent."""
    assert value("CStr([a])", a=given) == text
    assert value('Append([a], "!")', a=given) == text + "!"


@pytest.mark.parametrize(
    "expression", ['Append([a], "x")', "CStr([a])", 'IIF([a]="x",1,2)', "Len([a])", "ToLower([a])"]
)
@pytest.mark.parametrize("given", [("x", "y"), Ignore.ATTRIBUTE])
def test_lists_and_the_ignore_marker_have_no_text_form(expression, given):
    """Silently joining a list would flow something nobody wrote."""
    with pytest.raises(errors.TextNeeded):
        value(expression, a=given)


@pytest.mark.parametrize("operator", ["=", "<>", ">", ">=", "<", "<="])
@pytest.mark.parametrize("empty", EMPTY)
def test_a_comparison_with_nothing_is_false(operator, empty):
    """Whatever the operator, on either side, also nothing with nothing (D-21)."""
    assert value(f'IIF([a]{operator}"x","yes","no")', a=empty) == "no"
    assert value(f'IIF("x"{operator}[a],"yes","no")', a=empty) == "no"
    assert value(f"IIF([a]{operator}[b],1,2)", a=empty, b=empty) == 2
    assert value(f'IIF([a]{operator}"","yes","no")', a="x") == "no"


@pytest.mark.parametrize(
    ("left", "operator", "right", "holds"),
    [
        ("a", "=", "a", True),
        ("a", "=", "A", False),
        ("a", "<>", "A", True),
        ("B", "<", "a", True),  # ordinal: capitals first
        ("é", ">", "z", True),
        ("😀", "<", "\uff5e", True),  # ordinal of UTF-16 units
        ("10", ">", "9", True),
        ("1", "=", "1.0", True),
        ("01", "=", 1, True),
        ("-1", "<", "0", True),
        ("1x", ">", "10", True),  # not both numbers: as texts
        (" 1", "=", "1", False),
        ("1e3", "=", "1000", False),
        (Decimal("1.5"), ">", 1, True),
        ("9" * 41, "=", "09".rjust(42, "9"), False),
        (True, "=", "True", True),
        (True, "=", "true", False),
        (True, "=", 1, False),
        (datetime(2026, 1, 2, tzinfo=UTC), ">", datetime(2026, 1, 1, tzinfo=UTC), True),
        (datetime(2026, 1, 10, tzinfo=UTC), ">", datetime(2026, 1, 9, tzinfo=UTC), True),
        (datetime(2026, 1, 2, tzinfo=UTC), "=", "1/2/2026 12:00:00 AM", True),
        ("x", ">=", "x", True),
        ("x", "<=", "x", True),
        ("x", "<>", "x", False),
        (5, ">=", "5", True),
    ],
)
def test_values_compare(left, operator, right, holds):
    """Times as times, numbers as numbers, everything else as texts, ordinal and case-sensitive."""
    assert value(f"CBool([a]{operator}[b])", a=left, b=right) is holds


def test_absent_and_null_are_the_same_and_empty_is_nearly():
    """An empty text is null for everything that asks whether there is something."""
    assert value("[a]") is None
    assert value("[a]", a="") == ""
    for empty in (None, ""):
        assert value("IsNullOrEmpty([a])", a=empty) is True
        assert value("IsPresent([a])", a=empty) is False
        assert value('Coalesce([a],"x")', a=empty) == "x"
        assert value('Join("-",[a],"x")', a=empty) == "x"
        assert value('Switch([a],"d","","e")', a=empty) == "e"
    assert value("IsNull([a])") is True
    assert value("IsNull([a])", a="") is False


NULL_OUT = [
    'Append([a],"x")', 'Append("x",[a])', "BitAnd([a],1)", "CBool([a])", "CDate([a])", "ConvertToBase64([a])",
    "ConvertToUTF8Hex([a])", "CStr([a])", 'DateAdd("d",1,[a])', 'DateDiff("d",Now(),[a])', "DateFromNum([a])",
    'FormatDateTime([a],,"yyyy","yy")', 'InStr([a],"x")', "Item([a],1)", "Mid([a],1,1)", "NormalizeDiacritics([a])",
    "NumFromDate([a])", "PCase([a])", "RemoveDuplicates([a])", 'Replace([a],"x",,,"y")', 'Replace([a],,"x",,"y")',
    'Replace([a],,"(?<g>x)","g","y")', 'Replace([a],"x",,,,,"axb")', "SingleAppRoleAssignment([a])", 'Split([a],",")',
    "StripSpaces([a])", "ToLower([a])", "ToUpper([a])", "Redact([a])", "AltSecIdFromNetId([a])",
    "AppRoleAssignmentsComplex([a])", "SelectUniqueValue([a],[a])", "Coalesce([a],[a])", "[a]",
]  # fmt: skip


@pytest.mark.parametrize("expression", NULL_OUT)
def test_null_in_null_out(expression):
    """Unless the function says otherwise (D-22)."""
    assert value(expression) is None


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("Left([a],3)", ""),
        ('Word([a],1," ")', ""),
        ("Len([a])", 0),
        ("Count([a])", 0),
        ('Join(",",[a])', ""),
        ('Coalesce([a],"")', ""),
        ("IsString([a])", False),
        ("Not([a])", True),
        ("IgnoreFlowIfNullOrEmpty([a])", Ignore.ATTRIBUTE),
        ('IIF([a],"yes","no")', "no"),
    ],
)
def test_functions_that_make_something_of_null(expression, result):
    """As documented for each of them."""
    assert value(expression) == result


@pytest.mark.parametrize(
    ("source", "known"),
    [
        (1.5, Decimal("1.5")),
        (["a", 1, True], ("a", "1", "True")),
        ([], ()),
        (datetime(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=2))), datetime(2026, 1, 1, 10, tzinfo=UTC)),
        (datetime(2026, 1, 1), datetime(2026, 1, 1, tzinfo=UTC)),  # noqa: DTZ001 - a source may forget the zone
        (None, None),
        (False, False),
    ],
)
def test_source_values_become_values(source, known):
    """From JSON and rows; dates are UTC."""
    assert as_value(source) == known
    assert type(as_value(source)) is type(known)


def test_errors_never_hold_a_persons_values():
    """They go to logs that others read."""
    for expression in (
        "CDate([a])",
        'DateAdd("d",[a],Now())',
        'FormatDateTime([a],,"yyyy","yy")',
        "BitAnd([a],1)",
        "IIF([a],1,2)",
    ):
        with pytest.raises(errors.EvaluationError) as caught:
            value(expression, a="secret")

        assert "secret" not in str(caught.value)
        assert caught.value.parameters["line"] == 1
