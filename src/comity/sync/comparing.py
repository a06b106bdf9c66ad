"""Does an item of a plan still hold? What was shown, against what is decided now (design D7)."""

from __future__ import annotations

from typing import Final

from comity.sync.model import Action, Step
from comity.sync.planned import Item, Outcome

_WEIGHT: Final = {
    Action.NONE: 0,
    Action.UPDATE: 1,
    Action.ADOPT: 1,
    Action.UNLINK: 1,
    Action.RESTORE: 2,
    Action.CREATE: 2,
    Action.DELETE: 3,
}
"""How much an action does to somebody; what weighs less than what was shown is milder."""
_IN_LINE: Final = frozenset({Action.UPDATE, Action.ADOPT})
"""Alike for whoever approved them: an account that is there gets the values shown."""


def compare(item: Item, step: Step | None) -> Outcome:
    """What becomes of an item when `step` is what is decided now; None: nothing is to be done any more.

    Applied: the same verdict, and no attribute more than was shown. Dropped: something milder, or nothing.
    Held: anything else; it was not shown, so nobody has approved it.
    """
    if step is None:
        return Outcome.DROPPED
    same = step.action is item.action or {step.action, item.action} <= _IN_LINE
    if same and not step.changed & ~item.changed:
        return Outcome.APPLIED
    return Outcome.DROPPED if _WEIGHT[step.action] < _WEIGHT[item.action] else Outcome.HELD
