"""What a mapping makes of a person: the pure mapping, its document, and its checks (provisioning §5.2, §5.3)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from comity.core.ids import UserId, new_id
from comity.directory.extensions import Extension
from comity.directory.model import Attribute
from comity.sync.expressions.errors import ExpressionError, MisspelledFunction, UnknownAttribute
from comity.sync.expressions.functions import Context
from comity.sync.mapping import CompiledMapping
from comity.sync.mapping_document import (
    ConstantInvalid,
    MappingMalformed,
    ReferenceMapped,
    SchemaInvalid,
    SourceUnknown,
    TargetTwice,
    TargetUnknown,
    UniqueValueSelected,
    read_mapping,
    write_mapping,
)
from comity.sync.mapping_rows import (
    DEFAULT,
    AttributeMapping,
    Behavior,
    Constant,
    Direct,
    Expression,
    Flow,
    MappingRow,
    Nothing,
)
from comity.sync.model import CARRIED, Fault, Person, Reason, Values

A = Attribute
COST = Extension(f"extension_{'0' * 32}_costCenter")


def person(**values: Any) -> Person:
    known: dict[str, Any] = dict.fromkeys(Person._fields) | {
        "id": UserId(new_id()), "version": 1, "display_name": "Annie", "given_name": "Annie", "surname": "Miller",
        "user_principal_name": "annie@fabrikam.example", "mail": "annie@fabrikam.example", "user_type": "Member",
        "account_enabled": True, "show_in_address_list": True, "is_external": False, "is_deleted": False,
    }  # fmt: skip
    return Person(**(known | values))


def compiled(*rows: MappingRow, clearing: tuple[str, ...] = (), now: datetime | None = None) -> CompiledMapping:
    """The default mapping with these rows in place of those for the same targets."""
    replaced = {row.target for row in rows}
    kept = tuple(row for row in DEFAULT.rows if row.target not in replaced)
    return CompiledMapping(
        AttributeMapping((*kept, *rows), frozenset(clearing)),
        target_domain="contoso.example",
        context=Context(now=now, default_domain="fabrikam.example"),
    )


def new(mapping: CompiledMapping, of: Person) -> dict[Attribute, Any]:
    """The values of a new account."""
    wanted = mapping.wanted(of)
    assert not isinstance(wanted, Fault), wanted
    return dict(zip(CARRIED, mapping.values_of_new(wanted), strict=True))


def there(**values: Any) -> Values:
    """An account as it stands in the target, by column names."""
    known: dict[str, Any] = dict.fromkeys(each.column for each in CARRIED) | {
        "display_name": "Annie", "user_principal_name": "annie_fabrikam.example#EXT#@contoso.example",
        "user_type": "Member", "account_enabled": True, "show_in_address_list": True, "given_name": "Annie",
        "surname": "Miller",
    }  # fmt: skip
    return tuple((known | values).values())


def after(mapping: CompiledMapping, of: Person, before: Values) -> tuple[dict[Attribute, Any], set[Attribute]]:
    """The values of a known account afterwards, and which of them changed."""
    wanted = mapping.wanted(of)
    assert not isinstance(wanted, Fault), wanted
    values, changed = mapping.bring_in_line(before, wanted)
    return dict(zip(CARRIED, values, strict=True)), {each for each in CARRIED if changed & each.bit}


def fault(mapping: CompiledMapping, of: Person) -> Fault:
    found = mapping.wanted(of)
    assert isinstance(found, Fault), found
    return found


@pytest.mark.parametrize(
    ("row", "of", "target", "value"),
    [
        (MappingRow(A.JOB_TITLE, Direct(A.DEPARTMENT)), {"department": "Sales"}, A.JOB_TITLE, "Sales"),
        (MappingRow(A.JOB_TITLE, Constant("Partner")), {"job_title": "Boss"}, A.JOB_TITLE, "Partner"),
        (MappingRow(A.JOB_TITLE, Expression("ToUpper([city])")), {"city": "Köln"}, A.JOB_TITLE, "KÖLN"),
        (MappingRow(A.JOB_TITLE, Expression("Len([city])")), {"city": "Köln"}, A.JOB_TITLE, "4"),
        (MappingRow(A.JOB_TITLE, Expression("[city]")), {"city": ""}, A.JOB_TITLE, None),
        (MappingRow(A.JOB_TITLE, Expression("IgnoreFlowIfNullOrEmpty([city])")), {}, A.JOB_TITLE, None),
        (MappingRow(A.JOB_TITLE, Direct(A.CITY), default="Somebody"), {}, A.JOB_TITLE, "Somebody"),
        (MappingRow(A.JOB_TITLE, Direct(A.CITY), default="Somebody"), {"city": "Ulm"}, A.JOB_TITLE, "Ulm"),
        (MappingRow(A.JOB_TITLE, Nothing(), default="Somebody"), {"job_title": "Boss"}, A.JOB_TITLE, "Somebody"),
        (MappingRow(A.JOB_TITLE, Nothing()), {"job_title": "Boss"}, A.JOB_TITLE, None),
        (MappingRow(A.JOB_TITLE, Direct(A.ACCOUNT_ENABLED)), {}, A.JOB_TITLE, "True"),
        (MappingRow(A.JOB_TITLE, Direct(COST)), {"extensions": {COST.name: "4711"}}, A.JOB_TITLE, "4711"),
        (
            MappingRow(A.ACCOUNT_ENABLED, Expression('IIF([city] = "Ulm", "False", "True")')),
            {"city": "Ulm"},
            A.ACCOUNT_ENABLED,
            False,
        ),
        (
            MappingRow(A.USER_TYPE, Expression('IIF([city] = "Ulm", "Guest", "Member")')),
            {"city": "Ulm"},
            A.USER_TYPE,
            "Guest",
        ),
        (
            MappingRow(A.USER_PRINCIPAL_NAME, Expression('Append([employeeId], "@x.example")')),
            {"employee_id": "7"},
            A.USER_PRINCIPAL_NAME,
            "7_x.example#EXT#@contoso.example",
        ),
        (MappingRow(A.DEPARTMENT, Expression("DefaultDomain()")), {}, A.DEPARTMENT, "fabrikam.example"),
    ],
)
def test_the_value_of_a_new_account(row: MappingRow, of: dict[str, Any], target: Attribute, value: object):
    """Direct, constant, expression, none; defaults at creation."""
    assert new(compiled(row), person(**of))[target] == value


@pytest.mark.parametrize(
    ("row", "of", "before", "value"),
    [
        (MappingRow(A.CITY, Direct(A.CITY)), {"city": "Ulm"}, {"city": "Bonn"}, "Ulm"),
        (MappingRow(A.CITY, Direct(A.CITY)), {}, {"city": "Bonn"}, "Bonn"),
        (MappingRow(A.CITY, Direct(A.CITY), default="Ulm"), {}, {}, None),
        (MappingRow(A.CITY, Direct(A.CITY), Flow.ON_CREATION), {"city": "Ulm"}, {"city": "Bonn"}, "Bonn"),
        (MappingRow(A.CITY, Direct(A.CITY), Flow.IF_EMPTY), {"city": "Ulm"}, {"city": "Bonn"}, "Bonn"),
        (MappingRow(A.CITY, Direct(A.CITY), Flow.IF_EMPTY), {"city": "Ulm"}, {}, "Ulm"),
        (MappingRow(A.CITY, Nothing(), default="Ulm"), {}, {}, "Ulm"),
        (MappingRow(A.CITY, Nothing(), default="Ulm"), {}, {"city": "Bonn"}, "Bonn"),
        (MappingRow(A.CITY, Expression("IgnoreFlowIfNullOrEmpty([city])"), clears=True), {}, {"city": "Bonn"}, "Bonn"),
        (MappingRow(A.CITY, Direct(A.CITY), clears=True), {}, {"city": "Bonn"}, None),
        (MappingRow(A.CITY, Expression("ToUpper([city])"), clears=True), {}, {"city": "Bonn"}, None),
        (MappingRow(A.CITY, Expression("Coalesce([city], [state])"), clears=True), {}, {"city": "Bonn"}, "Bonn"),
    ],
)
def test_the_value_of_a_known_account(row: MappingRow, of: dict[str, Any], before: dict[str, Any], value: object):
    """Always, on creation, if empty; null flow takes both halves of the opt-in (only city has the source's here)."""
    mapping = compiled(row, clearing=("city",))
    assert after(mapping, person(**of), there(**before))[0][A.CITY] == value


def test_null_flow_takes_both_halves():
    """D-15: the row alone clears nothing."""
    row = MappingRow(A.CITY, Direct(A.CITY), clears=True)
    assert after(compiled(row), person(), there(city="Bonn"))[0][A.CITY] == "Bonn"


def test_what_every_account_has_is_never_cleared():
    """A name, a user type, whether it is enabled."""
    row = MappingRow(A.DISPLAY_NAME, Direct(A.CITY), clears=True)
    assert fault(compiled(row, clearing=("city",)), person()).reason is Reason.MANDATORY


def test_an_expression_that_differs_each_time_flows_on_creation_unless_always_is_said():
    """Otherwise every look would be a change, and a plan applied twice no longer equal one."""
    once = compiled(MappingRow(A.CITY, Expression("Guid()")))
    each_look = compiled(MappingRow(A.CITY, Expression("Guid()"), behavior=Behavior.ALWAYS))
    annie = person()

    assert new(once, annie)[A.CITY] is not None
    assert after(once, annie, there(city="Bonn"))[1] == set()
    assert after(each_look, annie, there(city="Bonn"))[1] == {A.CITY}


def test_extensions_are_mapped_each_on_its_own():
    """Others that the target has stay; null does not flow; on creation only is once."""
    other = Extension(f"extension_{'0' * 32}_other")
    mapping = compiled(MappingRow(COST, Expression("[employeeId]")), MappingRow(other, Constant("x"), Flow.ON_CREATION))

    assert new(mapping, person(employee_id="7"))[A.EXTENSIONS] == {COST.name: "7", other.name: "x"}
    assert new(mapping, person())[A.EXTENSIONS] == {other.name: "x"}
    kept = {"extension_of_theirs": "y"}
    assert after(mapping, person(employee_id="8"), there(extensions=kept))[0][A.EXTENSIONS] == {**kept, COST.name: "8"}
    assert after(mapping, person(), there(extensions=kept))[1] == set()


@pytest.mark.parametrize(
    ("row", "of", "reason", "attribute"),
    [
        (MappingRow(A.CITY, Expression("CDate([city])")), {"city": "soon"}, Reason.EVALUATION, "city"),
        (MappingRow(A.CITY, Expression('Split([city], ",")')), {"city": "a,b"}, Reason.EVALUATION, "city"),
        (MappingRow(A.CITY, Expression("[city]")), {"city": "x" * 100_000}, Reason.EVALUATION, "city"),
        (MappingRow(A.CITY, Expression("Left([city], 1)")), {"city": "\ud83d"}, Reason.EVALUATION, "city"),
        (MappingRow(A.USER_TYPE, Expression("[city]")), {"city": "Boss"}, Reason.VALUE_INVALID, "userType"),
        (MappingRow(A.MAIL, Expression("[city]")), {"city": "nowhere"}, Reason.VALUE_INVALID, "mail"),
        (MappingRow(A.DISPLAY_NAME, Expression("[city]")), {}, Reason.MANDATORY, "displayName"),
        (
            MappingRow(A.CITY, Expression('IIF([city] = "Ulm", IgnoreObjectFlow, [city])')),
            {"city": "Ulm"},
            Reason.SET_ASIDE,
            "city",
        ),
    ],
)
def test_whoever_has_no_value_fails_alone(row: MappingRow, of: dict[str, Any], reason: Reason, attribute: str):
    """The attribute is named, never the value."""
    found = fault(compiled(row), person(**of))
    assert (found.reason, found.details["attribute"]) == (reason, attribute)
    assert not [each for each in found.details.values() if isinstance(each, str) and len(each) > 100]


def test_right_to_left_text_emoji_and_old_dates_go_through():
    """What people are called is their business."""
    mapping = compiled(MappingRow(A.CITY, Expression('DateDiff("d", CDate([state]), CDate([country]))')))
    annie = person(display_name="أحمد 👩‍👩‍👧", state="2026-05-01", country="2025-05-01")

    assert new(mapping, annie)[A.DISPLAY_NAME] == "أحمد 👩‍👩‍👧"
    assert new(mapping, annie)[A.CITY] == "-365"


def test_changes_that_matter_are_those_that_the_mapping_reads():
    """Feed entries about other attributes wake nobody."""
    read = compiled(MappingRow(A.CITY, Expression("ToUpper([mobile])"))).read

    assert read & A.MOBILE_PHONE.bit
    assert not read & A.CITY.bit
    assert not read & A.COMPANY_NAME.bit


def test_the_document_is_read_as_it_was_written():
    """Graph's form, with the engine's own rows."""
    mapping = AttributeMapping(
        (
            *(row for row in DEFAULT.rows if row.target is not A.CITY),
            MappingRow(A.CITY, Expression("ToUpper([city])"), Flow.IF_EMPTY, Behavior.ALWAYS, "Ulm", clears=True),
            MappingRow(A.MOBILE_PHONE, Nothing(), default="-"),
            MappingRow(COST, Direct(COST)),
        ),
        frozenset({"city", COST.name}),
    )
    document = write_mapping(mapping)

    assert read_mapping(document) == mapping
    assert read_mapping(None) == read_mapping(write_mapping(DEFAULT)) == DEFAULT
    assert [each["targetAttributeName"] for each in document["attributeMappings"][:2]] == [
        "alternativeSecurityIds",
        "IsSoftDeleted",
    ]


def row(target: str, **source: Any) -> dict[str, Any]:
    return {"targetAttributeName": target, "source": source or None}


def constant(target: str, value: object) -> dict[str, Any]:
    return row(target, type="Constant", value=value)


def function(target: str, text: str) -> dict[str, Any]:
    return row(target, type="Function", expression=text)


@pytest.mark.parametrize(
    ("extra", "error"),
    [
        (function("mobile", "Frobnicate([city])"), ExpressionError),
        (function("mobile", "ToUper([city])"), MisspelledFunction),
        (function("mobile", "ToUpper([shoeSize])"), UnknownAttribute),
        (function("mobile", "ToUpper([userType])"), UnknownAttribute),
        (function("mobile", "SelectUniqueValue([city], [state])"), UniqueValueSelected),
        (function("mobile", "AltSecIdFromNetId([city])"), SchemaInvalid),
        (row("mobile", type="Attribute", name="shoeSize"), SourceUnknown),
        (row("mobile", type="Attribute", name="userType"), SourceUnknown),
        (row("mobile", type="Attribute", name="manager"), ReferenceMapped),
        (row("mobile", type="Elsewhere"), MappingMalformed),
        (row("shoeSize", type="Attribute", name="city"), TargetUnknown),
        (row("proxyAddresses", type="Attribute", name="mail"), TargetUnknown),
        (row("otherMails", type="Attribute", name="mail"), TargetUnknown),
        (row("city", type="Attribute", name="city"), TargetTwice),
        (constant("mobile", ""), ConstantInvalid),
        (constant("mobile", 7), ConstantInvalid),
        (constant("mobile", "x\x00"), ConstantInvalid),
        ({**constant("mobile", "1"), "flowType": "MultiValueAddOnly"}, MappingMalformed),
        ({**constant("mobile", "1"), "matchingPriority": 2}, SchemaInvalid),
    ],
)
def test_a_row_that_cannot_be_saved_is_refused(extra: dict[str, Any], error: type[Exception]):
    """When it is saved, not when somebody is mapped; the row is named."""
    document = write_mapping(DEFAULT)
    document["attributeMappings"].append(extra)

    with pytest.raises(error) as refused:
        read_mapping(document)
    assert refused.value.parameters["row"] == 24  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "change",
    [{"matchingPriority": 0}, {"flowType": "ObjectAddOnly"}, {"source": {"type": "Attribute", "name": "mail"}}],
)
def test_the_matching_row_is_not_changed(change: dict[str, Any]):
    """`schemaInvalid` (provisioning §5.1); nor is it left out."""
    document = write_mapping(DEFAULT)
    document["attributeMappings"][0] |= change
    with pytest.raises(SchemaInvalid):
        read_mapping(document)

    del document["attributeMappings"][0]
    with pytest.raises(SchemaInvalid):
        read_mapping(document)


def test_an_expression_knows_the_time():
    """The business clock's, as an argument."""
    mapping = compiled(MappingRow(A.CITY, Expression("Now()")), now=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
    assert new(mapping, person())[A.CITY] == "1/2/2026 3:04:05 AM"
