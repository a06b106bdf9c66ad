"""The permit: proof that external access allowed just this act, in just this transaction.

Chat and lookup ask for one and cannot make one; only `access.service.permit` can, after it decided
under the access lock: it alone has the seal (`seal.py`). Outside its transaction the lock is gone, so
there the permit is void.
"""

from __future__ import annotations

from typing import final

from comity.access.errors import PermitMissing
from comity.access.model import Decision, Person, Purpose
from comity.access.seal import SEAL, Seal
from comity.db.transaction import Transaction


@final
class Permit:
    """Allowed: what for, from whom, toward whom. Not to be made elsewhere; not to be changed."""

    __slots__ = ("_tx", "actor", "decision", "purpose", "target")

    actor: Person
    target: Person
    purpose: Purpose
    decision: Decision

    def __init__(
        self, seal: Seal, tx: Transaction, *, actor: Person, target: Person, purpose: Purpose, decision: Decision
    ) -> None:
        if seal is not SEAL or not decision.allowed:
            raise PermitMissing(purpose=purpose.value)
        for name, value in (
            ("_tx", tx), ("actor", actor), ("target", target), ("purpose", purpose), ("decision", decision)
        ):  # fmt: skip
            object.__setattr__(self, name, value)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a permit does not change: {name}")

    def __reduce__(self) -> str:
        raise TypeError("a permit does not travel")

    def check(self, tx: Transaction, *, actor: Person, target: Person, purpose: Purpose) -> None:
        """Refuse unless the permit is for just this.

        Raises:
            PermitMissing.
        """
        if self._tx is not tx or (self.actor, self.target, self.purpose) != (actor, target, purpose):  # type: ignore[attr-defined]
            raise PermitMissing(purpose=purpose.value)
