"""Hosts of a walk: one that rehearses, so that a script is checked whole, and one that runs the cmdlets."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, NoReturn, Protocol
from uuid import UUID

from comity.cli.cmdlets.bind import at_parameter
from comity.cli.cmdlets.cmdlet import Answer, Cmdlet, Given, Tenant, described
from comity.cli.cmdlets.errors import Located, NotConnected, ScriptWrong, TenantForeign, located
from comity.cli.cmdlets.syntax import Position
from comity.cli.cmdlets.values import Record, Unknown, Value
from comity.core.caller import Caller
from comity.core.domains import normalize_domain
from comity.core.errors import Throttled, Unavailable
from comity.core.ids import TenantId
from comity.db.database import Database
from comity.db.transaction import Transaction, as_uuid
from comity.tenancy.model import Tenant as TenantRow
from comity.tenancy.service import list_domains

STOP: Final = "Stop"
"""The -ErrorAction that holds where none is given: whoever wants to go on past a failure has to say so."""
TOLD: Final = "Continue"
GOES_ON: Final = frozenset({TOLD, "SilentlyContinue", "Ignore"})
"""Those that go on with the next object and the next cmdlet; only the first tells what failed."""
ENDING: Final = (ScriptWrong, Throttled, Unavailable)
"""Failures that would meet everything that follows as well."""


@dataclass
class Rehearsal:
    """Checks what can be known before anything runs; cmdlets that need the tenant answer with values not known."""

    connected: bool
    default: bool
    """There is a tenant to connect to that needs no name."""
    questions: list[Position] = field(default_factory=list)
    """Where something will have to be confirmed."""
    unfollowed: list[Position] = field(default_factory=list)
    """Where an -ErrorAction asks for what will not happen."""

    async def call(self, cmdlet: Cmdlet, calls: Sequence[Given]) -> list[Value]:
        """What the cmdlet may return.

        Raises:
            Located.
        """
        results: list[Value] = []
        for given in calls:
            with at_parameter(given):
                results += self._one(cmdlet, given)
        return results

    def _one(self, cmdlet: Cmdlet, given: Given) -> list[Value]:
        if given.known("ErrorAction", STOP) not in (STOP, *GOES_ON):
            self.unfollowed.append(given.place_of("ErrorAction"))
        if cmdlet.connects is not None:
            if cmdlet.connects and not self.default and "TenantId" not in given:
                raise NotConnected
            self.connected = cmdlet.connects
        elif (made := cmdlet.make(given)) is not None:
            return made
        elif not self.connected:
            raise NotConnected
        if question(cmdlet, given) is not None:
            self.questions.append(given.at)
        shape = cmdlet.results(given)
        return [] if shape is None else [Unknown(shape)]


def question(cmdlet: Cmdlet, given: Given) -> str | None:
    """What has to be confirmed before this runs, if anything."""
    if given.get("WhatIf") or given.get("Confirm") is False:
        return None
    if given.get("Confirm"):
        return f"Run {cmdlet.name} (line {given.at.line})?"
    return cmdlet.question(given)


class Connecting(Protocol):
    """Where tenants come from: the command line's session."""

    async def connect(self, text: str | None) -> tuple[TenantRow, Caller]:
        """The tenant of that id, domain or name (None: of --tenant), and who acts there."""
        ...


