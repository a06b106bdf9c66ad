"""Programs that the guardian starts, and the signals that it waits for.

The guardian has one thread, so it may fork and run Python before the exec: what a child has to say to the
kernel about itself (its account, the signal at its parent's death) is said there, in plain sight.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NoReturn

from comity.db.embedded.locks import POLL_S

WATCHED: Final = {signal.SIGCHLD, signal.SIGTERM, signal.SIGINT}
"""Blocked in the guardian and taken by `pause`: none is lost, and none interrupts anything."""

_PR_SET_PDEATHSIG: Final = 1
_ENVIRONMENT: Final = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


@dataclass(frozen=True, slots=True)
class Program:
    """A program to start, detached from everything that is not named here."""

    arguments: Sequence[str | Path]
    death_signal: signal.Signals
    """What the kernel sends it when the guardian dies."""
    output: int
    """Descriptor that takes what it writes."""
    inherited: Sequence[int] = ()
    """Descriptors that it keeps under their numbers."""
    account: tuple[int, int] | None = None
    environment: Mapping[str, str] = field(default_factory=dict)


def start(program: Program) -> int:
    """Start it and return its process id."""
    guardian = os.getpid()
    child = os.fork()
    if child == 0:
        _become(program, guardian)
    return child


def _become(program: Program, guardian: int) -> NoReturn:
    """In the child: take on what the program asks for, and run it; end with 127 if that fails."""
    try:
        # Imported here, so that the guardian does not carry it; and while we still are who may read it.
        import ctypes  # noqa: PLC0415

        prctl = ctypes.CDLL(None, use_errno=True).prctl
        os.chdir("/")
        os.dup2(os.open(os.devnull, os.O_RDWR), 0)
        os.dup2(program.output, 1)
        os.dup2(program.output, 2)
        for descriptor in program.inherited:
            os.set_inheritable(descriptor, True)
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        if program.account is not None:
            user, group = program.account
            os.setgroups([group])
            os.setresgid(group, group, group)
            os.setresuid(user, user, user)
        # After the change of account, which forgets the signal. Of a guardian that died before this line
        # none will come any more: then we are somebody else's child already, and end.
        armed = prctl(_PR_SET_PDEATHSIG, int(program.death_signal), 0, 0, 0) == 0
        if armed and os.getppid() == guardian:
            arguments = [os.fspath(each) for each in program.arguments]
            os.execve(arguments[0], arguments, {**_ENVIRONMENT, **program.environment})  # noqa: S606
    except OSError as error:
        print(f"cannot run {program.arguments[0]}: {error}", file=sys.stderr, flush=True)
    finally:
        os._exit(127)


def pause(seconds: float) -> bool:
    """Wait until a child ends, a stop is asked for, or the time is over; True: a stop is asked for."""
    taken = signal.sigtimedwait(WATCHED, seconds)
    return taken is not None and taken.si_signo != signal.SIGCHLD


def exit_status(child: int) -> int | None:
    """How a child ended (a signal as negative number); None while it lives."""
    ended, status = os.waitpid(child, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if ended else None


def run(program: Program, *, timeout_s: float) -> int:
    """Run a short program to its end and return its exit status; kill it when the time is over.

    A request to stop stays pending meanwhile: the programs are short, and half a cluster helps nobody.
    """
    deadline = time.monotonic() + timeout_s
    child = start(program)
    while (status := exit_status(child)) is None:
        if time.monotonic() >= deadline:
            os.kill(child, signal.SIGKILL)
        signal.sigtimedwait({signal.SIGCHLD}, POLL_S)
    return status
