"""Users, groups, home and B2B identities, recycle bin, import."""
