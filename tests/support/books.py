"""Do the books of synchronisation balance? What was done, what is noted of it, and what stands there.

Every function returns complaints, as sentences; an empty list means that all is well.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

from comity.core.ids import JobId, TenantId
from comity.db.database import Database
from comity.directory.decide import mangled_upn
from comity.sync.model import Action, Status
from tests.support.world import Org


async def wrong_entries(db: Database, source: TenantId, targets: Sequence[TenantId]) -> list[str]:
    """Between a drain and the next: each step is in the target's receipts and in the source's log, both once; links
    follow the newest step; runs count what the log says; every write raised a version and stands in the feed."""
    receipts: dict[tuple[Any, int], tuple[Any, ...]] = {}
    complaints: list[str] = []
    users: dict[Any, dict[Any, Any]] = {}
    for target in targets:
        found = await _rows(db, target, _RECEIPTS, source=source)
        receipts |= {(row[0], row[1]): row[2:] for row in found}
        users[target] = {row[0]: row[1:] for row in await _rows(db, target, _GUESTS, source=source)}
        positions = [row[0] for row in await _rows(db, target, _POSITIONS)]
        if positions != list(range(1, len(positions) + 1)):
            complaints.append(f"the feed of {target} is not dense")
        complaints += [
            f"{user} in {target} is at version {version} after {entries} entries of the feed"
            for user, version, entries in await _rows(db, target, _WRITTEN)
            if version != entries
        ]
    log = {(row[0], row[1]): row[2:] for row in await _rows(db, source, _LOG)}
    complaints += [f"receipt {key} is not in the log as it is" for key in receipts if log.get(key) != receipts[key]]
    complaints += [f"log line {key} has no receipt" for key in log.keys() - receipts.keys()]
    complaints += _wrong_links(await _rows(db, source, _LINKS), receipts, users)
    complaints += await _wrong_runs(db, source)
    complaints += [f"plan {row[0]} is still applying" for row in await _rows(db, source, _OPEN_PLANS)]
    return complaints


def _wrong_links(
    links: list[tuple[Any, ...]], receipts: dict[tuple[Any, int], tuple[Any, ...]], users: dict[Any, dict[Any, Any]]
) -> list[str]:
    complaints = []
    newest: dict[tuple[Any, Any], tuple[Any, int]] = {}
    for (plan, step), (job, person, *_) in sorted(receipts.items()):
        newest[job, person] = (plan, step)
    known = set()
    for job, target, person, user, state in links:
        known.add((job, person))
        key = newest.get((job, person))
        if key is None:
            complaints.append(f"{person} is {state} by {job} without a receipt")
            continue
        action, receipt_user = receipts[key][3], receipts[key][2]
        expected = "deleted" if action in (Action.DELETE, Action.UNLINK) else "linked"
        there = users[target].get(user)
        stands_for = action == Action.UNLINK or (there is not None and there[1] == person)
        if (state, user) != (expected, receipt_user) or not stands_for:
            complaints.append(f"the link of {person} by {job} is {state} to {user}, last receipt {receipts[key]}")
    complaints += [f"{person} has receipts of {job} and no link" for job, person in newest.keys() - known]
    return complaints


async def _wrong_runs(db: Database, source: TenantId) -> list[str]:
    names = {Action.CREATE: 0, Action.UPDATE: 1, Action.ADOPT: 1, Action.DELETE: 2, Action.RESTORE: 3,
             Action.UNLINK: 1}  # fmt: skip
    figures: defaultdict[Any, list[int]] = defaultdict(lambda: [0] * 6)
    for run, action, status, lines in await _rows(db, source, _RUN_LINES):
        at = names[Action(action)] if status == Status.SUCCESS else 4 if status == Status.SKIPPED else 5
        figures[run][at] += lines
    return [
        f"run {run} is {state} and counts {counts}, the log {figures[run]}"
        for run, state, *counts in await _rows(db, source, _RUNS)
        if state == "Running" or counts != figures[run]
    ]


async def wrong_accounts(db: Database, source: Org, target: Org, job: JobId) -> list[str]:
    """After quiet: whom the job offers stands in the target once, in line; nobody else of the source lives there."""
    offered = {row[0]: row[1:] for row in await _rows(db, source.id, _OFFERED, job=job)}
    standing = await _rows(db, target.id, _GUESTS, source=source.id)
    complaints = [f"{person} stands {count} times" for person, count in _times(standing).items() if count > 1]
    for user, _, person, upn, name, city, enabled, deleted in standing:
        if person not in offered:
            complaints += [] if deleted else [f"{person} is out of scope and lives as {user}"]
            continue
        home_upn, home_name, home_city, home_enabled = offered.pop(person)
        wanted = (mangled_upn(home_upn, target.domain), home_name, home_city or city, home_enabled)
        if deleted or (upn, name, city, enabled) != wanted:
            complaints.append(f"{person} is {(upn, name, city, enabled)}, deleted {deleted}; should be {wanted}")
    complaints += [f"{person} is in scope and not there" for person, values in offered.items() if values[3]]
    return complaints


def _times(standing: list[tuple[Any, ...]]) -> Counter[Any]:
    return Counter(row[2] for row in standing)


async def _rows(db: Database, tenant_id: TenantId, query: Any, **parameters: object) -> list[tuple[Any, ...]]:
    async with db.tenant(tenant_id) as tx:
        return await tx.rows(query, **parameters)


_RECEIPTS = """
select plan_id, step, job_id, source_id, target_id, action, changed, before, after
from sync_receipt where tenant_id = %(tenant_id)s and source_tenant_id = %(source)s
"""
_LOG = """
select plan_id, step, job_id, source_id, target_id, action, changed, before, after
from provisioning_log where tenant_id = %(tenant_id)s and status = 0
"""
_LINKS = """
select o.job_id, j.target_tenant_id, o.source_id, o.target_id, o.state
from sync_object o join sync_job j on j.tenant_id = o.tenant_id and j.id = o.job_id where o.tenant_id = %(tenant_id)s
"""
_RUN_LINES = """
select run_id, action, status, count(*) from provisioning_log where tenant_id = %(tenant_id)s
group by run_id, action, status
"""
_RUNS = """
select id, state, created, updated, deleted, restored, skipped, failed from sync_run where tenant_id = %(tenant_id)s
"""
_OPEN_PLANS = "select id from sync_plan where tenant_id = %(tenant_id)s and state = 'applying'"
_POSITIONS = "select position from feed_entry where tenant_id = %(tenant_id)s order by position"
_WRITTEN = """
select u.id, u.version, count(e.position) from users u
left join feed_entry e on e.tenant_id = u.tenant_id and e.object_id = u.id
where u.tenant_id = %(tenant_id)s and u.home_user_id is not null group by u.id, u.version
"""
_GUESTS = """
select id, version, home_user_id, user_principal_name, display_name, city, account_enabled, deleted_at is not null
from users where tenant_id = %(tenant_id)s and home_tenant_id = %(source)s
"""
_OFFERED = """
select u.id, u.user_principal_name, u.display_name, u.city, u.account_enabled from users u
where u.tenant_id = %(tenant_id)s and u.deleted_at is null and u.user_type = 'Member' and u.home_tenant_id is null
  and (exists (select from sync_assignment a
               where a.tenant_id = u.tenant_id and a.job_id = %(job)s and a.principal_id = u.id)
       or exists (select from group_member m
                  join groups g on g.tenant_id = m.tenant_id and g.id = m.group_id and g.deleted_at is null
                  join sync_assignment a on a.tenant_id = m.tenant_id and a.principal_id = g.id and a.job_id = %(job)s
                  where m.tenant_id = u.tenant_id and m.member_id = u.id))
"""
