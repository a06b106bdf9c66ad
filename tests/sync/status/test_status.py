"""How a job stands, in Graph's words (provisioning §9, synchronizationStatus)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from comity.core.clock import BusinessClock
from comity.core.errors import PermissionMissing
from comity.core.graph_form import as_graph, camel
from comity.core.ids import JobId, new_id
from comity.db.database import Database
from comity.partners import service as partners
from comity.sync.controlling import stop
from comity.sync.drain import drain
from comity.sync.model import JobUnknown
from comity.sync.status.model import SynchronizationQuarantine, SynchronizationStatus, TaskExecution
from comity.sync.status.service import get_status
from tests.support.drains import accept, share
from tests.support.world import Org

NEVER = "0001-01-01T00:00:00Z"


async def status(org: Org, job: JobId) -> Any:
    async with org.db.tenant(org.id) as tx:
        return as_graph(await get_status(tx, org.operator, job))


STATUS = """
code countSuccessiveCompleteFailures escrowsPruned lastExecution lastSuccessfulExecution progress quarantine
lastSuccessfulExecutionWithExports steadyStateFirstAchievedTime steadyStateLastAchievedTime troubleshootingUrl
synchronizedEntryCountByType"""
EXECUTION = """
activityIdentifier countEntitled countEntitledForProvisioning countEscrowed countEscrowedRaw countExported countExports
countImported countImportedDeltas countImportedReferenceDeltas error state timeBegan timeEnded"""
QUARANTINE = "currentBegan error nextAttempt reason seriesBegan seriesCount"


@pytest.mark.parametrize(
    ("kind", "names"),
    [(SynchronizationStatus, STATUS), (TaskExecution, EXECUTION), (SynchronizationQuarantine, QUARANTINE)],
)
def test_every_property_of_graphs_types_is_there(kind: Any, names: str):
    """`spec/graph/types.json`."""
    assert {camel(each) for each in kind.__dataclass_fields__} == set(names.split())


async def test_a_job_that_never_ran_says_so(fabrikam: Org, contoso: Org):
    """As the reference product's how-to shows it."""
    job = await share(fabrikam, await fabrikam.add_person("annie"), to=contoso)

    shown = await status(fabrikam, job)
    assert (shown["code"], shown["quarantine"], shown["progress"]) == ("NotRun", None, [])
    assert (shown["lastExecution"]["state"], shown["lastExecution"]["timeBegan"]) == ("Failed", NEVER)
    assert shown["lastExecution"]["error"] == {"code": "None", "message": "", "tenantActionable": False}
    assert (shown["lastSuccessfulExecution"], shown["steadyStateFirstAchievedTime"]) == (None, NEVER)


async def test_runs_are_told_apart_by_what_came_of_them(
    fabrikam: Org, contoso: Org, db: Database, clock: BusinessClock
):
    """The last, the last that succeeded, the last that wrote anything."""
    annie, bob = await fabrikam.add_person("annie"), await fabrikam.add_person("bob")
    await contoso.add_person("occupant", mail=bob.mail)
    await accept(contoso, people_of=fabrikam)
    job = await share(fabrikam, annie, bob, to=contoso)
    await drain(db, fabrikam.id)
    first = await status(fabrikam, job)
    clock.offset += timedelta(hours=1)
    await fabrikam.change(bob, city="Bonn")
    await drain(db, fabrikam.id)

    shown = await status(fabrikam, job)
    assert shown["code"] == "Active"
    assert first["lastExecution"]["state"] == "EntryLevelErrors"
    assert (first["lastExecution"]["countExported"], first["lastExecution"]["countEscrowed"]) == (1, 1)
    assert shown["lastSuccessfulExecutionWithExports"] == first["lastExecution"]
    assert shown["lastSuccessfulExecution"] == shown["lastExecution"] != first["lastExecution"]
    assert shown["synchronizedEntryCountByType"] == [{"key": "User", "value": 1}]
    assert shown["steadyStateFirstAchievedTime"] < shown["steadyStateLastAchievedTime"]


async def test_a_quarantine_is_told_with_its_error(fabrikam: Org, contoso: Org, db: Database):
    """Reason, series, next attempt, and what is to be mended."""
    await accept(contoso, people_of=fabrikam)
    job = await share(fabrikam, await fabrikam.add_person("annie"), to=contoso)
    await drain(db, fabrikam.id)
    async with db.tenant(contoso.id) as tx:
        await partners.withdraw_acceptance(tx, contoso.operator, fabrikam.id)
    await drain(db, fabrikam.id)

    shown = await status(fabrikam, job)
    assert (shown["code"], shown["countSuccessiveCompleteFailures"]) == ("Quarantine", 1)
    assert shown["quarantine"]["reason"] == "EncounteredQuarantineException"
    assert (
        shown["quarantine"]["seriesBegan"] == shown["quarantine"]["currentBegan"] < shown["quarantine"]["nextAttempt"]
    )
    assert shown["quarantine"]["error"]["code"] == "sync-target-not-accepted"
    assert "has to accept" in shown["quarantine"]["error"]["message"]
    assert shown["lastExecution"]["state"] == "Failed"


async def test_a_stopped_job_is_paused(fabrikam: Org, contoso: Org, db: Database):
    """Whatever it was before."""
    await accept(contoso, people_of=fabrikam)
    job = await share(fabrikam, await fabrikam.add_person("annie"), to=contoso)
    await drain(db, fabrikam.id)
    async with db.tenant(fabrikam.id) as tx:
        await stop(tx, fabrikam.operator, job)

    assert (await status(fabrikam, job))["code"] == "Paused"


async def test_only_the_sources_readers_are_told(fabrikam: Org, contoso: Org):
    """And of another tenant's job nothing, not even that it exists."""
    annie = await fabrikam.add_person("annie")
    job = await share(fabrikam, annie, to=contoso)
    async with fabrikam.db.tenant(fabrikam.id) as tx:
        with pytest.raises(PermissionMissing):
            await get_status(tx, fabrikam.as_user(annie), job)
        with pytest.raises(JobUnknown):
            await get_status(tx, fabrikam.operator, JobId(new_id()))
    async with fabrikam.db.tenant(contoso.id) as tx:
        with pytest.raises(JobUnknown):
            await get_status(tx, contoso.operator, job)
