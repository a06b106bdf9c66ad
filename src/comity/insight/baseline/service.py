"""Check a tenant against the baselines."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Final

from comity.access.state import TenantState, load_state
from comity.audit.service import list_of_kinds
from comity.core.caller import Caller
from comity.db.transaction import Transaction
from comity.insight import store
from comity.insight.baseline.decide import check_baselines
from comity.insight.baseline.model import Result, Usage
from comity.insight.who_can import own_side

UNUSED_AFTER: Final = timedelta(days=90)


async def check(tx: Transaction, caller: Caller) -> list[Result]:
    """Every check over every effective policy, with the names of the people affected.

    Raises:
        NotAuthorized.
    """
    state = await load_state(tx, caller)
    book = state.book
    # Whoever comes next has the tenant's default, though nobody may have it today.
    classes: dict[str, list[str]] = {book.effective(None, None): []}
    winners: dict[str, int | None] = {}
    async for group in store.stream_people(tx):
        key = book.effective(group.direct, group.rank)
        classes.setdefault(key, []).extend(upn for _, upn, _, _ in group.people)
        won = None if group.direct is not None else group.rank
        winners.update((user_id, won) for user_id, *_ in group.people)
    usage = Usage(
        unexplained_trial_domains=await _unexplained(tx, state.configuration.allowed_trial_domains),
        unused_domains=await _unused(tx, state.configuration.allowed_domains or frozenset()),
        shadowed_groups=await _shadowed(tx, state, winners),
    )
    return check_baselines(await own_side(tx, state), state, classes, usage)


async def _unexplained(tx: Transaction, domains: Collection[str]) -> frozenset[str]:
    """Exceptions for trial tenants that came without a reason; what is older than the audit has none either."""
    explained: set[str] = set()
    if domains:
        for entry in await list_of_kinds(tx, ["externalAccess"]):
            added = (entry.after or {}).get("AllowedTrialTenantDomains")
            if entry.reason and isinstance(added, dict):
                explained.update(added.get("added", ()))
    return frozenset(domains) - explained


async def _unused(tx: Transaction, domains: Collection[str]) -> frozenset[str]:
    """Allowed domains with whose people nobody of ours had a chat lately."""
    if not domains:
        return frozenset()
    return frozenset(domains) - await store.load_used_domains(tx, domains, since=tx.now - UNUSED_AFTER)


async def _shadowed(tx: Transaction, state: TenantState, winners: dict[str, int | None]) -> tuple[str, ...]:
    """Groups with members, whose policy holds for none of them: each has one of her own, or a better rank."""
    members = await store.load_members(tx, [each.group_id for each in state.groups])
    own = {group: [each for each in people if each in winners] for group, people in members.items()}
    return tuple(
        str(each.group_id)
        for each in state.groups
        if own.get(str(each.group_id)) and all(winners[who] != each.rank for who in own[str(each.group_id)])
    )
