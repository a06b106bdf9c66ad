"""Write the people of a tenant to a file that an import reads again."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from comity.core.caller import Caller
from comity.core.permissions import Permission
from comity.db.database import Database
from comity.directory import store
from comity.directory.extensions import Extension
from comity.directory.imports.columns import EXPORTED, Meaning, Special
from comity.directory.model import Attribute, User

PAGE_USERS: Final = 1000


class ExportForm(StrEnum):
    """What kind of file to write; both hold the same columns."""

    CSV = "csv"
    """UTF-8 with a mark, so that Excel reads it as such."""
    JSON_LINES = "json-lines"


async def export_users(db: Database, caller: Caller, *, form: ExportForm) -> AsyncIterator[str]:
    """The living people of the caller's tenant, by id, as pieces of text of about `PAGE_USERS` rows.

    Imported into an empty tenant of the same domains, everybody keeps her object id. Each page is a
    transaction of its own: whoever changes meanwhile appears as she is when her page is read.

    Raises:
        PermissionMissing.
    """
    caller.check(Permission.USER_READ)
    extensions: list[str] = []
    if form is ExportForm.CSV:
        async with db.tenant(caller.tenant_id) as tx:
            extensions = await store.list_extension_names(tx)
        yield "\ufeff" + _csv([[*EXPORTED, *extensions]])
    after = UUID(int=0)
    while True:
        async with db.tenant(caller.tenant_id) as tx:
            page = await store.list_users(tx, after=after, at_most=PAGE_USERS)
        if not page:
            return
        after = page[-1].id
        yield _page(page, form, extensions)


def _page(users: list[User], form: ExportForm, extensions: list[str]) -> str:
    match form:
        case ExportForm.CSV:
            meanings = [*EXPORTED.values(), *map(Extension, extensions)]
            return _csv([[_cell(_value(user, each)) for each in meanings] for user in users])
        case ExportForm.JSON_LINES:
            return "".join(_line(user) for user in users)


def _line(user: User) -> str:
    values = {name: _value(user, meaning) for name, meaning in EXPORTED.items()}
    return json.dumps({**values, **(user.extensions or {})}, ensure_ascii=False, separators=(",", ":")) + "\n"


def _csv(rows: list[list[str]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue()


def _value(user: User, meaning: Meaning) -> Any:
    match meaning:
        case Special.ID:
            return str(user.id)
        case Special.MANAGER:
            return str(user.manager_id) if user.manager_id else None
        case Extension():
            return (user.extensions or {}).get(meaning.name)
        case Attribute():
            return getattr(user, meaning.column)
    raise AssertionError(meaning)


def _cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
    return str(value)
