"""How the server would run a hot statement: as the application role, with values and without."""

from __future__ import annotations

import re
from typing import Any

import psycopg
from psycopg import sql

from comity.db.transaction import Transaction

MODES = ("force_custom_plan", "force_generic_plan")


async def plan_of(tx: Transaction, statement: str, mode: str, **parameters: object) -> str:
    """The plan in one of the two modes: a generic plan is what a statement gets that runs often.

    A statement is prepared under numbered parameters, since EXPLAIN with values always plans for them.
    """
    values = {"tenant_id": tx.tenant_id, **parameters}
    names: list[str] = []

    def number(match: re.Match[str]) -> str:
        if match[1] not in names:
            names.append(match[1])
        return f"${names.index(match[1]) + 1}"

    prepared = re.sub(r"%\((\w+)\)s", number, statement)
    given = ", ".join(sql.Literal(values[name]).as_string(None) for name in names)
    run: Any = tx  # statements are put together here, which `Transaction` forbids for good reason
    await run.execute(f"set local plan_cache_mode = {mode}")
    await run.execute(f"prepare hot as {prepared}".replace("%", "%%"))
    rows = await run.rows(f"explain (costs off) execute hot({given})".replace("%", "%%"))
    await run.execute("deallocate hot")
    return "\n".join(str(row[0]) for row in rows)


def gather_statistics(database_url: str, *tables: str) -> None:
    """What autovacuum does a minute later: without it the server does not know one index from another."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("set role comity_owner")
        for table in tables:
            connection.execute(sql.SQL("analyze {}").format(sql.Identifier(table)))
