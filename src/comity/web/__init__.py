"""Everything that speaks HTTP: the doors to Graph and to sign-in, the probes, and what all doors share."""
