"""Escrow: people and groups that failed stay with their reason and are tried again, beside everybody else."""
