"""What a doctor wants to know of a database: version, roles, schema, durability."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, LiteralString

from comity.core.ids import PERSONAL_REALM
from comity.db.database import Database

_FACTS: Final[LiteralString] = """
select current_setting('server_version'), current_setting('server_version_num')::int / 10000, session_user::text,
       schema_number(),
       current_setting('fsync') = 'on' and current_setting('synchronous_commit') <> 'off',
       array(select rolname::text from pg_roles
             where rolname in ('comity_owner', 'comity_app', 'comity_queue', session_user)
               and (rolsuper or rolbypassrls)
             order by rolname)
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """A database as it is."""

    version: str
    major: int
    login: str
    """The role that logs in."""
    schema: int
    flushes: bool
    """Is a commit on disk when it is acknowledged (design §4.2)?"""
    too_mighty: list[str]
    """Roles of ours that row-level security does not bind."""


async def look(db: Database) -> Seen:
    """Look at the database with the eyes of the application role.

    Raises:
        DatabaseUnavailable.
    """
    async with db.tenant(PERSONAL_REALM) as tx:
        seen = await tx.one(Seen, _FACTS)
    assert seen is not None, "a query without a table always has a row"
    return seen
