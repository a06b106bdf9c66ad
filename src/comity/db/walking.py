"""Walk a table along an index and keep the rows that fit a criterion (design §4.13).

A criterion may name any declared property, and most have no index. So a page is never searched for: rows are
taken in the order of an index, at most `WALK_MAX` of them, and those that fit are kept. A page may be short
or empty and still have a next one, as in Graph; what a request costs is bounded, however large the tenant
is. Where the criterion itself names a beginning or a value of the index, only that range is walked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, Final, Generic, LiteralString, TypeVar
from uuid import UUID

from comity.core.criteria import (
    PARTS_MAX,
    AnyItem,
    Compare,
    Criterion,
    CriterionUnsupported,
    Either,
    Every,
    HasWord,
    Not,
    Op,
    Scalar,
)
from comity.core.folding import words
from comity.db.transaction import Transaction, as_uuid

T = TypeVar("T")

WALK_MAX: Final = 10_000
"""Rows that one page looks at."""
LAST_CHARACTER: Final = "\U0010ffff"

_SLOTS: Final[Sequence[LiteralString]] = [f"%(slot_{number})s" for number in range(PARTS_MAX)]
"""Names of a criterion's parameters: ours, never a client's."""
_SIGNS: Final[Mapping[Op, LiteralString]] = {
    Op.EQ: " = ", Op.NE: " <> ", Op.GT: " > ", Op.GE: " >= ", Op.LT: " < ", Op.LE: " <= ",
}  # fmt: skip


class Kind(Enum):
    """How the values of a column compare."""

    TEXT = auto()
    """Without case."""
    GUID = auto()
    FLAG = auto()
    INSTANT = auto()
    NUMBER = auto()


@dataclass(frozen=True, slots=True)
class Column:
    """A property that can be chosen by: what it is in SQL."""

    sql: LiteralString
    kind: Kind = Kind.TEXT
    words: LiteralString | None = None
    """The folded words of it, where it can be searched."""


@dataclass(frozen=True, slots=True)
class Items:
    """A collection that can be chosen by: the SQL around a condition on one item, and what an item has."""

    before: LiteralString
    after: LiteralString
    columns: Mapping[str, Column]


@dataclass(frozen=True, slots=True)
class Way:
    """An index to walk along: its key before the id, and which property it holds in which folded form."""

    key: LiteralString | None
    """None: the id alone."""
    name: str = "id"
    fold: Callable[[str], str] = str


@dataclass(frozen=True, slots=True)
class Place:
    """Where a walk stands: behind this key and id."""

    key: str | None
    id: UUID


@dataclass(frozen=True, slots=True)
class Order:
    """Along which property, and in which direction."""

    name: str = "id"
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """A page of what fits, and where the next one begins; None: there is none."""

    items: list[T]
    after: Place | None = None


@dataclass(frozen=True, slots=True)
class Walk(Generic[T]):
    """A table that can be walked. Its statements name `/*whose*/`, `/*behind*/`, `/*order*/` and `/*fits*/`."""

    page: LiteralString
    end: LiteralString
    """Where the walk of a page ended."""
    count: LiteralString
    make: Callable[..., T]
    columns: Mapping[str, Column | Items]
    ways: Sequence[Way]
    """The first is the one where nothing else is asked for."""
    place: Callable[[T, Way], Place]
    living: LiteralString = "deleted_at is null"

    async def find(
        self,
        tx: Transaction,
        *,
        criterion: Criterion | None = None,
        order: Order | None = None,
        after: Place | None = None,
        at_most: int,
        walk_max: int = WALK_MAX,
    ) -> Found[T]:
        """A page of the rows that fit, behind `after`.

        Raises:
            CriterionUnsupported: a property that nothing can be chosen or ordered by.
        """
        statements = self._statements(criterion, order, after)
        walk = at_most + 1 if criterion is None else walk_max
        facts = {**statements.parameters, "walk": walk, "at_most": at_most + 1}
        rows = await tx.all(self.make, statements.page, **facts)
        if len(rows) > at_most:
            return Found(rows[:at_most], self.place(rows[at_most - 1], statements.way))
        if criterion is None:
            return Found(rows)
        end = await tx.row(statements.end, **facts)
        return Found(rows, None if end is None else Place(None if statements.way.key is None else end[0], end[1]))

    def page_statement(
        self, *, criterion: Criterion | None = None, order: Order | None = None, at_most: int
    ) -> tuple[LiteralString, dict[str, object]]:
        """The statement of a page and its parameters, for guards on plans."""
        statements = self._statements(criterion, order, None)
        walk = at_most + 1 if criterion is None else WALK_MAX
        return statements.page, {**statements.parameters, "walk": walk, "at_most": at_most + 1}

    async def count_all(
        self,
        tx: Transaction,
        *,
        criterion: Criterion | None = None,
    ) -> int:
        """How many rows fit in all."""
        built = Builder(self.columns)
        fitting = built.condition(criterion)
        statement = self.count.replace("/*whose*/", self.living).replace("/*fits*/", fitting)
        row = await tx.row(statement, **built.parameters)
        return int(row[0]) if row else 0

    def _statements(self, criterion: Criterion | None, order: Order | None, after: Place | None) -> _Statements:
        way, bound = self._way(criterion, order)
        built = Builder(self.columns)
        fitting = built.condition(criterion)
        down = order is not None and order.descending
        behind = _behind(way, bound, after, built, down=down)
        page, end = (self._filled(each, way, behind, fitting, down=down) for each in (self.page, self.end))
        return _Statements(page, end, way, built.parameters)

    def _filled(
        self,
        statement: LiteralString,
        way: Way,
        behind: LiteralString,
        fitting: LiteralString,
        *,
        down: bool,
    ) -> LiteralString:
        turn: LiteralString = " desc" if down else ""
        order: LiteralString = "id" + turn if way.key is None else way.key + turn + ", id" + turn
        key: LiteralString = "null" if way.key is None else way.key
        return (
            statement.replace("/*whose*/", self.living)
            .replace("/*behind*/", behind)
            .replace("/*order*/", order)
            .replace("/*key*/", key)
            .replace("/*fits*/", fitting)
        )

    def _way(self, criterion: Criterion | None, order: Order | None) -> tuple[Way, _Bound | None]:
        bounds = {each.name: each for each in _bounds(criterion, self.ways)}
        if order is not None and order.name != "id":
            way = next((each for each in self.ways if each.name == order.name), None)
            if way is None:
                raise CriterionUnsupported(property=order.name, operator="orderby")
            return way, bounds.get(way.name)
        chosen = next((each for each in self.ways if each.name in bounds), self.ways[0])
        return chosen, bounds.get(chosen.name)


@dataclass(frozen=True, slots=True)
class _Statements:
    """A page's statements, filled."""

    page: LiteralString
    end: LiteralString
    way: Way
    parameters: dict[str, object]


