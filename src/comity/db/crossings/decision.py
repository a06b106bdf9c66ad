"""What a decision about several people rests on, read on every side as that side (design §4.7).

Of each tenant only what bears on the people asked about is read: the configuration's switches, the
policies that these people have, the list entries that can match the others' domains, the blocked
individuals and directory contacts that are among the others. Of a person: that she exists, is active,
her primary address and her policy. Of a personal account no more than the first three.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, LiteralString
from uuid import UUID

from comity.core.domains import domain_of, parent_domains
from comity.core.ids import PERSONAL_REALM, TenantId, UserId
from comity.db.transaction import Transaction

Who = tuple[TenantId, UserId]
"""A home identity."""

_TENANT: Final[LiteralString] = """
select t.cloud, t.trial,
  array(select d.domain from domains_of(%(tenant_id)s) d),
  (select i.consumer_available_from from installation_read() i),
  (select jsonb_agg(jsonb_build_array(
     u.id, u.account_enabled and u.deleted_at is null, coalesce(u.mail_key, u.upn_key),
     coalesce(
       (select g.policy_key from access_policy_user g where g.tenant_id = %(tenant_id)s and g.user_id = u.id),
       (select a.policy_key from group_member m
        join access_policy_group a on a.tenant_id = %(tenant_id)s and a.group_id = m.group_id
        where m.tenant_id = %(tenant_id)s and m.member_id = u.id order by a.rank limit 1),
       (select c.default_policy_key from tenant_configuration c where c.tenant_id = %(tenant_id)s))))
   from users u
   where u.tenant_id = %(tenant_id)s and u.creation_type is null and u.purged_at is null and """
_WHO: Final[LiteralString] = _TENANT + "u.id = any (%(ids)s)) from tenant_get(%(tenant_id)s) t"
_WHO_ONE: Final[LiteralString] = _TENANT + "u.id = %(id)s) from tenant_get(%(tenant_id)s) t"
# Home identities only: a B2B identity is decided on where its person is at home. The policy is the one that
# holds: direct, then of the group with the lowest rank, then tenant-wide (external-access §5).
# Two statements, because the server keeps no plan for a list whose length it cannot know, and planning anew
# costs a quarter of a millisecond per side. Most questions are about one person of each.

_SAYS: Final[LiteralString] = """
select
  (select to_jsonb(c) from tenant_configuration c where c.tenant_id = %(tenant_id)s),
  (select jsonb_object_agg(p.name_key, to_jsonb(p)) from access_policy p
   where p.tenant_id = %(tenant_id)s and p.name_key = any (%(policies)s::text[])),
  (select jsonb_agg(jsonb_build_array(a.owner, a.list, a.domain)) from access_domain a
   where a.tenant_id = %(tenant_id)s and a.owner = any (%(owners)s::text[])
     and a.list = any (array['allowed', 'blocked', 'trial']) and a.domain = any (%(domains)s::text[])),
  array(select b.address_key from blocked_individual b
        where b.tenant_id = %(tenant_id)s and b.address_key = any (%(addresses)s::text[])),
  array(select k.user_id from directory_contact k
        where k.tenant_id = %(tenant_id)s and k.user_id = any (%(personal)s::uuid[]))
"""


@dataclass(frozen=True, slots=True)
class PersonRow:
    """One person, as her home knows her."""

    active: bool
    address: str
    policy_key: str | None
    """The policy that holds for her; None leaves Global."""

    @property
    def domain(self) -> str:
        """The domain of her address, as domain lists write it; empty if it has none."""
        return domain_of(self.address)


@dataclass(slots=True)
class TenantRow:
    """One tenant, and what it says about the others."""

    cloud: str
    trial: bool
    domains: tuple[str, ...]
    configuration: Mapping[str, Any] | None = None
    policies: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    lists: Mapping[str, Mapping[str, Sequence[str]]] = field(default_factory=dict)
    """Owner ('' or a policy's key) → list name → matching entries."""
    blocked: tuple[str, ...] = ()
    contacts: tuple[UserId, ...] = ()


@dataclass(slots=True)
class Inputs:
    """Everything read; whoever is absent from `people` is no home identity."""

    people: dict[Who, PersonRow] = field(default_factory=dict)
    tenants: dict[TenantId, TenantRow] = field(default_factory=dict)
    consumer_available_from: datetime | None = None


async def load_inputs(tx: Transaction, people: Iterable[Who]) -> Inputs:
    """Read all sides of a decision among `people`: first who they are, then what each tenant says of the others.

    The last tenant asked who its people are is asked at once what it says, the others on the way back.
    """
    groups = _by_tenant(tx, people)
    inputs = Inputs()
    for tenant_id, ids in groups[:-1]:
        await _ask_who(tx, inputs, tenant_id, ids)
    last = groups[-1:]
    for tenant_id, ids in last:
        if tenant_id == PERSONAL_REALM:
            await _ask_who(tx, inputs, tenant_id, ids)
            continue
        async with tx.become(tenant_id):
            await _read_who(tx, inputs, ids)
            await _read_says(tx, inputs)
    for tenant_id, _ in reversed([each for each in groups if each not in last and each[0] in inputs.tenants]):
        async with tx.become(tenant_id):
            await _read_says(tx, inputs)
    return inputs


def _by_tenant(tx: Transaction, people: Iterable[Who]) -> list[tuple[TenantId, list[UserId]]]:
    """People by their tenants: the transaction's own first, which costs no change; work tenants last."""
    groups: dict[TenantId, list[UserId]] = {}
    for tenant_id, user_id in people:
        groups.setdefault(tenant_id, []).append(user_id)
    return sorted(groups.items(), key=lambda each: (each[0] != tx.tenant_id, each[0] != PERSONAL_REALM, each[0]))


async def _ask_who(tx: Transaction, inputs: Inputs, tenant_id: TenantId, ids: Sequence[UserId]) -> None:
    """As one tenant, or as each of the personal accounts in turn."""
    if tenant_id != PERSONAL_REALM:
        async with tx.become(tenant_id):
            await _read_who(tx, inputs, ids)
        return
    for person in ids:
        async with tx.become(PERSONAL_REALM, person):
            await _read_who(tx, inputs, [person])


async def _read_who(tx: Transaction, inputs: Inputs, ids: Sequence[UserId]) -> None:
    row = await tx.row(_WHO_ONE, id=ids[0]) if len(ids) == 1 else await tx.row(_WHO, ids=list(ids))
    if row is None:
        return  # no such tenant in this installation: nobody is at home there
    cloud, trial, domains, inputs.consumer_available_from, people = row
    if tx.tenant_id != PERSONAL_REALM:
        inputs.tenants[tx.tenant_id] = TenantRow(cloud, trial, tuple(domains))
    for user_id, active, address, policy in people or ():
        inputs.people[tx.tenant_id, UserId(UUID(user_id))] = PersonRow(active, address, policy)


async def _read_says(tx: Transaction, inputs: Inputs) -> None:
    """What the tenant says about everybody who is not its own."""
    others = {who: person for who, person in inputs.people.items() if who[0] != tx.tenant_id}
    if tx.tenant_id not in inputs.tenants or not others:
        return
    domains = {person.domain for person in others.values()}
    domains |= {parent for domain in domains for parent in parent_domains(domain)}
    domains.update(*(each.domains for tenant_id, each in inputs.tenants.items() if tenant_id != tx.tenant_id))
    addresses = {person.address for person in others.values()} | {str(user_id) for _, user_id in others}
    policies = {"global"} | {
        person.policy_key for who, person in inputs.people.items() if who[0] == tx.tenant_id and person.policy_key
    }
    row = await tx.row(
        _SAYS,
        policies=sorted(policies),
        owners=sorted(policies | {""}),
        domains=sorted(domains),
        addresses=sorted(addresses),
        personal=sorted(user_id for tenant_id, user_id in others if tenant_id == PERSONAL_REALM),
    )
    assert row is not None
    tenant = inputs.tenants[tx.tenant_id]
    tenant.configuration, tenant.policies = row[0], row[1] or {}
    lists: dict[str, dict[str, list[str]]] = {}
    for owner, name, domain in row[2] or ():
        lists.setdefault(owner, {}).setdefault(name, []).append(domain)
    tenant.lists, tenant.blocked, tenant.contacts = lists, tuple(row[3]), tuple(row[4])
