"""Signing a device in from elsewhere: it shows a code, a person types it (RFC 8628)."""
