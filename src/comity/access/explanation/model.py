"""The nouns of an explanation."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from comity.access.model import Decision, Rule
from comity.core.ids import TenantId


class Which(StrEnum):
    """Of the two people, the one on whose side a rule stands."""

    FROM = "from"
    TO = "to"


class Check(NamedTuple):
    """One rule that was asked, and what it met; in the order of external-access §6.

    `value` is the setting's, of lists the entries that match. A masked one is the partner's own business.
    """

    side: Which | None
    """None: no side's setting is read."""
    rule: Rule
    passed: bool
    tenant_id: TenantId | None = None
    setting: str | None = None
    value: object = None
    policy: str | None = None
    """The policy whose setting it is; None for a setting of the whole tenant."""
    masked: bool = False

    def mask(self) -> Check:
        """Without what is the partner's own business."""
        return self._replace(setting=None, value=None, policy=None, masked=True)


class Remedy(NamedTuple):
    """One setting to change, as its `Set-` takes it: lists with Add or Remove, and nothing more than needed."""

    tenant_id: TenantId
    """Whose admin has to do it."""
    setting: str | None
    before: object
    after: object
    policy: str | None = None
    """The policy to change; None for a setting of the whole tenant."""
    masked: bool = False

    def mask(self) -> Remedy:
        """Without what is the partner's own business: only whose change it is stays."""
        return Remedy(self.tenant_id, None, None, None, masked=True)


class Direction(NamedTuple):
    """One direction of a pair: what is decided, and by which checks."""

    decision: Decision
    checks: tuple[Check, ...]


class Explanation(NamedTuple):
    """Why, in both directions. `smallest_change` flips a refusal; None if no tenant's settings could."""

    forward: Direction
    reverse: Direction
    smallest_change: tuple[Remedy, ...] | None

    @property
    def decision(self) -> Decision:
        """What was asked."""
        return self.forward.decision

    def masked_but(self, *own: TenantId) -> Explanation:
        """As an admin of these tenants may see it.

        Of the partner's side only the rule that decided stays, which every decision tells an admin: that the
        others pass would say as much about its switches as showing them.
        """

        def seen(direction: Direction) -> Direction:
            decision = direction.decision
            if decision.decided_by not in own:
                decision = decision._replace(subject=None)
            deciding = (decision.deciding_rule, decision.decided_by)
            checks = [
                each if each.tenant_id is None or each.tenant_id in own else each.mask()
                for each in direction.checks
                if each.tenant_id is None
                or each.tenant_id in own
                or (not each.passed and (each.rule, each.tenant_id) == deciding)
            ]
            return Direction(decision, tuple(checks))

        change = self.smallest_change
        return Explanation(
            seen(self.forward),
            seen(self.reverse),
            None if change is None else tuple(each if each.tenant_id in own else each.mask() for each in change),
        )
