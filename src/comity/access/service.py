"""Ask whether people may talk, and set what a tenant allows; policies have their own file."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from comity.access import locks, properties, store
from comity.access.decide import as_seen_by_actor
from comity.access.errors import check_may, not_authorized, refusal
from comity.access.evidence import Evidence, Instead, load_evidence
from comity.access.model import (
    AddressedBy,
    BlockedIndividuals,
    Decision,
    Delegation,
    Person,
    Purpose,
    TenantConfiguration,
)
from comity.access.permits import Permit
from comity.access.properties import Changes
from comity.access.seal import SEAL
from comity.audit.service import Record, record
from comity.core.caller import Caller, PrincipalKind
from comity.core.permissions import Permission
from comity.db.transaction import Transaction
from comity.events.feed import append
from comity.events.model import Change, ChangeKind
from comity.tenancy.service import list_domains


async def decide_pair(
    tx: Transaction,
    caller: Caller,
    *,
    actor: Person,
    target: Person,
    purpose: Purpose,
    by: AddressedBy = AddressedBy.EMAIL,
    instead: Instead | None = None,
) -> Decision:
    """May the actor look up, start with or write to the target? Nothing is stored.

    `instead` asks with other configuration values. Whoever administers external access for one of the
    two sees the rule; the actor himself sees what he may know of it.

    Raises:
        NotAuthorized: the caller is neither.
    """
    in_full = administers(caller, actor, target)
    if not in_full:
        _check_is_actor(caller, actor)
    evidence = await load_evidence(tx, (actor, target), instead=instead)
    decision = evidence.decide(actor, target, purpose, by=by)
    return decision if in_full else as_seen_by_actor(decision, actor.tenant_id)


async def decide_many(
    tx: Transaction, caller: Caller, *, actor: Person, targets: Iterable[Person], purpose: Purpose
) -> dict[Person, Decision]:
    """The decision toward each of several people, as the actor may see it; sides are read once per tenant.

    A B2B account has no chats of its own: it is decided about the person for whom it stands, at her home
    (design §4.4).

    Raises:
        NotAuthorized.
    """
    _check_is_actor(caller, actor)
    targets = list(targets)
    if not targets:
        return {}
    evidence = await load_evidence(tx, (actor, *targets))
    if not evidence.people[actor].active and (home := await store.home_of(tx, actor.user_id)) is not None:
        actor, evidence = home, await load_evidence(tx, (home, *targets))
    return {each: as_seen_by_actor(evidence.decide(actor, each, purpose), actor.tenant_id) for each in targets}


async def permit(
    tx: Transaction,
    caller: Caller,
    *,
    actor: Person,
    target: Person,
    purpose: Purpose,
    by: AddressedBy = AddressedBy.EMAIL,
) -> Permit:
    """Get the permit for an act of the caller, decided under the lock of both sides.

    Raises:
        AccessRefused: carries what the actor may know.
        NotAuthorized: the caller is not the actor.
    """
    _check_is_actor(caller, actor)
    await locks.hold_shared(tx, (actor, target))
    evidence = await load_evidence(tx, (actor, target))
    return permit_from(tx, caller, evidence, actor=actor, target=target, purpose=purpose, by=by)


def permit_from(
    tx: Transaction,
    caller: Caller,
    evidence: Evidence,
    *,
    actor: Person,
    target: Person,
    purpose: Purpose,
    by: AddressedBy = AddressedBy.EMAIL,
) -> Permit:
    """Get one permit of several that rest on evidence read together under the locks.

    Raises:
        AccessRefused, NotAuthorized.
    """
    _check_is_actor(caller, actor)
    locks.check_held(tx, (actor, target))
    decision = evidence.decide(actor, target, purpose, by=by)
    if not decision.allowed:
        raise refusal(as_seen_by_actor(decision, actor.tenant_id))
    return Permit(SEAL, tx, actor=actor, target=target, purpose=purpose, decision=decision)


async def get_configuration(tx: Transaction, caller: Caller) -> TenantConfiguration:
    """The tenant's configuration; as shipped until somebody changes it."""
    check_may(caller, Permission.EXTERNAL_ACCESS_READ)
    return await store.load_configuration(tx)


