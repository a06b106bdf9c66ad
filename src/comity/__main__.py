"""`python -m comity`, as `comity`."""

from __future__ import annotations

import sys

from comity.app import main

if __name__ == "__main__":
    sys.exit(main())
