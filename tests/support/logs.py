"""Commands and services decide where logs go; a test puts them back."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator


@contextlib.contextmanager
def put_back() -> Iterator[None]:
    """Whatever is configured inside, afterwards the root logger is as it was."""
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
