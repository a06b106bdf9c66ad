"""Who, what, before, after, why, request id and cause of every administrative change (design §4.14)."""
