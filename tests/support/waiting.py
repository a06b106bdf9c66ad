"""Wait for what a test expects, instead of sleeping."""

from collections.abc import Callable
from threading import Event

POLL_S = 0.02


def wait_until(claim: Callable[[], object], timeout_s: float = 15.0) -> None:
    """Return as soon as `claim` holds; fail the test if it does not within `timeout_s` seconds."""
    never = Event()
    for _ in range(int(timeout_s / POLL_S)):
        if claim():
            return
        never.wait(POLL_S)
    raise AssertionError(f"not within {timeout_s} s: {claim}")
