"""The stand-in for curl does what our pages ask of curl, where a machine has none."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

CURL = Path(__file__).with_name("curl.py")


class Hesitant(BaseHTTPRequestHandler):
    """Not ready at first; then answers with what it was sent."""

    asked = 0

    def do_GET(self) -> None:
        type(self).asked += 1
        if type(self).asked < 3:
            self._answer(503, b"later")
        else:
            self._answer(200, self.headers["X-Who"].encode())

    def do_POST(self) -> None:
        self._answer(200, self.rfile.read(int(self.headers["Content-Length"])))

    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads it."""

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Retry-After", "0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def address() -> Iterator[str]:
    """A server that gets ready while it is asked."""
    Hesitant.asked = 0
    with HTTPServer(("127.0.0.1", 0), Hesitant) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        serving.join()


def curl(*arguments: str) -> tuple[int, str]:
    done = subprocess.run([sys.executable, CURL, *arguments], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


def test_it_asks_again_while_the_answer_is_later(address: str):
    """As `curl --retry` does with 503."""
    assert curl("-sf", "--retry", "5", "-H", "X-Who: Annie", address) == (0, "Annie")


def test_a_refusal_is_printed_or_fails(address: str):
    """`-f` is the difference."""
    assert curl("-s", address) == (0, "later")
    assert curl("-sf", address) == (22, "")


def test_parts_of_a_form_are_joined(address: str):
    """Several `-d` are one body."""
    assert curl("-s", address, "-d", "a=1", "-d", "b=2") == (0, "a=1&b=2")
