"""Results as JSON, with PowerShell's property names, and as PowerShell would write them on a screen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from comity.access.properties import ALL_KNOWN, ALLOW_LIST
from comity.cli.cmdlets.cmdlet import WHAT_IF
from comity.cli.cmdlets.kinds import ALL, ALLOW
from comity.cli.cmdlets.values import Record, Table, Value


def as_json(value: object) -> object:
    """The value for programs; allowed domains in two shapes that cannot be confused (external-access §2)."""
    match value:
        case Record(shape=shape) if shape is ALL:
            return {"mode": ALL_KNOWN}
        case Record(shape=shape) if shape is ALLOW:
            return {"mode": ALLOW_LIST, "domains": _domains(value)}
        case Record():
            return {name: as_json(each) for name, each in _properties(value).items()}
        case Table():
            return {name: as_json(each) for name, each in value.entries.items()}
        case Mapping():
            return {name: as_json(each) for name, each in value.items()}
        case tuple() | list():
            return [as_json(each) for each in value]
    return value


def as_screen(values: Sequence[Value]) -> str:
    """Everything as a person reads it: lists of properties with a blank line between them, tables, plain values."""
    blocks: list[str] = []
    for kind, group in groupby(values, key=_layout):
        members = list(group)
        if kind == "table":
            blocks.append(_table([each for each in members if isinstance(each, Record)]))
        elif kind == "list":
            blocks += [_list(each) for each in members if isinstance(each, Record)]
        else:
            blocks.append("\n".join(_cell(each) for each in members))
    return "\n\n".join(blocks)


def _layout(value: Value) -> str:
    if isinstance(value, Record) and value.shape not in (ALL, ALLOW):
        return "table" if value.in_table else "list"
    return "plain"


def _properties(record: Record) -> dict[str, Value]:
    return {name: each for name, each in record.properties.items() if name not in record.shape.hidden}


def _domains(record: Record) -> list[str]:
    patterns = record.properties["AllowedDomain"]
    assert isinstance(patterns, tuple)
    names = (each.properties["Domain"] for each in patterns if isinstance(each, Record))
    return [str(each) for each in names if each]


def _list(record: Record) -> str:
    if record.shape is WHAT_IF:
        return "\n".join(_what_if(record.properties))
    shown = {name: _cell(each) for name, each in _properties(record).items()}
    width = max(map(len, shown), default=0)
    return "\n".join(f"{name:<{width}} : {each}".rstrip() for name, each in shown.items())


def _what_if(told: Mapping[str, object]) -> Iterator[str]:
    yield f"What if: {told['Operation']} on {told['Target']}."
    changes = told["Changes"]
    assert isinstance(changes, list)
    for each in changes:
        yield f"  {each['Property']}: {_cell(each['Before'])} -> {_cell(each['After'])}"
    if not changes:
        yield "  Nothing would change."


def _table(records: Sequence[Record]) -> str:
    """Columns of the first record; as wide as they need, nothing is cut off."""
    headings = [*dict.fromkeys(name for each in records for name in _properties(each))]
    rows = [headings, ["-" * len(each) for each in headings]]
    rows += [[_cell(_properties(each).get(name)) for name in headings] for each in records]
    widths = [max(len(row[column]) for row in rows) for column in range(len(headings))]
    return "\n".join(
        " ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case Record(shape=shape) if shape is ALL:
            return ALL_KNOWN
        case Record(shape=shape) if shape is ALLOW:
            return _cell(_domains(value))
        case Record() if value.shape.stands_for is not None:
            return _cell(value.properties[value.shape.stands_for])
        case Record():
            return "; ".join(f"{name}={_cell(each)}" for name, each in _properties(value).items())
        case {"mode": mode, **rest}:
            return _cell(rest["domains"]) if "domains" in rest else str(mode)
        case tuple() | list():
            return "{" + ", ".join(_cell(each) for each in value) + "}"
    return str(value)
