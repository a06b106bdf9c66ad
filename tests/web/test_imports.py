"""What has to start fast does not load what it does not need."""

from __future__ import annotations

import subprocess
import sys


def test_help_loads_no_door():
    """`comity --help` answers in 0.15 s (design §6, P7); the web framework alone takes as long."""
    program = (
        "import sys\n"
        "from comity.app import main\n"
        "code = main(['--help'])\n"
        "heavy = {'comity.web', 'comity.identity', 'starlette', 'uvicorn', 'prometheus_client', 'cryptography'}\n"
        "print('loaded:', sorted(heavy & set(sys.modules)), 'code:', code)\n"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert "Usage" in done.stdout
    assert done.stdout.rstrip().endswith("loaded: [] code: 0"), done.stdout
