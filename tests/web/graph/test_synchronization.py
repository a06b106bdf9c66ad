"""Cross-tenant sync built over HTTP alone, in the documented order (graph-api §5.3)."""

from __future__ import annotations

import json

from comity.sync.drain import drain
from tests.web.client import Web, check_envelope

SYNC = "518e5f48-1fc8-4c48-9387-9fdf28b0dfe7"
ROLE = "18d14569-c3bd-439b-9a66-3a2aee01d14f"
POLICY = "/v1.0/policies/crossTenantAccessPolicy/partners"


async def allow(web: Web, home, target) -> tuple[str, str]:
    """Both sides say yes; tokens of both."""
    source, there = await web.token_of(home), await web.token_of(target)
    await web.post(POLICY, there, {"tenantId": str(home.id)})
    sync = {"userSyncInbound": {"isSyncAllowed": True}}
    assert (await web.put(f"{POLICY}/{home.id}/identitySynchronization", there, sync)).status_code == 204
    redeem = {"automaticUserConsentSettings": {"inboundAllowed": True}}
    assert (await web.patch(f"{POLICY}/{home.id}", there, redeem)).status_code == 204
    await web.post(POLICY, source, {"tenantId": str(target.id)})
    redeem = {"automaticUserConsentSettings": {"outboundAllowed": True}}
    assert (await web.patch(f"{POLICY}/{target.id}", source, redeem)).status_code == 204
    return source, there


async def configuration(web: Web, token: str, target) -> tuple[str, str]:
    """A configuration toward the target, with its job: the addresses of both."""
    made = await web.post(f"/v1.0/applicationTemplates/{SYNC}/instantiate", token, {"displayName": "Sharing"})
    principal = made.json()["servicePrincipal"]["id"]
    base = f"/v1.0/servicePrincipals/{principal}/synchronization"
    job = await web.post(f"{base}/jobs", token, {"templateId": "Azure2Azure"})
    assert (job.status_code, job.json()["status"]["code"]) == (201, "NotConfigured")
    secrets = {
        "value": [{"key": "AuthenticationType", "value": "SyncPolicy"}, {"key": "CompanyId", "value": str(target.id)}]
    }
    assert (await web.put(f"{base}/secrets", token, secrets)).status_code == 204
    return principal, f"{base}/jobs/{job.json()['id']}"


async def test_people_are_shared_as_the_how_to_says(web: Web, contoso, fabrikam):
    annie = await contoso.add_person("annie miller")
    source, there = await allow(web, contoso, fabrikam)
    credentials = {"credentials": [{"key": "CompanyId", "value": str(fabrikam.id)}], "useSavedCredentials": False}
    principal, job = await configuration(web, source, fabrikam)
    base = job.rpartition("/jobs")[0]
    assert (await web.post(f"{base}/jobs/validateCredentials", source, credentials)).status_code == 204
    read = (await web.get(job, source)).json()
    assert (read["schedule"]["state"], read["status"]["code"]) == ("Paused", "Paused")
    body = {"principalId": str(annie.id), "resourceId": principal, "appRoleId": ROLE}
    assert (await web.post(f"/v1.0/servicePrincipals/{principal}/appRoleAssignedTo", source, body)).status_code == 201

    assert (await web.post(f"{job}/start", source)).status_code == 204
    assert (await web.get(job, source)).json()["status"]["code"] == "NotRun"
    await drain(contoso.db, contoso.id)
    users = (await web.get("/v1.0/users?$select=displayName,userType,creationType", there)).json()["value"]
    assert users == [{"displayName": "Annie Miller", "userType": "Member", "creationType": "Invitation"}]
    ran = (await web.get(job, source)).json()["status"]
    assert (ran["code"], ran["lastExecution"]["state"], ran["lastExecution"]["countExported"]) == (
        "Active",
        "Succeeded",
        1,
    )
    assert (await web.post(f"{job}/pause", source)).status_code == 204
    assert (await web.get(job, source)).json()["schedule"]["state"] == "Paused"
    again = {"criteria": {"resetScope": "Watermark, Escrows, QuarantineState"}}
    assert (await web.post(f"{job}/restart", source, again)).status_code == 204
    wrong = {"criteria": {"resetScope": "Everything"}}
    check_envelope(await web.post(f"{job}/restart", source, wrong), 400, "Request_BadRequest")
    assert (await web.delete(job, source)).status_code == 204
    check_envelope(await web.get(job, source), 404, "ResourceNotFound")
    assert len((await web.get("/v1.0/users", there)).json()["value"]) == 1, "whom it brought stays"
    assigned = await web.get(f"/v1.0/servicePrincipals/{principal}/appRoleAssignedTo", source)
    assert len(assigned.json()["value"]) == 1, "assignments are the configuration's, not the job's"


