"""Reach the embedded server as its superuser: for template databases, and to look behind the walls."""

from comity.db.embedded import Connection


def admin_dsn(connection: Connection, database: str = "postgres") -> str:
    """URL of the superuser, whom row-level security does not bind."""
    password = connection.admin_secret.read_text(encoding="utf-8")
    _, _, where = connection.dsn.partition("?")
    return f"postgresql://postgres:{password}@/{database}?{where}"
