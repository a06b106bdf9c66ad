"""The provisioning log: what became of whom, as the reference product tells it."""
