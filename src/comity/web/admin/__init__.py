"""The admin center: pages over the same use cases as Graph and the command line (design D9)."""
