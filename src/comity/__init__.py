"""Comity: cross-tenant collaboration as one open, self-hostable product."""

__version__ = "0.1.0.dev0"
