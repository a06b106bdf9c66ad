"""Cross-tenant synchronisation: shares, scopes, mappings, plans, drains, receipts, logs."""
