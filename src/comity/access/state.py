"""Everything a tenant's admins set about external access, whole: for reports, rehearsals and baselines.

A decision reads the few rows that bear on two people (`evidence`); this reads all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from comity.access import store
from comity.access.assignments import store as assigned
from comity.access.assignments.model import GroupAssignment, PolicyBook
from comity.access.errors import check_may
from comity.access.model import GLOBAL, BlockedIndividuals, ExternalAccessPolicy, TenantConfiguration
from comity.core.caller import Caller
from comity.core.permissions import Permission
from comity.db.transaction import Transaction

GLOBAL_KEY = store.policy_key(GLOBAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantState:
    """One tenant's settings at one moment."""

    configuration: TenantConfiguration
    blocked: BlockedIndividuals
    policies: Mapping[str, ExternalAccessPolicy]
    """By key; Global is always there."""
    groups: tuple[GroupAssignment, ...]
    """By rank."""
    tenant_wide: str | None
    """The key of the policy granted tenant-wide."""

    @property
    def book(self) -> PolicyBook:
        """Which policy holds for whom."""
        return PolicyBook(
            {each.rank: store.policy_key(each.policy) for each in self.groups}, self.tenant_wide or GLOBAL_KEY
        )

    def policy(self, key: str) -> ExternalAccessPolicy:
        """The policy of a key; Global where there is none (any more)."""
        return self.policies.get(key, self.policies[GLOBAL_KEY])


async def load_state(tx: Transaction, caller: Caller) -> TenantState:
    """The settings of the transaction's tenant, with whole lists.

    Raises:
        NotAuthorized.
    """
    check_may(caller, Permission.EXTERNAL_ACCESS_READ)
    default = await assigned.tenant_policy(tx)
    return TenantState(
        configuration=await store.load_configuration(tx),
        blocked=await store.load_blocked(tx),
        policies={store.policy_key(each.name): each for each in await store.load_policies(tx)},
        groups=tuple(await assigned.load_group_assignments(tx)),
        tenant_wide=None if default is None else store.policy_key(default),
    )
