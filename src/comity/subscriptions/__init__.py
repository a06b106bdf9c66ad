"""Change notifications: who wants to be told of changes, and telling them (ADR 0016)."""
