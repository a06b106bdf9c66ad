"""What could two people do on a given date, what changed since, by whom and why: read from the audit."""
