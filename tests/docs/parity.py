"""The rows of docs/reference/parity.md, as tests ask about them."""

from __future__ import annotations

import re

from tools.sources import ROOT


def parity_rows() -> list[tuple[str, str, str]]:
    """What, state, remark of every table that has a state."""
    page = (ROOT / "docs" / "reference" / "parity.md").read_text(encoding="utf-8")
    rows = []
    for table in re.findall(r"^\|[^\n]*\| State \|.*?(?=^\s*$)", page, re.DOTALL | re.MULTILINE):
        for row in table.splitlines()[2:]:
            what, state, remark = row.strip("|").split("|")
            rows.append((what.strip(), state.strip(), remark.strip()))
    return rows
