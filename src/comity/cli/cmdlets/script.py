"""Runs a text from its first character to its last cmdlet; what the command line and tests call."""

from __future__ import annotations

from dataclasses import dataclass, field

from comity.cli.cmdlets.errors import Located
from comity.cli.cmdlets.evaluate import Walk
from comity.cli.cmdlets.execution import Execution, Rehearsal
from comity.cli.cmdlets.library import BY_NAME
from comity.cli.cmdlets.parse import parse_script
from comity.cli.cmdlets.syntax import Script
from comity.cli.cmdlets.values import Value


@dataclass(frozen=True, slots=True)
class Checked:
    """A script that can be run, as far as that can be told without the tenant."""

    script: Script
    rehearsal: Rehearsal


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a script returned, and what ended it early, if anything did."""

    results: list[Value] = field(default_factory=list)
    fault: Located | None = None


async def check(text: str, *, connected: bool) -> Checked:
    """Look through the whole text: words, cmdlets, parameters, kinds of values, and rules that need no tenant.

    Raises:
        Located: around the first thing that is wrong.
    """
    script = parse_script(text)
    rehearsal = Rehearsal(connected, default=connected)
    await Walk(rehearsal, BY_NAME).through(script)
    return Checked(script, rehearsal)


async def run(checked: Checked, execution: Execution) -> Outcome:
    """Run a checked script, to the first cmdlet that fails; what was done before it stays done."""
    walk = Walk(execution, BY_NAME)
    try:
        await walk.through(checked.script)
    except Located as fault:
        return Outcome(walk.results, fault)
    return Outcome(walk.results)
