"""The command line: each command is one use case, said in one line."""

from comity.cli.root import main

__all__ = ["main"]
