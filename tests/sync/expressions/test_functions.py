"""Every function, beyond the vectors (provisioning §6.3)."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from random import Random

import pytest

from comity.sync.expressions import errors
from comity.sync.expressions.compiling import FUNCTIONS, check_expression, compile_for_mappings
from comity.sync.expressions.functions import Context
from comity.sync.expressions.values import Ignore
from tests.sync.expressions.evaluating import NOW, value

NAMES = """
    Append AppRoleAssignmentsComplex AltSecIdFromNetId BitAnd CBool CDate Coalesce ConvertToBase64
    ConvertToUTF8Hex Count CStr DateAdd DateDiff DateFromNum DefaultDomain FormatDateTime Guid
    IgnoreFlowIfNullOrEmpty IIF InStr IsNull IsNullOrEmpty IsPresent IsString Item Join Left Len Mid
    NormalizeDiacritics Not Now NumFromDate PCase RandomString Redact RemoveDuplicates Replace
    SelectUniqueValue SingleAppRoleAssignment Split StripSpaces Switch ToLower ToUpper Word
"""
MAILS = ("SMTP:a@x.example", "smtp:b@x.example", "SMTP:a@x.example")


def test_the_table_is_complete():
    """The names of §6.3, and no others."""
    assert sorted(FUNCTIONS) == sorted(NAMES.split())


@pytest.mark.parametrize(
    ("expression", "source", "result"),
    [
        ("Append([a],7)", {"a": "x"}, "x7"),
        ('Append("","")', {}, ""),
        ("AppRoleAssignmentsComplex([a])", {"a": ("r1", "r2")}, ("r1", "r2")),
        ("AltSecIdFromNetId([a])", {"a": "1003BFFD"}, "1003BFFD"),
        ("BitAnd([a],[b])", {"a": "514", "b": 2}, 2),
        ("BitAnd(-1,255)", {}, 255),
        ("BitAnd(4294967296,4294967297)", {}, 4294967296),
        ("CBool([a])", {"a": "TRUE"}, True),
        ("CBool([a])", {"a": "false"}, False),
        ("CBool([a])", {"a": True}, True),
        ("CBool([a])", {"a": "0"}, False),
        ("CBool([a])", {"a": "-3"}, True),
        ("CBool(0.5)", {}, True),
        ("CBool(1>2)", {}, False),
        ("Coalesce([a],[b],[c])", {"b": (), "c": "x"}, "x"),
        ("Coalesce([a])", {"a": ""}, ""),
        ("Coalesce([a],[b],)", {"b": "x"}, "x"),
        ("Coalesce([a],[b])", {"a": False}, False),
        ("Coalesce([a],[b])", {"a": 0}, 0),
        ("ConvertToBase64([a])", {"a": "é😀"}, "6QA92ADe"),
        ("ConvertToBase64([a])", {"a": ""}, ""),
        ("ConvertToUTF8Hex([a])", {"a": "é😀"}, "C3A9F09F9880"),
        ("ConvertToUTF8Hex([a])", {"a": "\ud800"}, "EFBFBD"),
        ("Count([a])", {"a": MAILS}, 3),
        ("Count([a])", {"a": "one"}, 1),
        ("Count([a])", {"a": ()}, 0),
        ("DefaultDomain()", {}, "contoso.example"),
        ("IgnoreFlowIfNullOrEmpty([a])", {"a": ""}, Ignore.ATTRIBUTE),
        ("IgnoreFlowIfNullOrEmpty([a])", {"a": ()}, Ignore.ATTRIBUTE),
        ("IgnoreFlowIfNullOrEmpty([a])", {"a": 0}, 0),
        ("IgnoreAttributeFlow", {}, Ignore.ATTRIBUTE),
        ("IIF([a],IgnoreObjectFlow,1)", {"a": True}, Ignore.OBJECT),
        ("IIF([a],1,2)", {"a": "TRUE"}, 1),
        ("IIF([a],1,2)", {"a": False}, 2),
        ("IIF(IsPresent([a]),1,2)", {"a": "x"}, 1),
        ("IIF(IsNull([a]),1,2)", {}, 1),
        ("IIF(Not([a]),1,2)", {"a": "True"}, 2),
        ("IIF(True,1,2)", {}, 1),
        ('IIF([a]="x",[b],CDate("no date"))', {"a": "x", "b": "lazy"}, "lazy"),
        ('IIF([a]="x",CDate("no date"),[b])', {"a": "y", "b": "lazy"}, "lazy"),
        ('InStr("repEated","e",3,vbBinaryCompare)', {}, 7),
        ('InStr("repEated","e", ,vbTextCompare)', {}, 2),
        ('InStr("abc","")', {}, 1),
        ('InStr("abc","c",9)', {}, 0),
        ('InStr([a],"É",1,vbTextCompare)', {"a": "cafés"}, 4),
        ('InStr([a],"x",1,vbTextCompare)', {"a": "İßx"}, 3),
        ('InStr("abc","b","1")', {}, 2),
        ("IsString([a])", {"a": 5}, True),
        ("IsString([a])", {"a": MAILS}, False),
        ("IsString([a])", {"a": ""}, True),
        ("IsPresent([a])", {"a": False}, True),
        ("Item([a],2)", {"a": MAILS}, "smtp:b@x.example"),
        ("Item([a],4)", {"a": MAILS}, None),
        ("Item([a],0)", {"a": MAILS}, None),
        ("Item([a],-1)", {"a": MAILS}, None),
        ("Item([a],1)", {"a": "one"}, "one"),
        ('Join("; ",[a],"",[b],7)', {"a": ("x", "", "y")}, "x; y; 7"),
        ("Join([s],[a],[b])", {"a": "x", "b": "y"}, "xy"),
        ('Left([a],"2")', {"a": "Ann"}, "An"),
        ("Left([a],0)", {"a": "Ann"}, ""),
        ("Left([a],1)", {"a": "😀x"}, "😀"),
        ("Len([a])", {"a": "😀é"}, 2),
        ("Len([a])", {"a": True}, 4),
        ("Len(Now())", {}, 19),
        ("Mid([a],3,1)", {"a": "abc"}, "c"),
        ("Mid([a],4,1)", {"a": "abc"}, ""),
        ("Mid([a],400,1)", {"a": "abc"}, ""),
        ("Mid([a],1,0)", {"a": "abc"}, ""),
        ("NormalizeDiacritics([a])", {"a": "ÄÖÜäöüÅåÇçÑñÉéŠšŽžŘřĄąŐő"}, "AOUaouAaCcNnEeSsZzRrAaOo"),
        ("NormalizeDiacritics([a])", {"a": "æÆǣǢœŒøØßłŁıİǭ"}, "aeAEaeAEoeOEoeOEsslLiIo"),
        ("NormalizeDiacritics([a])", {"a": "e\u0301 ø\u0304 œ\u0304"}, "e oe oe"),
        ("NormalizeDiacritics([a])", {"a": "한글 Ελλάδα 日本"}, "한글 Ελλαδα 日本"),
        ("Not([a])", {"a": True}, False),
        ("Not([a])", {"a": "true"}, False),
        ("Not([a])", {"a": 1}, True),
        ("PCase([a])", {"a": "o'neil-SMITH_JONES (the 2ND)"}, "O'Neil-Smith_Jones (The 2nd)"),
        ('PCase([a]," \'-")', {"a": "PINTO-DE'SILVA"}, "Pinto-De'Silva"),
        ('PCase([a],"")', {"a": "ANN LEE"}, "Ann lee"),
        ("PCase([a])", {"a": "élan\u00a0vital\u200bx€y+z"}, "Élan\u00a0Vital\u200bX€Y+Z"),
        ("PCase([a])", {"a": "ßeta"}, "ßeta"),
        ("Redact([a])", {"a": 5}, 5),
        ("RemoveDuplicates([a])", {"a": ("b", "a", "B", "b")}, ("b", "a", "B")),
        ("RemoveDuplicates([a])", {"a": "x"}, ("x",)),
        ("SingleAppRoleAssignment([a])", {"a": ("Admin",)}, "Admin"),
        ("SingleAppRoleAssignment([a])", {"a": ()}, None),
        ('Split([a],",")', {"a": " a ,, b"}, ("a", "", "b")),
        ('Split([a],"; ")', {"a": "a;b; c"}, ("a;b", "c")),
        ('Split([a],"")', {"a": "a b"}, ("a b",)),
        ("StripSpaces([a])", {"a": " a\tb\u00a0c "}, "a\tb\u00a0c"),
        ('Switch([a],"d",1,"one",[b],"two")', {"a": 1}, "one"),
        ('Switch([a],"d",1,"one",[b],"two")', {"a": "x", "b": "x"}, "two"),
        ('Switch([a],"d",1,"one",[b],"two")', {}, "two"),
        ('Switch([a],"d","x","first","x","second")', {"a": "x"}, "first"),
        ('Switch([a],"d","True","yes","False","no")', {"a": False}, "no"),
        ('Switch([a], ,"x",CDate("no date"),"y","fine")', {"a": "y"}, "fine"),
        ('Switch([a],CDate("no date"),"y","fine")', {"a": "y"}, "fine"),
        ('Switch([a],"d",[b],"first",CDate([c]),"never")', {"a": "x", "b": "x", "c": "no date"}, "first"),
        ("ToLower([a])", {"a": "ÀÉ İI ẞ ΣΑΣ"}, "àé İi ß σασ"),
        ('ToLower([a],"tr-TR")', {"a": "IİI"}, "ıiı"),
        ('ToLower([a],"az-Latn-AZ")', {"a": "I"}, "ı"),
        ('ToLower([a],"en-US")', {"a": "Iİ"}, "ii"),
        ('ToUpper([a],"tr-TR")', {"a": "iı"}, "İI"),
        ('ToUpper([a],"de-DE")', {"a": "iıß"}, "IIß"),
        ("ToUpper([a])", {"a": "iıßñ"}, "IıßÑ"),
        ('ToUpper([a],"")', {"a": "i"}, "I"),
        ("ToUpper([a],)", {"a": "i"}, "I"),
        ('Word("This,string!has&many separators",3,",!&#")', {}, "has"),
        ('Word("  a  b ",2," ")', {}, "b"),
        ('Word("a b",3," ")', {}, ""),
        ('Word("a b",-1," ")', {}, ""),
        ('Word("a b",1,"")', {}, "a b"),
        ('Word("a-b]c^d",3,"]-^")', {}, "c"),
    ],
)
def test_a_function_gives(expression, source, result):
    """By its row of the table."""
    given = value(expression, **source)

    assert given == result
    assert type(given) is type(result)


@pytest.mark.parametrize(
    ("expression", "source", "error"),
    [
        ("BitAnd([a],1)", {"a": "x"}, errors.NumberNeeded),
        ("BitAnd([a],1)", {"a": True}, errors.NumberNeeded),
        ("BitAnd(1.5,1)", {}, errors.WholeNumberNeeded),
        ("CBool([a])", {"a": "maybe"}, errors.BooleanNeeded),
        ("CBool([a])", {"a": MAILS}, errors.BooleanNeeded),
        ("IIF([a],1,2)", {"a": "maybe"}, errors.BooleanNeeded),
        ("IIF([a],1,2)", {"a": 1}, errors.BooleanNeeded),
        ('InStr("a","b",0)', {}, errors.NumberOutOfRange),
        ('InStr("a","b",1,7)', {}, errors.CompareTypeUnknown),
        ("Left([a],[b])", {"a": "x", "b": "y"}, errors.NumberNeeded),
        ("Left([a],[b])", {"a": "x"}, errors.NumberNeeded),
        ("Mid([a],0,1)", {"a": "x"}, errors.NumberOutOfRange),
        ("Mid([a],1,-1)", {"a": "x"}, errors.NumberOutOfRange),
        ("SingleAppRoleAssignment([a])", {"a": ("r1", "r2")}, errors.SeveralRoles),
        ('ToLower([a],"not a culture!")', {"a": "x"}, errors.CultureUnknown),
        ("Switch([a],,1,2)", {"a": MAILS}, errors.TextNeeded),
        ("Append(IgnoreAttributeFlow,1)", {}, errors.TextNeeded),
        ("RandomString(4,3,2,1,1)", {}, errors.RandomImpossible),
        ("RandomString(257,0,0,0,0)", {}, errors.NumberOutOfRange),
        ("RandomString(0,0,0,0,0)", {}, errors.NumberOutOfRange),
        ("RandomString(5,-1,0,0,0)", {}, errors.NumberOutOfRange),
        ('RandomString(4,1,0,0,0,"0123456789")', {}, errors.RandomImpossible),
    ],
)
def test_a_function_faults(expression, source, error):
    """A type or domain error fails the attribute and says where."""
    with pytest.raises(error) as caught:
        value(expression, **source)

    assert caught.value.kind is errors.ErrorKind.TYPE
    assert caught.value.parameters["function"] == expression.partition("(")[0]


@pytest.mark.parametrize(
    "expression",
    [
        "Append()", "Append([a])", "Append([a],1,2)", "BitAnd(1)", "CBool()", "CDate([a],1)", "Coalesce()", "Count()",
        "CStr()", 'DateAdd("d",1)', 'DateDiff("d",Now())', "DateFromNum()", "DefaultDomain(1)", "Guid(1)",
        "IgnoreFlowIfNullOrEmpty()", "IIF(1=1,2)", "IIF(1=1,,2)", "IIF(1=1,2,)", "IIF(1=1,2,3,4)", "InStr([a])",
        "InStr(1,2,3,vbTextCompare,5)", "IsNull()", "IsString()", "Item([a])", 'Join(",")', 'Join(",",)', "Left([a])",
        "Len()", "Mid([a],1)", "Not()", "Now(1)", "PCase()", "PCase(1,2,3)", "RandomString(1,2,3,4)", "Redact()",
        "Replace()", "Replace([a])", "SelectUniqueValue([a])", "SelectUniqueValue([a],,[b])", "Split([a])",
        "StripSpaces()",
        "Switch([a])", 'Switch([a],"d")', 'Switch([a],"d","k")', 'Switch([a],"d","k",)', 'Switch([a],"d",,"v")',
        'Switch([a],"d","k",,"k2","v2")', 'Switch(,"d","k","v")', "ToLower()", "ToUpper(1,2,3)", "Word([a],1)",
        "AltSecIdFromNetId()", "NumFromDate()", "RemoveDuplicates()", "SingleAppRoleAssignment()", "ConvertToBase64()",
    ],
)  # fmt: skip
def test_wrong_numbers_of_arguments_are_caught_on_save(expression):
    """Whatever the values."""
    with pytest.raises(errors.ArityError) as caught:
        check_expression(expression)

    assert caught.value.kind is errors.ErrorKind.ARITY


@pytest.mark.parametrize(
    "expression",
    [
        'IIF(IgnoreFlowIfNullOrEmpty([a]),"y","n")',
        'IIF(IgnoreFlowIfNullOrEmpty([a])="x","y","n")',
        'IIF("x"=IgnoreAttributeFlow,"y","n")',
        'Switch(IsPresent([a]),[a],"True","x")',
        'Switch(IsNull([a]),[a],"True","x")',
        'Switch(IsNullOrEmpty([a]),[a],"True","x")',
        'IIF([a]="x",SelectUniqueValue("a","b"),"c")',
        'SelectUniqueValue(SelectUniqueValue("a","b"),"c")',
    ],
)
def test_functions_that_stand_in_the_wrong_place_are_caught_on_save(expression):
    """Documented limitations; each would otherwise do something nobody meant."""
    with pytest.raises(errors.MisplacedFunction) as caught:
        check_expression(expression)

    assert caught.value.kind is errors.ErrorKind.TYPE


def test_selectuniquevalue_takes_the_first_that_is_free():
    """Lazy: a rule after the first free value is not evaluated; values are skipped when there are none."""
    rules = 'SelectUniqueValue([a],[b],CDate("no date"))'

    assert value(rules, a="x", b="y") == "x"
    assert value(rules, a="x", b="y", taken=("x",)) == "y"
    assert value(rules, a="", b="y") == "y"
    with pytest.raises(errors.AllTaken) as caught:
        value("SelectUniqueValue([a],[b])", a="x", b="y", taken=("x", "y"))
    assert caught.value.parameters["tried"] == 2


def test_the_time_and_the_domain_come_from_the_context():
    """Nothing asks the machine; without them it is a fault."""
    assert value("Now()") == NOW
    for expression in ("Now()", "DefaultDomain()"):
        with pytest.raises(errors.EvaluationError):
            compile_for_mappings(expression).evaluate({}, Context())


def test_chance_comes_from_the_context():
    """The same chance gives the same text, so a rehearsal can be repeated; otherwise it is the machine's."""
    expression = compile_for_mappings("Append(Guid(), RandomString(12,1,1,1,1))")

    once = expression.evaluate({}, Context(chance=Random(1)))
    again = expression.evaluate({}, Context(chance=Random(1)))
    other = expression.evaluate({}, Context())

    assert once == again != other


