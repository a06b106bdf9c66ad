"""Journeys of the admin who shares and of the one who accepts, without script (mission M16–M18, M44)."""

from __future__ import annotations

from comity.directory import service as directory
from comity.directory.store import find_by_home
from comity.identity.roles import DirectoryRole
from tests.support.drains import accept, share
from tests.support.sign_in import Identity
from tests.support.world import Org
from tests.web.admin.desk import Desk, seat
from tests.web.browser import Browser


async def stands(org: Org, home: Org, name: str) -> bool:
    async with org.db.tenant(org.id) as tx:
        found = await find_by_home(tx, home.id, home.people[name].id)
        return found is not None and found.deleted_at is None


async def test_a_group_is_shared_by_a_plan_with_names_and_taken_back(desk: Desk, fabrikam: Org):
    """Pick, read who would come, approve, see it done, undo: nothing happens before the approval (M17)."""
    org = desk.org
    annie = await org.add_person("annie")
    async with org.db.tenant(org.id) as tx:
        group = await directory.create_group(tx, org.operator, name="Sales")
        await directory.add_members(tx, org.operator, group.id, [annie.id])
    await accept(fabrikam, people_of=org)

    await desk.open("share", "new", query="annie", group=str(group.id))
    assert "Annie" in desk.text
    await desk.send({"tenant": [fabrikam.domain], "group": [str(group.id)]}, form="share/new")
    assert "The plan is being made." in desk.text
    await desk.work()
    await desk.reload()
    assert "1 created" in desk.text
    assert annie.user_principal_name in desk.text
    assert not await stands(fabrikam, org, "annie")

    await desk.send({"reason": "New team"}, form="share/plans/approve")
    assert "Approved; it begins in a moment." in desk.text
    await desk.work()
    await desk.reload()
    assert "Done." in desk.text
    assert await stands(fabrikam, org, "annie")

    await desk.send({}, form="share/undo", button={"run": desk.button("run")})
    await desk.work()
    await desk.reload()
    assert "1 deleted" in desk.text
    await desk.send({}, form="share/plans/approve")
    await desk.work()
    assert not await stands(fabrikam, org, "annie")


async def test_leaving_a_share_names_who_would_be_deleted_and_can_be_cancelled(desk: Desk, fabrikam: Org):
    """The names before the deletion (M16); going away changes nothing."""
    org = desk.org
    annie = await org.add_person("annie")
    await accept(fabrikam, people_of=org)
    await share(org, annie.id, to=fabrikam)
    await desk.drain()

    await desk.open("share")
    await desk.send({"principal": [str(annie.id)]}, form="share/withdraw")
    await desk.work()
    await desk.reload()
    assert "1 deleted" in desk.text
    assert annie.user_principal_name in desk.text
    await desk.open("share")
    await desk.drain()
    assert await stands(fabrikam, org, "annie")


async def test_a_tenant_that_has_not_accepted_is_offered_people_all_the_same(
    desk: Desk, fabrikam: Org, identity: Identity, browser: Browser
):
    """The sharing admin is told; the receiving one reads who would come, as what, and accepts (M18, M44)."""
    org = desk.org
    annie = await org.add_person("annie")
    await desk.open("share", "new", user=str(annie.id))
    await desk.send({"tenant": [fabrikam.domain], "user": [str(annie.id)]}, form="share/new")
    await desk.work()
    await desk.reload()
    assert "has not accepted people from here" in desk.text
    await desk.send({}, form="share/offer", button={"plan": desk.plan_ids[0]})
    assert "Annie" in desk.text

    theirs = await seat(fabrikam, identity, browser, DirectoryRole.GLOBAL_ADMINISTRATOR)
    await theirs.open("accept", **{"from": org.domain})
    assert "People who would come: 1." in theirs.text
    assert "New accounts become members." in theirs.text
    assert annie.user_principal_name in theirs.text
    assert "list all users yes no" in theirs.text, "what a member may do against a guest"
    await theirs.send({"reason": "They asked"}, form="accept", button={"answer": "accept"})
    await desk.drain()
    assert await stands(fabrikam, org, "annie")

    await theirs.open("accept", **{"from": org.domain})
    assert "Accepted: its people get in." in theirs.text
    await theirs.send({}, form="accept", button={"answer": "withdraw"})
    await theirs.open("accept", **{"from": org.domain})
    assert "Refused: nobody gets in." in theirs.text


async def test_a_job_is_stopped_and_started_after_its_plan(desk: Desk, fabrikam: Org):
    """Nothing wakes a stopped job; starting shows what it would do first (design D8)."""
    org = desk.org
    await accept(fabrikam, people_of=org)
    annie = await org.add_person("annie")
    await share(org, annie.id, to=fabrikam)
    await desk.open("share")
    await desk.send({}, form="share/stop", button={"job": desk.button("job")})
    assert "paused" in desk.text
    await desk.drain()
    assert not await stands(fabrikam, org, "annie")

    await desk.send({}, form="share/start")
    await desk.work()
    await desk.reload()
    assert "1 created" in desk.text


async def test_pages_are_for_people_who_stand_in_the_tenant(desk: Desk, fabrikam: Org):
    """Another tenant does not exist for her; what she may not do, she is not shown (isolation)."""
    answer = await desk.browser.open(f"/admin/{fabrikam.domain}/share")
    assert answer.status_code == 404
    desk.browser.client.cookies.clear()
    await desk.open("share")
    assert desk.browser.at.path == "/signin"


async def test_a_member_without_a_role_changes_nothing(fabrikam: Org, identity: Identity, browser: Browser):
    """Forms are for those who may send them; the post is refused all the same."""
    visitor = await seat(fabrikam, identity, browser, name="charlie")
    answer = await visitor.open("share")
    assert answer.status_code == 403
    await visitor.open("users")
    assert "Charlie" in visitor.text
    answer = await visitor.open("users", "external-access")
    assert answer.status_code == 403
