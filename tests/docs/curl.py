"""The few options of curl that our pages use, for a machine that has no curl: -s, -f, -H, -d, --retry."""

from __future__ import annotations

import argparse
import sys
import threading
import urllib.error
import urllib.request
from http import HTTPStatus
from typing import Any


def main() -> int:
    """Ask, and once more where the answer says when; print the body as curl does."""
    parser = argparse.ArgumentParser()
    parser.add_argument("-s", "--silent", action="store_true")
    parser.add_argument("-f", "--fail", action="store_true")
    parser.add_argument("-H", "--header", action="append", default=[])
    parser.add_argument("-d", "--data", action="append", default=[])
    parser.add_argument("--retry", type=int, default=0)
    parser.add_argument("url")
    options = parser.parse_args()

    body = "&".join(options.data).encode() if options.data else None
    headers = dict(line.split(": ", 1) for line in options.header)
    request = urllib.request.Request(options.url, data=body, headers=headers)
    answer = _ask(request)
    for _ in range(options.retry):
        if answer.status != HTTPStatus.SERVICE_UNAVAILABLE:
            break
        threading.Event().wait(float(answer.headers.get("retry-after", 1)))  # what the service asked for
        answer = _ask(request)
    if options.fail and answer.status >= HTTPStatus.BAD_REQUEST:
        return 22
    sys.stdout.write(answer.read().decode())
    return 0


def _ask(request: urllib.request.Request) -> Any:
    """The answer, whatever its status."""
    try:
        return urllib.request.urlopen(request, timeout=30)
    except urllib.error.HTTPError as fault:
        return fault


if __name__ == "__main__":
    sys.exit(main())
