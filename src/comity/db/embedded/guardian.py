"""The guardian: a small process that runs PostgreSQL for as long as somebody uses it.

Started with the data directory as its argument and `guardian.lock`, already locked, as descriptor 3 (see
`starting`). Its life, and the races in it:

- *It lives* as long as `guardian.lock` is locked. The starter locks the file and hands the open file over,
  so there is no moment in which a second guardian could be started beside one that is still waking up.
- *Nobody left.* Each client holds `clients.lock` shared. The guardian tries to lock it exclusively, and lets
  go at once; when that has worked for IDLE_S, it stops the server. A client that arrives in that moment
  has its shared lock first and takes `start.lock` next. The guardian takes `start.lock` before it looks at
  `clients.lock` for the last time, and keeps it until it is gone. So either the guardian sees the client and
  stays, or the client waits for `start.lock`, finds no guardian, and starts one.
  Neither waits for the other in a circle: the guardian never waits for either lock.
- *SIGKILL of the guardian.* The kernel sends PostgreSQL its death signal, a fast shutdown. The next guardian
  waits for `server.lock`, that is, for the last process of the old server.
- *SIGKILL of the postmaster.* The guardian sees its child end, waits for the backends, and starts it anew.
- *SIGKILL of a client.* The kernel drops its lock.
- *SIGTERM or SIGINT to the guardian.* It stops the server and ends, clients or not: the machine goes down.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections import deque
from dataclasses import replace
from pathlib import Path
from typing import Final

from comity.db.embedded import children
from comity.db.embedded.attendance import Attendance
from comity.db.embedded.layout import Layout, Record, State, read_record, write_record
from comity.db.embedded.server import Server, StartFailed, StopRequested

GUARDIAN_LOCK_FD: Final = 3
IDLE_S: Final = 2.0
POLL_S: Final = 0.25
DEATHS_MAX: Final = 5
DEATHS_WITHIN_S: Final = 60.0


class Guardian:
    """Watches one server."""

    def __init__(self, layout: Layout, record: Record) -> None:
        self._layout = layout
        self._record = record
        self._server = Server(layout, record)
        self._attendance = Attendance(layout, idle_s=IDLE_S)
        self._deaths: deque[float] = deque(maxlen=DEATHS_MAX)

    def guard(self) -> int:
        """Run the server until nobody needs it; returns the exit status."""
        try:
            self._bring_up()
            while not (children.pause(POLL_S) or self._attendance.may_leave(time.monotonic())):
                self._server.bound_log()
                if self._server.ended():
                    self._note_death()
                    self._bring_up()
        except StopRequested:
            pass  # asked to leave while it was starting
        except StartFailed as failure:
            self._server.stop()
            self._tell(State.FAILED, reason=failure.reason, log_tail=self._server.log_tail())
            return 1
        self._tell(State.STOPPING)
        self._server.stop()
        return 0

    def _bring_up(self) -> None:
        self._tell(State.STARTING)
        self._server.start()
        self._tell(State.READY)

    def _note_death(self) -> None:
        """Give up when starting again does not help."""
        now = time.monotonic()
        self._deaths.append(now)
        if len(self._deaths) == DEATHS_MAX and now - self._deaths[0] < DEATHS_WITHIN_S:
            raise StartFailed("keeps-dying")

    def _tell(self, state: State, *, reason: str = "", log_tail: str = "") -> None:
        # The settings stay in the record for whoever reads it; the account and paths for the next guardian.
        if self._layout.data.exists():
            write_record(self._layout, replace(self._record, state=state, reason=reason, log_tail=log_tail))


def main(data: str) -> int:
    """Leave the starter, and guard the server of this data directory."""
    # The starter waits for this first process only; the one that stays is nobody's child.
    if os.fork() > 0:
        return 0
    os.set_inheritable(GUARDIAN_LOCK_FD, False)
    signal.pthread_sigmask(signal.SIG_BLOCK, children.WATCHED)
    layout = Layout(Path(data))
    record = read_record(layout)
    if record is None:
        raise FileNotFoundError(layout.record)
    return Guardian(layout, record).guard()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
