"""The blast radius of a plan: what else is hit when its people come or go (design D7).

Groups of the target lose and gain members, chats lose a partner. Names of groups are the target's: only whoever
may read them there (the operator) is told, others get their number.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Final

from comity.core.caller import Caller, PrincipalKind
from comity.core.ids import PlanId, TenantId, UserId
from comity.core.permissions import Permission
from comity.db.crossings.blast import count_groups
from comity.db.database import Database
from comity.db.queries import Queries
from comity.db.transaction import Transaction
from comity.db.values import array_text
from comity.sync import plan_store
from comity.sync.planned import Item, PlanKind, StoredPlan, Verdict
from comity.sync.plans import plan_job

Q: Final = Queries("comity.insight")
_PAGE: Final = 5000


@dataclass(frozen=True, slots=True)
class Blast:
    """What a plan hits besides accounts. Groups by name, or under their id where the name is not to be told."""

    losing: dict[str, int] = field(default_factory=dict)
    """Groups of the target, and how many members each loses."""
    gaining: dict[str, int] = field(default_factory=dict)
    """Groups that get members back, because restored accounts keep their groups."""
    chats: int = 0
    """Chats of two between people who are deleted there and people of the target."""


async def blast_radius(db: Database, caller: Caller, plan_id: PlanId) -> Blast:
    """What hangs on those whom a plan deletes or restores.

    Raises:
        PlanUnknown, PermissionMissing.
    """
    caller.check(Permission.SYNC_READ)
    losing: Counter[str] = Counter()
    gaining: Counter[str] = Counter()
    chats = 0
    async with db.tenant(caller.tenant_id) as tx:
        plan = await plan_store.get(tx, plan_id)
        if plan.kind is PlanKind.CLEANUP:
            return await _of_cleanup(tx, plan)
        target = (await plan_job(tx, plan.job_id, plan.proposal)).target_tenant_id
        may_name = caller.kind in (PrincipalKind.OPERATOR, PrincipalKind.SYSTEM)
        async for items in _pages(tx, plan_id):
            for verdict, found in ((Verdict.DELETE, losing), (Verdict.RESTORE, gaining)):
                accounts = [each.target_id for each in items if each.verdict is verdict and each.target_id]
                for group in await count_groups(tx, target, accounts) if accounts else ():
                    found[group.name if may_name else str(group.group_id)] += group.members
            chats += await _count_chats(tx, target, [each.source_id for each in items if _goes(each)])
    return Blast(dict(losing), dict(gaining), chats)


async def _of_cleanup(tx: Transaction, plan: StoredPlan) -> Blast:
    """Of a clean-up: groups and chats of the reader's own tenant, so there is nothing to hide."""
    losing: Counter[str] = Counter()
    gaining: Counter[str] = Counter()
    chats = 0
    async for items in _pages(tx, plan.id):
        for verdict, found in ((Verdict.DELETE, losing), (Verdict.RESTORE, gaining)):
            ids = array_text(each.target_id for each in items if each.verdict is verdict and each.target_id)
            for _, name, members in await tx.rows(Q.groups_of_accounts, ids=ids):
                found[name] += members
        people = array_text(each.source_id for each in items if _goes(each))
        row = await tx.row(Q.chats_with, home=plan.job_id, ids=people)
        chats += int(row[0]) if row else 0
    return Blast(dict(losing), dict(gaining), chats)


async def _pages(tx: Transaction, plan_id: PlanId) -> AsyncIterator[list[Item]]:
    after = 0
    while items := await plan_store.list_items(
        tx, plan_id, after=after, at_most=_PAGE, verdicts=[Verdict.DELETE, Verdict.RESTORE]
    ):
        yield items
        after = items[-1].step


async def _count_chats(tx: Transaction, target: TenantId, people: list[UserId]) -> int:
    if not people:
        return 0
    row = await tx.row(Q.chats_between, target=target, ids=array_text(people))
    return int(row[0]) if row else 0


def _goes(item: Item) -> bool:
    return item.verdict is Verdict.DELETE
