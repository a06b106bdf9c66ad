"""The index of words: made behind the feed, rebuilt while it is in use."""
