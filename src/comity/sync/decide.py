"""Decide what one page of a drain changes: state in, plan out; no I/O, no clock."""

from __future__ import annotations

from typing import Final

from comity.core.folding import address_key
from comity.core.ids import UserId
from comity.directory.model import Attribute, DeletedBy
from comity.sync.mapping import CompiledMapping
from comity.sync.model import (
    CARRIED,
    FIRST_CARRIED,
    Action,
    Actions,
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
_ALL_CARRIED: Final = sum(each.bit for each in CARRIED)


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
    offered = {person.id: mapping.wanted(person) for person in page.people if _is_offered(person, page)}
    created = {
        person.id
        for person in page.people
        if person.id in offered and _creation_fault(person, offered[person.id], page, actions) is None
    }
    for person in page.people:
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
                wanted = (*wanted[:_MANAGER_AT], resolved, *wanted[_MANAGER_AT + 1 :])
            outcome = _enter(person, present, wanted, page, mapping, actions)
        if outcome is None:
            unchanged += 1
        elif isinstance(outcome, Skip):
            skips.append(outcome)
        elif outcome.action is Action.DELETE:
            deletions.append(outcome)
        else:
            others.append(outcome)
    return Plan((*deletions, *others), tuple(skips), unchanged, frozenset(unresolved))


def is_eligible(person: Person) -> bool:
    """May this account be offered at all? Own members of the source tenant only (provisioning §3.2, D-3)."""
    return not person.is_external and person.user_type == "Member"


def _is_offered(person: Person, page: Page) -> bool:
    return person.id in page.in_scope and not person.is_deleted and is_eligible(person)


def _leave(person: Person, present: Present | None, page: Page, actions: Actions) -> Step | Skip | None:
    """Out of scope: soft-deleted where this job put it, unless delete actions are off."""
    if person.id not in page.linked:
        # Named, but nobody that can be offered: said once; everybody else is simply not concerned.
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


def _creation_fault(person: Person, wanted: Values, page: Page, actions: Actions) -> Skip | None:
    """Why an offered person who is not in the target yet cannot be created; None if she can, or need not be."""
    if person.id in page.present:
        return Skip(person.id, None, Reason.REDUNDANT, failed=False)
    if not person.account_enabled:
        return Skip(person.id, None, Reason.NOT_ACTIVE, failed=False)
    if not actions.add:
        return Skip(person.id, None, Reason.ACTION_OFF, failed=False)
    if not page.invitations_allowed:
        return Skip(person.id, None, Reason.FORBIDDEN, failed=True)
    if page.taken and address_key(str(wanted[_UPN_AT])) in page.taken:
        return Skip(person.id, None, Reason.UPN_TAKEN, failed=True)
    return None


def _enter(
    person: Person, present: Present | None, wanted: Values, page: Page, mapping: CompiledMapping, actions: Actions
) -> Step | Skip | None:
    """In scope: created, restored, adopted, or brought in line."""
    if present is None:
        fault = _creation_fault(person, wanted, page, actions)
        return fault or Step(Action.CREATE, person.id, page.new_ids[person.id], 0, _ALL_CARRIED, wanted, None)
    if present.deleted_by == DeletedBy.ADMIN:
        return Skip(person.id, present.id, Reason.DELETED_BY_ADMIN, failed=False)
    before = present[FIRST_CARRIED:_LAST_CARRIED]
    after, changed = _bring_in_line(before, wanted, mapping)
    linked = person.id in page.linked
    if present.deleted_by is not None:
        action, changed = Action.RESTORE, changed | _DELETED
    elif present.home_user_id is None:
        action, changed = Action.ADOPT, changed | _HOME
    elif linked and not changed:
        return None
    else:
        action = Action.UPDATE if linked else Action.ADOPT
    if not actions.update and changed and action is not Action.RESTORE:
        return Skip(person.id, present.id, Reason.ACTION_OFF, failed=False)
    if changed & Attribute.USER_PRINCIPAL_NAME.bit and address_key(str(after[_UPN_AT])) in page.taken:
        return Skip(person.id, present.id, Reason.UPN_TAKEN, failed=True)
    return Step(action, person.id, present.id, present.version, changed, after, before)


def _bring_in_line(before: Values, wanted: Values, mapping: CompiledMapping) -> tuple[Values, int]:
    """The values afterwards and which of them changed; what has no value at the source does not flow."""
    if mapping.pick_always(before) == mapping.pick_always(wanted):
        return before, 0
    after = list(before)
    changed = 0
    for at in mapping.always_at:
        value = wanted[at]
        if value is not None and value != before[at]:
            after[at] = value
            changed |= CARRIED[at].bit
    return tuple(after), changed
