"""What hangs on accounts of ours in another tenant: how many of them sit in which of its groups.

The asking tenant names accounts; those that stand for its own people are counted, everybody else's are passed
over as if they were not there. It sees groups with their names and numbers, no member of them.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, LiteralString

from comity.core.ids import GroupId, TenantId, UserId
from comity.db.transaction import Transaction
from comity.db.values import array_text

_GROUPS: Final[LiteralString] = """
select g.id, g.display_name, count(*)
from users u
join group_member m on m.tenant_id = u.tenant_id and m.member_id = u.id
join groups g on g.tenant_id = m.tenant_id and g.id = m.group_id and g.deleted_at is null
where u.tenant_id = %(tenant_id)s and u.id = any (%(ids)s::uuid[]) and u.home_tenant_id = %(source)s
group by g.id, g.display_name
"""


@dataclass(frozen=True, slots=True)
class GroupShare:
    """A group of the other tenant, and how many of the named accounts are in it."""

    group_id: GroupId
    name: str
    members: int


async def count_groups(tx: Transaction, target: TenantId, accounts: Collection[UserId]) -> list[GroupShare]:
    """In which groups of the target these accounts are; only accounts of the transaction's own people count."""
    source = tx.tenant_id
    async with tx.become(target):
        return await tx.all(GroupShare, _GROUPS, source=source, ids=array_text(accounts))
