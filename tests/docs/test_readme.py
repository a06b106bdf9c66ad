"""Every command that README and tutorial show is run, as a reader would run it (design §5.1).

The two lines at the top of the README are run literally: `./dev test` by CI, `./dev demo` here.
"""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.docs.console import Shell, commands_of, missing_lines
from tools.sources import ROOT

SHOWN_PORT = "8080"
ADDRESS = re.compile(r"http://127\.0\.0\.1:(?P<port>\d+)\s*$")
START_SECONDS_MAX = 240
STOP_SECONDS_MAX = 60

pytestmark = pytest.mark.whole


@pytest.mark.parametrize("page", ["README.md", "docs/tutorial/first-organization.md"])
def test_every_shown_command_does_what_is_shown(page: str, tmp_path: Path):
    """One reader, one shell, top to bottom; what serves goes on beside it, as in a second terminal."""
    environment = _reader_environment(tmp_path)
    shell = Shell(tmp_path, environment)
    port = SHOWN_PORT
    commands = commands_of(ROOT / page)

    assert commands
    with _beside() as start:
        for command in commands:
            text = command.text.replace(SHOWN_PORT, port)
            if text.startswith("comity serve"):
                port, _ = start(["bash", "-c", shell.script(f"exec {text}")], tmp_path, environment)
                continue
            done = shell.run(text)
            told = f"{page}:{command.line}: {text}\n{done.stdout}"
            assert done.returncode == command.exit_code, told
            assert missing_lines(command.shown, done.stdout.replace(f":{port}", f":{SHOWN_PORT}")) == [], told


def test_the_first_line_serves_the_worked_example(tmp_path: Path):
    """`./dev demo` installs what it needs, builds, reports, serves, and ends when it is told to."""
    rows = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    shown = next(row for row in rows if row.startswith("./dev demo")).partition("#")[0]
    command = [*shlex.split(shown), "--port", "0", "--data", str(tmp_path / "demo")]

    with _beside() as start:
        port, told = start(command, ROOT, dict(os.environ))

    assert port != SHOWN_PORT
    assert "Annie" in told


def _reader_environment(home: Path) -> dict[str, str]:
    """What a reader has: a home of his own, and the clone's environment in reach; no setting of Comity's.

    But for the port: any that is free, because tests run side by side.
    """
    (home / ".venv").symlink_to(sys.prefix)
    tools = home / "bin"
    tools.mkdir()
    if not any((Path(each) / "curl").exists() for each in os.environ["PATH"].split(os.pathsep)):
        curl = tools / "curl"
        curl.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{ROOT}/tests/docs/curl.py" "$@"\n')
        curl.chmod(0o755)
    kept = {name: text for name, text in os.environ.items() if not name.startswith("COMITY_")}
    return kept | {"HOME": str(home), "PATH": f"{kept['PATH']}{os.pathsep}{tools}", "COMITY_PORT": "0"}


class _Start:
    """Starts programs that go on beside the reader, and waits until each has said where it serves."""

    def __init__(self) -> None:
        self.running: list[subprocess.Popen[str]] = []

    def __call__(self, command: list[str], directory: Path, environment: dict[str, str]) -> tuple[str, str]:
        """The port, and everything that was said before."""
        program = subprocess.Popen(
            command,
            cwd=directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.running.append(program)
        assert program.stdout is not None
        told: list[str] = []
        deadline = threading.Timer(START_SECONDS_MAX, program.kill)
        deadline.start()
        try:
            for line in program.stdout:
                told.append(line)
                if address := ADDRESS.search(line):
                    return address["port"], "".join(told)
        finally:
            deadline.cancel()
        raise AssertionError(f"{command} never served:\n{''.join(told)}")

    def stop(self) -> None:
        """Tell every program to end, and see that it ends well."""
        for program in self.running:
            program.send_signal(signal.SIGTERM)
        for program in self.running:
            rest, _ = program.communicate(timeout=STOP_SECONDS_MAX)
            assert program.returncode == 0, rest


@contextmanager
def _beside() -> Iterator[_Start]:
    start = _Start()
    try:
        yield start
    finally:
        start.stop()
