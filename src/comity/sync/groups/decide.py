"""What becomes of one group in the target: state in, step out; no I/O, no clock."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Final

from comity.core.ids import GroupId, UserId
from comity.directory.model import DeletedBy
from comity.sync.groups.model import GROUP, GroupAttribute, GroupStep, PresentGroup, SourceGroup
from comity.sync.model import Action, Actions, Reason, Skip

_NAMES: Final = (
    (GroupAttribute.DISPLAY_NAME, "display_name"),
    (GroupAttribute.DESCRIPTION, "description"),
    (GroupAttribute.MAIL_NICKNAME, "mail_nickname"),
)
_ALL: Final = sum(each.bit for each, _ in _NAMES) | GroupAttribute.MEMBERS.bit


def decide_group(
    source: SourceGroup,
    present: PresentGroup | None,
    actions: Actions,
    *,
    wanted: AbstractSet[UserId],
    there: AbstractSet[UserId],
    new_id: GroupId,
) -> GroupStep | Skip | None:
    """Decide what a group's look changes in the target; None: nothing.

    `wanted` are the target ids of those members whom the same job has brought there, `there` who is a member of the
    group in the target now, by whomever put in: the source's list is the only one that counts (provisioning §5.6).
    A group of the target's own is never taken for it: `present` is what sync made, and nothing else.
    """
    if not source.is_assigned or source.is_deleted or not source.is_supported:
        return _leave(source, present, actions)
    if present is None:
        if not actions.add:
            return _skip(source, None, Reason.ACTION_OFF)
        return GroupStep(Action.CREATE, source, new_id, 0, _ALL, None, tuple(sorted(wanted)))
    if present.deleted_by == DeletedBy.ADMIN:
        return _skip(source, present, Reason.DELETED_BY_ADMIN)
    added, removed = tuple(sorted(wanted - there)), tuple(sorted(there - wanted))
    changed = _changed(source, present) | (GroupAttribute.MEMBERS.bit if added or removed else 0)
    if present.deleted_by is not None:
        changed |= GroupAttribute.IS_DELETED.bit
        return GroupStep(Action.RESTORE, source, present.id, present.version, changed, present, added, removed)
    if not changed:
        return None
    if not actions.update:
        return _skip(source, present, Reason.ACTION_OFF)
    return GroupStep(Action.UPDATE, source, present.id, present.version, changed, present, added, removed)


def _leave(source: SourceGroup, present: PresentGroup | None, actions: Actions) -> GroupStep | Skip | None:
    """Out of scope: soft-deleted where sync made it; a kind that cannot be synced is named."""
    if present is None or present.deleted_by is not None:
        named = source.is_assigned and not source.is_deleted
        return _skip(source, None, Reason.NOT_ELIGIBLE) if named else None
    if not actions.delete:
        return _skip(source, present, Reason.ACTION_OFF)
    return GroupStep(Action.DELETE, source, present.id, present.version, GroupAttribute.IS_DELETED.bit, present)


def _changed(source: SourceGroup, present: PresentGroup) -> int:
    """What differs; what has no value at the source does not flow, as with people."""
    bits = 0
    for attribute, name in _NAMES:
        value = getattr(source, name)
        if value is not None and value != getattr(present, name):
            bits |= attribute.bit
    return bits


def _skip(source: SourceGroup, present: PresentGroup | None, reason: Reason) -> Skip:
    return Skip(UserId(source.id), UserId(present.id) if present else None, reason, failed=False, kind=GROUP)
