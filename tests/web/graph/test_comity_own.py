"""What Graph has no words for: plans, undo, why, who can."""

from __future__ import annotations

from uuid import UUID

from comity.core.ids import PlanId
from comity.sync import plans
from tests.web.client import Web, check_envelope
from tests.web.graph.test_synchronization import ROLE, allow, configuration

C = "/beta/comity"


async def test_a_plan_is_made_read_and_approved(web: Web, contoso, fabrikam):
    annie = await contoso.add_person("annie")
    source, there = await allow(web, contoso, fabrikam)
    principal, _ = await configuration(web, source, fabrikam)
    body = {"principalId": str(annie.id), "resourceId": principal, "appRoleId": ROLE}
    await web.post(f"/v1.0/servicePrincipals/{principal}/appRoleAssignedTo", source, body)

    asked = await web.post(f"{C}/plans", source, {"jobId": principal})
    assert (asked.status_code, asked.json()["state"]) == (201, "planning")
    plan = asked.json()["id"]
    check_envelope(await web.post(f"{C}/plans/{plan}/approve", source), 409, "Conflict")
    await plans.make(contoso.db, contoso.operator, PlanId(UUID(plan)))
    read = (await web.get(f"{C}/plans/{plan}", source)).json()
    assert (read["state"], read["counts"]["create"]) == ("planned", 1)
    items = (await web.get(f"{C}/plans/{plan}/items", source)).json()["value"]
    assert [(each["displayName"], each["verdict"]) for each in items] == [("Annie", "create")]
    assert (await web.post(f"{C}/plans/{plan}/approve", source)).status_code == 204
    for path in (f"plans/{plan}", f"plans/{plan}/items"):
        check_envelope(await web.get(f"{C}/{path}", there), 404, "Request_ResourceNotFound")


async def test_why_names_the_rule_and_the_smallest_change(web: Web, contoso, fabrikam):
    annie, bob = await contoso.add_person("annie"), await fabrikam.add_person("bob")
    token = await web.token_of(contoso)

    found = (await web.get(f"{C}/why?from={annie.id}&to={bob.mail}", token)).json()
    assert found["forward"]["allowed"] is True
    assert found["forward"]["checks"]
    assert all(each["masked"] or each["side"] != "to" or each["setting"] is None for each in found["forward"]["checks"])
    missing = await web.get(f"{C}/why?from={annie.id}&to=nobody@nowhere.example", token)
    check_envelope(missing, 404, "Request_ResourceNotFound")
    check_envelope(await web.get(f"{C}/why?from={annie.id}", token), 400, "BadRequest")
    hers = await web.sign_in(contoso, annie)
    check_envelope(await web.get(f"{C}/why?from={annie.id}&to={bob.mail}", hers), 403, "Authorization_RequestDenied")


async def test_who_can_counts_everybody(web: Web, contoso):
    await contoso.add_person("annie")
    await contoso.add_person("bob")
    token = await web.token_of(contoso)

    found = (await web.get(f"{C}/who-can?audience=outbound", token)).json()
    assert found["everybody"] + found["some"] + found["nobody"] == 2
    assert {each["displayName"] for each in found["people"]} == {"Annie", "Bob"}
    check_envelope(await web.get(f"{C}/who-can?audience=martians", token), 400, "BadRequest")
