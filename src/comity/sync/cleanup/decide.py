"""What a clean-up does with accounts: state in, items and steps out; no I/O, no clock."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence

from comity.core.ids import UserId
from comity.directory.model import Attribute, DeletedBy
from comity.sync.cleanup.model import Account
from comity.sync.model import CARRIED, FIRST_CARRIED, Action, Present, Reason, Receipt, Step
from comity.sync.planned import Item, Outcome, Verdict

_DELETED = Attribute.IS_DELETED.bit
_LAST_CARRIED = FIRST_CARRIED + len(CARRIED)


def plan_cleanup(accounts: Iterable[Account], synced: Container[UserId], *, first: int) -> list[Item]:
    """Accounts that sync brought are deleted; guests whom somebody here invited by hand are left, and named."""
    items = []
    for number, each in enumerate(accounts, start=first):
        if each.id in synced:
            items.append(Item(number, each.home_user_id, each.id, Verdict.DELETE, None, _DELETED, 0, each.version))
        else:
            reason = Reason.BY_HAND.value
            items.append(Item(number, each.home_user_id, each.id, Verdict.SKIP, reason, 0, 0, each.version))
    return items


def plan_return(
    receipts: Iterable[Receipt], present: Mapping[UserId, Present], taken: Container[UserId], *, first: int
) -> list[Item]:
    """What takes a clean-up back: whoever is as it left her is restored, whoever changed since is left and named."""
    items = []
    for number, each in enumerate(receipts, start=first):
        account = present.get(each.target_id)
        reason = None
        if account is None or account.version != each.version_after or account.deleted_by is None:
            reason = Reason.OVERWRITTEN
        elif each.target_id in taken:
            reason = Reason.UPN_TAKEN
        verdict = Verdict.RESTORE if reason is None else Verdict.REFUSE
        said = None if reason is None else reason.value
        items.append(
            Item(number, each.source_id, each.target_id, verdict, said, _DELETED, 0, account.version if account else 0)
        )
    return items


def decide(
    items: Sequence[Item], present: Mapping[UserId, Present], taken: Container[UserId]
) -> tuple[list[tuple[int, Step]], dict[int, Outcome]]:
    """What is still to be done of these items, under their numbers; and what became of the others (design D7).

    A deletion is decided again: it holds for an account that was changed meanwhile, too. A return is not: somebody
    has written since.
    """
    steps: list[tuple[int, Step]] = []
    others: dict[int, Outcome] = {}
    for item in items:
        account = None if item.target_id is None else present.get(item.target_id)
        wants_life = item.verdict is Verdict.RESTORE
        if account is None or (account.deleted_by is None) is wants_life:
            others[item.step] = Outcome.DROPPED
        elif wants_life and not _may_return(item, account, taken):
            others[item.step] = Outcome.HELD
        else:
            action = Action.RESTORE if wants_life else Action.DELETE
            values = account[FIRST_CARRIED:_LAST_CARRIED]
            steps.append(
                (item.step, Step(action, item.source_id, account.id, account.version, _DELETED, values, values))
            )
    return steps, others


def _may_return(item: Item, account: Present, taken: Container[UserId]) -> bool:
    as_left = account.version == item.target_version and account.deleted_by == DeletedBy.SYNC
    return as_left and account.id not in taken
