"""The provisioning log: everything that became of somebody, in Graph's form (provisioning §7)."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from comity.core.caller import Caller
from comity.core.catalogue import sentences
from comity.core.clock import BusinessClock
from comity.core.errors import PermissionMissing
from comity.core.graph_form import as_graph, camel
from comity.core.ids import JobId
from comity.core.permissions import Permission
from comity.db.database import Database
from comity.directory import service as directory
from comity.directory.model import User
from comity.sync import configuring, demand, plans, undoing
from comity.sync.drain import drain
from comity.sync.log.model import LogFilter, LogFilterInvalid, Summary
from comity.sync.log.service import get_summary, read_summaries
from comity.sync.mapping_document import write_mapping
from comity.sync.mapping_rows import DEFAULT
from comity.sync.model import Reason
from comity.sync.service import Principals, share_with
from comity.sync.viewing import view
from tests.support.drains import accept, last_run, share, unshare
from tests.support.world import Org

ALL = LogFilter()


async def log(org: Org, which: LogFilter = ALL, caller: Caller | None = None) -> list[Summary]:
    """Newest first."""
    async with org.db.tenant(org.id) as tx:
        return list((await read_summaries(tx, caller or org.operator, which, at_most=1000)).lines)


def changes(line: Summary) -> dict[str, tuple[str | None, str | None]]:
    return {each.display_name: (each.old_value, each.new_value) for each in line.modified_properties}


@pytest.fixture
async def annie(fabrikam: Org, contoso: Org, db: Database) -> User:
    """Fabrikam shares Annie with Contoso, where she is."""
    person = await fabrikam.add_person("annie miller", city="Köln")
    await accept(contoso, people_of=fabrikam)
    await share(fabrikam, person, to=contoso)
    await drain(db, fabrikam.id)
    return person


async def test_a_creation_says_who_where_and_what(fabrikam: Org, contoso: Org, annie: User):
    """Every field of Graph's provisioningObjectSummary, with Graph's names."""
    (line,) = await log(fabrikam)
    run = await last_run(fabrikam)
    shown: Any = as_graph(line)

    assert (shown["provisioningAction"], shown["provisioningStatusInfo"]["status"]) == ("create", "success")
    assert shown["provisioningStatusInfo"]["errorInformation"] is None
    assert shown["sourceIdentity"]["id"] == str(annie.id)
    assert shown["sourceIdentity"]["displayName"] == "Annie Miller"
    assert shown["sourceIdentity"]["details"]["UserPrincipalName"] == annie.user_principal_name
    assert shown["targetIdentity"]["displayName"] == "Annie Miller"
    assert shown["targetIdentity"]["id"] == line.target_identity.id
    assert (shown["cycleId"], shown["jobId"], shown["tenantId"]) == (str(run.id), str(run.job_id), str(contoso.id))
    assert shown["initiatedBy"] == {
        "id": "", "displayName": "Azure AD Provisioning Service", "initiatorType": "system",
    }  # fmt: skip
    assert shown["sourceSystem"]["displayName"] == "Azure Active Directory"
    assert shown["targetSystem"]["displayName"] == "Azure Active Directory (target tenant)"
    assert shown["activityDateTime"].endswith("Z")
    assert shown["durationInMilliseconds"] >= 1
    assert changes(line)["city"] == (None, "Köln")
    assert changes(line)["accountEnabled"] == (None, "True")
    assert "jobTitle" not in changes(line)  # nothing was there to be written


def test_every_property_of_graphs_type_is_there():
    """`spec/graph/types.json`, provisioningObjectSummary."""
    graphs = {
        "activityDateTime", "changeId", "cycleId", "durationInMilliseconds", "id", "initiatedBy", "jobId",
        "modifiedProperties", "provisioningAction", "provisioningStatusInfo", "provisioningSteps", "servicePrincipal",
        "sourceIdentity", "sourceSystem", "targetIdentity", "targetSystem", "tenantId",
    }  # fmt: skip
    assert {camel(name) for name in Summary.__dataclass_fields__} == graphs


async def test_the_five_steps_say_how_far_it_came(fabrikam: Org, annie: User, db: Database):
    """Import, scoping, matching, references, export; a sentence each."""
    await fabrikam.add_person("bob")
    await fabrikam.change(annie, city="Bonn")
    await drain(db, fabrikam.id)
    updated, created = await log(fabrikam)

    kinds = ["import", "scoping", "matching", "referenceResolution", "export"]
    assert [each.provisioning_step_type for each in created.provisioning_steps] == kinds
    assert [each.name for each in created.provisioning_steps] == [
        "EntryImportAdd", "EntrySynchronizationScoping", "EntryMatching", "EntryReferenceResolution", "EntryExportAdd",
    ]  # fmt: skip
    assert {each.status for each in created.provisioning_steps} == {"success"}
    assert updated.provisioning_steps[-1].name == "EntryExportUpdate"
    assert updated.provisioning_steps[2].details == {"id": created.target_identity.id}
    assert all("{" not in each.description and "provisioning-" not in each.description
               for line in (updated, created) for each in line.provisioning_steps)  # fmt: skip


async def test_a_manager_who_is_not_there_is_a_warning_of_that_step(fabrikam: Org, contoso: Org, db: Database):
    """The person is through all the same (provisioning §5.4)."""
    boss = await fabrikam.add_person("boss")
    annie = await fabrikam.add_person("annie", manager_id=boss.id)
    await accept(contoso, people_of=fabrikam)
    await share(fabrikam, annie, to=contoso)
    await drain(db, fabrikam.id)

    (line,) = await log(fabrikam)
    assert line.provisioning_status_info.status == "success"
    assert line.provisioning_steps[3].status == "warning"


async def test_an_update_names_old_and_new(fabrikam: Org, annie: User, db: Database):
    """Only what changed."""
    await fabrikam.change(annie, city="Bonn")
    await drain(db, fabrikam.id)

    newest, _ = await log(fabrikam)
    assert (newest.provisioning_action, changes(newest)) == ("update", {"city": ("Köln", "Bonn")})


async def test_disabling_and_deleting_and_restoring_have_their_words(
    fabrikam: Org, contoso: Org, annie: User, db: Database
):
    """`disable` is an update that switches off; a deletion is soft, and coming back an update."""
    await fabrikam.change(annie, account_enabled=False)
    await drain(db, fabrikam.id)
    await fabrikam.change(annie, account_enabled=True)
    await drain(db, fabrikam.id)
    await unshare(fabrikam, annie, to=contoso)
    await drain(db, fabrikam.id)
    await share(fabrikam, annie, to=contoso)
    await drain(db, fabrikam.id)

    found = [(each.provisioning_action, changes(each).get("IsSoftDeleted")) for each in reversed(await log(fabrikam))]
    assert found[1:] == [
        ("disable", None), ("update", None), ("delete", ("False", "True")), ("update", ("True", "False")),
    ]  # fmt: skip


async def test_a_failure_says_why_and_what_to_do(fabrikam: Org, contoso: Org, annie: User, db: Database):
    """Code, sentence, advice and facts; in the reader's language."""
    bob = await fabrikam.add_person("bob")
    await contoso.add_person("occupant", mail=bob.mail)
    await share(fabrikam, annie, bob, to=contoso)
    await drain(db, fabrikam.id)

    newest = (await log(fabrikam))[0]
    error = newest.provisioning_status_info.error_information
    assert error is not None
    assert newest.provisioning_status_info.status == "failure"
    assert (error.error_code, error.error_category) == (Reason.AMBIGUOUS.value, "nonServiceFailure")
    assert error.reason == "An account of the target's own has her mail address."
    assert error.recommended_action == "Change one of the two addresses."
    assert newest.provisioning_steps[-1].status == "failure"

    german = Caller.operator("tester", tenant_id=fabrikam.id)
    told = (await log(fabrikam, caller=replace(german, language="de")))[0].provisioning_status_info.error_information
    assert told is not None and told.reason == "Ein eigenes Konto des Ziels hat ihre E-Mail-Adresse."


