"""The door to sign-in: per-tenant OpenID Connect v2.0 endpoints (graph-api §2)."""
