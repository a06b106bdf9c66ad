"""A mapping as it is stored and sent: Graph's `attributeMappings`, read and checked, and written (provisioning §5.3).

Besides Graph's properties a row may say `flowNullValues`, and `sourceAttributes` names the source attributes whose
absence may flow: the two halves of the opt-in to null flow (D-15).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from comity.core.errors import Invalid
from comity.directory.decide import text_fault
from comity.directory.extensions import Extension, extension_fault, is_extension
from comity.directory.model import Attribute
from comity.sync.attributes import NEVER_EMPTY, SOURCE_NAMES, TRUTHS, UNMAPPABLE, field_of, name_of
from comity.sync.computing import USER_TYPES, compiled
from comity.sync.expressions.errors import ExpressionError
from comity.sync.expressions.parsing import nearest
from comity.sync.mapping_rows import (
    DEFAULT,
    AttributeMapping,
    Behavior,
    Constant,
    Direct,
    Expression,
    Field,
    Flow,
    MappingRow,
    Nothing,
)

MATCHING_TARGET: Final = "alternativeSecurityIds"
MATCHING: Final[Mapping[str, Any]] = {
    "targetAttributeName": MATCHING_TARGET,
    "source": {"type": "Function", "name": "AltSecIdFromNetId", "expression": "AltSecIdFromNetId([netId])"},
    "defaultValue": None,
    "flowType": "Always",
    "flowBehavior": "FlowWhenChanged",
    "matchingPriority": 1,
    "flowNullValues": False,
}
"""Row 1: whom an account stands for. It is the engine's own, and nobody changes it (provisioning §5.1)."""
SOFT_DELETION_TARGET: Final = "IsSoftDeleted"
SOFT_DELETION: Final[Mapping[str, Any]] = {
    "targetAttributeName": SOFT_DELETION_TARGET,
    "source": {"type": "Attribute", "name": "IsSoftDeleted", "expression": "[IsSoftDeleted]"},
    "defaultValue": None,
    "flowType": "Always",
    "flowBehavior": "FlowWhenChanged",
    "matchingPriority": 0,
    "flowNullValues": False,
}
"""Row 2: who leaves is soft-deleted; the engine's own as well."""


class MappingInvalid(Invalid):
    """A mapping cannot be saved as it is; `row` counts from 1, `target` is what it writes."""

    code = "mapping-invalid"


class SchemaInvalid(MappingInvalid):
    """The matching row is fixed: it cannot be changed, left out or joined by another one."""

    code = "schemaInvalid"


class MappingMalformed(MappingInvalid):
    """The document has not the form of a mapping."""

    code = "mapping-malformed"


class TargetUnknown(MappingInvalid):
    """There is no such target attribute, or none that a mapping may write."""

    code = "mapping-target-unknown"


class TargetTwice(MappingInvalid):
    """Two rows write the same target attribute."""

    code = "mapping-target-twice"


class SourceUnknown(MappingInvalid):
    """There is no such source attribute, or none that a mapping may read."""

    code = "mapping-source-unknown"


class SourceMisspelled(SourceUnknown):
    """There is a source attribute of nearly that name."""

    code = "mapping-source-misspelled"


class ConstantInvalid(MappingInvalid):
    """The target attribute does not take that constant, or that default."""

    code = "mapping-constant-invalid"


class ReferenceMapped(MappingInvalid):
    """A reference goes as it is or not at all: a manager takes a manager."""

    code = "mapping-reference"


class UniqueValueSelected(MappingInvalid):
    """SelectUniqueValue asks what is taken in the target, which mappings between tenants may not (D-28)."""

    code = "mapping-select-unique-value"


def read_mapping(document: object) -> AttributeMapping:
    """Read and check a mapping; None is the default one.

    Raises:
        MappingInvalid: a row cannot be saved; names it and what to mend.
        ExpressionError: an expression is wrong; its facts also name `row` and `target`.
    """
    if document is None:
        return DEFAULT
    return _read(json.dumps(document, sort_keys=True))


