"""External access: configuration, policies, assignments, the decision and its permit."""