async def set_configuration(tx: Transaction, caller: Caller, changes: Changes) -> TenantConfiguration:
    """Change properties of the tenant's configuration, named as the cmdlets name them; the rest stays.

    The security team may change the block list, where that is delegated to it.

    Raises:
        NotAuthorized and what `properties.changed_configuration` raises.
    """
    _check_may_change(caller)
    await store.lock_configuration(tx)
    before = await store.load_configuration(tx)
    _check_delegated(caller, before, changes, _SECURITY_TEAMS)
    own = frozenset(each.name for each in await list_domains(tx))
    after = properties.changed_configuration(before, changes, own_domains=own)
    if after == before:
        return before
    await store.save_configuration(tx, before, after)
    gone, come = properties.difference(before, after)
    await _note(tx, caller, "Set tenant federation configuration", gone, come)
    return after


async def get_blocked_individuals(tx: Transaction, caller: Caller) -> BlockedIndividuals:
    """Outside people with whom nobody in the tenant may communicate."""
    check_may(caller, Permission.EXTERNAL_ACCESS_READ)
    return await store.load_blocked(tx)


async def set_blocked_individuals(tx: Transaction, caller: Caller, changes: Changes) -> BlockedIndividuals:
    """Change the list of blocked individuals, or whether it is in force; the security team may if delegated.

    Raises:
        NotAuthorized and what `properties.changed_blocked` raises.
    """
    _check_may_change(caller)
    await store.lock_configuration(tx)
    _check_delegated(caller, await store.load_configuration(tx), changes, frozenset(properties.BLOCKED))
    before = await store.load_blocked(tx)
    after = properties.changed_blocked(before, changes)
    if after == before:
        return before
    await store.save_blocked(tx, before, after)
    gone, come = properties.difference(before, after)
    await _note(tx, caller, "Set external access configuration", gone, come)
    return after


async def _note(
    tx: Transaction, caller: Caller, action: str, before: dict[str, object], after: dict[str, object]
) -> None:
    """Audit, lock and version, feed: what every change of the tenant's own settings does."""
    await record(tx, caller, Record(action, "externalAccess", tx.tenant_id, before=before, after=after))
    locks.changing(tx)
    append(tx, [Change(ChangeKind.ACCESS_CHANGED, tx.tenant_id)])


def administers(caller: Caller, *people: Person) -> bool:
    """May the caller read the external access settings of one of the sides?"""
    if caller.kind is PrincipalKind.OPERATOR or caller.kind is PrincipalKind.SYSTEM:
        return True
    return caller.may(Permission.EXTERNAL_ACCESS_READ) and any(each.tenant_id == caller.tenant_id for each in people)


_SECURITY_TEAMS: Final = frozenset({"blockeddomains"})
"""What of the configuration the security team may change (external-access §2, §16)."""


def _check_may_change(caller: Caller) -> None:
    """An admin of external access, or somebody of the security team."""
    if not caller.may(Permission.BLOCK_LISTS_WRITE):
        check_may(caller, Permission.EXTERNAL_ACCESS_WRITE)


def _check_delegated(caller: Caller, now: TenantConfiguration, changes: Changes, theirs: frozenset[str]) -> None:
    """The security team changes block lists only, and only while the tenant delegates that."""
    delegated = now.security_team_delegation is Delegation.ENABLED
    if not (delegated and all(name.lower() in theirs for name in changes)):
        check_may(caller, Permission.EXTERNAL_ACCESS_WRITE)


def _check_is_actor(caller: Caller, actor: Person) -> None:
    """Nobody acts for somebody else but the operator and Comity itself."""
    if caller.kind is PrincipalKind.OPERATOR or caller.kind is PrincipalKind.SYSTEM:
        return
    if (caller.tenant_id, caller.user_id) != (actor.tenant_id, actor.user_id):
        raise not_authorized(Permission.EXTERNAL_ACCESS_READ)
