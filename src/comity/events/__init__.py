"""Feeds and their cursors, and hints that something changed."""