def write_mapping(mapping: AttributeMapping) -> dict[str, Any]:
    """The document that `read_mapping` reads as the same mapping, with the engine's own rows first."""
    return {
        "attributeMappings": [dict(MATCHING), dict(SOFT_DELETION), *map(_row_document, mapping.rows)],
        "sourceAttributes": {name: {"flowNullValues": True} for name in sorted(mapping.clearing)},
    }


@lru_cache(maxsize=256)
def _read(text: str) -> AttributeMapping:
    document = json.loads(text)
    given = _object(document, "mapping", 0)
    rows: list[MappingRow] = []
    seen: set[str] = set()
    for number, each in enumerate(_list(given.get("attributeMappings"), "attributeMappings"), 1):
        row = _object(each, "row", number)
        name = _name(row.get("targetAttributeName"), "targetAttributeName", number)
        target = field_of(name)
        canonical = name_of(target) if target is not None else name
        if canonical in seen:
            raise TargetTwice(row=number, target=name)
        seen.add(canonical)
        if canonical == MATCHING_TARGET:
            _check_own(row, MATCHING, number)
        elif canonical == SOFT_DELETION_TARGET:
            _check_own(row, SOFT_DELETION, number)
        else:
            rows.append(_row(row, name, target, number))
    for needed in (MATCHING_TARGET, SOFT_DELETION_TARGET):
        if needed not in seen:
            raise SchemaInvalid(row=0, target=needed)
    return AttributeMapping(tuple(rows), _clearing(given.get("sourceAttributes")))


def _row(row: Mapping[str, Any], name: str, target: Field | None, number: int) -> MappingRow:
    if target is None or name in UNMAPPABLE:
        raise TargetUnknown(row=number, target=name)
    if row.get("matchingPriority"):
        raise SchemaInvalid(row=number, target=name)
    source = _source(row.get("source"), target, number)
    default = row.get("defaultValue")
    default = None if default in ("", None) else _constant(default, target, number)
    return MappingRow(
        target,
        source,
        _one_of(Flow, row.get("flowType") or "Always", "flowType", number, name),
        _one_of(Behavior, row.get("flowBehavior") or "FlowWhenChanged", "flowBehavior", number, name),
        default,
        clears=row.get("flowNullValues") is True,
    )


def _source(given: object, target: Field, number: int) -> Direct | Constant | Expression | Nothing:
    if given is None:
        return _checked(Nothing(), target, number)
    source = _object(given, "source", number)
    kind = source.get("type")
    match kind:
        case "None":
            return _checked(Nothing(), target, number)
        case "Constant":
            value = source.get("value", source.get("name"))
            return _checked(Constant(_constant(value, target, number)), target, number)
        case "Attribute":
            name = source.get("name") or str(source.get("expression") or "").strip("[] ")
            return _checked(_direct(_name(name, "source.name", number), target, number), target, number)
        case "Function":
            text = _name(source.get("expression"), "source.expression", number)
            return _checked(_expression(text, target, number), target, number)
    raise MappingMalformed(row=number, part="source.type", wanted="Attribute, Constant, Function or None")


def _checked(
    source: Direct | Constant | Expression | Nothing, target: Field, number: int
) -> Direct | Constant | Expression | Nothing:
    is_reference = source == Direct(Attribute.MANAGER_ID)
    if not isinstance(source, Nothing) and is_reference != (target is Attribute.MANAGER_ID):
        raise ReferenceMapped(row=number, target=name_of(target))
    return source


def _direct(name: str, target: Field, number: int) -> Direct | Expression:
    field = field_of(name)
    if field is not None and field is not Attribute.USER_TYPE:
        return Direct(field)
    if name in SOURCE_NAMES:
        return Expression(f"[{name}]")
    meant = nearest(name, SOURCE_NAMES)
    if meant:
        raise SourceMisspelled(row=number, target=name_of(target), source=name, suggestion=meant)
    raise SourceUnknown(row=number, target=name_of(target), source=name)


def _expression(text: str, target: Field, number: int) -> Expression:
    try:
        expression = compiled(text)
    except ExpressionError as wrong:
        raise type(wrong)(**{**wrong.parameters, "row": number, "target": name_of(target)}) from None
    if expression.selects_unique_value:
        raise UniqueValueSelected(row=number, target=name_of(target))
    if "AltSecIdFromNetId" in expression.functions:
        raise SchemaInvalid(row=number, target=name_of(target))
    return Expression(text)


