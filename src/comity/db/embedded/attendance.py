"""Whether anybody still uses the server: asked by the guardian, answered by the locks."""

from __future__ import annotations

from comity.db.embedded import locks
from comity.db.embedded.layout import Layout


class Attendance:
    """Watches `clients.lock`, and takes `start.lock` when it is time to leave.

    Times are seconds on one monotonic clock.
    """

    def __init__(self, layout: Layout, *, idle_s: float) -> None:
        self._clients = locks.open_lock(layout.clients_lock)
        self._start = locks.open_lock(layout.start_lock)
        self._idle_s = idle_s
        self._nobody_since: float | None = None

    def may_leave(self, now: float) -> bool:
        """Whether nobody has been here for `idle_s` and nobody is coming.

        If so, `start.lock` is ours from then on: who comes now waits for our end, and starts another
        guardian. The last look at the clients stands after it, since a client takes the two locks in the other
        order: one of us sees the other.
        """
        if not self._nobody_here():
            self._nobody_since = None
            return False
        if self._nobody_since is None:
            self._nobody_since = now
        if now - self._nobody_since < self._idle_s or not locks.try_lock(self._start, locks.EXCLUSIVE):
            return False
        if self._nobody_here():
            return True
        locks.unlock(self._start)
        return False

    def _nobody_here(self) -> bool:
        if not locks.try_lock(self._clients, locks.EXCLUSIVE):
            return False
        locks.unlock(self._clients)
        return True
