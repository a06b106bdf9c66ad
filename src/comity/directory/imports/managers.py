"""Who manages whom, set once all rows are in: a manager may stand below her people in the file."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from types import TracebackType
from typing import IO, Final, Self
from uuid import UUID

from comity.core.folding import address_key
from comity.core.ids import UserId
from comity.db.transaction import Transaction, as_uuid
from comity.directory import store
from comity.directory.imports.model import ManagerMissing
from comity.directory.model import Attribute, User

MANAGER: Final = frozenset({Attribute.MANAGER_ID})


@dataclass(frozen=True, slots=True)
class Managed:
    """A row's manager as it names her: by object id or UPN."""

    line: int
    user_id: UserId
    manager: str
    unchanged: bool
    """Nothing else changed the person so far; so the row counts as updated if this does."""


class ManagedFile:
    """Keeps them in a temporary file until all rows are in."""

    def __init__(self) -> None:
        self._file: IO[str] = tempfile.TemporaryFile("w+", encoding="ascii")  # noqa: SIM115 - this object closes it

    def add(self, managed: Managed) -> None:
        """Keep one for later."""
        fields = (managed.line, str(managed.user_id), managed.manager, managed.unchanged)
        self._file.write(json.dumps(fields) + "\n")

    def __iter__(self) -> Iterator[Managed]:
        self._file.seek(0)
        for line in self._file:
            number, user_id, manager, unchanged = json.loads(line)
            yield Managed(number, UserId(UUID(user_id)), manager, unchanged)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()


@dataclass(frozen=True, slots=True)
class ManagerChanges:
    """What a batch of them comes to."""

    changed: list[tuple[Managed, User, User]]
    """The row, the person before, the person after."""
    missing: list[ManagerMissing]


async def load_changes(tx: Transaction, batch: Sequence[Managed]) -> ManagerChanges:
    """Find people and managers, and whose manager differs."""
    ids = {each.user_id for each in batch}
    ids |= {UserId(found) for each in batch if (found := as_uuid(each.manager))}
    by_id = await store.load_users(tx, sorted(ids))
    by_upn = await store.find_by_upn_keys(tx, sorted({address_key(each.manager) for each in batch}))
    changes = ManagerChanges([], [])
    for each in batch:
        found = as_uuid(each.manager)
        manager = by_id.get(UserId(found)) if found else by_upn.get(address_key(each.manager))
        person = by_id.get(each.user_id)
        if manager is None or manager.deleted_at is not None or manager.id == each.user_id:
            changes.missing.append(ManagerMissing(each.line, each.manager))
        elif person is not None and person.deleted_at is None and person.manager_id != manager.id:
            changes.changed.append((each, person, replace(person, manager_id=manager.id)))
    return changes
