"""Many rows at once under row-level security (design §4.3).

`COPY FROM` is refused on a table with row-level security, so rows go by COPY into a temporary
table, made if absent in the same transaction and emptied at its end (a transaction pooler does no
harm), and from there by `insert … select` or `update … from`, which the caller writes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import LiteralString

from comity.db.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Staging:
    """A temporary table: its name and its columns with their types, in order."""

    name: LiteralString
    columns: tuple[tuple[LiteralString, LiteralString], ...]

    @property
    def names(self) -> LiteralString:
        """The columns, as SQL lists them."""
        return ", ".join(name for name, _ in self.columns)

    @property
    def create(self) -> LiteralString:
        """Makes it if absent; emptied at the transaction's end."""
        columns = ", ".join(name + " " + kind for name, kind in self.columns)
        return "create temporary table if not exists " + self.name + " (" + columns + ") on commit delete rows"

    @property
    def copy(self) -> LiteralString:
        """Takes its rows in."""
        return "copy " + self.name + " (" + self.names + ") from stdin"


async def bulk(tx: Transaction, staging: Staging, rows: Iterable[Sequence[object]]) -> None:
    """Fill `staging` with rows of Python values, in the order of its columns.

    A second call in the same transaction starts over.
    """
    await _prepare(tx, staging)
    await tx.copy_in(staging.copy, rows)


async def bulk_text(tx: Transaction, staging: Staging, chunks: Iterable[str | bytes]) -> None:
    r"""Fill `staging` with ready-made COPY text: tab-separated, `\N` for null, a newline per row."""
    await _prepare(tx, staging)
    await tx.copy_text(staging.copy, chunks)


async def _prepare(tx: Transaction, staging: Staging) -> None:
    if staging.name in tx.memory.setdefault("bulk", set()):
        await tx.execute("truncate " + staging.name)
        return
    tx.memory["bulk"].add(staging.name)
    await tx.execute(staging.create)
