"""How the embedded server is set, unless the caller says otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

PORT: Final = 5432
"""Part of the socket's name; nothing listens on the network."""

DEFAULTS: Final[Mapping[str, str]] = {
    # Acknowledged means flushed (design of durability); only a batch of a drain may relax it for itself.
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    # Big enough for a tenant of a hundred thousand, small enough for a laptop.
    "shared_buffers": "128MB",
    "max_connections": "100",
    "huge_pages": "off",
    # An import or a first share writes gigabytes: few checkpoints write each page once.
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    # A segment's worth: with the default of 4 MB, two writers of a share wait for each other's log.
    "wal_buffers": "16MB",
    # This build has no lz4, and pglz costs more time than the bytes that it saves.
    "wal_compression": "off",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
    "cluster_name": "comity",
}

ALWAYS: Final[Mapping[str, str]] = {
    # No TCP: on it, each user of the machine could try passwords.
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    # The guardian owns the log and bounds it.
    "logging_collector": "off",
    "log_destination": "stderr",
}


def server_settings(chosen: Mapping[str, str]) -> dict[str, str]:
    """The settings to start with; what ALWAYS holds cannot be chosen."""
    return {**DEFAULTS, **chosen, **ALWAYS}