async def test_who_is_out_of_scope_is_skipped_in_the_scoping_step(
    fabrikam: Org, contoso: Org, annie: User, db: Database
):
    """With the question that was answered no."""
    bob = await fabrikam.add_person("bob", account_enabled=False)
    await share(fabrikam, annie, bob, to=contoso)
    await drain(db, fabrikam.id)

    newest = (await log(fabrikam))[0]
    scoping, export = newest.provisioning_steps[1], newest.provisioning_steps[-1]
    assert (newest.provisioning_action, newest.provisioning_status_info.status) == ("other", "skipped")
    assert (scoping.status, scoping.details["Active in the source system"]) == ("skipped", "False")
    assert export.details == {"SkipReason": "NotActiveInSource"}


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_reason_has_its_words(language: str):
    """A code alone helps nobody who reads the log."""
    known = sentences(language)

    assert [each.value for each in Reason if f"provisioning-{each.value}" not in known] == []


async def redacting(org: Org, target: Org, db: Database, *, first: bool) -> tuple[User, JobId]:
    """Annie's job title is nobody's business; from the beginning, or from now on."""
    annie = await org.add_person("annie", job_title="Secret agent", city="Köln")
    await accept(target, people_of=org)
    job = await share(org, annie, to=target)
    if not first:
        await drain(db, org.id)
    document = write_mapping(DEFAULT)
    for row in document["attributeMappings"]:
        if row["targetAttributeName"] == "jobTitle":
            row["source"] = {"type": "Function", "expression": "Redact([jobTitle])"}
    async with db.tenant(org.id) as tx:
        await configuring.set_mapping(tx, org.operator, job, document)
    await drain(db, org.id)
    return annie, job


