"""PostgreSQL of our own: started by whoever needs it first, gone when nobody does (ADR-0008).

Linux only. Every process of Comity calls `attach` and keeps the lease; see `guardian` for what happens
behind it, and `layout` for what lies in the data directory.
"""

from comity.db.embedded.errors import (
    BinariesMissing,
    DataDirectoryUnusable,
    DataOfAnotherMajor,
    EmbeddedServerError,
    ServerAccountMissing,
    ServerDidNotStart,
    ServerNotReady,
)
from comity.db.embedded.lease import Connection, Lease, attach

__all__ = [
    "BinariesMissing",
    "Connection",
    "DataDirectoryUnusable",
    "DataOfAnotherMajor",
    "EmbeddedServerError",
    "Lease",
    "ServerAccountMissing",
    "ServerDidNotStart",
    "ServerNotReady",
    "attach",
]