@dataclass(frozen=True, slots=True)
class _Bound:
    """What a criterion says of an index: these values, or a beginning."""

    name: str
    values: tuple[str, ...] = ()
    beginning: str | None = None


def _bounds(criterion: Criterion | None, ways: Sequence[Way]) -> list[_Bound]:
    parts = criterion.parts if isinstance(criterion, Every) else (criterion,)
    found = [_bound(part, way) for part in parts for way in ways]
    return [each for each in found if each is not None]


def _bound(part: Criterion | None, way: Way) -> _Bound | None:
    match part:
        case Compare(name, Op.EQ, str() | UUID() as value) if name == way.name:
            return _Bound(name, (way.fold(str(value)),))
        case Compare(name, Op.STARTS, str(value)) if name == way.name and way.key is not None:
            return _Bound(name, beginning=way.fold(value))
        case Either(parts):
            bounds = [_bound(each, way) for each in parts]
            if all(each is not None and each.values for each in bounds):
                return _Bound(way.name, tuple(value for each in bounds if each for value in each.values))
    return None


def _behind(way: Way, bound: _Bound | None, after: Place | None, built: Builder, *, down: bool) -> LiteralString:
    """The range of the index that is walked."""
    parts: list[LiteralString] = []
    sign: LiteralString = "<" if down else ">"
    if after is None and bound is None and way.key is None and not down:
        after = Place(None, UUID(int=0))  # the planner sees a range of the key, whatever it knows of the tenant's size
    if after is not None:
        built.parameters.update(after_key=after.key, after_id=after.id)
        key = way.key
        parts.append(
            "id " + sign + " %(after_id)s" if key is None else f"({key}, id) {sign} (%(after_key)s, %(after_id)s)"
        )
    if bound is not None and bound.values:
        if way.key is None:
            built.parameters["bound"] = [each for each in map(as_uuid, bound.values) if each is not None]
            parts.append("id = any (%(bound)s::uuid[])")
        else:
            built.parameters["bound"] = list(bound.values)
            parts.append(way.key + " = any (%(bound)s::text[])")
    elif bound is not None and bound.beginning and way.key is not None:
        built.parameters.update(bound=bound.beginning, bound_end=bound.beginning + LAST_CHARACTER)
        parts.append(way.key + " >= %(bound)s and " + way.key + " < %(bound_end)s")
    return " and ".join(parts) if parts else "true"


