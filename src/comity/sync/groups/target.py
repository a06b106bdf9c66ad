"""One group in the target: look, decide and apply with a receipt, in one transaction there."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from typing import Final

from comity.core.ids import CauseId, GroupId, JobId, PlanId, TenantId, UserId, new_id
from comity.db.queries import Queries
from comity.db.transaction import Transaction
from comity.db.values import array_text
from comity.directory.store import group_key
from comity.events.feed import append
from comity.events.model import Change, ChangeKind
from comity.sync.groups.decide import decide_group
from comity.sync.groups.model import (
    GROUP,
    GroupAttribute,
    GroupStep,
    PresentGroup,
    SourceGroup,
    group_attributes_of,
)
from comity.sync.model import Action, Actions, Reason, Receipt, Skip

Q: Final = Queries("comity.sync.groups")
_KINDS: Final = {
    Action.CREATE: ChangeKind.GROUP_CREATED,
    Action.UPDATE: ChangeKind.GROUP_UPDATED,
    Action.DELETE: ChangeKind.GROUP_DELETED,
    Action.RESTORE: ChangeKind.GROUP_RESTORED,
}


async def pass_group(
    tx: Transaction,
    source: TenantId,
    group: SourceGroup,
    wanted: Collection[UserId],
    actions: Actions,
    *,
    withheld: Reason | None,
    plan_id: PlanId,
    job_id: JobId,
    cause: CauseId,
    take_number: Callable[[], int],
) -> Receipt | Skip | None:
    """Bring one group in line, as the target; a `Skip` says why not, None that there was nothing to do.

    `withheld` says why it is not to be taken away, if it would be.
    """
    present = await tx.one(PresentGroup, Q.present, source=source, id=group.id)
    there = {UserId(row[0]) for row in await tx.rows(Q.members, group_id=present.id)} if present else set()
    outcome = decide_group(group, present, actions, wanted=frozenset(wanted), there=there, new_id=GroupId(new_id()))
    if outcome is None or isinstance(outcome, Skip):
        return outcome
    if withheld is not None and outcome.action is Action.DELETE:
        return Skip(UserId(group.id), UserId(outcome.target_id), withheld, failed=False, kind=GROUP)
    if not await _apply(tx, source, outcome):
        return Skip(UserId(group.id), UserId(outcome.target_id), Reason.CHANGED_MEANWHILE, failed=True, kind=GROUP)
    before, after = _values(outcome)
    receipt = Receipt(
        plan_id, take_number(), job_id, UserId(group.id), UserId(outcome.target_id), outcome.action, outcome.changed,
        before, after, outcome.target_version + 1, cause, GROUP,
    )  # fmt: skip
    await tx.execute(
        Q.receipt,
        plan_id=plan_id, step=receipt.step, source=source, job_id=job_id, source_id=group.id,
        target_id=outcome.target_id, action=outcome.action.value, before=before, after=after, changed=outcome.changed,
        version_after=receipt.version_after, at=tx.now, cause=cause,
    )  # fmt: skip
    _tell(tx, outcome, cause)
    return receipt


async def _apply(tx: Transaction, source: TenantId, step: GroupStep) -> bool:
    """Write the group and its members; False if it is not what was seen any more."""
    names = _names(step)
    row: dict[str, object] = {
        "id": step.target_id, "at": tx.now, "name_key": group_key(names["display_name"]), **names,
    }  # fmt: skip
    if step.action is Action.CREATE:
        done = await tx.execute(Q.create, source=source, source_id=step.source.id, **row)
    else:
        gone = step.action is Action.DELETE
        done = await tx.execute(Q.update, version=step.target_version, gone=gone, **row)
    if not done:
        return False
    if step.added:
        await tx.execute(Q.join_members, group_id=step.target_id, ids=array_text(step.added), at=tx.now)
    if step.removed:
        await tx.execute(Q.leave_members, group_id=step.target_id, ids=array_text(step.removed))
    return True


def _names(step: GroupStep) -> dict[str, str | None]:
    """The group's names afterwards: of the source where it has one, unless the group goes."""
    keep = step.before if step.action is Action.DELETE else None
    names: dict[str, str | None] = {}
    for name in ("display_name", "description", "mail_nickname"):
        value = getattr(keep or step.source, name)
        names[name] = getattr(step.before, name) if value is None and step.before else value
    return names


def _values(step: GroupStep) -> tuple[list[str | None] | None, list[str | None]]:
    """Before and after of the changed attributes in bit order, as receipts keep them."""
    names = _names(step)
    before: list[str | None] = []
    after: list[str | None] = []
    for attribute in group_attributes_of(step.changed):
        match attribute:
            case GroupAttribute.MEMBERS:
                before.append(json.dumps([str(each) for each in step.removed]))
                after.append(json.dumps([str(each) for each in step.added]))
            case GroupAttribute.IS_DELETED:
                gone = step.action is Action.DELETE
                before.append("false" if gone else "true")
                after.append("true" if gone else "false")
            case _:
                name = attribute.name.lower()
                before.append(getattr(step.before, name) if step.before else None)
                after.append(names[name])
    return (None if step.action is Action.CREATE else before), after


def _tell(tx: Transaction, step: GroupStep, cause: CauseId) -> None:
    """The target's feed: the group, then who came and went."""
    changes = [Change(_KINDS[step.action], step.target_id, changed=step.changed, external=True, cause=cause)]
    for kind, people in ((ChangeKind.MEMBER_ADDED, step.added), (ChangeKind.MEMBER_REMOVED, step.removed)):
        changes += [Change(kind, step.target_id, each, external=True, cause=cause) for each in people]
    append(tx, changes)
