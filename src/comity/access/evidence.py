"""From what a crossing read to the nouns that a decision takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from comity.access import properties, store
from comity.access.decide import decide
from comity.access.model import (
    GLOBAL,
    AccountKind,
    AddressedBy,
    BlockedIndividuals,
    Decision,
    ExternalAccessPolicy,
    Identity,
    Person,
    Purpose,
    Rule,
    Side,
)
from comity.core.ids import PERSONAL_REALM, TenantId
from comity.db.crossings.decision import Inputs, TenantRow, load_inputs
from comity.db.transaction import Transaction
from comity.tenancy.model import Cloud

Instead = Mapping[TenantId, properties.Changes]
"""Configuration values to ask with in place of the stored ones, by tenant; nothing is written."""


@dataclass(slots=True)
class Evidence:
    """Everybody whom a decision is about, as nouns."""

    people: dict[Person, Identity] = field(default_factory=dict)
    elsewhere: set[Person] = field(default_factory=set)
    """Who is at home in a tenant beyond this installation: nothing can be evaluated about them."""
    consumer_available: bool = True

    def decide(
        self, actor: Person, target: Person, purpose: Purpose, *, by: AddressedBy = AddressedBy.EMAIL
    ) -> Decision:
        """The decision for one pair of them."""
        if self.elsewhere and not self.elsewhere.isdisjoint((actor, target)):
            return Decision(False, Rule.COULD_NOT_EVALUATE)
        return decide(
            self.people[actor], self.people[target], purpose, by=by, consumer_available=self.consumer_available
        )


async def load_evidence(tx: Transaction, people: Iterable[Person], *, instead: Instead | None = None) -> Evidence:
    """Read all sides; store what the decision allows only under their locks (`locks.hold_shared`)."""
    people = list(dict.fromkeys(people))
    inputs = await load_inputs(tx, [(each.tenant_id, each.user_id) for each in people])
    return make_evidence(inputs, people, now=tx.now, instead=instead or {})


def make_evidence(inputs: Inputs, people: Iterable[Person], *, now: datetime, instead: Instead) -> Evidence:
    """The nouns of what was read."""
    sides = {tenant_id: _side(tenant_id, row, instead.get(tenant_id, {})) for tenant_id, row in inputs.tenants.items()}
    policies = {tenant_id: _policies(row) for tenant_id, row in inputs.tenants.items()}
    available_from = inputs.consumer_available_from
    evidence = Evidence(consumer_available=available_from is None or now >= available_from)
    for each in people:
        if each.tenant_id != PERSONAL_REALM and each.tenant_id not in sides:
            evidence.elsewhere.add(each)
        row = inputs.people.get((each.tenant_id, each.user_id))
        named = policies.get(each.tenant_id, {})
        everybody = named.get(store.policy_key(GLOBAL), ExternalAccessPolicy())
        evidence.people[each] = Identity(
            id=each.user_id,
            kind=AccountKind.PERSONAL if each.tenant_id == PERSONAL_REALM else AccountKind.WORK,
            active=row is not None and row.active,
            address=row.address if row else "",
            domain=row.domain if row else "",
            side=sides.get(each.tenant_id),
            policy=named.get(row.policy_key, everybody) if row and row.policy_key else everybody,
        )
    return evidence


def make_side(
    tenant_id: TenantId,
    cloud: str,
    trial: bool,
    domains: Iterable[str],
    configuration: Mapping[str, Any] | None,
    lists: store.Lists,
) -> Side:
    """A tenant's side from its own rows, without blocked individuals and contacts."""
    return Side(
        tenant_id=tenant_id,
        cloud=Cloud(cloud),
        trial=trial,
        domains=frozenset(domains),
        configuration=store.make_configuration(configuration, lists),
    )


def _side(tenant_id: TenantId, row: TenantRow, instead: properties.Changes) -> Side:
    lists = row.lists.get(store.CONFIGURATION_OWNER, {})
    side = make_side(tenant_id, row.cloud, row.trial, row.domains, row.configuration, lists)
    in_force = bool(row.configuration and row.configuration["block_external_users"])
    return replace(
        side,
        configuration=properties.changed_configuration(side.configuration, instead) if instead else side.configuration,
        blocked=BlockedIndividuals(in_force=in_force, addresses=frozenset(row.blocked)),
        contacts=frozenset(row.contacts),
    )


def _policies(row: TenantRow) -> dict[str, ExternalAccessPolicy]:
    return {key: store.make_policy(policy, row.lists.get(key, {})) for key, policy in row.policies.items()}