@dataclass(slots=True)
class Builder:
    """Makes conditions of a criterion; every value becomes a parameter."""

    columns: Mapping[str, Column | Items]
    parameters: dict[str, object] = field(default_factory=dict)
    used: int = 0

    def condition(self, criterion: Criterion | None) -> LiteralString:
        """The condition in SQL; its parameters are in `parameters`.

        Raises:
            CriterionUnsupported.
        """
        return "true" if criterion is None else self._part(criterion, self.columns)

    def _part(self, criterion: Criterion, columns: Mapping[str, Any]) -> LiteralString:
        match criterion:
            case Compare():
                return self._compare(criterion, columns)
            case HasWord():
                return self._word(criterion, columns)
            case AnyItem():
                return self._any(criterion, columns)
            case Every(parts):
                return "(" + " and ".join([self._part(each, columns) for each in parts]) + ")"
            case Either(parts):
                return "(" + " or ".join([self._part(each, columns) for each in parts]) + ")"
            case Not(part):
                return "(not coalesce(" + self._part(part, columns) + ", false))"

    def _compare(self, asked: Compare, columns: Mapping[str, Any]) -> LiteralString:
        column = columns.get(asked.name)
        if not isinstance(column, Column):
            raise CriterionUnsupported(property=asked.name, operator=asked.op.value)
        if asked.value is None:
            if asked.op not in (Op.EQ, Op.NE):
                raise CriterionUnsupported(property=asked.name, operator=asked.op.value)
            return column.sql + (" is null" if asked.op is Op.EQ else " is not null")
        if column.kind is Kind.TEXT:
            return self._compare_text(asked, column)
        if asked.op not in _SIGNS or (column.kind in (Kind.FLAG, Kind.GUID) and asked.op not in (Op.EQ, Op.NE)):
            raise CriterionUnsupported(property=asked.name, operator=asked.op.value)
        slot = self._slot(_value(asked, column.kind))
        if asked.op is Op.NE:
            return "(" + column.sql + " is distinct from " + slot + _CASTS[column.kind] + ")"
        return "(" + column.sql + _SIGNS[asked.op] + slot + _CASTS[column.kind] + ")"

    def _compare_text(self, asked: Compare, column: Column) -> LiteralString:
        if not isinstance(asked.value, str | UUID):
            raise CriterionUnsupported(property=asked.name, operator=asked.op.value)
        slot = "lower(" + self._slot(str(asked.value)) + "::text)"
        text = "lower(" + column.sql + ")"
        match asked.op:
            case Op.STARTS:
                return "coalesce(starts_with(" + text + ", " + slot + "), false)"
            case Op.ENDS:
                return "coalesce(right(" + text + ", length(" + slot + ")) = " + slot + ", false)"
            case Op.CONTAINS:
                return "coalesce(position(" + slot + " in " + text + ") > 0, false)"
            case Op.NE:
                return "(" + text + " is distinct from " + slot + ")"
        return "coalesce(" + text + _SIGNS[asked.op] + slot + ", false)"

    def _word(self, asked: HasWord, columns: Mapping[str, Any]) -> LiteralString:
        column = columns.get(asked.name)
        wanted = " ".join(words(asked.text))
        if not isinstance(column, Column) or column.words is None:
            raise CriterionUnsupported(property=asked.name, operator="search")
        if not wanted:
            return "false"
        return "(position(' ' || " + self._slot(wanted) + "::text in ' ' || coalesce(" + column.words + ", '')) > 0)"

    def _any(self, asked: AnyItem, columns: Mapping[str, Any]) -> LiteralString:
        items = columns.get(asked.name)
        if not isinstance(items, Items):
            raise CriterionUnsupported(property=asked.name, operator="any")
        inner: LiteralString = "true" if asked.part is None else self._part(asked.part, items.columns)
        return items.before + inner + items.after

    def _slot(self, value: Scalar) -> LiteralString:
        if self.used >= PARTS_MAX:
            raise CriterionUnsupported(property="", operator="and")
        self.parameters[f"slot_{self.used}"] = value
        self.used += 1
        return _SLOTS[self.used - 1]


_CASTS: Final[Mapping[Kind, LiteralString]] = {
    Kind.GUID: "::uuid", Kind.FLAG: "::boolean", Kind.INSTANT: "::timestamptz", Kind.NUMBER: "::bigint",
}  # fmt: skip


def _value(asked: Compare, kind: Kind) -> Scalar:
    """The value as the column has it; a text that is no id fits no id."""
    value = asked.value
    if kind is Kind.GUID and isinstance(value, str):
        return as_uuid(value) or UUID(int=0)
    expected: Mapping[Kind, tuple[type, ...]] = {Kind.GUID: (UUID,), Kind.FLAG: (bool,), Kind.NUMBER: (int,)}
    if kind in expected and not isinstance(value, expected[kind]):
        raise CriterionUnsupported(property=asked.name, operator=asked.op.value)
    if kind is Kind.INSTANT and not hasattr(value, "tzinfo"):
        raise CriterionUnsupported(property=asked.name, operator=asked.op.value)
    return value
