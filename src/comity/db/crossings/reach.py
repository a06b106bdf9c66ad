"""The other side of a report: what a tenant says about one domain or one tenant, and about how many of its people.

Read as that tenant, for `insight`: its switches, its policies with the list entries that can match the
asker's domains, whom of the asker's people it blocks individually, and how many of its people each of its
policies holds for. No name, no id and no address of any of its people, and no other partner of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, LiteralString

from comity.core.domains import domain_of, parent_domains
from comity.core.ids import TenantId
from comity.db.transaction import Transaction

_OWNER: Final[LiteralString] = "select tenant_id from domain_get(%(domain)s)"
_TENANT: Final[LiteralString] = """
select t.cloud, t.trial, array(select d.domain from domains_of(%(tenant_id)s) d) from tenant_get(%(tenant_id)s) t
"""
_SAYS: Final[LiteralString] = """
select
  (select to_jsonb(c) from tenant_configuration c where c.tenant_id = %(tenant_id)s),
  (select jsonb_object_agg(p.name_key, to_jsonb(p)) from access_policy p where p.tenant_id = %(tenant_id)s),
  (select jsonb_agg(jsonb_build_array(a.owner, a.list, a.domain)) from access_domain a
   where a.tenant_id = %(tenant_id)s and a.domain = any (%(domains)s::text[])),
  array(select b.address_key from blocked_individual b where b.tenant_id = %(tenant_id)s)
"""
_CLASSES: Final[LiteralString] = """
select coalesce(d.policy_key, g.policy_key, c.default_policy_key), count(*),
       count(*) filter (where coalesce(u.mail_key, u.upn_key) = any (%(blocked)s::text[])
                           or u.id::text = any (%(blocked)s::text[]))
from users u
left join access_policy_user d on d.tenant_id = %(tenant_id)s and d.user_id = u.id
left join (
  select m.member_id, min(a.rank) as rank
  from access_policy_group a
  join group_member m on m.tenant_id = %(tenant_id)s and m.group_id = a.group_id
  where a.tenant_id = %(tenant_id)s group by m.member_id) r on r.member_id = u.id
left join access_policy_group g on g.tenant_id = %(tenant_id)s and g.rank = r.rank
left join tenant_configuration c on c.tenant_id = %(tenant_id)s
where u.tenant_id = %(tenant_id)s and u.creation_type is null and u.deleted_at is null and u.account_enabled
  and split_part(coalesce(u.mail_key, u.upn_key), '@', -1) = any (%(spellings)s::text[])
group by 1 order by 2 desc, 1
"""


@dataclass(frozen=True, slots=True)
class ClassRow:
    """How many of the other tenant's people one policy holds for; `blocked` of them the asker blocks himself."""

    policy_key: str | None
    people: int
    blocked: int


@dataclass(frozen=True, slots=True)
class OtherSide:
    """One tenant, as far as a report about it needs to know."""

    tenant_id: TenantId
    cloud: str
    trial: bool
    domains: tuple[str, ...]
    configuration: Mapping[str, Any] | None
    policies: Mapping[str, Mapping[str, Any]]
    lists: Mapping[str, Mapping[str, Sequence[str]]]
    blocked: frozenset[str]
    """Addresses with a domain of the asker, and ids."""
    classes: tuple[ClassRow, ...]


async def load_tenant(tx: Transaction) -> tuple[str, bool, tuple[str, ...]]:
    """Cloud, trial mark and domains of the acting tenant itself."""
    row = await tx.row(_TENANT)
    assert row is not None, "the transaction's own tenant is there"
    return row[0], row[1], tuple(row[2])


async def load_other_side(
    tx: Transaction, domain: str, *, asking: Sequence[str], blocked: Sequence[str]
) -> OtherSide | None:
    """The tenant that owns a domain, and its people who have it; None if nobody here does.

    `asking` are the domains of the asker's people, `blocked` whom he blocks individually.
    """
    row = await tx.row(_OWNER, domain=domain)
    if row is None:
        return None
    matching = {each for name in asking for each in (name, *parent_domains(name))}
    async with tx.become(TenantId(row[0])):
        cloud, trial, domains = await load_tenant(tx)
        says = await tx.row(_SAYS, domains=sorted(matching | set(asking)))
        classes = await tx.rows(_CLASSES, blocked=list(blocked), spellings=[domain, _as_typed(domain)])
    assert says is not None
    lists: dict[str, dict[str, list[str]]] = {}
    for owner, name, entry in says[2] or ():
        lists.setdefault(owner, {}).setdefault(name, []).append(entry)
    theirs = frozenset(each for each in says[3] if "@" not in each or domain_of(each) in asking)
    return OtherSide(
        TenantId(row[0]), cloud, trial, domains, says[0], says[1] or {}, lists, theirs,
        tuple(ClassRow(*each) for each in classes),
    )  # fmt: skip


def _as_typed(domain: str) -> str:
    """The domain as people write it in addresses: letters of other scripts are not encoded there."""
    return domain.encode("ascii").decode("idna")