def _constant(value: object, target: Field, number: int) -> str | bool:
    """A constant as the target attribute takes it."""
    name = name_of(target)
    if target in TRUTHS:
        if isinstance(value, str) and value.casefold() in {"true", "false"}:
            return value.casefold() == "true"
        if isinstance(value, bool):
            return value
        raise ConstantInvalid(row=number, target=name, value=str(value), wanted="true or false")
    if isinstance(target, Extension) and isinstance(value, bool):
        return value
    if not isinstance(value, str) or not value:
        raise ConstantInvalid(row=number, target=name, value=str(value), wanted="a text")
    if target is Attribute.USER_TYPE and value not in USER_TYPES:
        raise ConstantInvalid(row=number, target=name, value=value, wanted="Member or Guest")
    fault = extension_fault(name, value) if isinstance(target, Extension) else text_fault(value)
    if target is Attribute.MANAGER_ID:
        raise ReferenceMapped(row=number, target=name)
    if fault or target is Attribute.USER_PRINCIPAL_NAME:
        raise ConstantInvalid(row=number, target=name, value=value[:80], wanted="a text that can be stored there")
    return value


def _clearing(given: object) -> frozenset[str]:
    names = set()
    for name, facts in _object(given or {}, "sourceAttributes", 0).items():
        if _object(facts, "sourceAttributes", 0).get("flowNullValues") is not True:
            continue
        if name not in SOURCE_NAMES and not is_extension(name):
            raise SourceUnknown(row=0, target="sourceAttributes", source=name)
        field = field_of(name)
        names.add(name_of(field) if field is not None and field not in NEVER_EMPTY else name)
    return frozenset(names)


def _check_own(row: Mapping[str, Any], own: Mapping[str, Any], number: int) -> None:
    source = _object(row.get("source"), "source", number)
    fixed = {name: row.get(name) or own[name] for name in ("flowType", "flowBehavior")}
    same = (
        str(source.get("expression") or "").replace(" ", "") in {own["source"]["expression"], ""}
        and source.get("type") == own["source"]["type"]
        and (source.get("name") or own["source"]["name"]) == own["source"]["name"]
        and (row.get("matchingPriority") or 0) == own["matchingPriority"]
        and all(fixed[name] == own[name] for name in fixed)
        and row.get("defaultValue") in (None, "")
    )
    if not same:
        raise SchemaInvalid(row=number, target=own["targetAttributeName"])


def _row_document(row: MappingRow) -> dict[str, Any]:
    return {
        "targetAttributeName": name_of(row.target),
        "source": _source_document(row.source),
        "defaultValue": row.default,
        "flowType": row.flow.value,
        "flowBehavior": row.behavior.value,
        "matchingPriority": 0,
        "flowNullValues": row.clears,
    }


def _source_document(source: Direct | Constant | Expression | Nothing) -> dict[str, Any] | None:
    match source:
        case Direct(attribute):
            name = name_of(attribute)
            return {"type": "Attribute", "name": name, "expression": f"[{name}]"}
        case Constant(value):
            return {"type": "Constant", "value": value}
        case Expression(text):
            return {"type": "Function", "expression": text}
        case Nothing():
            return None


def _one_of(kind: Any, value: object, part: str, number: int, target: str) -> Any:
    try:
        return kind(value)
    except ValueError:
        wanted = ", ".join(each.value for each in kind)
        raise MappingMalformed(row=number, target=target, part=part, wanted=wanted) from None


def _object(value: object, part: str, number: int) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise MappingMalformed(row=number, part=part, wanted="an object")
    return value


def _list(value: object, part: str) -> list[Any]:
    if not isinstance(value, list):
        raise MappingMalformed(row=0, part=part, wanted="a list")
    return value


def _name(value: object, part: str, number: int) -> str:
    if not isinstance(value, str) or not value:
        raise MappingMalformed(row=number, part=part, wanted="a text")
    return value
