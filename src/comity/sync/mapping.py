"""From the values of a home account to those of the account that stands for it elsewhere.

A mapping is compiled once per job and target and applied to thousands of rows. Direct and constant rows
are one tuple concatenation and one `itemgetter`, no object per field; expressions are closures that are
called only where a mapping has any, once for all jobs that share it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any, Final

from comity.directory.decide import TEXT_LENGTH_MAX, is_mangled, mangled_upn, text_fault
from comity.directory.extensions import Extension, Extensions
from comity.directory.model import Attribute
from comity.sync.attributes import NEVER_EMPTY, TRUTHS, bit_of, bits_read, name_of, place_of
from comity.sync.computing import Compute, Evaluation, computation, evaluate_all
from comity.sync.expressions.functions import Context
from comity.sync.expressions.values import Ignore
from comity.sync.mapping_rows import (
    DEFAULT_MAPPING,
    AttributeMapping,
    Behavior,
    Constant,
    Direct,
    Expression,
    Flow,
    MappingRow,
    Nothing,
)
from comity.sync.model import CARRIED, Computed, Fault, Person, Reason, Values
from comity.sync.plain import Plain, plain_of

__all__ = ["DEFAULT_MAPPING", "CompiledMapping"]

A: Final = Attribute
IGNORE: Final = Ignore.ATTRIBUTE
"""Stands in wanted values where the target is left as it is."""

_UNMAPPED: Final[dict[Attribute, str | bool]] = {
    A.USER_TYPE: "Member",
    A.ACCOUNT_ENABLED: True,
    A.SHOW_IN_ADDRESS_LIST: False,
}
"""What a new account has where no row says otherwise."""
_AT: Final = {each: at for at, each in enumerate(CARRIED)}
_UPN_AT: Final = _AT[A.USER_PRINCIPAL_NAME]
_MANAGER_AT: Final = _AT[A.MANAGER_ID]
_EXTENSIONS_AT: Final = _AT[A.EXTENSIONS]
_TEXTS: Final = frozenset(CARRIED) - TRUTHS - {A.MANAGER_ID, A.USER_TYPE, A.EXTENSIONS}


class CompiledMapping:
    """A mapping ready for many people and one target.

    `always` is the bit set of target attributes that are written again and again; `read` that of source
    attributes whose change matters. `computes` says whether it has expressions, `plain` what it is if it takes
    values as they are.
    """

    def __init__(
        self,
        mapping: AttributeMapping | Sequence[MappingRow],
        *,
        target_domain: str,
        context: Context | None = None,
    ) -> None:
        self.mapping = mapping if isinstance(mapping, AttributeMapping) else AttributeMapping(tuple(mapping))
        self._domain = target_domain
        self._context = context or Context()
        parts = _parts(self.mapping)
        self._parts = parts
        self._pick = parts.pick
        self._constants = parts.constants
        self._maps_upn = parts.upn_computed is not None
        self.computes = bool(parts.evaluations)
        self.always_at = parts.always_at
        self.pick_always = parts.pick_always
        self.read = parts.read
        self.always = parts.always
        self.plain: Plain | None = parts.plain

    def compute(self, person: Person) -> Computed:
        """What the expressions make of a person; the same for every target of the same mapping."""
        return evaluate_all(self._parts.evaluations, person, self._context)

    def wanted(self, person: Person, computed: Computed | None = None) -> Values | Fault:
        """The values that the account in the target should have; None where nothing flows.

        `IGNORE` stands where an expression leaves the target alone. A fault says that she has no values.
        """
        if not self.computes:
            values = self._pick((*person, mangled_upn(person.user_principal_name, self._domain), *self._constants))
            return values if (person.longest or 0) <= TEXT_LENGTH_MAX else _fault_of(values) or values
        if computed is None:
            computed = self.compute(person)
        if isinstance(computed, Fault):
            return computed
        upn: Any = person.user_principal_name if not self._maps_upn else computed[self._parts.upn_computed or 0]
        if upn is not IGNORE and upn is not None and not is_mangled(upn):
            upn = mangled_upn(upn, self._domain)
        values = self._pick((*person, upn, *self._constants, *computed))
        return values if (person.longest or 0) <= TEXT_LENGTH_MAX else _fault_of(values) or values

    def values_of_new(self, wanted: Values) -> Values:
        """The values of a new account: with defaults, and nothing where an expression leaves the target alone."""
        return self._parts.values_of_new(wanted)

    def bring_in_line(self, before: Values, wanted: Values) -> tuple[Values, int]:
        """The values afterwards and the bits of those that changed; what has no value at the source does not flow."""
        return self._parts.bring_in_line(before, wanted)

    @property
    def clears_manager(self) -> bool:
        """Does the loss of a manager flow? (D-17)"""
        return _MANAGER_AT in self._parts.clears


class _Parts:
    """What of a compiled mapping does not depend on target and time."""

    def __init__(self, mapping: AttributeMapping) -> None:
        by_target = {row.target: row for row in mapping.rows}
        self._rows = by_target
        self.evaluations: list[Evaluation] = []
        constants: list[object] = []
        self.upn_computed: int | None = None
        base = len(Person._fields) + 1
        pending: list[tuple[int, int]] = []  # where a computed value goes: its place, and which it is
        places: list[int] = []
        for at, attribute in enumerate(CARRIED):
            row = by_target.get(attribute)
            source = row.source if row else Constant(_UNMAPPED[attribute]) if attribute in _UNMAPPED else None
            if attribute is A.EXTENSIONS:
                compute = _extensions(mapping)
                pending += [(at, self._add(compute))] if compute else []
                constants.append(None)
                places.append(base + len(constants) - 1)
            elif attribute is A.USER_PRINCIPAL_NAME:
                if source is not None and source != Direct(A.USER_PRINCIPAL_NAME):
                    self.upn_computed = self._add(computation(row))
                places.append(base - 1)
            elif isinstance(source, Direct) and _fits(source, attribute):
                assert isinstance(source.attribute, Attribute)
                places.append(place_of(source.attribute))
            elif isinstance(source, Constant):
                constants.append(source.value)
                places.append(base + len(constants) - 1)
            elif isinstance(source, Direct | Expression):
                pending.append((at, self._add(computation(row))))
                places.append(-1)
            else:
                constants.append(None)
                places.append(base + len(constants) - 1)
        for at, number in pending:
            places[at] = base + len(constants) + number
        self.constants = tuple(constants)
        self.pick: Callable[[tuple[object, ...]], Values] = itemgetter(*places)
        self._decide_flows(mapping, by_target)
        self.read = _read(mapping)
        self.plain = plain_of(mapping)

    def _add(self, evaluation: Evaluation) -> int:
        self.evaluations.append(evaluation)
        return len(self.evaluations) - 1

    def _decide_flows(self, mapping: AttributeMapping, by_target: Mapping[Any, MappingRow]) -> None:
        flows = {row.target: _flow(row) for row in mapping.rows}
        carried = [(at, each) for at, each in enumerate(CARRIED) if each in by_target]
        self.always_at = tuple(at for at, each in carried if flows[each] is Flow.ALWAYS)
        self._if_empty_at = tuple(at for at, each in carried if flows[each] is Flow.IF_EMPTY)
        self.pick_always: Callable[[Values], object] = itemgetter(*self.always_at) if self.always_at else lambda _: ()
        self.clears = frozenset(at for at, each in carried if _clears(by_target[each], mapping.clearing))
        self._fallbacks = {at: by_target[each].default for at, each in carried if by_target[each].default is not None}
        self.always = sum(CARRIED[at].bit for at in self.always_at)
        extensions = [row for row in mapping.rows if isinstance(row.target, Extension)]
        self._extensions = {name_of(row.target): row for row in extensions}
        self._extension_clears = frozenset(name_of(row.target) for row in extensions if _clears(row, mapping.clearing))
        if any(flows[row.target] is Flow.ALWAYS for row in extensions):
            self.always |= A.EXTENSIONS.bit
        self._simple = not (self.evaluations or self._fallbacks or self.clears)

    def values_of_new(self, wanted: Values) -> Values:
        if self._simple:
            return wanted
        after = [None if each is IGNORE else each for each in wanted]
        for at, default in self._fallbacks.items():
            if wanted[at] is None:
                after[at] = default
        for attribute, value in _UNMAPPED.items():
            if after[_AT[attribute]] is None:
                after[_AT[attribute]] = value
        if self._extensions:
            after[_EXTENSIONS_AT] = self._new_extensions(wanted[_EXTENSIONS_AT])
        return tuple(after)

    def bring_in_line(self, before: Values, wanted: Values) -> tuple[Values, int]:
        if self.pick_always(before) == self.pick_always(wanted) and not self._if_empty_at and not self._extensions:
            return before, 0
        after = list(before)
        changed = 0
        for at in self.always_at:
            value = wanted[at]
            if value != before[at] and value is not IGNORE and (value is not None or at in self.clears):
                after[at] = value
                changed |= CARRIED[at].bit
        for at in self._if_empty_at:
            value = self._fallbacks.get(at) if isinstance(self._rows[CARRIED[at]].source, Nothing) else wanted[at]
            if before[at] is None and value is not None and value is not IGNORE:
                after[at] = value
                changed |= CARRIED[at].bit
        if self._extensions:
            extended = self._extended(before[_EXTENSIONS_AT], wanted[_EXTENSIONS_AT])
            if extended != (before[_EXTENSIONS_AT] or None):
                after[_EXTENSIONS_AT] = extended
                changed |= A.EXTENSIONS.bit
        return tuple(after), changed

    def _new_extensions(self, wanted: Any) -> Extensions | None:
        values = {}
        for name, row in self._extensions.items():
            value = wanted.get(name)
            value = row.default if value is None else value
            if value is not None and value is not IGNORE:
                values[name] = value
        return values or None

    def _extended(self, before: Any, wanted: Any) -> Extensions | None:
        values = dict(before or {})
        for name, row in self._extensions.items():
            flow, value = _flow(row), wanted.get(name)
            if isinstance(row.source, Nothing):
                value = row.default
            if value is IGNORE or flow is Flow.ON_CREATION or (flow is Flow.IF_EMPTY and name in values):
                continue
            if value is not None:
                values[name] = value
            elif name in self._extension_clears:
                values.pop(name, None)
        return values or None


@lru_cache(maxsize=256)
def _parts(mapping: AttributeMapping) -> _Parts:
    """Compiled once per mapping and process; every wake-up needs it again."""
    return _Parts(mapping)


def _fault_of(values: Values) -> Fault | None:
    """The first value that no door of the target would let in; written past the doors, it stands in the source."""
    for attribute, value in zip(CARRIED, values, strict=True):
        if value.__class__ is str and (error := text_fault(value)):
            return Fault(Reason.DATA, {"attribute": name_of(attribute), "error": error})
    return None


def _fits(source: Direct, target: Attribute) -> bool:
    """May the value be taken as it is?"""
    if source.attribute is target:
        return target is not A.USER_TYPE
    return source.attribute in _TEXTS and target in _TEXTS - {A.MAIL, A.DISPLAY_NAME}


def _flow(row: MappingRow) -> Flow:
    """When the row is applied, after what its source allows."""
    if isinstance(row.source, Nothing):
        return Flow.IF_EMPTY if row.default is not None else Flow.ON_CREATION
    if isinstance(row.source, Expression) and row.flow is Flow.ALWAYS and row.behavior is Behavior.WHEN_CHANGED:
        return Flow.ALWAYS if computation(row).is_steady else Flow.ON_CREATION
    return row.flow


def _clears(row: MappingRow, clearing: frozenset[str]) -> bool:
    """Both halves of the opt-in to null flow (D-15); what every account has is never emptied."""
    if not row.clears or row.target in NEVER_EMPTY:
        return False
    match row.source:
        case Direct(attribute):
            return name_of(attribute) in clearing
        case Expression():
            return computation(row).attributes <= clearing
    return False


def _extensions(mapping: AttributeMapping) -> Evaluation | None:
    """All rows that write directory extensions, as one: a mapping from name to value."""
    rows = {row.target.name: row for row in mapping.rows if isinstance(row.target, Extension)}
    if not rows:
        return None
    each = {name: computation(row) for name, row in rows.items()}

    def run(person: Person, context: Context) -> Any:
        return {name: evaluation.run(person, context) for name, evaluation in each.items()}

    compute: Compute = run
    return Evaluation("extensions", frozenset(), compute)


def _read(mapping: AttributeMapping) -> int:
    bits = A.USER_TYPE.bit | A.USER_PRINCIPAL_NAME.bit  # who is no member at home is not offered
    for row in mapping.rows:
        match row.source:
            case Direct(attribute):
                bits |= bit_of(attribute)
            case Expression():
                for name in computation(row).attributes:
                    bits |= bits_read(name)
    return bits
