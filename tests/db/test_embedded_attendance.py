"""When the guardian may leave: each rule on its own, with the clock as an argument."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from comity.db.embedded.attendance import Attendance
from comity.db.embedded.layout import Layout
from comity.db.embedded.locks import EXCLUSIVE, SHARED, open_lock, try_lock


def test_it_stays_until_nobody_was_there_for_the_whole_time(tmp_path):
    attendance = Attendance(Layout(tmp_path), idle_s=2)

    assert [attendance.may_leave(now) for now in (100.0, 101.9, 102.0)] == [False, False, True]


def test_a_client_keeps_it_and_its_end_starts_the_time_anew(tmp_path):
    attendance = Attendance(Layout(tmp_path), idle_s=2)
    attendance.may_leave(100.0)

    with locked(tmp_path / "clients.lock", SHARED):
        assert not attendance.may_leave(102.0)

    assert [attendance.may_leave(now) for now in (103.0, 104.0, 105.0)] == [False, False, True]


def test_it_stays_while_somebody_is_starting(tmp_path):
    """Else a client could be handed a server that is about to stop."""
    attendance = Attendance(Layout(tmp_path), idle_s=2)
    attendance.may_leave(100.0)

    with locked(tmp_path / "start.lock", EXCLUSIVE):
        assert not attendance.may_leave(200.0)

    assert attendance.may_leave(200.1)


def test_whoever_comes_while_it_leaves_has_to_wait(tmp_path):
    """He would find a guardian that lives, and a server that is gone a moment later."""
    attendance = Attendance(Layout(tmp_path), idle_s=2)
    attendance.may_leave(100.0)
    assert attendance.may_leave(102.0)

    newcomer = open_lock(tmp_path / "start.lock")
    try:
        assert not try_lock(newcomer, EXCLUSIVE)
    finally:
        os.close(newcomer)


def test_looking_keeps_no_client_out(tmp_path):
    attendance = Attendance(Layout(tmp_path), idle_s=2)
    attendance.may_leave(100.0)

    with locked(tmp_path / "clients.lock", SHARED):
        assert not attendance.may_leave(100.1)


@contextmanager
def locked(path: Path, how: int) -> Iterator[None]:
    """What another process does: it opens the file itself."""
    lock = open_lock(path)
    try:
        assert try_lock(lock, how)
        yield
    finally:
        os.close(lock)
