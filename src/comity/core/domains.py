"""Domain names: one form for comparing, whoever wrote them (external-access §2)."""

from __future__ import annotations

import re
from typing import Final

_LABEL: Final = re.compile(r"^(?!-)[a-z0-9_-]{1,63}(?<!-)$")

_PLAIN: Final = re.compile(r"^(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))+$")
"""Most domains: in their one form already."""


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


def domain_of(address: str) -> str:
    """The domain of a folded mail address, as `normalize_domain` writes it; empty if it has none.

    Lists hold domains in that form: an address of any other would slip past them.
    """
    domain = address.rpartition("@")[2]
    if _PLAIN.match(domain):
        return domain
    return normalize_domain(domain) or ""


def parent_domains(domain: str) -> list[str]:
    """The domains above it, nearest first: a.b.example → b.example, example."""
    labels = domain.split(".")
    return [".".join(labels[start:]) for start in range(1, len(labels))]
