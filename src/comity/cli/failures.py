"""How a command ends: 0 done, 1 failed, 2 wrong usage; never with a traceback."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Final

import click

from comity.cli.session import LOG_FILE, Session

DONE: Final = 0
FAILED: Final = 1
USAGE: Final = 2
AMBIGUOUS: Final = frozenset({"tenant-ambiguous", "user-ambiguous", "group-ambiguous", "person-ambiguous"})
"""Codes of names that fit several things: wrong usage, and the sentence lists the candidates."""


def run(command: click.Command, arguments: Sequence[str] | None, session: Session) -> int:
    """Run the command line to its end; what went wrong is one sentence on standard error."""
    try:
        outcome = command.main(
            args=list(arguments) if arguments is not None else None,
            prog_name="comity",
            obj=session,
            standalone_mode=False,
        )
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.ClickException as fault:
        fault.show()
        return fault.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("Stopped.", err=True)
        return FAILED
    except BrokenPipeError:
        _close_quietly()
        return FAILED
    except Exception as fault:  # noqa: BLE001 - the last one: told in one sentence, logged with its trace
        return _tell(fault, session)
    return outcome if isinstance(outcome, int) and not isinstance(outcome, bool) else DONE


def _tell(fault: Exception, session: Session) -> int:
    """An expected trouble in its own words; a bug with a number under which the log has the trace."""
    from comity.core.errors import ComityError

    while isinstance(fault, ExceptionGroup) and len(fault.exceptions) == 1:
        fault = fault.exceptions[0]
    if isinstance(fault, ComityError):
        from comity.core.catalogue import sentence

        click.echo(f"Error: {sentence(fault.code, fault.parameters)}", err=True)
        return USAGE if fault.code in AMBIGUOUS else FAILED
    from comity.core.ids import new_id
    from comity.core.logs import get_logger

    session.log_to_file()
    number = new_id()
    get_logger().error("bug", request_id=str(number), exc_info=fault)
    where = "above" if session.options.verbose else f"in {session.settings.data / LOG_FILE}"
    click.echo(f"Error: Something went wrong that should not have; the log ({where}) has it under {number}.", err=True)
    return FAILED


def _close_quietly() -> None:
    """Whoever read our output has gone; the interpreter must not complain about it at its end."""
    import os

    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
