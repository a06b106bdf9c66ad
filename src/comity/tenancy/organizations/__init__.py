"""Multitenant organisations: several tenants that belong together, each of which said so itself."""
