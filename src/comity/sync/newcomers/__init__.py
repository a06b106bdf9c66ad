"""People who are new, many at once: from the source to the target as the text that COPY reads and writes."""
