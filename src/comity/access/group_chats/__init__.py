"""Who may make, join and write in a group chat (external-access §8, §9)."""
