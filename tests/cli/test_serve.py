"""`comity serve`: a web process and a worker under a supervisor; whoever dies comes back, SIGTERM drains."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.embedded import guardian_of, is_living, kill, nothing_runs, postmaster_of
from tests.support.waiting import wait_until

pytestmark = pytest.mark.whole

START_S = 60


class Served:
    """A running `comity serve`, looked at from outside."""

    def __init__(self, data: Path, *options: str) -> None:
        self.data = data
        self.log = data.parent / "log"
        environment = {name: text for name, text in os.environ.items() if not name.startswith("COMITY_")}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "comity", "serve", "--port", "0", "--data", str(data), *options],
                stdout=subprocess.PIPE,
                stderr=log,
                env={**environment, "COMITY_DRAIN_S": "5"},
                text=True,
            )
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip()
        scheme = "https" if "--tls" in options else "http"
        assert self.url.startswith(f"{scheme}://127.0.0.1:"), self.log.read_text()

    def child(self, name: str) -> int | None:
        """The process id of `web` or `worker`, while it lives."""
        for each in Path("/proc").iterdir():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                words = (each / "cmdline").read_bytes().split(b"\0") if each.name.isdigit() else []
                parent = re.search(r"^PPid:\s+(\d+)", (each / "status").read_text(), re.MULTILINE) if words else None
                if name.encode() in words and parent and int(parent[1]) == self.process.pid:
                    return int(each.name)
        return None

    def ask(self, path: str) -> tuple[int, dict[str, object]]:
        """Status and body; 0 while nobody answers."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=20) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as refusal:
            return refusal.code, json.loads(refusal.read())
        except (OSError, urllib.error.URLError):
            return 0, {}

    def is_ready(self) -> bool:
        return self.ask("/readyz")[0] == 200

    def told(self) -> str:
        return self.log.read_text()

    def end(self) -> None:
        """Stop it, and wait until its server has gone, too."""
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(timeout=30)
        assert self.process.stdout is not None
        self.process.stdout.close()
        wait_until(lambda: nothing_runs(self.data), timeout_s=30)

    def bugs(self) -> list[str]:
        """Every trace in the log, with the event that carries it."""
        return [line for line in self.told().splitlines() if "Traceback" in line]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A service on a data directory of its own, ready; gone afterwards, its server included."""
    running = Served(tmp_path / "data")
    try:
        wait_until(running.is_ready, timeout_s=START_S)
        yield running
    finally:
        running.end()


def test_sigterm_drains_and_ends_well(served: Served):
    """Exit code 0, no child left, and the server goes two seconds after its last user."""
    children = [served.child("web"), served.child("worker")]
    assert None not in children

    served.process.send_signal(signal.SIGTERM)

    assert served.process.wait(timeout=30) == 0
    assert not any(each and is_living(each) for each in children)
    wait_until(lambda: nothing_runs(served.data), timeout_s=30)
    assert served.bugs() == []


def test_https_is_served_with_a_certificate_of_the_local_authority(tmp_path: Path):
    """Design §5.4: `ca.pem` in the data directory is what clients are told to trust."""
    data = tmp_path / "data"
    running = Served(data, "--tls")
    try:
        trusting = ssl.create_default_context(cafile=data / "ca.pem")
        opened = urllib.request.build_opener(urllib.request.HTTPSHandler(context=trusting))
        with opened.open(f"{running.url}/livez", timeout=20) as answer:
            assert answer.status == 200
        with pytest.raises(urllib.error.URLError, match="certificate verify failed"):
            urllib.request.urlopen(f"{running.url}/livez", timeout=20)
    finally:
        running.end()


def test_a_web_process_that_dies_is_started_again(served: Served):
    """On the same port: the socket is the supervisor's."""
    before = served.child("web")
    assert before is not None

    os.kill(before, signal.SIGKILL)

    wait_until(lambda: served.child("web") not in {None, before}, timeout_s=START_S)
    wait_until(served.is_ready, timeout_s=START_S)
    assert "The web process ended (exit code 137)" in served.told()


def test_a_worker_that_dies_is_started_again(served: Served):
    """/readyz says so meanwhile; requests are answered all the time."""
    before = served.child("worker")
    assert before is not None

    os.kill(before, signal.SIGKILL)

    wait_until(lambda: served.child("worker") not in {None, before}, timeout_s=START_S)
    assert served.ask("/livez")[0] == 200
    wait_until(served.is_ready, timeout_s=START_S)


def test_children_end_with_a_supervisor_that_was_killed(served: Served):
    """No orphans: they notice, drain and go, and so does the server."""
    children = [served.child("web"), served.child("worker")]

    served.process.kill()

    for each in children:
        assert each is not None
        wait_until(lambda process=each: not is_living(process), timeout_s=30)  # type: ignore[misc]
    wait_until(lambda: nothing_runs(served.data), timeout_s=30)


@pytest.mark.parametrize("victim", [postmaster_of, guardian_of], ids=["postmaster", "guardian"])
def test_a_database_that_is_killed_comes_back(served: Served, victim):
    """Requests are refused with 503 for a moment, then all is as before; nobody is restarted."""
    children = [served.child("web"), served.child("worker")]
    statuses = []

    def asked() -> bool:
        statuses.append(served.ask("/readyz")[0])
        return statuses[-1] == 200

    kill(victim(served.data))
    asked()
    wait_until(asked, timeout_s=START_S)

    assert set(statuses) <= {200, 503}
    assert [served.child("web"), served.child("worker")] == children
    assert served.bugs() == []
    assert served.ask("/v1.0/users")[0] == 401


def test_a_service_that_can_not_start_says_why_and_ends(tmp_path: Path):
    """Restarting would not help."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "pgdata").mkdir()
    (tmp_path / "data" / "pgdata" / "PG_VERSION").write_text("9.6\n")

    done = subprocess.run(
        [sys.executable, "-m", "comity", "serve", "--port", "0", "--data", str(tmp_path / "data")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("Error: ")
    assert "Traceback" not in done.stderr
