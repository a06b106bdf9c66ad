"""`comity cmdlet`: the Teams cmdlets, typed as in PowerShell."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from comity.cli.options import Command, Form
from comity.cli.session import Session, pass_session

if TYPE_CHECKING:
    from comity.cli.cmdlets.errors import Located
    from comity.cli.cmdlets.execution import Execution
    from comity.cli.cmdlets.script import Checked, Outcome
    from comity.cli.session import Installation
    from comity.core.caller import Caller
    from comity.tenancy.model import Tenant

_ENCODINGS = ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
"""How PowerShell's own editor marks what is not UTF-8."""


@click.command(cls=Command)
@click.argument("text", required=False, metavar="[TEXT]")
@click.option(
    "--file", "file", type=click.Path(path_type=Path, dir_okay=False), help="Run a script ('-': what is piped in)."
)
@click.option("--tenant", "of", metavar="T", help="Begin connected to this tenant: id, domain or name.")
@pass_session
async def cmdlet(session: Session, text: str | None, file: Path | None, of: str | None) -> int:
    """Run cmdlets, typed as in PowerShell.

    The text is checked whole before its first cmdlet runs. Each cmdlet is one transaction; the
    first that fails ends the script, unless its -ErrorAction says to go on.
    """
    from comity.cli.cmdlets.errors import Located
    from comity.cli.cmdlets.script import check, run
    from comity.cli.failures import FAILED

    script = _text(text, file)
    try:
        checked = await check(script, connected=of is not None)
    except Located as fault:
        return _tell(fault)
    _prepare(session, checked)
    async with session.open() as comity:
        execution = await _connected(session, comity, of)
        outcome = await run(checked, execution)
        _show(session, outcome)
        for each in execution.passed:
            _tell_of(each)
        if execution.passed:
            session.out.say("What failed changed nothing, and the script went on, as -ErrorAction says.")
        code = FAILED if execution.passed else 0
        if outcome.fault is not None:
            code = _tell(outcome.fault, execution)
        for at, name in execution.declined:
            session.out.say(f"Line {at.line}: {name} was not run.")
        await _carry_out(session, execution)
    return code


def _text(text: str | None, file: Path | None) -> str:
    if (text is None) == (file is None):
        raise click.UsageError("Give the cmdlets as TEXT, or a script with --file.")
    if file is None:
        return text or ""
    try:
        raw = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
        encoding = next((name for mark, name in _ENCODINGS if raw.startswith(mark)), "utf-8-sig")
        return raw.decode(encoding)
    except OSError as fault:
        raise click.UsageError(f"{file} cannot be read: {fault.strerror}.") from fault
    except UnicodeDecodeError as fault:
        raise click.UsageError(f"{file} is no text in UTF-8 or UTF-16.") from fault


def _prepare(session: Session, checked: Checked) -> None:
    """What has to be settled before the first cmdlet runs."""
    for at in checked.rehearsal.unfollowed:
        session.out.say(f"Line {at.line}: that -ErrorAction is not followed; a failure there ends the script.")
    if checked.rehearsal.questions and not session.can_ask:
        line = checked.rehearsal.questions[0].line
        raise click.UsageError(f"Line {line} asks before it changes anything. Say --yes, because there is no terminal.")


async def _connected(session: Session, comity: Installation, of: str | None) -> Execution:
    from comity.cli.cmdlets.execution import Execution

    execution = Execution(comity.db, _Tenants(session, comity, of), session.agrees)
    if of is not None:
        await execution.connect(None)
    return execution


class _Tenants:
    """Where a script finds the tenants that it connects to."""

    def __init__(self, session: Session, comity: Installation, of: str | None) -> None:
        self._session = session
        self._comity = comity
        self._of = of

    async def connect(self, text: str | None) -> tuple[Tenant, Caller]:
        """The tenant of that id, domain or name (None: of --tenant), and who acts there.

        Raises:
            TenantUnknown, TenantAmbiguous, NotConnected.
        """
        from comity.cli.cmdlets.errors import NotConnected
        from comity.cli.names import find_tenant

        name = text if text is not None else self._of
        if name is None:
            raise NotConnected
        tenant = await find_tenant(self._comity.db, name)
        return tenant, await self._session.caller(self._comity, tenant.id)


def _show(session: Session, outcome: Outcome) -> None:
    from comity.cli.cmdlets.shown import as_json, as_screen

    shown = as_screen(outcome.results)
    if shown or session.options.output is not Form.TABLE:
        session.out.show([as_json(each) for each in outcome.results], shown)


def _tell(fault: Located, execution: Execution | None = None) -> int:
    """What ended the script, then what was done before it."""
    from comity.cli.cmdlets.errors import ScriptWrong
    from comity.cli.failures import FAILED, USAGE

    _tell_of(fault)
    if execution is not None and execution.done:
        done = ", ".join(f"line {at.line} {name}" for at, name in execution.done)
        click.echo(
            f"Done before it, and kept: {done}. This cmdlet changed nothing; what follows it did not run.", err=True
        )
    else:
        click.echo("Nothing was changed.", err=True)
    return USAGE if isinstance(fault.error, ScriptWrong) else FAILED


def _tell_of(fault: Located) -> None:
    """One sentence: where, what, and under which id."""
    from comity.cli.cmdlets.errors import identifier
    from comity.core.catalogue import sentence

    error = fault.error
    words = sentence(error.code, error.parameters).rstrip()
    click.echo(f"Error: Line {fault.at.line}, column {fault.at.column}: {words} [{identifier(error)}]", err=True)


async def _carry_out(session: Session, execution: Execution) -> None:
    """Do now what would wait for a worker; if one is at it already, each takes its part."""
    from comity.access.assignments.batches import carry_out

    for tenant_id, batch_id in execution.batches:
        with session.out.progress("Assigning") as told:
            await carry_out(execution.db, tenant_id, batch_id, progress=told)
