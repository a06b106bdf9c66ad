"""Directory roles over HTTP: whoever gives one changes what the other may do at once."""

from __future__ import annotations

from comity.identity.roles import TEMPLATE_IDS, DirectoryRole
from tests.web.client import Web, check_envelope

READER = str(TEMPLATE_IDS[DirectoryRole.GLOBAL_READER])


async def test_a_role_is_given_and_taken(web: Web, contoso):
    annie = await contoso.add_person("annie")
    token, hers = await web.token_of(contoso), await web.sign_in(contoso, annie)
    base = "/v1.0/roleManagement/directory"
    assignment = {"principalId": str(annie.id), "roleDefinitionId": READER, "directoryScopeId": "/"}

    check_envelope(await web.get("/v1.0/auditLogs/directoryAudits", hers), 403, "Authorization_RequestDenied")
    made = await web.post(f"{base}/roleAssignments", token, assignment)
    assert made.status_code == 201, made.text
    assert (await web.get("/v1.0/auditLogs/directoryAudits", hers)).status_code == 200
    check_envelope(await web.post(f"{base}/roleAssignments", token, assignment), 400, "Request_BadRequest")
    found = await web.get(f"{base}/roleAssignments?$filter=principalId eq '{annie.id}'", token)
    assert [each["id"] for each in found.json()["value"]] == [made.json()["id"]]
    roles = (await web.get(f"/v1.0/directoryRoles?$filter=roleTemplateId eq '{READER}'", token)).json()["value"]
    members = (await web.get(f"/v1.0/directoryRoles/{roles[0]['id']}/members", token)).json()["value"]
    assert [each["id"] for each in members] == [str(annie.id)]
    assert (await web.get(f"/v1.0/directoryRoles(roleTemplateId='{READER}')", token)).json()["id"] == roles[0]["id"]
    assert (await web.delete(f"{base}/roleAssignments/{made.json()['id']}", token)).status_code == 204
    check_envelope(await web.get("/v1.0/auditLogs/directoryAudits", hers), 403, "Authorization_RequestDenied")
    reference = {"@odata.id": f"https://graph.microsoft.com/v1.0/directoryObjects/{annie.id}"}
    assert (await web.post(f"/v1.0/directoryRoles/{READER}/members/$ref", token, reference)).status_code == 204
    gone = f"/v1.0/directoryRoles/{READER}/members/{annie.id}/$ref"
    assert (await web.delete(gone, token)).status_code == 204
    check_envelope(await web.delete(gone, token), 404, "Request_ResourceNotFound")


async def test_nobody_makes_herself_an_administrator(web: Web, contoso):
    annie = await contoso.add_person("annie")
    hers = await web.sign_in(contoso, annie)
    body = {"principalId": str(annie.id), "roleDefinitionId": str(TEMPLATE_IDS[DirectoryRole.GLOBAL_ADMINISTRATOR])}

    refused = await web.post("/v1.0/roleManagement/directory/roleAssignments", hers, body)

    check_envelope(refused, 403, "Authorization_RequestDenied")
