"""Scoping filters: every operator, the null rule, what is refused on save (provisioning §4.2)."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.sync.expressions.errors import PatternTooSlow
from comity.sync.expressions.vectors import VectorsUnreadable
from comity.sync.scoping import model
from comity.sync.scoping.checking import AttributeKind, check_filter
from comity.sync.scoping.compiling import Verdict, compile_filter_for_mappings
from comity.sync.scoping.model import Clause, ClauseGroup, FilterOperator, Multivalued, ScopingFilter, read_filter
from comity.sync.scoping.vectors import evaluate_scoping_vectors

VECTORS: list[dict[str, Any]] = json.loads(Path(__file__).with_name("vectors.json").read_text(encoding="utf-8"))
ANSWERS = evaluate_scoping_vectors(VECTORS)


def group(*clauses: Clause, title: str = "t") -> ClauseGroup:
    return ClauseGroup(clauses, title)


def passes(operator: str, value: Any, *operands: str, multivalued: Multivalued = Multivalued.ALL) -> bool:
    clause = Clause("a", operator, operands, multivalued)
    return compile_filter_for_mappings(ScopingFilter((group(clause),))).passes({"a": value})


def refused(*clauses: Clause, kinds: dict[str, AttributeKind] | None = None) -> model.FilterError:
    with pytest.raises(model.FilterError) as caught:
        check_filter(ScopingFilter((group(*clauses),)), kinds)
    return caught.value


@pytest.mark.parametrize("index", range(len(VECTORS)))
def test_a_vector_gives_what_it_expects(index):
    """The sample of the specification."""
    vector = VECTORS[index]
    wanted = {"error": vector["error"]} if "error" in vector else {"actual": vector["in_scope"]}

    assert ANSWERS[index] == {"index": index, **wanted}


@pytest.mark.parametrize(
    ("operator", "value", "operand", "holds"),
    [
        ("EQUALS", "Sales", "Sales", True),
        ("EQUALS", "sales", "Sales", False),
        ("EQUALS", "Sales ", "Sales", False),
        ("EQUALS", 5, "5", True),
        ("EQUALS", 5, "5.0", False),
        ("EQUALS", True, "True", True),
        ("EQUALS", "5", "5", True),
        ("NOT EQUALS", "sales", "Sales", True),
        ("NOT EQUALS", "Sales", "Sales", False),
        ("IS NOT NULL", 0, None, True),
        ("IS NOT NULL", False, None, True),
        ("IS NULL", "x", None, False),
        ("IS NULL", 0, None, False),
        ("IS TRUE", True, None, True),
        ("IS TRUE", "True", None, True),
        ("IS TRUE", "true", None, True),
        ("IS TRUE", False, None, False),
        ("IS TRUE", "yes", None, False),
        ("IS TRUE", 1, None, False),
        ("IS FALSE", False, None, True),
        ("IS FALSE", "False", None, True),
        ("IS FALSE", True, None, False),
        ("IS FALSE", 0, None, False),
        ("REGEX MATCH", "xaby", "ab", True),
        ("REGEX MATCH", "xAby", "ab", False),
        ("REGEX MATCH", "ab", "^(?<n>a)\\k<n>$", False),
        ("REGEX MATCH", 1234567, "^1[0-9]{6}$", True),
        ("NOT REGEX MATCH", "xaby", "ab", False),
        ("NOT REGEX MATCH", "xAby", "ab", True),
        ("GREATER_THAN", "11", "10", True),
        ("GREATER_THAN", 10, "10", False),
        ("GREATER_THAN", "9", "10", False),
        ("GREATER_THAN", -1, "-2", True),
        ("GREATER_THAN", "10.5", "10", False),
        ("GREATER_THAN", Decimal("10.5"), "10", False),
        ("GREATER_THAN", "ten", "10", False),
        ("GREATER_THAN", True, "0", False),
        ("GREATER_THAN", "9" * 5000, "1", False),
        ("GREATER_THAN_OR_EQUALS", "10", "10", True),
        ("GREATER_THAN_OR_EQUALS", "9", "10", False),
        ("INCLUDES", "Ann (Ext) Lee", "(Ext)", True),
        ("INCLUDES", "Ann (ext) Lee", "(Ext)", False),
        ("ENDS_WITH", "ann@x.example", "@x.example", True),
        ("ENDS_WITH", "ann@X.example", "@x.example", False),
        ("ENDS_WITH", "@x.example.org", "@x.example", False),
        ("&", "London", "Paris;London;Rome", True),
        ("&", "Lon", "Paris;London;Rome", True),
        ("&", "london", "Paris;London;Rome", False),
        ("!&", "Berlin", "Paris;London;Rome", True),
        ("!&", "London", "Paris;London;Rome", False),
    ],
)
def test_an_operator_holds(operator, value, operand, holds):
    """Row by row of the table; text is compared case-sensitively, whole numbers as numbers."""
    assert passes(operator, value, *([] if operand is None else [operand])) is holds


OPERANDS = {each: [] if each.is_unary else ["10"] for each in FilterOperator}


@pytest.mark.parametrize("operator", FilterOperator)
@pytest.mark.parametrize("empty", [None, "", ()])
def test_nothing_fails_every_question_but_is_null(operator, empty):
    """The null rule: negations are false as well."""
    assert passes(operator, empty, *OPERANDS[operator]) is (operator is FilterOperator.IS_NULL)


@pytest.mark.parametrize("name", ["is not null", "IS_NOT_NULL", "Is Not_Null", "  IS  NOT NULL "])
def test_operators_are_known_in_any_case_and_with_blank_or_underscore(name):
    """Display names and wire names (D-7)."""
    assert passes(name, "x") is True
    assert passes("greater than or equals", 5, "5") is True
    assert passes("ends with", "x", "x") is True


@pytest.mark.parametrize(
    ("multivalued", "values", "holds"),
    [
        (Multivalued.ALL, ("a", "a"), True),
        (Multivalued.ALL, ("a", "b"), False),
        (Multivalued.ANY, ("a", "b"), True),
        (Multivalued.ANY, ("b",), False),
    ],
)
def test_several_values_pass_all_or_any(multivalued, values, holds):
    """`multivaluedComparisonType`, by default All."""
    assert passes("EQUALS", values, "a", multivalued=multivalued) is holds


def test_clauses_are_joined_by_and_groups_by_or():
    """And each person is looked at on her own."""
    french_it = group(Clause("country", "EQUALS", ("FR",)), Clause("department", "EQUALS", ("IT",)))
    german = group(Clause("country", "EQUALS", ("DE",)))
    compiled = compile_filter_for_mappings(ScopingFilter((french_it, german)))

    assert compiled.passes({"country": "FR", "department": "IT"})
    assert compiled.passes({"country": "DE"})
    assert not compiled.passes({"country": "FR", "department": "HR"})
    assert not compiled.passes({})
    assert compiled.attributes == {"country", "department"}


@pytest.mark.parametrize("document", [None, {}, {"groups": None}, {"groups": []}])
def test_no_filter_lets_everybody_pass(document):
    """Also a person without any attribute."""
    compiled = compile_filter_for_mappings(read_filter(document))

    assert compiled.passes({}) and compiled.verdict({}) is Verdict.IN_SCOPE


def test_the_input_filter_ignores_and_does_not_deprovision():
    """`groups` failing deprovisions, `inputFilterGroups` failing leaves her alone."""
    compiled = compile_filter_for_mappings(
        ScopingFilter(
            groups=(group(Clause("department", "EQUALS", ("IT",))),),
            input_groups=(group(Clause("city", "EQUALS", ("Rome",))),),
        )
    )

    assert compiled.verdict({"department": "IT", "city": "Rome"}) is Verdict.IN_SCOPE
    assert compiled.verdict({"department": "HR", "city": "Rome"}) is Verdict.OUT_OF_SCOPE
    assert compiled.verdict({"department": "IT", "city": "Oslo"}) is Verdict.IGNORED
    assert compiled.verdict({}) is Verdict.IGNORED


def test_the_log_shows_every_clause_by_title():
    """As provisioning logs show it: title, attribute, operator, value."""
    compiled = compile_filter_for_mappings(
        ScopingFilter((group(Clause("department", "equals", ("IT",)), Clause("city", "IS NULL"), title="New York IT"),))
    )

    assert compiled.details({"department": "HR"}) == {
        "New York IT.department EQUALS 'IT'": False,
        "New York IT.city IS NULL": True,
    }


def test_a_pattern_that_takes_too_long_is_no_answer():
    """Out of scope would delete her; the engine keeps her and tries again."""
    with pytest.raises(PatternTooSlow):
        passes("REGEX MATCH", "a" * 60 + "b", "(?:a|a)*(?:a|a)*$")


@pytest.mark.parametrize(
    ("clause", "error", "facts"),
    [
        (Clause("a", "LIKE", ("x",)), model.UnsupportedOperator, {}),
        (Clause("a", "IsMemberOf", ("x",)), model.UnsupportedOperator, {}),
        (Clause("memberOf", "is member of", ("x",)), model.UnsupportedOperator, {}),
        (Clause("a", "NOT EQUAL", ("x",)), model.MisspelledOperator, {"suggestion": "NOT EQUALS"}),
        (Clause("a", "ISNULL"), model.MisspelledOperator, {"suggestion": "IS NULL"}),
        (Clause("userType", "EQUALS", ("Member",)), model.UnsupportedAttribute, {"attribute": "userType"}),
        (Clause("manager", "IS NULL"), model.UnsupportedAttribute, {"reason": "reference"}),
        (Clause("members", "IS NULL"), model.UnsupportedAttribute, {"reason": "reference"}),
        (Clause("appRoleAssignments", "EQUALS", ("x",)), model.UnsupportedAttribute, {"reason": "multi-valued"}),
        (Clause("proxyAddresses", "INCLUDES", ("x",)), model.UnsupportedAttribute, {"reason": "multi-valued"}),
        (Clause("accountExpires", "IS NULL"), model.UnsupportedAttribute, {"reason": "date"}),
        (Clause("createdDateTime", "IS NULL"), model.UnsupportedAttribute, {"reason": "date"}),
        (Clause("employeeHireDate", "IS NULL"), model.UnsupportedAttribute, {"reason": "date"}),
        (Clause("a", "EQUALS"), model.OperandMissing, {"operator": "EQUALS"}),
        (Clause("a", "EQUALS", ("",)), model.OperandMissing, {}),
        (Clause("a", "EQUALS", ("x", "y")), model.OperandsTooMany, {"given": 2}),
        (Clause("a", "IS NULL", ("x",)), model.OperandNotWanted, {"operator": "IS NULL"}),
        (Clause("a", "GREATER_THAN", ("ten",)), model.OperandNotWhole, {"operand": "ten"}),
        (Clause("a", "GREATER_THAN", ("1.5",)), model.OperandNotWhole, {}),
        (Clause("a", "GREATER_THAN_OR_EQUALS", ("",)), model.OperandMissing, {}),
        (
            Clause("a", "REGEX MATCH", ("([a-z",)),
            model.FilterPatternRefused,
            {"reason": "unclosed character class", "at": 2},
        ),
        (Clause("a", "NOT REGEX MATCH", ("a++",)), model.FilterPatternRefused, {}),
    ],
)
def test_a_clause_is_refused_on_save(clause, error, facts):
    """With what to mend, and where: group and clause count from 1."""
    wrong = refused(Clause("city", "EQUALS", ("Rome",)), clause)

    assert type(wrong) is error
    assert facts.items() <= dict(wrong.parameters).items()
    assert (wrong.parameters["group"], wrong.parameters["clause"], wrong.parameters["title"]) == (1, 2, "t")


def test_an_empty_operand_of_a_unary_operator_does_no_harm():
    """Portals send one."""
    assert passes("IS NULL", None, "") is True


def test_directory_extensions_are_known_by_their_schema():
    """A single-valued one may be filtered on, whatever its name; a multi-valued or date one may not."""
    name = "extension_0a1b_startDate"
    clause = Clause(name, "IS NOT NULL")

    check_filter(ScopingFilter((group(clause),)))
    for kind in (AttributeKind.MULTIVALUED, AttributeKind.DATE):
        assert isinstance(refused(clause, kinds={name: kind}), model.UnsupportedAttribute)
    check_filter(ScopingFilter((group(Clause("hireDate", "IS NULL")),)), {"hireDate": AttributeKind.SINGLE})


def test_the_input_filter_is_checked_as_well():
    """It would fail for people otherwise."""
    with pytest.raises(model.UnsupportedOperator):
        check_filter(ScopingFilter(input_groups=(group(Clause("a", "LIKE", ("x",))),)))


CLAUSE = {"sourceOperandName": "a", "operatorName": "EQUALS", "targetOperand": {"values": ["x"]}}


@pytest.mark.parametrize(
    "document",
    [
        [], "x", 7, {"groups": {}}, {"groups": [1]}, {"groups": [{"clauses": 1}]}, {"groups": [{"clauses": ["x"]}]},
        {"groups": [{"name": 5, "clauses": []}]}, {"groups": [{"clauses": [{}]}]}, {"inputFilterGroups": "x"},
        {"groups": [{"clauses": [CLAUSE | {"operatorName": None}]}]},
        {"groups": [{"clauses": [CLAUSE | {"sourceOperandName": ""}]}]},
        {"groups": [{"clauses": [CLAUSE | {"targetOperand": []}]}]},
        {"groups": [{"clauses": [CLAUSE | {"targetOperand": {"values": "x"}}]}]},
        {"groups": [{"clauses": [CLAUSE | {"targetOperand": {"values": [{}]}}]}]},
        {"groups": [{"clauses": [CLAUSE | {"multivaluedComparisonType": "Some"}]}]},
        {"categoryFilterGroups": [{"clauses": [CLAUSE]}]},
    ],
)  # fmt: skip
def test_a_document_that_is_no_filter_is_refused(document):
    """And says which part has to be what; a part that would not be evaluated is not accepted silently."""
    with pytest.raises(model.FilterMalformed) as caught:
        read_filter(document)

    assert caught.value.parameters["part"] and caught.value.parameters["wanted"]


def test_the_wire_form_is_read():
    """Graph's `filter`; operands may be numbers or booleans."""
    clause = CLAUSE | {"targetOperand": {"values": [5]}, "multivaluedComparisonType": "Any"}

    assert read_filter({"groups": [{"name": "n", "clauses": [clause]}], "categoryFilterGroups": []}) == ScopingFilter(
        (ClauseGroup((Clause("a", "EQUALS", ("5",), Multivalued.ANY),), "n"),)
    )


