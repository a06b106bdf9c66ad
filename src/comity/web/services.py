"""What the doors are given: the parts of one process that answer requests."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from comity.core.clock import MachineClock
from comity.core.settings import Settings
from comity.db.database import Database
from comity.identity.keys import KeySet
from comity.identity.parts import SignIn
from comity.identity.passwords import Passwords
from comity.identity.sealing import Sealer
from comity.identity.tokens import Tokens

Check = Callable[[], Awaitable[bool]]
"""Is this part of the installation in order?"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Made by `app`, once per web process."""

    db: Database
    settings: Settings
    machine: MachineClock
    sealer: Sealer
    keys: KeySet
    tokens: Tokens
    passwords: Passwords
    checks: Mapping[str, Check] = field(default_factory=dict)
    """Further parts that /readyz asks about, by name: the worker, for one."""

    @classmethod
    def over(
        cls,
        db: Database,
        *,
        settings: Settings,
        machine: MachineClock,
        sealer: Sealer,
        passwords: Passwords,
        checks: Mapping[str, Check] | None = None,
    ) -> Services:
        """The services over a database, with keys and tokens of the installation."""
        keys = KeySet(db, sealer, machine)
        return cls(
            db=db, settings=settings, machine=machine, sealer=sealer, keys=keys, tokens=Tokens(keys, machine),
            passwords=passwords, checks=checks or {},
        )  # fmt: skip

    @property
    def origin(self) -> str | None:
        """The installation's fixed address, if it has one; without a slash at its end."""
        return self.settings.origin.rstrip("/") if self.settings.origin else None

    @property
    def sign_in(self) -> SignIn:
        """What the grants need."""
        return SignIn(self.db, self.tokens, self.passwords, self.machine, self.sealer)
