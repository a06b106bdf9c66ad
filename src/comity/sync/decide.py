"""Decide what one page of a drain changes: state in, plan out; no I/O, no clock."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from comity.core.folding import address_key
from comity.core.ids import UserId
from comity.directory.model import Attribute, DeletedBy, ExternalUserState
from comity.partners.model import NOTHING_KEPT, KeptBack
from comity.sync.attributes import names_of
from comity.sync.mapping import IGNORE, CompiledMapping
from comity.sync.model import (
    ALL_CARRIED,
    CARRIED,
    FIRST_CARRIED,
    Action,
    Actions,
    Fault,
    Page,
    Person,
    Plan,
    Present,
    Reason,
    Skip,
    Step,
    Values,
)

_LAST_CARRIED: Final = FIRST_CARRIED + len(CARRIED)
_MANAGER_AT: Final = CARRIED.index(Attribute.MANAGER_ID)
_UPN_AT: Final = CARRIED.index(Attribute.USER_PRINCIPAL_NAME)
_DELETED: Final = Attribute.IS_DELETED.bit
_HOME: Final = Attribute.HOME_IDENTITY.bit
_INVITATION: Final = Attribute.EXTERNAL_USER_STATE.bit
_ENABLED: Final = Attribute.ACCOUNT_ENABLED.bit
_NOBODY: Final[frozenset[str]] = frozenset()


def plan_cycle(page: Page, mapping: CompiledMapping, actions: Actions) -> Plan:
    """Decide what one page of a drain changes in the target tenant.

    Per person: a new account, an update, a soft deletion, a restoration, an adoption, or nothing.
    An existing guest stays a guest, because the row for `userType` applies on creation only. Steps
    come back in apply order: deletions first, so that names they free can be taken.

    Source: provisioning §3.2–§5, §8; D-4 (who deleted), D-12 (guests whose home was not known).
    """
    deletions: list[Step] = []
    others: list[Step] = []
    skips: list[Skip] = []
    unresolved: set[UserId] = set()
    unchanged = 0
    kept: dict[UserId, int] = {}
    offered, set_aside = _map(page, mapping)
    taken = _still_taken(page, offered, mapping, actions) if page.taken else _NOBODY
    created = {
        person.id
        for person in page.people
        if person.id in offered and _creation_fault(person, offered[person.id], page, actions, taken) is None
    }
    for person in page.people:
        if person.id in set_aside:
            skips.append(set_aside[person.id])
            continue
        present = page.present.get(person.id)
        wanted = offered.get(person.id)
        if wanted is None:
            outcome = _leave(person, present, page, actions)
        else:
            manager = wanted[_MANAGER_AT]
            if manager is not None:
                resolved = page.new_ids.get(manager) if manager in created else page.references.get(manager)  # type: ignore[call-overload]
                if resolved is None:
                    unresolved.add(person.id)
                    resolved = IGNORE if mapping.clears_manager else None
                wanted = (*wanted[:_MANAGER_AT], resolved, *wanted[_MANAGER_AT + 1 :])
            outcome = _enter(person, present, wanted, page, mapping, actions, taken, kept)
        if outcome is None:
            unchanged += 1
        elif isinstance(outcome, Skip):
            skips.append(outcome)
        elif outcome.action is Action.DELETE:
            deletions.append(outcome)
        else:
            others.append(outcome)
    return Plan((*deletions, *others), tuple(skips), unchanged, frozenset(unresolved), kept)


def is_eligible(person: Person) -> bool:
    """May this account be offered at all? Own members of the source tenant only (provisioning §3.2, D-3)."""
    return not person.is_external and person.user_type == "Member"


def can_be_offered(person: Person) -> bool:
    """May she stand in a target at all, if somebody names her?"""
    return not person.is_deleted and is_eligible(person)


def _map(page: Page, mapping: CompiledMapping) -> tuple[dict[UserId, Values], dict[UserId, Skip]]:
    """The wanted values of those who are offered, and those for whom nothing is decided."""
    offered: dict[UserId, Values] = {}
    set_aside = dict(page.set_aside)
    for person in page.people:
        if not _is_offered(person, page) or person.id in set_aside:
            continue
        wanted = page.wanted.get(person.id) or mapping.wanted(person)
        if wanted.__class__ is Fault:
            set_aside[person.id] = _fault(person, wanted)
        else:
            offered[person.id] = wanted
    return offered, set_aside


def _fault(person: Person, fault: Fault) -> Skip:
    return Skip(person.id, None, fault.reason, failed=fault.reason is not Reason.SET_ASIDE, details=fault.details)


def _still_taken(
    page: Page, offered: Mapping[UserId, Values], mapping: CompiledMapping, actions: Actions
) -> frozenset[str]:
    """Names that somebody else bears, without those whose bearer gives them up on this very page.

    Two who swap their names, and chains of renames, go through: the database looks at names when the
    statement is done (design §4.11), and deletions come before.
    """
    holders = set(page.taken.values())
    renames = bool(mapping.always & Attribute.USER_PRINCIPAL_NAME.bit) and actions.update
    leaving = set()
    for source_id, present in page.present.items():
        if present.id not in holders or source_id in page.set_aside:
            continue
        if source_id in offered:
            gone = renames and offered[source_id][_UPN_AT] != present.user_principal_name
        else:
            gone = source_id in page.linked - page.managed_elsewhere and actions.delete
        if gone:
            leaving.add(present.id)
    return frozenset(key for key, holder in page.taken.items() if holder not in leaving)


def _is_offered(person: Person, page: Page) -> bool:
    return person.id in page.in_scope and can_be_offered(person)


def _leave(person: Person, present: Present | None, page: Page, actions: Actions) -> Step | Skip | None:
    """Out of scope: soft-deleted where this job put it, unless delete actions are off."""
    if person.id not in page.linked:
        # Named, but nobody that can be offered: said once; everybody else is simply not concerned.
        if person.id in page.out_of_filter and can_be_offered(person):
            return Skip(person.id, None, Reason.NOT_IN_FILTER, failed=False)
        named = person.id in page.in_scope and not person.is_deleted
        return Skip(person.id, None, Reason.NOT_ELIGIBLE, failed=False) if named else None
    if present is None or present.deleted_by is not None:
        return None
    if person.id in page.managed_elsewhere:
        return Skip(person.id, present.id, Reason.MANAGED_ELSEWHERE, failed=False)
    if not actions.delete:
        return Skip(person.id, present.id, Reason.ACTION_OFF, failed=False)
    values = present[FIRST_CARRIED:_LAST_CARRIED]
    return Step(Action.DELETE, person.id, present.id, present.version, _DELETED, values, values)


def _creation_fault(person: Person, wanted: Values, page: Page, actions: Actions, taken: frozenset[str]) -> Skip | None:
    """Why an offered person who is not in the target yet cannot be created; None if she can, or need not be."""
    if person.id in page.present:
        return Skip(person.id, None, Reason.REDUNDANT, failed=False)
    if person.id in page.kept.vetoed:
        return Skip(person.id, None, Reason.TARGET_VETO, failed=False)
    if not person.account_enabled:
        return Skip(person.id, None, Reason.NOT_ACTIVE, failed=False)
    if not actions.add:
        return Skip(person.id, None, Reason.ACTION_OFF, failed=False)
    if not page.invitations_allowed:
        return Skip(person.id, None, Reason.FORBIDDEN, failed=True)
    if taken and address_key(str(wanted[_UPN_AT])) in taken:
        return Skip(person.id, None, Reason.UPN_TAKEN, failed=True)
    if person.id in page.claimed:
        return Skip(person.id, None, page.claimed[person.id], failed=True)
    return None


def _enter(
    person: Person,
    present: Present | None,
    wanted: Values,
    page: Page,
    mapping: CompiledMapping,
    actions: Actions,
    taken: frozenset[str],
    kept: dict[UserId, int],
) -> Step | Skip | None:
    """In scope: created, restored, adopted, or brought in line."""
    if present is None:
        fault = _creation_fault(person, wanted, page, actions, taken)
        values = mapping.values_of_new(wanted)
        return fault or Step(Action.CREATE, person.id, page.new_ids[person.id], 0, ALL_CARRIED, values, None)
    if present.deleted_by is not None and (word := _stays_away(person, present, page)):
        return word
    before = present[FIRST_CARRIED:_LAST_CARRIED]
    after, changed = mapping.bring_in_line(before, wanted)
    if page.kept is not NOTHING_KEPT and (left := _left_to_target(page.kept, present, changed)):
        kept[person.id] = left
        after, changed = _without(before, after, left), changed & ~left
    linked = person.id in page.linked
    if present.deleted_by is not None:
        action, changed = Action.RESTORE, changed | _DELETED
    elif present.home_user_id is None:
        action, changed = Action.ADOPT, changed | _HOME
    elif linked and not changed:
        return _target_owned(person, present, kept[person.id]) if person.id in kept else None
    else:
        action = Action.UPDATE if linked else Action.ADOPT
    if present.external_user_state == ExternalUserState.PENDING:
        changed |= _INVITATION
    if not actions.update and changed and action is not Action.RESTORE:
        return Skip(person.id, present.id, Reason.ACTION_OFF, failed=False)
    if changed & Attribute.USER_PRINCIPAL_NAME.bit and taken and address_key(str(after[_UPN_AT])) in taken:
        return Skip(person.id, present.id, Reason.UPN_TAKEN, failed=True)
    return Step(action, person.id, present.id, present.version, changed, after, before)


def _stays_away(person: Person, present: Present, page: Page) -> Skip | None:
    """Why somebody in the recycle bin is not brought back: the target's admin put her there, or does not want her."""
    if present.deleted_by == DeletedBy.ADMIN:
        return Skip(person.id, present.id, Reason.DELETED_BY_ADMIN, failed=False)
    vetoed = person.id in page.kept.vetoed
    return Skip(person.id, present.id, Reason.TARGET_VETO, failed=False) if vetoed else None


def _left_to_target(kept: KeptBack, present: Present, changed: int) -> int:
    """Bits of what would change and is the target's: attributes that it keeps, and whom it has disabled."""
    left = changed & kept.attributes
    if kept.disabled and changed & _ENABLED and not present.account_enabled and not present.disabled_by_sync:
        left |= _ENABLED
    return left


def _without(before: Values, after: Values, left: int) -> Values:
    return tuple(old if left & each.bit else new for each, old, new in zip(CARRIED, before, after, strict=True))


def _target_owned(person: Person, present: Present, left: int) -> Skip:
    facts = {"attributes": names_of(left)}
    return Skip(person.id, present.id, Reason.TARGET_OWNED, failed=False, details=facts)
