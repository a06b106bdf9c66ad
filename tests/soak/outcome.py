"""What stands in the database against what the model says should; complaints as sentences."""

from __future__ import annotations

from collections import Counter
from typing import Any

from comity.core.ids import TenantId, UserId
from comity.db.database import Database
from comity.events.model import ChangeKind
from comity.sync.model import Action
from tests.soak.firm import Colleague, Firm, Pair, Standing
from tests.support.books import wrong_entries


async def complaints(db: Database, firm: Firm) -> list[str]:
    """After quiet: everybody stands where she should and as she should, once; the books balance."""
    found: list[str] = []
    for home in sorted({each[0] for each in firm.pairs()}):
        targets = [firm.orgs[to].id for source, to in firm.pairs() if source == home]
        found += await wrong_entries(db, firm.orgs[home].id, targets)
    for pair in firm.pairs():
        found += await _wrong_accounts(db, firm, pair)
    for letter, org in firm.orgs.items():
        found += [f"in {letter}: {each}" for each in await _twice(db, org.id)]
    return found


async def _wrong_accounts(db: Database, firm: Firm, pair: Pair) -> list[str]:
    source, target = firm.orgs[pair[0]].id, firm.orgs[pair[1]].id
    rows = await _rows(db, target, _ACCOUNTS, source=source)
    homes: dict[UserId | None, UserId] = {row[0]: row[1] for row in rows}
    found = [f"{who} stands {count} times in {pair[1]}" for who, count in Counter(homes.values()).items() if count > 1]
    accounts = {row[1]: row for row in rows}
    found += [f"{who} of {pair[0]} is nobody that we know" for who in accounts.keys() - firm.people.keys()]
    for person in firm.of(pair[0], alive=None):
        wrong = _wrong(firm, pair, person, accounts.get(person.id), homes)
        found += [f"{pair}: {person.id} {wrong}"] if wrong else []
    return found


def _wrong(
    firm: Firm, pair: Pair, person: Colleague, row: tuple[Any, ...] | None, homes: dict[UserId | None, UserId]
) -> str | None:
    expected = firm.expected(pair, person)
    if (pair[1], person.id) in firm.binned:
        return None if row is None or row[8] else "was deleted by the target's administrator, and lives"
    if expected is None:
        # Whoever was never linked, or is no longer, is the target's own affair.
        is_ours = row is not None and row[9] not in (None, Action.UNLINK)
        return "is out of scope and lives" if row is not None and is_ours and not row[8] else None
    if row is None:
        return "is in scope and not there" if person.is_enabled else None
    if row[8]:
        return f"is in scope and deleted by {row[10]}"
    return _differences(expected, row, homes)


def _differences(expected: Standing, row: tuple[Any, ...], homes: dict[UserId | None, UserId]) -> str | None:
    _, _, upn, name, city, is_enabled, user_type, manager, *_ = row
    seen = Standing(
        upn, name, city if expected.city else None, is_enabled, user_type if expected.user_type else None,
        homes.get(manager) if expected.manager else None,
    )  # fmt: skip
    return None if seen == expected else f"is {seen} and should be {expected}"


async def _twice(db: Database, tenant: TenantId) -> list[str]:
    """Nobody is deleted who is deleted, nor restored who lives: the feed tells in order."""
    deleted: set[Any] = set()
    found = []
    for kind, account in await _rows(
        db, tenant, _COMINGS, kinds=[ChangeKind.USER_DELETED.value, ChangeKind.USER_RESTORED.value]
    ):
        is_deletion = kind == ChangeKind.USER_DELETED
        if is_deletion == (account in deleted):
            found.append(f"{account} was {'deleted' if is_deletion else 'restored'} twice")
        (deleted.add if is_deletion else deleted.discard)(account)
    return found


async def _rows(db: Database, tenant: TenantId, query: Any, **parameters: object) -> list[tuple[Any, ...]]:
    async with db.tenant(tenant) as tx:
        return await tx.rows(query, **parameters)


_ACCOUNTS = """
select u.id, u.home_user_id, u.user_principal_name, u.display_name, u.city, u.account_enabled, u.user_type,
  u.manager_id, u.deleted_at is not null,
  (select action from sync_receipt r where r.tenant_id = u.tenant_id and r.target_id = u.id
   order by r.version_after desc, r.plan_id desc, r.step desc limit 1),
  u.deleted_by
from users u where u.tenant_id = %(tenant_id)s and u.home_tenant_id = %(source)s and u.purged_at is null
"""
_COMINGS = """
select kind, object_id from feed_entry where tenant_id = %(tenant_id)s and kind = any (%(kinds)s::smallint[])
order by position
"""
