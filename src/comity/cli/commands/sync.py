"""`comity share`, `unshare` and `sync`: offer people to other tenants, and see what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from comity.cli.commands.scope import actions, filter_, groups, scope
from comity.cli.options import Command, Group
from comity.cli.place import Place, at, at_all, of_any_tenant, of_tenant
from comity.cli.session import Session, pass_session

if TYPE_CHECKING:
    from comity.core.ids import JobId, TenantId
    from comity.db.transaction import Transaction
    from comity.sync.drain import Drained, Progress
    from comity.sync.model import Counts, Run
    from comity.sync.service import Principals, Shared, Standing
    from comity.sync.status.model import SynchronizationQuarantine


@click.command(cls=Command)
@click.argument("names", nargs=-1, required=True, metavar="USER-OR-GROUP…")
@click.option("--to", "targets", multiple=True, metavar="T", help="With this tenant; may be said several times.")
@click.option("--all", "everybody", is_flag=True, help="With every active tenant of the organisation.")
@click.option("--later", is_flag=True, help="With --all: also with tenants that join later.")
@of_tenant
@pass_session
async def share(
    session: Session, names: tuple[str, ...], targets: tuple[str, ...], everybody: bool, later: bool, of: str
) -> None:
    """Offer people and groups to other tenants; their admins accept, and the next drain brings them there."""
    from comity.sync.service import share_with, share_with_all

    if bool(targets) == everybody:
        raise click.UsageError("Say with whom to share: --to TENANT, or --all.")
    if later and not everybody:
        raise click.UsageError("--later goes with --all.")
    async with at(session, of) as place:
        known = await place.names()
        ids = [await place.tenant_id(each) for each in targets]
        async with place.transaction() as tx:
            principals = await _principals(place, tx, names)
            if everybody:
                done = await share_with_all(tx, place.caller, principals, for_later_tenants=later)
            else:
                done = [await share_with(tx, place.caller, principals, each) for each in ids]
    for each in done:
        if each.overlapping:
            session.out.say(f"The same pair is also synced by {', '.join(each.overlapping)}; one is enough.")
    targeted = [each.job.target_tenant_id for each in done]
    session.out.show(
        [_shared(each) for each in done],
        f"Shared with {', '.join(known.get(each, str(each)) for each in targeted)}"
        f"{' and with tenants that join later' if later else ''}: "
        f"{_counted(len(principals.users), len(principals.groups))}.",
    )


@click.command(cls=Command)
@click.argument("names", nargs=-1, required=True, metavar="USER-OR-GROUP…")
@click.option(
    "--to", "targets", multiple=True, metavar="T", help="With this tenant no more; may be said several times."
)
@click.option("--all", "everybody", is_flag=True, help="With no tenant any more; so it is if no tenant is named.")
@of_tenant
@pass_session
async def unshare(session: Session, names: tuple[str, ...], targets: tuple[str, ...], everybody: bool, of: str) -> None:
    """Share people and groups no longer; the next drain soft-deletes them there."""
    from comity.sync.service import unshare as withdraw

    if targets and everybody:
        raise click.UsageError("Say with whom no more: --to TENANT, or --all.")
    async with at(session, of) as place:
        known = await place.names()
        targeted: list[TenantId | None] = [await place.tenant_id(each) for each in targets] or [None]
        async with place.transaction() as tx:
            principals = await _principals(place, tx, names)
            done = [each for target in targeted for each in await withdraw(tx, place.caller, principals, target=target)]
    left = [known.get(each.job.target_tenant_id, str(each.job.target_tenant_id)) for each in done if each.withdrawn]
    gone = {each for shared in done for each in shared.withdrawn}
    counted = _counted(len(gone & set(principals.users)), len(gone & set(principals.groups)))
    session.out.show(
        [_shared(each) for each in done],
        f"No longer shared with {', '.join(dict.fromkeys(left))}: {counted}."
        if gone
        else "They were not shared; nothing changes.",
    )


_AT: Final = "comity.cli.commands."
PLANS: Final = {
    "plan": (_AT + "plans:plan", "Show who would be created, updated, deleted or restored."),
    "show": (_AT + "plans:show", "Show a plan again, and what became of it."),
    "apply": (_AT + "plans:apply", "Apply a plan as far as it still holds."),
    "undo": (_AT + "plans:undo", "Take a run back."),
    "stop": (_AT + "control:stop", "Stop jobs before their next batch."),
    "start": (_AT + "control:start", "Start a job again, after showing what it would do."),
    "restart": (_AT + "control:restart", "Let a job run anew."),
    "provision": (_AT + "control:provision", "Bring one person in line now."),
    "log": (_AT + "provisioning_log:log", "Read the provisioning log."),
    "escrow": (_AT + "trouble:escrow", "Show who failed, and when each is tried again."),
    "quarantine": (_AT + "trouble:quarantine", "Put a job into quarantine."),
    "notify": (_AT + "trouble:notify", "Whom does a job tell by mail?"),
    "drift": (_AT + "control:drift", "May changed accounts be brought back in line?"),
    "held": (_AT + "held:held", "Show whose deletion is held back."),
    "allow": (_AT + "held:allow", "Have held deletions done."),
    "reject": (_AT + "held:reject", "Leave held deletions undone."),
    "threshold": (_AT + "held:threshold", "From how many deletions on are they held?"),
}
"""Commands about plans and the course of jobs: where each is, and a sentence for the list."""


@click.group(cls=Group, lazy=PLANS)
def sync() -> None:
    """Sync jobs: plan, run, stop and undo them, see how they stand, read the provisioning log."""


for each in (scope, filter_, groups, actions):
    sync.add_command(each)


_STATUS: Final = (
    "From", "To", "State", "Last run", "Created", "Updated", "Deleted", "Restored", "Skipped", "Failed", "Held", "Id",
)  # fmt: skip


@sync.command()
@of_tenant
@pass_session
async def run(session: Session, of: str) -> None:
    """Run a tenant's sync jobs now, in this process."""
    from comity.core.catalogue import sentence
    from comity.sync import service

    async with at(session, of) as place:
        known = await place.names()
        async with place.transaction() as tx:
            expected = await service.estimate_run(tx, place.caller)
        with session.out.progress(f"Syncing {place.tenant.name}") as tell:

            def watch(progress: Progress) -> None:
                tell(progress.looked_at, max(expected, progress.looked_at, 1))

            drained = await service.run(place.comity.db, place.caller, watch=watch)
        targets = await _targets(place)
    if not drained.claimed:
        session.out.say(f"Somebody else is syncing {place.tenant.name} at this moment; nothing was done here.")
    for refusal in drained.refused:
        target = known.get(targets[refusal.job_id], "a tenant outside this installation")
        session.out.say(f"Not to {target}: {sentence(refusal.code, {})}")
    value = _drained(drained)
    session.out.show(value, {name: each for name, each in value.items() if name not in {"claimed", "refused"}})


