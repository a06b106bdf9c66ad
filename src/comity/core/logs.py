"""Logs: JSON lines in a pipe or a file, pretty on a terminal; request id and cause travel with the task.

Rooms say `log = get_logger()` and log events with facts: `log.warning("order-lost", order=…)`. Passwords in
addresses are masked on the way out, whoever put them there.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TextIO

# structlog imports rich if it is there, for tracebacks that we do not want: 100 ms and 7 MB in each process.
_absent: Any = None
_rich = sys.modules.get("rich")
sys.modules["rich"] = _absent
try:
    import structlog
finally:
    if _rich is None:
        del sys.modules["rich"]
    else:
        sys.modules["rich"] = _rich

Logger = structlog.stdlib.BoundLogger

QUIET: Final = ("psycopg.pool", "uvicorn.access", "uvicorn.error", "asyncio", "httpcore", "httpx")
"""Libraries that tell at level info what nobody asked."""
MUTE: Final = ("procrastinate",)
"""Libraries whose troubles we tell ourselves, once and without a trace for each lost connection."""
_SECRETS: Final = re.compile(r"(?<=:)(?!//)[^:/@\s]+(?=@)|(?<=password=)\S+")


def get_logger() -> Logger:
    """A logger; what it writes to is decided once, by `configure`."""
    return structlog.stdlib.get_logger()


@contextmanager
def about(**facts: object) -> Iterator[None]:
    """Whatever is logged inside, in this task and those it starts, carries these facts."""
    told = {name: str(value) for name, value in facts.items() if value is not None}
    with structlog.contextvars.bound_contextvars(**told):
        yield


def configure(level: str, *, stream: TextIO | None = None, file: Path | None = None) -> None:
    """Send logs of `level` and above to `stream` (default standard error), or to a private `file`.

    On a terminal they are for people, elsewhere one JSON object per line.
    """
    if file is not None:
        handler: logging.Handler = _PrivateFile(file, encoding="utf-8", delay=True)
        pretty = False
    else:
        stream = stream or sys.stderr
        handler = logging.StreamHandler(stream)
        pretty = stream.isatty()
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    rendering: list[structlog.typing.Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if pretty:
        rendering += [_mask, structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
    else:
        rendering += [
            structlog.processors.format_exc_info,
            _mask,
            structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
        ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=Logger,
        cache_logger_on_first_use=False,
    )
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=rendering))
    root = logging.getLogger()
    for each in root.handlers:
        if isinstance(each, _PrivateFile):
            each.close()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in QUIET:
        logging.getLogger(name).setLevel(max(root.level, logging.WARNING))
    for name in MUTE:
        logging.getLogger(name).setLevel(logging.CRITICAL)


def _mask(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Without the passwords that stand in database addresses."""
    for name, value in event.items():
        if isinstance(value, str) and ("@" in value or "password=" in value):
            event[name] = _SECRETS.sub("…", value)
    return event


class _PrivateFile(logging.FileHandler):
    """A file that only we may read; made when the first line is written, if its directory is there."""

    def _open(self) -> Any:
        file = super()._open()
        Path(self.baseFilename).chmod(0o600)
        return file

    def emit(self, record: logging.LogRecord) -> None:
        if Path(self.baseFilename).parent.is_dir():
            super().emit(record)
