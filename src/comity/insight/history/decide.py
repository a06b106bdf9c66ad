"""Back through the audit, as pure functions: a moment, and the moment before one entry.

Entries say what was before and after, so each can be taken back. What bears on nothing here is passed over.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, Final, TypeVar
from uuid import UUID

from comity.access.assignments.model import GroupAssignment
from comity.access.explanation.decide import explain
from comity.access.explanation.model import Check
from comity.access.model import (
    AccountKind,
    BlockedIndividuals,
    ExternalAccessPolicy,
    Identity,
    Purpose,
    Side,
    TenantConfiguration,
)
from comity.access.properties import BLOCKED, CONFIGURATION, POLICY, Property, changed_policy
from comity.audit.model import AuditEntry, Facts
from comity.core.domains import domain_of
from comity.core.folding import address_key
from comity.core.ids import GroupId
from comity.insight.history.model import Moment

Noun = TypeVar("Noun", TenantConfiguration, BlockedIndividuals, ExternalAccessPolicy)


def identity_at(moment: Moment, person: Identity, other: Identity) -> Identity:
    """The person as decisions saw her at that moment; `person` is she as she is now."""
    state, side = moment.state, person.side
    assert side is not None, "personal accounts have no moments"
    address = address_key(moment.mail or moment.user_principal_name)
    then = Side(
        tenant_id=side.tenant_id, cloud=side.cloud, trial=side.trial, domains=moment.domains,
        configuration=state.configuration, blocked=state.blocked,
        contacts=frozenset({other.id}) if moment.knows_other else frozenset(),
    )  # fmt: skip
    return Identity(
        id=person.id, kind=AccountKind.WORK, active=moment.exists and moment.enabled, address=address,
        domain=domain_of(address), side=then, policy=state.policy(policy_held(moment)),
    )  # fmt: skip


def undo(moment: Moment, entry: AuditEntry, *, person: UUID, other: UUID) -> Moment:
    """The moment before the entry; the same one if the entry does not bear on these two."""
    match entry.object_kind, entry.action:
        case "user", action if entry.object_id == person:
            return _undo_user(moment, action, entry)
        case "group", action:
            return _undo_membership(moment, action, entry, person=person)
        case "groupPolicy", _:
            return _undo_assignment(moment, entry)
        case "directoryContact", action if entry.object_id == other:
            return replace(moment, knows_other=action.startswith("Remove"))
        case "domain", "Add domain":
            return replace(moment, domains=moment.domains - {str(_facts(entry.after).get("domain"))})
        case "externalAccess", _:
            return _undo_settings(moment, entry)
        case "externalAccessPolicy", action:
            return _undo_policy(moment, action, entry)
        case _:
            return moment


def policy_held(moment: Moment) -> str:
    """The key of the policy that held for the person at that moment."""
    return moment.state.book.effective(moment.direct, moment.rank)


def is_about_policy(entry: AuditEntry, keys: Collection[str]) -> bool:
    """Does the entry make, change or remove one of these policies?"""
    if entry.object_kind != "externalAccessPolicy":
        return False
    return str(_facts(entry.before or entry.after)["Identity"]).casefold() in keys


def bears(before: Moment, after: Moment, person: Identity, other: Identity) -> bool:
    """Does it make a difference to these two? To whether she was there, and to what was asked about them.

    A policy that she does not have, or a list entry that matches neither, makes none.
    """
    if before == after:
        return False
    one, two = identity_at(before, person, other), identity_at(after, person, other)
    if (one.active, one.address, before.domains) != (two.active, two.address, after.domains):
        return True
    return _checks(one, other) != _checks(two, other)


def _checks(person: Identity, other: Identity) -> tuple[tuple[Check, ...], ...]:
    """Every rule that is asked about the two, in both directions, whether or not they are there."""
    there = explain(replace(person, active=True), replace(other, active=True), Purpose.START)
    return there.forward.checks, there.reverse.checks


def told(object_kind: str, facts: Facts | None) -> Facts | None:
    """The facts of an entry that bear on a decision: of a person not her title, of a group not its other members."""
    if facts is None or object_kind not in ("user", "domain"):
        return facts
    return {name: value for name, value in facts.items() if name in _BEARING}


def _undo_user(moment: Moment, action: str, entry: AuditEntry) -> Moment:
    before = _facts(entry.before)
    match action:
        case "Add user" | "Restore user":
            return replace(moment, exists=False)
        case "Delete user":
            return replace(moment, exists=True)
        case "Grant external access policy":
            return replace(moment, direct=_key(before.get(_POLICY)))
        case "Update user":
            names = {"account_enabled": "enabled", "mail": "mail", "user_principal_name": "user_principal_name"}
            return replace(moment, **{field: before[name] for name, field in names.items() if name in before})
        case _:
            return moment


def _undo_membership(moment: Moment, action: str, entry: AuditEntry, *, person: UUID) -> Moment:
    group = str(entry.object_id)
    match action:
        case "Add member to group" if str(person) in _members(entry.after):
            return replace(moment, groups=moment.groups - {group})
        case "Remove member from group" if str(person) in _members(entry.before):
            return replace(moment, groups=moment.groups | {group})
        case _:
            return moment


def _undo_assignment(moment: Moment, entry: AuditEntry) -> Moment:
    """Ranks are positions, so taking one out or putting one in moves those behind it."""
    others = [each for each in moment.state.groups if each.group_id != entry.object_id]
    before = _facts(entry.before)
    if before and entry.object_id is not None:
        rank = int(before["Rank"])
        assignment = GroupAssignment(GroupId(entry.object_id), str(before[_POLICY]), rank, entry.at, entry.actor_name)
        others.insert(rank - 1, assignment)
    return replace(moment, state=replace(moment.state, groups=moment.assigned(others)))


def _undo_settings(moment: Moment, entry: AuditEntry) -> Moment:
    state = moment.state
    match entry.action:
        case "Set tenant federation configuration":
            state = replace(state, configuration=_reverted(state.configuration, entry, CONFIGURATION))
        case "Set external access configuration":
            state = replace(state, blocked=_reverted(state.blocked, entry, BLOCKED))
        case "Grant external access policy tenant-wide":
            state = replace(state, tenant_wide=_key(_facts(entry.before).get(_POLICY)))
        case _:
            return moment
    return replace(moment, state=state)


def _undo_policy(moment: Moment, action: str, entry: AuditEntry) -> Moment:
    facts = _facts(entry.before or entry.after)
    name = str(facts["Identity"])
    key = name.casefold()
    policies = dict(moment.state.policies)
    if action == "New external access policy":
        policies.pop(key, None)
    elif action == "Remove external access policy":
        known = {each: value for each, value in facts.items() if each.lower() in POLICY}
        policies[key] = changed_policy(ExternalAccessPolicy(name=name), known)
    elif key in policies:
        policies[key] = _reverted(policies[key], entry, POLICY)
    return replace(moment, state=replace(moment.state, policies=policies))


def _reverted(noun: Noun, entry: AuditEntry, properties: Mapping[str, Property]) -> Noun:
    """The noun before the change: values as they were, lists without what was added and with what was removed."""
    before, after = _facts(entry.before), _facts(entry.after)
    values: dict[str, Any] = {}
    for name, value in before.items():
        each = properties.get(name.lower())
        if each is None:
            continue
        now = getattr(noun, each.field)
        if isinstance(value, dict) and "removed" in value:
            added = _facts(after.get(name)).get("added", ())
            values[each.field] = (now or frozenset()) - frozenset(added) | frozenset(value["removed"])
        else:
            values[each.field] = each.read(each.name, value, now)
    return replace(noun, **values)


_POLICY: Final = "ExternalAccessPolicy"
_BEARING: Final = frozenset({"account_enabled", "mail", "user_principal_name", "userPrincipalName", "domain", _POLICY})


def _facts(facts: object) -> Mapping[str, Any]:
    return facts if isinstance(facts, Mapping) else {}


def _members(facts: Facts | None) -> set[str]:
    return {str(each) for each in _facts(facts).get("members", ())}


def _key(name: object) -> str | None:
    return None if name is None else str(name).casefold()