async def stored_log(org: Org) -> str:
    """All that the source has written down of it."""
    async with org.db.tenant(org.id) as tx:
        rows = await tx.rows(
            "select before::text, after::text, details::text from provisioning_log where tenant_id = %(tenant_id)s"
        )
    return json.dumps(rows, ensure_ascii=False)


async def test_a_redacted_value_is_written_nowhere(fabrikam: Org, contoso: Org, db: Database):
    """Not in the log's rows, not in the log, not in plan, undo, or provisioning on demand (provisioning §7)."""
    annie, job = await redacting(fabrikam, contoso, db, first=True)
    await fabrikam.change(annie, job_title="Secret boss")
    plan_id = await planned(fabrikam, job)
    seen = repr(await view(db, fabrikam.operator, plan_id))
    await drain(db, fabrikam.id)
    await fabrikam.change(annie, job_title="Secret clerk")
    seen += repr(await demand.provision(db, fabrikam.operator, job, annie.id))
    run = await last_run(fabrikam)
    async with db.tenant(fabrikam.id) as tx:
        undo_id = (await undoing.ask_undo(tx, fabrikam.operator, run.id))[0]
    await plans.make(db, fabrikam.operator, undo_id)
    seen += repr(await view(db, fabrikam.operator, undo_id))
    await plans.apply(db, fabrikam.operator, undo_id)
    lines = await log(fabrikam)
    seen += repr(lines) + await stored_log(fabrikam)

    assert "Secret" not in seen
    assert changes(lines[-1])["jobTitle"] == (None, "[Redact]")
    assert changes(lines[-2])["jobTitle"] == ("[Redact]", "[Redact]")


async def planned(org: Org, job: JobId) -> Any:
    async with org.db.tenant(org.id) as tx:
        plan_id = await plans.ask(tx, org.operator, job_id=job)
    await plans.make(org.db, org.operator, plan_id)
    return plan_id


async def test_what_is_redacted_only_later_is_hidden_in_old_lines_as_well(fabrikam: Org, contoso: Org, db: Database):
    """Whoever reads the log now must not learn it."""
    await redacting(fabrikam, contoso, db, first=False)

    assert "Secret" not in repr(await log(fabrikam))


@pytest.mark.parametrize(
    ("which", "count"),
    [
        ({"actions": ["create"]}, 2), ({"actions": ["disable"]}, 1), ({"actions": ["update"]}, 1),
        ({"actions": ["update", "disable"]}, 2), ({"actions": ["other"]}, 1), ({"statuses": ["skipped"]}, 1),
        ({"statuses": ["success"], "actions": ["create", "other"]}, 2), ({"actions": ["stagedDelete"]}, 0),
    ],
)  # fmt: skip
async def test_lines_are_filtered_by_action_and_status(
    fabrikam: Org, contoso: Org, annie: User, db: Database, which: dict[str, Any], count: int
):
    """Graph's words; an account switched off is not an update."""
    await share(fabrikam, await fabrikam.add_person("bob"), to=contoso)
    await drain(db, fabrikam.id)
    await fabrikam.change(annie, city="Bonn")
    await drain(db, fabrikam.id)
    await fabrikam.change(annie, account_enabled=False)
    await share(fabrikam, await fabrikam.add_person("charlie", account_enabled=False), to=contoso)
    await drain(db, fabrikam.id)

    found = await log(fabrikam, LogFilter(**which))
    assert len(found) == count
    assert {each.provisioning_action for each in found} <= set(which.get("actions", ["create", "other"]))


