"""What Graph's clients keep with an application, and what it may do."""
