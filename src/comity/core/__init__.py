"""Words that every room shares: identifiers, the caller, clocks, errors, settings."""
