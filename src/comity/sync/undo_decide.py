"""What takes a run back on one account, from the run's receipts: state in, step out (design §4.6)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from comity.directory.model import Attribute, attributes_of
from comity.sync.model import CARRIED, FIRST_CARRIED, Action, Present, Reason, Receipt, Skip, Step

_AT: Final = {each: at for at, each in enumerate(CARRIED)}
_LAST_CARRIED: Final = FIRST_CARRIED + len(CARRIED)
_TRUTHS: Final = frozenset({Attribute.ACCOUNT_ENABLED, Attribute.SHOW_IN_ADDRESS_LIST})
_DELETED: Final = Attribute.IS_DELETED.bit
_NOT_VALUES: Final = Attribute.HOME_IDENTITY.bit | Attribute.EXTERNAL_USER_STATE.bit
_BACK: Final = {
    Action.CREATE: Action.DELETE,
    Action.UPDATE: Action.UPDATE,
    Action.DELETE: Action.RESTORE,
    Action.RESTORE: Action.DELETE,
    Action.ADOPT: Action.UNLINK,
    Action.UNLINK: Action.ADOPT,
}
"""What takes an action back."""


def decide_undo(history: Sequence[Receipt], present: Present | None) -> tuple[Step | Skip, Reason | None]:
    """Take back what one run did to one account; the second value is what has to be said of it.

    `history` are the run's receipts on the account, oldest first. A step is taken back only if the account is
    still as the step left it: from the newest on, as long as nobody else wrote between. What would overwrite a
    later change is left, and named.
    """
    last = history[-1]
    if present is None or present.version != last.version_after:
        return Skip(last.source_id, last.target_id, Reason.OVERWRITTEN, failed=True), None
    tail = _undisturbed(history)
    before = tuple(present[FIRST_CARRIED:_LAST_CARRIED])
    after: list[object] = list(before)
    states = 0
    for receipt in reversed(tail):
        states |= receipt.changed & _NOT_VALUES
        if receipt.before is not None:
            for attribute, old in zip(_carried(receipt.changed), receipt.before, strict=True):
                after[_AT[attribute]] = _value(attribute, old)
    changed = sum(each.bit for each in CARRIED if before[_AT[each]] != after[_AT[each]]) | states
    action = _net(tail, present)
    if action in (Action.DELETE, Action.RESTORE):
        changed |= _DELETED
    said = Reason.OVERWRITTEN if len(tail) < len(history) else None
    if tail[0].action is Action.CREATE:
        said = Reason.UNDONE_CREATION
    return Step(action, last.source_id, last.target_id, present.version, changed, tuple(after), before), said


def _undisturbed(history: Sequence[Receipt]) -> Sequence[Receipt]:
    """The newest receipts between which nobody else wrote."""
    first = len(history) - 1
    while first > 0 and history[first - 1].version_after == _version_before(history[first]):
        first -= 1
    return history[first:]


def _version_before(receipt: Receipt) -> int:
    return receipt.version_after - (1 if receipt.changed else 0)


def _net(tail: Sequence[Receipt], present: Present) -> Action:
    """What all of it together comes to: where the account was before the first of these receipts."""
    backward = [_BACK[each.action] for each in reversed(tail)]
    lives = present.deleted_by is None
    lived = lives
    for each in backward:
        lived = each is Action.RESTORE or (lived and each is not Action.DELETE)
    if lives != lived:
        return Action.RESTORE if lived else Action.DELETE
    links = [each for each in backward if each in (Action.UNLINK, Action.ADOPT)]
    return links[-1] if links else Action.UPDATE


def _carried(changed: int) -> list[Attribute]:
    return [each for each in attributes_of(changed) if each in _AT]


def _value(attribute: Attribute, text: str | None) -> object:
    """A value as the receipt kept it."""
    if text is None:
        return None
    if attribute in _TRUTHS:
        return text == "true"
    if attribute is Attribute.MANAGER_ID:
        return UUID(text)
    return json.loads(text) if attribute is Attribute.EXTENSIONS else text
