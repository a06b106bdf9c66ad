"""The demo's own directory, and the secrets in it: everywhere else they are hashed."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from comity.core.errors import Invalid

FILE: Final = "demo.json"
_PASSWORD_BYTES: Final = 12


class NotADemo(Invalid):
    """The directory holds something that the demo did not make."""

    code = "not-a-demo"


@dataclass(slots=True)
class TenantSecrets:
    """What one signs in with to a tenant of the demo."""

    admin_password: str
    client_id: str | None = None
    client_secret: str | None = None
    public_client_id: str | None = None


@dataclass(slots=True)
class DemoFile:
    """`demo.json`: what the demo has to remember of itself."""

    path: Path
    complete: bool = False
    tenants: dict[str, TenantSecrets] = field(default_factory=dict)
    passwords: dict[str, str] = field(default_factory=dict)
    """By first name."""

    def save(self) -> None:
        """Write it in one step, readable by its owner alone."""
        facts = asdict(self)
        del facts["path"]
        aside = self.path.with_suffix(".new")
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            json.dump(facts, file, indent=1)
        aside.replace(self.path)

    def tenant(self, letter: str) -> TenantSecrets:
        """The secrets of a tenant; made if they are not there yet."""
        return self.tenants.setdefault(letter, TenantSecrets(_new_password()))

    def password(self, name: str) -> str:
        """Somebody's password; made if it is not there yet."""
        return self.passwords.setdefault(name, _new_password())


def claim(directory: Path) -> DemoFile:
    """Take a directory for the demo: its own from before, or one that is empty or not there yet.

    Raises:
        NotADemo.
    """
    path = directory / FILE
    if path.is_file():
        return _read(path)
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise NotADemo(directory=str(directory))
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = DemoFile(path)
    made.save()
    return made


def _read(path: Path) -> DemoFile:
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        tenants = {letter: TenantSecrets(**each) for letter, each in facts["tenants"].items()}
        return DemoFile(path, facts["complete"], tenants, facts["passwords"])
    except (ValueError, KeyError, TypeError, AttributeError, OSError) as fault:
        raise NotADemo(directory=str(path.parent)) from fault


def _new_password() -> str:
    return f"{secrets.token_urlsafe(_PASSWORD_BYTES)}-1Aa"
