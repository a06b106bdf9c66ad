"""Who of a tenant's people is findable where, and why somebody is not."""
