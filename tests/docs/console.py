"""Read the ```console blocks of a page and run them as a reader would, in one shell.

A block is a transcript: `$ ` begins a command (a trailing backslash or a here-document continues it), what
follows is what it prints. Each shown line must be printed, in this order, where `…` stands for anything;
lines not shown may come in between. A block whose commands must fail says so: ```console exit=1.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

BLOCK = re.compile(r"^```console(?: exit=(?P<exit>\d+))?\n(?P<body>.*?)^```$", re.DOTALL | re.MULTILINE)
HERE_DOCUMENT = re.compile(r"<<'?(?P<end>\w+)'?")
COMMAND_SECONDS_MAX = 120


@dataclass(frozen=True, kw_only=True)
class Command:
    """One command of a page and the lines that it is said to print."""

    line: int
    text: str
    shown: tuple[str, ...]
    exit_code: int


def commands_of(page: Path) -> list[Command]:
    """Every command that a page shows in its ```console blocks, in order."""
    text = page.read_text(encoding="utf-8")
    return [
        command
        for block in BLOCK.finditer(text)
        for command in _commands_of_block(
            block["body"], int(block["exit"] or 0), first_line=text.count("\n", 0, block.start("body")) + 1
        )
    ]


def _commands_of_block(body: str, exit_code: int, *, first_line: int) -> list[Command]:
    found: list[Command] = []
    lines = list(enumerate(body.splitlines(), first_line))
    while lines:
        number, line = lines.pop(0)
        assert line.startswith("$ "), f"line {number}: a console block begins with a command"
        text = line.removeprefix("$ ")
        while _goes_on(text):
            text += "\n" + lines.pop(0)[1]
        shown: list[str] = []
        while lines and not lines[0][1].startswith("$ "):
            shown.append(lines.pop(0)[1])
        found.append(Command(line=number, text=text, shown=tuple(filter(str.strip, shown)), exit_code=exit_code))
    return found


def _goes_on(text: str) -> bool:
    """Does the command continue on the next line: a backslash at the end, or a here-document still open?"""
    first, *rest = text.split("\n")
    document = HERE_DOCUMENT.search(first)
    return document["end"] not in rest if document else text.endswith("\\")


def missing_lines(shown: tuple[str, ...], printed: str) -> list[str]:
    """Shown lines that were not printed, in order; `…` stands for anything, runs of blanks for one."""
    waiting = iter(" ".join(line.split()) for line in printed.splitlines())
    missing = []
    for line in shown:
        pattern = re.escape(" ".join(line.split())).replace("…", ".*")
        if not any(re.fullmatch(pattern, each) for each in waiting):
            missing.append(line)
            break
    return missing


class Shell:
    """A reader's terminal: a shell that keeps its directory and its variables between commands."""

    def __init__(self, directory: Path, environment: dict[str, str]) -> None:
        self._directory = directory
        self._environment = environment
        self._state = directory / ".shell-state"
        self._state.touch()

    def script(self, command: str) -> str:
        """The command with the variables of the commands before it."""
        return f'. "{self._state}"\n{command}\n'

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run one command; what it prints, on both streams, is in `stdout`."""
        remembering = f'{self.script(command)}status=$?\nexport -p > "{self._state}"\nexit $status\n'
        return subprocess.run(
            ["bash", "-c", remembering],
            cwd=self._directory,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=COMMAND_SECONDS_MAX,
            check=False,
        )
