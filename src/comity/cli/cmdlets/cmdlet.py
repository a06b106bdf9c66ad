"""What a cmdlet is: its parameters, what it takes from the pipe, and what it does."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final
from uuid import UUID

from comity.cli.cmdlets.kinds import ACTION, SWITCH, TEXT, Kind
from comity.cli.cmdlets.syntax import Position
from comity.cli.cmdlets.values import Record, Shape, Unknown, Value
from comity.core.caller import Caller
from comity.db.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter; `about` is its line in the reference."""

    name: str
    kind: Kind
    about: str
    position: int | None = None
    mandatory: bool = False
    aliases: tuple[str, ...] = ()
    retired: bool = False


@dataclass(frozen=True, slots=True)
class Given:
    """What one call of a cmdlet was given, by parameter; values not known yet are `Unknown`."""

    at: Position
    values: Mapping[str, Any]
    places: Mapping[str, Position] = field(default_factory=dict)

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def get(self, name: str, default: Any = None) -> Any:
        """The value of a parameter, converted; `default` where it was not given."""
        return self.values.get(name, default)

    def known(self, name: str, default: Any = None) -> Any:
        """The same, and `default` where it is not known yet."""
        value = self.values.get(name, default)
        return default if isinstance(value, Unknown) else value

    def settings(self, names: Mapping[str, object]) -> dict[str, object]:
        """The given properties among `names` (in lower case), without those that are not known yet."""
        return {
            name: value
            for name, value in self.values.items()
            if name.lower() in names and not isinstance(value, Unknown)
        }

    def place_of(self, parameter: object) -> Position:
        """Where a parameter's value stands; the cmdlet's own place for others."""
        wanted = str(parameter).lower()
        return next((at for name, at in self.places.items() if name.lower() == wanted), self.at)

    def with_values(self, values: Mapping[str, Any]) -> Given:
        """The same with values from the pipe."""
        return replace(self, values={**self.values, **values})


@dataclass(frozen=True, slots=True)
class Change:
    """What a cmdlet changed: the name of the thing, and its properties before (None: new) and after (None: gone)."""

    target: str
    before: Mapping[str, object] | None
    after: Mapping[str, object] | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a cmdlet returns, and what it changed."""

    results: Sequence[Value] = ()
    changes: Sequence[Change] = ()
    batch: UUID | None = None
    """What goes on in the background."""


@dataclass(frozen=True, slots=True)
class Tenant:
    """Where a cmdlet works: one transaction of the connected tenant, and who asks."""

    tx: Transaction
    caller: Caller


@dataclass(frozen=True, slots=True)
class Inlet:
    """What a cmdlet takes from the pipe: objects of one shape, or texts, and to which parameters they go."""

    shape: Shape | None
    parameters: Mapping[str, str]
    """Parameter → property; for texts, the one parameter they are for, with nothing behind it."""
    fresh: str | None = None
    """The parameter that an object goes to as a whole if it is nowhere but in the script."""


def _nothing(_given: Given) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Cmdlet:
    """One cmdlet. It does one of three things: `make` values, `arrange` what the pipe brings, or `ask` the tenant."""

    name: str
    about: str
    parameters: tuple[Parameter, ...] = ()
    aliases: tuple[str, ...] = ()
    exclusive: tuple[tuple[str, ...], ...] = ()
    """Of each tuple at most one parameter may be given."""
    inlets: tuple[Inlet, ...] = ()
    returns: Shape | None = None
    passes_thru: bool = False
    """Returns something with -PassThru only."""
    changes: bool = False
    """Takes -WhatIf and -Confirm."""
    layout: bool = False
    """Nothing can follow it in the pipe."""
    connects: bool | None = None
    """Opens (True) or closes (False) the session."""
    check: Callable[[Given], None] = _nothing
    """Refuses what can be known to be wrong without the tenant; called before anything runs."""
    question: Callable[[Given], str | None] = _nothing
    """What has to be confirmed even without -Confirm."""
    make: Callable[[Given], list[Value] | None] = _nothing
    """The results without a tenant; None: the tenant has to be asked."""
    arrange: Callable[[Given, list[Value]], list[Value]] | None = None
    ask: Callable[[Tenant, Given], Awaitable[Answer]] | None = None

    @property
    def every_parameter(self) -> tuple[Parameter, ...]:
        """Its own, and those that it shares with others."""
        return (*self.parameters, *(CHANGING if self.changes else ()), *COMMON)

    def results(self, given: Given) -> Shape | None:
        """What it returns, if anything, when it is given that."""
        if given.get("WhatIf"):
            return WHAT_IF
        if self.passes_thru and not given.get("PassThru"):
            return None
        return self.returns


WHAT_IF: Final = Shape(
    "WhatIf", {"WhatIf": "bool", "Operation": "text", "Target": "text", "Changes": "list"}, hidden=frozenset()
)
"""What a cmdlet returns instead of changing anything."""

CHANGING: Final = (
    Parameter("WhatIf", SWITCH, "Checks everything, tells what would change, and changes nothing.", aliases=("wi",)),
    Parameter("Confirm", SWITCH, "Asks before it changes anything; -Confirm:$false never asks.", aliases=("cf",)),
)
COMMON: Final = (
    Parameter(
        "ErrorAction",
        ACTION,
        "What a failure does: `Stop`, the default, ends the script; the others go on.",
        aliases=("ea",),
    ),
    Parameter("WarningAction", ACTION, "Checked, without effect.", aliases=("wa",)),
    Parameter("InformationAction", ACTION, "Checked, without effect.", aliases=("infa",)),
    Parameter("Verbose", SWITCH, "Without effect.", aliases=("vb",)),
    Parameter("Debug", SWITCH, "Without effect.", aliases=("db",)),
)
TENANT: Final = Parameter("Tenant", TEXT, "The connected tenant's id or domain; any other is refused.")
FORCE: Final = Parameter("Force", SWITCH, "Does not ask.")


def described(change: Change, operation: str) -> Record:
    """A change as `-WhatIf` tells it: property by property, those that stay left out."""
    before, after = change.before or {}, change.after or {}
    names = [*before, *(each for each in after if each not in before)]
    changes = [
        {"Property": name, "Before": before.get(name), "After": after.get(name)}
        for name in names
        if before.get(name) != after.get(name)
    ]
    return Record(
        WHAT_IF,
        {"WhatIf": True, "Operation": operation, "Target": change.target, "Changes": changes},  # type: ignore[dict-item] # shown as they are
    )
