"""Domain names: one form for comparing, whoever wrote them (external-access §2)."""

from __future__ import annotations

import re
from typing import Final

_LABEL: Final = re.compile(r"^(?!-)[a-z0-9_-]{1,63}(?<!-)$")


def normalize_domain(text: str) -> str | None:
    """Trim, lower-case, drop one trailing dot, IDNA-encode; None if it is no domain of two labels or more."""
    text = text.strip().lower().removesuffix(".")
    try:
        name = text.encode("idna").decode("ascii")
    except UnicodeError:
        return None
    labels = name.split(".")
    if len(name) > 253 or len(labels) < 2 or not all(_LABEL.match(label) for label in labels):
        return None
    return name


def parent_domains(domain: str) -> list[str]:
    """The domains above it, nearest first: a.b.example → b.example, example."""
    labels = domain.split(".")
    return [".".join(labels[start:]) for start in range(1, len(labels))]
