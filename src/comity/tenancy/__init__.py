"""Tenants, their domains, and the multitenant organisations they form."""
