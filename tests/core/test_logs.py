"""Logs: one JSON object per line, with what travels along, and without passwords."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from comity.core import logs
from comity.core.logs import about, get_logger
from tests.support.logs import put_back


@pytest.fixture(autouse=True)
def plain_logs() -> Iterator[None]:
    """Afterwards it is as before."""
    with put_back():
        yield


@pytest.fixture
def stream() -> io.StringIO:
    """A pipe that is logged to at level info."""
    made = io.StringIO()
    logs.configure("info", stream=made)
    return made


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_in_a_pipe_each_line_is_an_object(stream: io.StringIO):
    """For whoever collects them."""
    get_logger().warning("lease-lost", order="drain:1", attempt=2)

    (line,) = lines(stream)
    assert (line["event"], line["level"], line["order"], line["attempt"]) == ("lease-lost", "warning", "drain:1", 2)
    assert str(line["timestamp"]).endswith("Z")


def test_request_and_cause_travel_with_the_task(stream: io.StringIO):
    """Inside, and no further; libraries' lines carry them, too (design §4.14)."""
    with about(request_id="r1", cause=None):
        get_logger().info("within")
        logging.getLogger("a.library").warning("theirs %s", 1)
    get_logger().info("after")

    assert [(each["event"], each.get("request_id")) for each in lines(stream)] == [
        ("within", "r1"),
        ("theirs 1", "r1"),
        ("after", None),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "connecting to postgresql://comity:s3cret@db.example:5432/comity failed",
        "host=/run user=comity password=s3cret dbname=comity",
    ],
)
def test_passwords_in_addresses_are_masked(stream: io.StringIO, text: str):
    """Whoever put them there (design §7: secrets are never logged)."""
    get_logger().error("database-lost", detail=text)

    assert "s3cret" not in stream.getvalue()
    assert "comity" in stream.getvalue()


def test_an_exception_comes_with_its_trace_and_without_passwords(stream: io.StringIO):
    """The trace quotes what was raised."""
    get_logger().error("bug", exc_info=ValueError("postgresql://comity:s3cret@db.example/comity"))

    (line,) = lines(stream)
    assert "ValueError" in str(line["exception"])
    assert "s3cret" not in stream.getvalue()


def test_below_the_level_nothing_is_said(stream: io.StringIO):
    """Debugging is asked for."""
    get_logger().debug("detail")
    logging.getLogger("uvicorn.access").info("GET /")

    assert stream.getvalue() == ""


def test_a_terminal_gets_lines_for_people():
    """No JSON there."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    stream = Terminal()
    logs.configure("info", stream=stream)
    get_logger().info("hello", who="Annie")

    assert "hello" in stream.getvalue()
    assert not stream.getvalue().lstrip().startswith("{")


def test_a_log_file_is_private_and_made_when_it_is_needed(tmp_path: Path):
    """A directory that is not there is not made for it."""
    file = tmp_path / "comity.log"
    logs.configure("info", file=file)
    assert not file.exists()

    get_logger().info("first")

    assert file.stat().st_mode & 0o777 == 0o600
    logs.configure("info", file=tmp_path / "missing" / "comity.log")
    get_logger().info("lost")
    assert not (tmp_path / "missing").exists()


def test_importing_the_logger_leaves_rich_alone():
    """structlog would load it for each process; whoever wants it can still import it."""
    import subprocess
    import sys

    code = "import sys, comity.core.logs; print('rich' in sys.modules); import rich.console"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "False"