@sync.command()
@of_any_tenant
@pass_session
async def status(session: Session, of: str | None) -> None:
    """Show sync jobs and how their last runs went: a tenant's, or all."""
    from comity.cli.output import Table
    from comity.sync.service import list_standing
    from comity.sync.status.service import told_quarantines

    found: list[Standing] = []
    quarantines: dict[JobId, SynchronizationQuarantine] = {}
    known: dict[TenantId, str] = {}
    async with at_all(session, of) as places:
        for place in places:
            known |= await place.names()
            async with place.transaction() as tx:
                found += await list_standing(tx, place.caller)
                quarantines |= await told_quarantines(tx, place.caller)
    session.out.show(
        [_standing(each, quarantines.get(each.job.id)) for each in found],
        Table(
            _STATUS,
            [
                (
                    known.get(each.job.tenant_id, ""),
                    known.get(each.job.target_tenant_id, "outside this installation"),
                    each.state.value + (f" ({each.reason})" if each.reason else ""),
                    each.last_run.state.value if each.last_run else "never",
                    *(_counts(each.last_run.counts).values() if each.last_run else [""] * 6),
                    each.held.waiting or "",
                    each.job.id,
                )
                for each in found
            ],
            none="Nothing is shared with anybody: comity share",
        ),
    )
    if any(each.held.waiting for each in found):
        session.out.say("Deletions are held back, because there were too many at once: comity sync held")


async def _principals(place: Place, tx: Transaction, names: tuple[str, ...]) -> Principals:
    from comity.cli.names import find_principals
    from comity.sync.service import Principals

    users, groups = await find_principals(tx, place.caller, names)
    return Principals(users, groups)


def _counted(people: int, groups: int) -> str:
    """“1 person”, “3 people and 1 group”."""
    said = [
        f"{count} {one if count == 1 else many}"
        for count, one, many in ((people, "person", "people"), (groups, "group", "groups"))
        if count
    ]
    return " and ".join(said)


async def _targets(place: Place) -> dict[Any, TenantId]:
    """Where each job of the tenant leads."""
    from comity.sync.service import list_standing

    async with place.transaction() as tx:
        return {each.job.id: each.job.target_tenant_id for each in await list_standing(tx, place.caller)}


def _shared(each: Shared) -> dict[str, object]:
    return {
        "job": str(each.job.id),
        "name": each.job.name,
        "to": str(each.job.target_tenant_id),
        "new": each.is_new,
        "principals": each.added,
        "laterTenants": each.job.for_later_tenants,
    }


def _standing(each: Standing, quarantine: SynchronizationQuarantine | None) -> dict[str, object]:
    """The contract of `sync status` (design §5.2)."""
    from comity.core.graph_form import as_graph

    run = each.last_run
    return {
        "id": str(each.job.id),
        "from": str(each.job.tenant_id),
        "to": str(each.job.target_tenant_id),
        "state": each.state.value,
        "reason": each.reason,
        "last_run": {"state": run.state.value, **_counts(run.counts), "seconds": _seconds(run)} if run else None,
        "held": each.held.waiting,
        "quarantine": None if quarantine is None else as_graph(quarantine),
    }


def _seconds(run: Run) -> float | None:
    """Work time, as exactly as it says anything."""
    return None if run.seconds is None else round(run.seconds, 3 if run.seconds < 1 else 1)


def _counts(counts: Counts) -> dict[str, int]:
    return {
        "created": counts.created,
        "updated": counts.updated,
        "deleted": counts.deleted,
        "restored": counts.restored,
        "skipped": counts.skipped,
        "failed": counts.failed,
    }


def _drained(drained: Drained) -> dict[str, object]:
    return {
        "claimed": drained.claimed,
        **_counts(drained.total),
        "refused": [{"job": str(each.job_id), "code": each.code} for each in drained.refused],
    }
