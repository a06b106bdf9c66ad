"""Commands and services decide where logs go; a test puts them back."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator

import structlog


@contextlib.contextmanager
def put_back() -> Iterator[None]:
    """Whatever is configured inside, afterwards logs go where they went before."""
    told_before = structlog.get_config() if structlog.is_configured() else None
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    try:
        yield
    finally:
        for each in root.handlers:
            if each not in handlers:
                each.close()
        root.handlers[:] = handlers
        root.setLevel(level)
        if told_before is None:
            structlog.reset_defaults()
        else:
            structlog.configure(**told_before)
