"""Mail to people who asked for it: queued with the change that it tells of, sent by the worker."""