@pytest.mark.parametrize(
    "vector",
    [
        None,
        7,
        {"filter": 7},
        {"filter": {"groups": 7}},
        {"source": 7},
        {"source": {"a": {}}, "filter": {"groups": [{"clauses": [CLAUSE]}]}},
    ],
)
def test_a_malformed_vector_is_an_error_of_its_own(vector):
    """It never hides the others; a file that is no list of vectors is refused as a whole."""
    first, second = evaluate_scoping_vectors([vector, {"filter": None, "source": {}}])

    assert first["error"] in {"bad_operand", "type"}
    assert second == {"index": 1, "actual": True}
    with pytest.raises(VectorsUnreadable):
        evaluate_scoping_vectors({})


anything = st.text(max_size=10)
KEYS = [
    "filter", "groups", "clauses", "name", "sourceOperandName", "operatorName", "targetOperand", "values", "source",
]  # fmt: skip
scalars = st.none() | st.booleans() | st.integers() | anything
json_values: st.SearchStrategy[Any] = scalars
for _ in range(4):
    json_values = scalars | st.lists(json_values, max_size=3) | st.dictionaries(st.sampled_from(KEYS), json_values)
operands = st.lists(anything | st.sampled_from(["5", "(", "a+"]), max_size=2)
clauses = st.fixed_dictionaries({
    "sourceOperandName": st.sampled_from(["a", "b", "userType"]),
    "operatorName": st.sampled_from([*FilterOperator, "LIKE"]),
    "targetOperand": st.fixed_dictionaries({"values": operands}),
})  # fmt: skip
groups = st.lists(st.fixed_dictionaries({"clauses": st.lists(clauses, max_size=2)}), max_size=2)
vectors = st.fixed_dictionaries({
    "filter": st.fixed_dictionaries({"groups": groups}),
    "source": st.dictionaries(st.sampled_from(["a", "b"]), scalars),
})  # fmt: skip


@settings(deadline=None)
@given(json_values | vectors)
def test_every_vector_has_an_answer(vector):
    """However malformed: true, false, or a documented class of error."""
    (answer,) = evaluate_scoping_vectors([vector])

    assert answer.get("actual") in {True, False} or answer.get("error") in {
        "unsupported_operator", "unsupported_attribute", "bad_operand", "regex", "type",
    }  # fmt: skip


@settings(deadline=None)
@given(st.sampled_from(FilterOperator), st.none() | anything | st.integers() | st.booleans())
def test_a_question_and_its_negation_are_never_both_true(operator, value):
    """And for a value that is there, one of them is."""
    negations = {"EQUALS": "NOT EQUALS", "REGEX MATCH": "NOT REGEX MATCH", "&": "!&", "IS NULL": "IS NOT NULL"}
    if operator not in negations:
        return
    operands = [] if operator.is_unary else ["5"]

    one, other = passes(operator, value, *operands), passes(negations[operator], value, *operands)

    assert not (one and other)
    assert one or other or value in {None, ""}