async def test_lines_are_filtered_by_person_job_run_and_time(
    fabrikam: Org, tailspin: Org, annie: User, db: Database, clock: BusinessClock
):
    """Each on the business clock and by id."""
    await accept(tailspin, people_of=fabrikam)
    bob = await fabrikam.add_person("bob")
    before = clock.now()
    clock.offset += timedelta(days=1)
    job = await share(fabrikam, annie, bob, to=tailspin)
    await drain(db, fabrikam.id)
    run = (await log(fabrikam))[0].cycle_id

    assert len(await log(fabrikam)) == 3
    assert len(await log(fabrikam, LogFilter(source_id=annie.id))) == 2
    assert len(await log(fabrikam, LogFilter(job_id=job))) == 2
    assert len(await log(fabrikam, LogFilter(run_id=run))) == 2  # type: ignore[arg-type]
    assert len(await log(fabrikam, LogFilter(since=before))) == 2
    assert len(await log(fabrikam, LogFilter(source_id=annie.id, job_id=job, since=before))) == 1


@pytest.mark.parametrize("which", [LogFilter(actions=["creation"]), LogFilter(statuses=["ok"])])
async def test_an_unknown_word_lists_those_there_are(fabrikam: Org, which: LogFilter):
    """An empty list would be taken for an answer."""
    with pytest.raises(LogFilterInvalid):
        await log(fabrikam, which)


async def test_pages_follow_each_other_without_gap_or_double(fabrikam: Org, contoso: Org, db: Database):
    """Newest first, behind the last line seen; each line is found by its id."""
    people = await fabrikam.add_many(25)
    await accept(contoso, people_of=fabrikam)
    await share(fabrikam, *people, to=contoso)
    await drain(db, fabrikam.id)
    seen: list[str] = []
    before: str | None = None
    async with db.tenant(fabrikam.id) as tx:
        while True:
            page = await read_summaries(tx, fabrikam.operator, ALL, before=before, at_most=10)
            seen += [each.id for each in page.lines]
            if (before := page.before) is None:
                break
        one = await get_summary(tx, fabrikam.operator, seen[7])
        assert await get_summary(tx, fabrikam.operator, seen[7].partition(".")[0] + ".999") is None
        with pytest.raises(LogFilterInvalid):
            await get_summary(tx, fabrikam.operator, "7")
    assert len(seen) == len(set(seen)) == 25
    assert one is not None and one.id == seen[7]


async def test_the_log_needs_its_permission_and_is_one_tenants(fabrikam: Org, contoso: Org, annie: User):
    """The target does not see the source's log."""
    with pytest.raises(PermissionMissing):
        await log(fabrikam, caller=fabrikam.as_user(annie))
    reader = fabrikam.as_user(annie, permissions=frozenset({Permission.PROVISIONING_LOG_READ}))
    assert len(await log(fabrikam, caller=reader)) == 1
    assert await log(contoso) == []


async def test_a_group_has_lines_of_its_own(fabrikam: Org, contoso: Org, db: Database):
    """Groups are told apart by identityType."""
    annie = await fabrikam.add_person("annie")
    await accept(contoso, people_of=fabrikam)
    async with db.tenant(fabrikam.id) as tx:
        group = await directory.create_group(tx, fabrikam.operator, name="Everybody")
        await directory.add_members(tx, fabrikam.operator, group.id, [annie.id])
        await share_with(tx, fabrikam.operator, Principals(groups=[group.id]), contoso.id)
    await drain(db, fabrikam.id)

    newest = (await log(fabrikam))[0]
    assert (newest.source_identity.identity_type, newest.source_identity.display_name) == ("Group", "Everybody")
    error = newest.provisioning_status_info.error_information
    assert error is not None and error.error_code == "EntityTypeNotSupported"