@dataclass
class Execution:
    """Runs cmdlets, each in a transaction of its own."""

    db: Database
    connecting: Connecting
    ask: Callable[[str], bool]
    tenant: TenantRow | None = None
    caller: Caller | None = None
    done: list[tuple[Position, str]] = field(default_factory=list)
    """Cmdlets that changed something, in order."""
    batches: list[tuple[TenantId, UUID]] = field(default_factory=list)
    """What goes on in the background."""
    declined: list[tuple[Position, str]] = field(default_factory=list)
    """Cmdlets that somebody at the terminal did not want."""
    passed: list[Located] = field(default_factory=list)
    """Failures that an -ErrorAction went past, and wanted told."""

    async def connect(self, text: str | None) -> TenantRow:
        """Connect to a tenant."""
        self.tenant, self.caller = await self.connecting.connect(text)
        return self.tenant

    async def call(self, cmdlet: Cmdlet, calls: Sequence[Given]) -> list[Value]:
        """Run the cmdlet for everything that the pipe brought, in one transaction.

        With an -ErrorAction that goes on, each has one of its own: what fails does not stop the others.

        Raises:
            Located.
        """
        if cmdlet.connects is not None:
            return [each for given in calls for each in await self._session(cmdlet, given)]
        made: list[Value] = []
        asked: list[Given] = []
        for given in calls:
            with at_parameter(given):
                values = cmdlet.make(given)
            if values is not None:
                made += values
            elif self._agreed(cmdlet, given):
                asked.append(given)
        if not asked:
            return made
        action = asked[0].get("ErrorAction", STOP)
        if action in GOES_ON:
            return made + await self._one_by_one(cmdlet, asked, told=action == TOLD)
        return made + await self._ask(cmdlet, asked)

    async def _one_by_one(self, cmdlet: Cmdlet, calls: Sequence[Given], *, told: bool) -> list[Value]:
        results: list[Value] = []
        for given in calls:
            try:
                results += await self._ask(cmdlet, [given])
            except Located as fault:
                if isinstance(fault.error, ENDING):
                    raise
                if told:
                    self.passed.append(fault)
        return results

    def _agreed(self, cmdlet: Cmdlet, given: Given) -> bool:
        text = question(cmdlet, given)
        if text is None or self.ask(text):
            return True
        self.declined.append((given.at, cmdlet.name))
        return False

    async def _session(self, cmdlet: Cmdlet, given: Given) -> list[Value]:
        if not cmdlet.connects:
            self.tenant = self.caller = None
            return []
        with at_parameter(given):
            tenant = await self.connect(given.get("TenantId"))
        assert cmdlet.returns is not None
        assert self.caller is not None
        account = self.caller.name
        return [Record(cmdlet.returns, {"Account": account, "Tenant": tenant.name, "TenantId": str(tenant.id)})]

    async def _ask(self, cmdlet: Cmdlet, calls: Sequence[Given]) -> list[Value]:
        if self.tenant is None or self.caller is None:
            with located(calls[0].at):
                raise NotConnected
        caller = self.caller
        trial = any(given.get("WhatIf") for given in calls)

        async def work(tx: Transaction) -> list[Answer]:
            if not trial:
                return await _run(cmdlet, calls, Tenant(tx, caller))
            return await _tried(tx, _run(cmdlet, calls, Tenant(tx, caller)))

        with located(calls[0].at):
            answers = await self.db.run(self.tenant.id, work)
        if trial:
            return [described(each, cmdlet.name) for answer in answers for each in answer.changes]
        if cmdlet.changes and (deed := (calls[0].at, cmdlet.name)) not in self.done[-1:]:
            self.done.append(deed)
        self.batches += [(self.tenant.id, each.batch) for each in answers if each.batch is not None]
        return [each for answer in answers for each in answer.results]


async def _run(cmdlet: Cmdlet, calls: Sequence[Given], tenant: Tenant) -> list[Answer]:
    assert cmdlet.ask is not None
    answers: list[Answer] = []
    for given in calls:
        with at_parameter(given):
            if "Tenant" in given:
                await _check_own(tenant, given.get("Tenant"))
            answers.append(await cmdlet.ask(tenant, given))
    return answers


async def _check_own(tenant: Tenant, text: str) -> None:
    """`-Tenant` may only say what the session says."""
    if as_uuid(text) == tenant.tx.tenant_id:
        return
    if normalize_domain(text) not in {each.name for each in await list_domains(tenant.tx)}:
        raise TenantForeign(tenant=text)


class _Undo(Exception):
    """Ends a part whose changes are taken back, with what was found out."""

    def __init__(self, answers: list[Answer]) -> None:
        super().__init__()
        self.answers = answers


async def _tried(tx: Transaction, work: Awaitable[list[Answer]]) -> list[Answer]:
    """Do it and take it back, audit and feed included."""
    try:
        async with tx.savepoint():
            _take_back(await work)
    except _Undo as undo:
        return undo.answers


def _take_back(answers: list[Answer]) -> NoReturn:
    raise _Undo(answers)