async def test_one_person_is_provisioned_on_demand(web: Web, contoso, fabrikam):
    annie = await contoso.add_person("annie")
    source, there = await allow(web, contoso, fabrikam)
    principal, job = await configuration(web, source, fabrikam)
    body = {"principalId": str(annie.id), "resourceId": principal, "appRoleId": ROLE}
    await web.post(f"/v1.0/servicePrincipals/{principal}/appRoleAssignedTo", source, body)
    subject = {"objectId": str(annie.id), "objectTypeName": "User"}
    demand = {"parameters": [{"ruleId": "x", "subjects": [subject]}]}

    answer = await web.post(f"{job}/provisionOnDemand", source, demand)
    assert answer.status_code == 200, answer.text
    assert json.loads(answer.json()["key"])["result"] == "Success"
    told = json.loads(answer.json()["value"])
    assert told["action"] == "Create"
    assert told["provisioningSteps"][0]["name"] == "EntryImport"
    assert len((await web.get("/v1.0/users", there)).json()["value"]) == 1
    again = (await web.post(f"{job}/provisionOnDemand", source, demand)).json()
    assert json.loads(again["key"])["result"] == "Skipped"


async def test_credentials_lead_nowhere_until_the_target_agrees(web: Web, contoso, fabrikam):
    token = await web.token_of(contoso)
    principal, job = await configuration(web, token, fabrikam)
    base = f"/v1.0/servicePrincipals/{principal}/synchronization"

    for credentials in (
        {"credentials": [{"key": "CompanyId", "value": str(fabrikam.id)}]},
        {"credentials": [{"key": "CompanyId", "value": "nonsense"}]},
        {"useSavedCredentials": True},
    ):
        refused = await web.post(f"{base}/jobs/validateCredentials", token, credentials)
        check_envelope(refused, 400, "InvalidCredentials")
    second = await web.post(f"{base}/jobs", token, {"templateId": "Azure2Azure"})
    check_envelope(second, 409, "Conflict")
    assert (await web.get(job, token)).status_code == 200


async def test_the_schema_goes_out_and_comes_back(web: Web, contoso, fabrikam):
    token = await web.token_of(contoso)
    _, job = await configuration(web, token, fabrikam)
    schema = (await web.get(f"{job}/schema", token)).json()
    users = schema["synchronizationRules"][0]["objectMappings"][0]
    kind = next(each for each in users["attributeMappings"] if each["targetAttributeName"] == "userType")
    kind["source"] = {"type": "Constant", "name": "Guest", "expression": '"Guest"', "parameters": []}
    users["flowTypes"] = "Add, Update"

    put = await web.put(f"{job}/schema", token, schema)
    assert put.status_code == 204, put.text
    read = (await web.get(f"{job}/schema", token)).json()["synchronizationRules"][0]["objectMappings"][0]
    assert read["flowTypes"] == "Add, Update"
    changed = next(each for each in read["attributeMappings"] if each["targetAttributeName"] == "userType")
    assert changed["source"]["name"] == "Guest"
    users["attributeMappings"].append({"targetAttributeName": "nonsense", "source": None})
    check_envelope(await web.put(f"{job}/schema", token, schema), 400, "Request_BadRequest")
    assert (await web.delete(f"{job}/schema", token)).status_code == 204
    reset = (await web.get(f"{job}/schema", token)).json()["synchronizationRules"][0]["objectMappings"][0]
    assert reset["flowTypes"] == "Add, Update, Delete"


async def test_expressions_are_tried(web: Web, contoso, fabrikam):
    token = await web.token_of(contoso)
    _, job = await configuration(web, token, fabrikam)
    test_input = {"properties": [{"key": "displayName", "value": "Annie"}]}

    good = {"expression": 'Join(" ", [displayName], "x")', "testInputObject": test_input}
    told = (await web.post(f"{job}/schema/parseExpression", token, good)).json()
    assert (told["parsingSucceeded"], told["evaluationResult"]) == (True, ["Annie x"])
    bad = (await web.post(f"{job}/schema/parseExpression", token, {"expression": "Join("})).json()
    assert bad["parsingSucceeded"] is False
    assert bad["error"]["message"]
    names = [each["name"] for each in (await web.get(f"{job}/schema/functions()", token)).json()["value"]]
    assert "Join" in names
    operators = [each["name"] for each in (await web.get(f"{job}/schema/filterOperators()", token)).json()["value"]]
    assert "EQUALS" in operators
    found = (await web.post(f"{job}/schema/directories/source/discover", token)).json()
    assert "displayName" in [each["name"] for each in found["objects"][0]["attributes"]]
