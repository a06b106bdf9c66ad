"""`comity serve`: keeps a web process and a worker running, and ends both in order (design D5).

It stays small: it imports nothing of the rooms, only watches. Whoever dies is started again, later and
later; whoever fails before it was ever ready ends everything, with its own exit code. If the supervisor
itself is killed, its children notice (see `children`) and drain.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import FrameType
from typing import Final

BACKOFF_FIRST_S: Final = 0.25
BACKOFF_MAX_S: Final = 30.0
DEATHS_MAX: Final = 6
DEATHS_WITHIN_S: Final = 60.0
KILL_AFTER_DRAIN_S: Final = 5.0
"""Beyond the time that a child has for draining."""


@dataclass
class Child:
    """One program to keep running; `command` gets the number of its end of the line."""

    name: str
    command: Callable[[int], Sequence[str]]
    process: int | None = None
    line: socket.socket | None = None
    was_ready: bool = False
    restart_at: float = 0.0
    deaths: deque[float] = field(default_factory=lambda: deque(maxlen=DEATHS_MAX))

    def start(self, environment: Mapping[str, str]) -> None:
        """Start it, with a line to us."""
        ours, theirs = socket.socketpair()
        theirs.set_inheritable(True)
        arguments = self.command(theirs.fileno())
        self.process = os.posix_spawn(arguments[0], list(arguments), dict(environment), setsigmask=(), setsigdef=_OURS)
        theirs.close()
        self.line = ours

    def ended(self) -> int | None:
        """Its exit code if it has ended by now, 128 + n for signal n; forgets the process then."""
        if self.process is None:
            return None
        process, status = os.waitpid(self.process, os.WNOHANG)
        if not process:
            return None
        self.process = None
        if self.line is not None:
            self.line.close()
            self.line = None
        code = os.waitstatus_to_exitcode(status)
        return code if code >= 0 else 128 - code

    def signal(self, number: int) -> None:
        """Send it a signal, if it lives."""
        if self.process is not None:
            os.kill(self.process, number)

    def delay_s(self, now: float) -> float:
        """How long to wait before it is started again, after dying now."""
        self.deaths.append(now)
        recent = sum(now - each < DEATHS_WITHIN_S for each in self.deaths)
        return float(min(BACKOFF_FIRST_S * (1 << (recent - 1)), BACKOFF_MAX_S))

    @property
    def hopeless(self) -> bool:
        """Does starting it again not help?"""
        return len(self.deaths) == DEATHS_MAX and self.deaths[-1] - self.deaths[0] < DEATHS_WITHIN_S


_OURS: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD)


class Supervisor:
    """Runs the children in their order: each is started when those before it are ready for the first time."""

    def __init__(
        self,
        children: Sequence[Child],
        environment: Mapping[str, str],
        *,
        drain_s: float,
        on_ready: Callable[[], None],
        tell: Callable[[str], None],
    ) -> None:
        self._children = children
        self._environment = environment
        self._drain_s = drain_s
        self._on_ready = on_ready
        self._tell = tell
        self._stopping = False
        self._announced = False
        self._woken, self._waker = socket.socketpair()

    def run(self) -> int:
        """Run until told to stop; return the exit code."""
        self._woken.setblocking(False)
        self._waker.setblocking(False)
        before = signal.set_wakeup_fd(self._waker.fileno(), warn_on_full_buffer=False)
        handlers = {each: signal.signal(each, self._on_signal) for each in _OURS}
        try:
            return self._watch()
        finally:
            self._stop()
            signal.set_wakeup_fd(before)
            for each, handler in handlers.items():
                signal.signal(each, handler)

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        if number != signal.SIGCHLD:
            self._stopping = True

    def _watch(self) -> int:
        while not self._stopping:
            self._start_due()
            self._wait()
            for child in self._children:
                code = child.ended()
                if code is None:
                    continue
                if not child.was_ready:
                    return code or 1
                delay = child.delay_s(time.monotonic())
                if child.hopeless:
                    self._tell(f"The {child.name} process ended {DEATHS_MAX} times within a minute; giving up.")
                    return 1
                self._tell(f"The {child.name} process ended (exit code {code}); starting it again in {delay:g} s.")
                child.restart_at = time.monotonic() + delay
        return 0

    def _start_due(self) -> None:
        """Start whoever is not running and may be; the first start waits for those before."""
        for child in self._children:
            if child.process is None and time.monotonic() >= child.restart_at:
                child.start(self._environment)
            if not child.was_ready:
                return

    def _wait(self) -> None:
        """Until a signal, a word from a child, or the next restart."""
        lines = {child.line: child for child in self._children if child.line is not None and not child.was_ready}
        pending = [each.restart_at for each in self._children if each.process is None and each.was_ready]
        timeout = max(0.0, min(pending) - time.monotonic()) if pending else None
        heard, _, _ = select.select([self._woken, *lines], [], [], timeout)
        for each in heard:
            if each is self._woken:
                self._woken.recv(4096)
            elif lines[each].line is not None and each.recv(1):
                lines[each].was_ready = True
        if not self._announced and self._children[0].was_ready:
            self._announced = True
            self._on_ready()

    def _stop(self) -> None:
        """SIGTERM to all, then wait for them to drain; SIGKILL to whoever does not."""
        for child in self._children:
            child.signal(signal.SIGTERM)
        deadline = time.monotonic() + self._drain_s + KILL_AFTER_DRAIN_S
        while any(child.process is not None and child.ended() is None for child in self._children):
            left = deadline - time.monotonic()
            if left <= 0:
                self._tell("Not everything finished in time; it will be done again after the next start.")
                for child in self._children:
                    child.signal(signal.SIGKILL)
                deadline = float("inf")
                left = 1.0
            select.select([self._woken], [], [], min(left, 1.0))
            self._drain_wakeups()

    def _drain_wakeups(self) -> None:
        try:
            self._woken.recv(4096)
        except BlockingIOError:
            return  # woken by time


def python(*arguments: str) -> list[str]:
    """A command line of ours, in the same Python."""
    return [sys.executable, "-m", "comity", *arguments]
