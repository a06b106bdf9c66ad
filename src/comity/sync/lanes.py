"""A job at work: what decides, where to, and how far (a drain has one per job, a plan just one)."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from comity.core.ids import CauseId, PlanId, RunId, TenantId, UserId
from comity.db.crossings.cycle import InboundSyncOff
from comity.db.database import Database
from comity.partners.decide import decide_sync_gate
from comity.partners.model import OutboundHalf
from comity.partners.service import load_outbound_half
from comity.sync import store
from comity.sync.expressions.functions import Context
from comity.sync.held.guard import Guard
from comity.sync.held.store import load_outset
from comity.sync.interests import mapping_of
from comity.sync.mapping import CompiledMapping
from comity.sync.model import Counts, Job, ScopeMode
from comity.sync.patience import SLOW_MAX, PatternsTooSlow
from comity.sync.quarantine.model import Trouble
from comity.sync.scope_filter import filter_bits
from comity.sync.targets import LocalTarget, Target
from comity.tenancy.service import get_tenant, list_domains


@dataclass(slots=True)
class Lane:
    """One job at work."""

    job: Job
    mapping: CompiledMapping
    outbound: OutboundHalf
    target: Target
    target_domain: str
    plan_id: PlanId
    guard: Guard
    next_step: int = 1
    counts: Counts = field(default_factory=Counts)
    runs: dict[CauseId, RunId] = field(default_factory=dict)
    resumed: dict[CauseId, RunId] = field(default_factory=dict)
    """Runs that an earlier drain was cut off in; they end with this stretch."""
    unresolved: dict[UserId, CauseId] = field(default_factory=dict)
    """People to look at again within this stretch: their manager was not in the target."""
    waiting: dict[UserId, CauseId] = field(default_factory=dict)
    """The same after the second look; on their way into the source's books."""
    invitations_allowed: bool = True
    groups_allowed: bool = False
    """Does the target let groups in?"""
    someone_waits: bool = False
    """Were there people, when the lane was opened, whose manager was not in the target?"""
    someone_failed: bool = False
    """Is anybody of the job in escrow?"""
    due: dict[UUID, str] = field(default_factory=dict)
    """Who is tried again in this stretch because it is time, not because of a change: id to kind."""
    moved: dict[UserId, CauseId] = field(default_factory=dict)
    """People who came to the target or left it in this stretch: groups follow them."""
    settling: bool = False
    """References are looked at for the last time in this stretch; who waits still is noted for later ones."""
    run_kind: str | None = None
    """Of runs that are opened; None: by whether the job has run before."""
    slow: int = 0
    """People for whom a pattern took too long."""
    trouble: Trouble | None = None
    """What the job has met beyond people who failed: it goes into quarantine when its stretch is through."""
    halted: PatternsTooSlow | None = None
    """Why the job is stopped before its next page."""
    closed: str | None = None
    """The target closed its door on the way; the gate's code."""
    missed_a_page: bool = False
    """It was not active when a page was read; even if it is again, its watermark must stay."""

    @property
    def read(self) -> int:
        """Bits of the source attributes whose change concerns the job."""
        return self.mapping.read | filter_bits(self.job.filter)

    @property
    def all_runs(self) -> list[RunId]:
        """The runs that end when this lane is through."""
        return [*self.runs.values(), *(each for each in self.resumed.values() if each not in self.runs.values())]

    @property
    def everybody(self) -> bool:
        """Does the job offer all users?"""
        return self.job.scope_mode is ScopeMode.ALL

    def take_numbers(self, count: int) -> int:
        """The first of `count` step numbers that nobody else gets."""
        first = self.next_step
        self.next_step += count
        return first

    def note_slow(self, people: int) -> None:
        """For so many people a pattern took too long.

        Raises:
            PatternsTooSlow: for so many by now that the job cannot go on like this.
        """
        self.slow += people
        if self.slow >= SLOW_MAX:
            raise PatternsTooSlow(job=self.job.name, people=self.slow)

    async def gate(self) -> str | None:
        """Why the job may not run (a `Shortfall`); None if it may."""
        try:
            async with self.target.visit(flushed=True) as visit:
                inbound = await visit.inbound()
        except InboundSyncOff:
            inbound = None
        gate = decide_sync_gate(self.outbound, inbound)
        self.invitations_allowed, self.groups_allowed = gate.may_create, gate.groups_allowed
        return None if gate.is_open or gate.first is None else gate.first.value


async def open_lane(db: Database, source: TenantId, job: Job, plan_id: PlanId) -> Lane:
    """Load what the job decides with."""
    async with db.tenant(source, many_rows=True) as tx:
        outbound = await load_outbound_half(tx, job.target_tenant_id)
        domain = (await get_tenant(tx, job.target_tenant_id)).initial_domain
        own = next((each.name for each in await list_domains(tx) if each.is_default), None)
        mapping = CompiledMapping(
            mapping_of(job), target_domain=domain, context=Context(now=tx.now, default_domain=own)
        )
        someone_waits, someone_failed = await store.is_anybody_left(tx, job.id)
        held, has_links = await load_outset(tx, job.id)
    return Lane(
        job,
        mapping,
        outbound,
        LocalTarget(db, source=source, target=job.target_tenant_id),
        domain,
        plan_id,
        Guard(job, held, has_links=has_links, waiting=held.waiting),
        someone_waits=someone_waits,
        someone_failed=someone_failed,
    )
