"""Tenants whose people sign in at a service of their own: an upstream OpenID Connect provider."""
