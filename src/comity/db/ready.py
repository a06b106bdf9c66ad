"""A database that this code can work with: migrated if that is wanted, refused if it is not ours."""

from __future__ import annotations

from datetime import datetime

import psycopg

from comity.db.errors import DatabaseUnavailable, SchemaOlder
from comity.db.migrate import check_schema, migrate


async def make_ready(direct_url: str, *, now: datetime, may_migrate: bool) -> tuple[int, ...]:
    """Check the schema, and bring it up to date if it is behind; return the migrations applied.

    Raises:
        DatabaseUnavailable: it does not answer.
        SchemaNewer: a newer Comity migrated it. SchemaOlder: it is behind, and stays so.
        SchemaChanged, RolesMissing, RolesFaulty, SchemaForbidden: see `migrate`.
    """
    try:
        try:
            await check_schema(direct_url)
        except SchemaOlder:
            if not may_migrate:
                raise
            return await migrate(direct_url, now=now)
    except psycopg.OperationalError as fault:
        raise DatabaseUnavailable(detail=(str(fault).strip().splitlines() or ["no answer"])[0]) from fault
    return ()
