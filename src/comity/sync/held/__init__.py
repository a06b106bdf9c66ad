"""Deletions that look like an accident: counted, held back with names, allowed or rejected (provisioning §8.1, D8)."""
