"""Whom a job tells by mail when it is in trouble."""
