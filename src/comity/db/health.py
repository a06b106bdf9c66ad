"""What probes ask the database: is it this code's schema, and is anything stuck?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from comity.core.clock import Clock
from comity.core.ids import PERSONAL_REALM
from comity.db.crossings.feed_lag import read_feed_lag
from comity.db.database import Database
from comity.db.errors import SchemaNewer, SchemaOlder
from comity.db.migrate import newest

_SCHEMA: Final = "select schema_number()"

# Asked as the login role itself: to the application role, the server shows nobody's transactions.
_OLDEST: Final = """
select extract(epoch from min(xact_start))::float8 from pg_stat_activity
where datname = current_database() and pid <> pg_backend_pid()
"""


@dataclass(frozen=True, slots=True)
class Figures:
    """What the database says about itself."""

    oldest_transaction_s: float
    """Seconds; 0 if none is open."""
    feed_lag: Mapping[str, int]
    """Entries that a consumer has yet to read, in the tenant where most wait for it."""


async def check_database(db: Database) -> None:
    """The database answers, and its schema is this code's.

    Raises:
        DatabaseUnavailable, PoolExhausted, SchemaNewer, SchemaOlder.
    """
    async with db.tenant(PERSONAL_REALM) as tx:
        row = await tx.row(_SCHEMA)
    found, needed = int(row[0]) if row else 0, _newest()
    if found > needed:
        raise SchemaNewer(found=found, known=needed)
    if found < needed:
        raise SchemaOlder(found=found, needed=needed)


async def load_figures(db: Database, machine: Clock) -> Figures:
    """What /metrics says of the database.

    Raises:
        DatabaseUnavailable, PoolExhausted.
    """
    async with db.direct() as connection:
        row = await (await connection.execute(_OLDEST)).fetchone()
    since = row[0] if row else None
    age_s = max(0.0, machine.now().timestamp() - since) if since is not None else 0.0
    async with db.tenant(PERSONAL_REALM) as tx:
        return Figures(age_s, await read_feed_lag(tx))


@cache
def _newest() -> int:
    return newest()
