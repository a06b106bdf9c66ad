"""Documents that commands are given as files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click


def read_json(name: str, content: bytes) -> Any:
    """A JSON document from a file.

    Raises:
        ClickException: it is none.
    """
    try:
        return json.loads(content)
    except ValueError as fault:
        raise click.ClickException(f"{Path(name).name} is no JSON: {fault}") from None
    except RecursionError:
        raise click.ClickException(f"{Path(name).name} is nested too deeply.") from None
