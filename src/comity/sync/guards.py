"""What a whole plan rests on: the plan guard of design D7."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from comity.db.crossings.cycle import InboundSyncOff
from comity.db.database import Database
from comity.sync.lanes import Lane
from comity.sync.planned import JobClosed, PlanOutdated
from comity.tenancy.organizations.service import load_membership


async def load_guard(db: Database, lane: Lane, *, version: int) -> dict[str, Any]:
    """The versions that a plan is decided on: the job's, both partners' settings', the organisation's.

    Raises:
        JobClosed: the target has not let the source's people in.
    """
    source = lane.job.tenant_id
    async with db.tenant(source) as tx:
        membership = await load_membership(tx)
    try:
        async with lane.target.visit(flushed=True) as visit:
            inbound = await visit.inbound()
    except InboundSyncOff as closed:
        raise JobClosed(job=lane.job.name, reason=closed.code) from closed
    organization = None if membership is None else membership.organization
    return {
        "job": version,
        "outbound": lane.outbound.version,
        "inbound": 0 if inbound is None else inbound.version,
        "inbound_sync": 0 if inbound is None else inbound.sync_version,
        "kept": 0 if inbound is None else inbound.kept_version,
        "organization": None if organization is None else [str(organization.id), organization.version],
    }


def check_guard(planned: Mapping[str, Any], current: Mapping[str, Any]) -> None:
    """Refuse a plan that was decided on something else.

    Raises:
        PlanOutdated: names what has changed.
    """
    changed = [name for name in current if planned.get(name) != current[name]]
    if changed:
        raise PlanOutdated(changed=", ".join(_NAMES[name] for name in changed))


_NAMES = {
    "job": "the job",
    "outbound": "this tenant's settings toward the target",
    "inbound": "the target's settings toward this tenant",
    "inbound_sync": "the target's sync policy",
    "kept": "what the target keeps",
    "organization": "the organization",
}
