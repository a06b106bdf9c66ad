"""Search for people within the tenant, unified over the organization; exact lookup beyond."""
