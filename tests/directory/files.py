"""Files of people for tests: small ones written by hand."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from comity.core.catalogue import sentence
from comity.directory.imports.model import ImportReport
from comity.directory.imports.service import import_users
from comity.directory.model import User
from comity.directory.service import list_users
from tests.support.world import Org


async def bring(org: Org, *rows: Mapping[str, Any], form: str = "csv") -> ImportReport:
    """Import these rows into the tenant, as its operator; nothing is written beside."""
    write = {"csv": as_csv, "json": as_graph, "lines": as_json_lines}[form]
    return await import_users(org.db, org.operator, io.BytesIO(write(*rows)))


def as_csv(*rows: Mapping[str, Any], separator: str = ",") -> bytes:
    """With the columns of all rows."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, restval="", delimiter=separator)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def as_graph(*rows: Mapping[str, Any]) -> bytes:
    """As `GET /users` answers, indented as people store it."""
    answer = {"@odata.context": "https://graph.microsoft.com/v1.0/$metadata#users", "value": rows}
    return json.dumps(answer, ensure_ascii=False, indent=2).encode()


def as_json_lines(*rows: Mapping[str, Any]) -> bytes:
    """One object per line."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def reasons(report: ImportReport) -> dict[int, str]:
    """Why each rejected row was, by line; of small files, where all are shown. Each can be said in words."""
    words = [sentence(each.reason.value, each.parameters) for each in report.rejections]
    assert [each for each in words if "{" in each or each.startswith("row-")] == []
    return {each.line: each.reason.value for each in report.rejections}


def counts(report: ImportReport) -> tuple[int, int, int, int]:
    """Created, updated, unchanged, rejected."""
    return report.created, report.updated, report.unchanged, report.rejected


def rejected_rows(path: Path, separator: str = ",") -> list[dict[str, str]]:
    """The rejected file's rows."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file, delimiter=separator))


def mend(path: Path, wrong: str, right: str) -> None:
    """As somebody does in his editor."""
    path.write_text(path.read_text(encoding="utf-8-sig").replace(wrong, right), encoding="utf-8-sig")


async def people(org: Org) -> dict[str, User]:
    """Everybody who lives in the tenant, by local part of the UPN in lower case; at most 1,000."""
    async with org.db.tenant(org.id) as tx:
        found = await list_users(tx, org.operator, at_most=1000)
    return {each.user_principal_name.rpartition("@")[0].lower(): each for each in found}