@pytest.mark.parametrize("seed", range(20))
def test_randomstring_keeps_its_minimums(seed):
    """At least so many of each kind, none that is to be avoided, exactly so long."""
    expression = compile_for_mappings('RandomString(20,3,4,5,2,"0O1l?,")')

    text = expression.evaluate({}, Context(chance=Random(seed)))

    assert isinstance(text, str) and len(text) == 20
    assert len(re.findall("[0-9]", text)) >= 3 and len(re.findall("[A-Z]", text)) >= 5
    assert len(re.findall("[a-z]", text)) >= 2 and len(re.findall("[^0-9A-Za-z]", text)) >= 4
    assert not set(text) & set("0O1l?,")


def test_randomstring_may_use_all_of_its_length():
    """The limit is 256, the sum of the minimums may be the length."""
    assert len(value("RandomString(256,64,64,64,64)")) == 256


def test_guid_is_of_version_4():
    """Lower case, with dashes."""
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", value("Guid()"))


def test_a_text_does_not_grow_without_end():
    """Nested replacing multiplies; memory is not the limit."""
    growing = "[a]"
    for _ in range(20):
        growing = f'Replace({growing},"a",,,"aaaaaaaaaa")'

    with pytest.raises(errors.TextTooLong):
        value(growing, a="a")
    with pytest.raises(errors.TextTooLong):
        value('Replace([a],,"a",,"$_$_")', a="a" * 10_000)
    with pytest.raises(errors.TextTooLong):
        value("Append([a],[a])", a="a" * 600_000)
    with pytest.raises(errors.TextTooLong):
        value('Join("",[a],[a])', a="a" * 600_000)


def test_a_row_may_be_anything():
    """The engine evaluates tuples; names are resolved once, when it is compiled."""
    from operator import itemgetter

    from comity.sync.expressions.compiling import compile_expression

    columns = {"givenName": 0, "surname": 1}
    compiled = compile_expression('Join(", ",[surname],[givenName])', lambda name: itemgetter(columns[name]))

    assert compiled.evaluate(("Ann", "Lee"), Context(now=datetime(2026, 1, 1, tzinfo=UTC))) == "Lee, Ann"
