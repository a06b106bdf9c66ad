"""Change partner entries: make, lock, decide, save, and tell audit and feed; shared by this room's use cases."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Final

from comity.audit.model import Facts
from comity.audit.service import Record, record_many
from comity.core.caller import Caller
from comity.core.ids import TenantId
from comity.db.transaction import Transaction
from comity.events.feed import append
from comity.events.model import Change, ChangeKind
from comity.partners import store
from comity.partners.model import Partner, PartnerSettings, SyncPolicy

OBJECT: Final = "partner"
"""The kind of object that audit names; its id is the partner's tenant id."""

# Entra's own names of these activities, so that people's alerts keep working.
ADDED: Final = "Add a partner to cross-tenant access setting"
UPDATED: Final = "Update a partner cross-tenant access setting"
DELETED: Final = "Delete partner specific cross-tenant access setting"
SYNC_ADDED: Final = "Create a partner cross-tenant identity sync setting"
SYNC_UPDATED: Final = "Update a partner cross-tenant identity sync setting"
SYNC_DELETED: Final = "Delete a partner cross-tenant identity sync setting"


@dataclass(frozen=True, slots=True)
class Made:
    """For which partners an entry, or a sync policy, was made just now."""

    entries: Collection[TenantId] = ()
    syncs: Collection[TenantId] = ()


async def make_entries(tx: Transaction, partners: Collection[TenantId], *, with_sync: bool) -> Made:
    """Make unconfigured entries where there are none; who lacks a sync policy gets one too if asked for."""
    entries = await store.ensure_partners(tx, partners)
    return Made(entries, await store.ensure_syncs(tx, partners) if with_sync else ())


async def change_entries(
    tx: Transaction,
    caller: Caller,
    partners: Collection[TenantId],
    decide: Callable[[Partner], Partner],
    *,
    made: Made,
) -> dict[TenantId, Partner]:
    """Put `decide` to each existing entry, save what differs and tell; return all entries as they are then.

    As many statements for a hundred partners as for one; where nothing changed, no audit and no feed entry.
    """
    before = await store.lock_partners(tx, partners)
    after = {partner: decide(entry) for partner, entry in before.items()}
    await store.save_partners(
        tx, [entry for partner, entry in after.items() if entry.settings != before[partner].settings]
    )
    await store.save_syncs(
        tx,
        {partner: entry.sync for partner, entry in after.items() if entry.sync and entry.sync != before[partner].sync},
    )
    records = [each for partner, entry in after.items() for each in _records(tx, caller, before[partner], entry, made)]
    await record_many(tx, caller, records)
    changed = sorted({each.object_id for each in records if each.object_id is not None})
    append(tx, [Change(ChangeKind.PARTNER_CHANGED, partner) for partner in changed])
    return await store.load_partners(tx, partners)


def entry_facts(settings: PartnerSettings) -> Facts:
    """What audit shows of an entry: the values that are defined."""
    return _defined({**asdict(settings), "trust": _defined(asdict(settings.trust)) or None})


def sync_facts(policy: SyncPolicy) -> Facts:
    """What audit shows of a sync policy: the values that are defined."""
    return _defined({name: value for name, value in asdict(policy).items() if name != "version"})


def _records(tx: Transaction, caller: Caller, before: Partner, after: Partner, made: Made) -> list[Record]:
    partner = before.tenant_id
    # Settings may come with another tenant's join: then this tenant's audit says whose act it was.
    actor = {} if caller.tenant_id == tx.tenant_id else {"byTenant": str(caller.tenant_id)}
    found = []
    if partner in made.entries:
        found.append(Record(ADDED, OBJECT, partner, after={**entry_facts(after.settings), **actor}))
    elif after.settings != before.settings:
        was, now = entry_facts(before.settings), {**entry_facts(after.settings), **actor}
        found.append(Record(UPDATED, OBJECT, partner, before=was, after=now))
    if after.sync is None or before.sync is None:
        return found
    if partner in made.syncs:
        found.append(Record(SYNC_ADDED, OBJECT, partner, after={**sync_facts(after.sync), **actor}))
    elif after.sync != before.sync:
        was, now = sync_facts(before.sync), {**sync_facts(after.sync), **actor}
        found.append(Record(SYNC_UPDATED, OBJECT, partner, before=was, after=now))
    return found


def _defined(facts: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in facts.items() if value is not None}
