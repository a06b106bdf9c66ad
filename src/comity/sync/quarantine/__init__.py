"""Quarantine: a job in trouble is tried more and more rarely, and is stopped after four weeks."""
