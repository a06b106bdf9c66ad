"""External access: who may talk across the border (external-access §15)."""
