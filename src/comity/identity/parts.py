"""What signing in needs of the installation, as one value."""

from __future__ import annotations

from dataclasses import dataclass

from comity.core.clock import MachineClock
from comity.db.database import Database
from comity.identity.attempts import Attempts
from comity.identity.passwords import Passwords
from comity.identity.sealing import Sealer
from comity.identity.tokens import Tokens


@dataclass(frozen=True, slots=True)
class SignIn:
    """What signing in needs of the installation."""

    db: Database
    tokens: Tokens
    passwords: Passwords
    machine: MachineClock
    sealer: Sealer

    @property
    def attempts(self) -> Attempts:
        """How often somebody was wrong of late."""
        return Attempts(self.db, self.machine)
