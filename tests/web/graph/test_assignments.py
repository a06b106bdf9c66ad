"""Assignments and grants over HTTP: who is shared, and what applications may do (graph-api §3.6)."""

from __future__ import annotations

from comity.core.ids import new_id
from tests.web.client import Web, check_envelope

SYNC = "518e5f48-1fc8-4c48-9387-9fdf28b0dfe7"
ROLE = "18d14569-c3bd-439b-9a66-3a2aee01d14f"


async def test_people_are_assigned_to_a_configuration(web: Web, contoso):
    annie = await contoso.add_person("annie")
    token = await web.token_of(contoso)
    made = await web.post(f"/v1.0/applicationTemplates/{SYNC}/instantiate", token, {"displayName": "Sharing"})
    principal = made.json()["servicePrincipal"]["id"]
    path = f"/v1.0/servicePrincipals/{principal}/appRoleAssignedTo"
    body = {"principalId": str(annie.id), "resourceId": principal, "appRoleId": ROLE}

    assigned = await web.post(path, token, body)
    assert (assigned.status_code, assigned.json()["principalDisplayName"]) == (201, "Annie")
    check_envelope(await web.post(path, token, body), 400, "Request_BadRequest")
    hers = (await web.get(f"/v1.0/users/{annie.id}/appRoleAssignments", token)).json()["value"]
    assert [each["resourceDisplayName"] for each in hers] == ["Sharing"]
    for wrong in ({**body, "principalId": str(new_id())}, {**body, "appRoleId": str(new_id())}):
        assert (await web.post(path, token, wrong)).status_code in {400, 404}
    assert (await web.delete(f"{path}/{assigned.json()['id']}", token)).status_code == 204
    assert (await web.get(path, token)).json()["value"] == []


async def test_grants_are_what_an_application_may_do_for_people(web: Web, contoso):
    token = await web.token_of(contoso)
    made = (await web.post("/v1.0/applications", token, {"displayName": "Robot"})).json()
    principal = (await web.get(f"/v1.0/servicePrincipals(appId='{made['appId']}')", token)).json()["id"]
    graph = (await web.get("/v1.0/servicePrincipals?$filter=displayName eq 'Microsoft Graph'", token)).json()["value"][
        0
    ]
    body = {"clientId": principal, "consentType": "AllPrincipals", "resourceId": graph["id"], "scope": "User.Read.All"}

    granted = await web.post("/v1.0/oauth2PermissionGrants", token, body)
    assert (granted.status_code, granted.json()["scope"]) == (201, "User.Read.All")
    path = f"/v1.0/oauth2PermissionGrants/{granted.json()['id']}"
    assert (await web.patch(path, token, {"scope": "User.Read.All Group.Read.All"})).status_code == 204
    assert set((await web.get(path, token)).json()["scope"].split()) == {"User.Read.All", "Group.Read.All"}
    assert (await web.delete(path, token)).status_code == 204
    check_envelope(await web.get(path, token), 404, "Request_ResourceNotFound")
