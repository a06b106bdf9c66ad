"""Which policy holds for whom: direct, by ranked group, tenant-wide, and many at once (external-access §5)."""
