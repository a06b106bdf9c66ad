"""Applications and service principals over HTTP (graph-api §3.6)."""

from __future__ import annotations

from comity.core.ids import new_id
from tests.web.client import GRAPH, Web, check_envelope

SYNC = "518e5f48-1fc8-4c48-9387-9fdf28b0dfe7"


async def test_an_application_is_registered_gets_a_secret_and_signs_in(web: Web, contoso):
    token = await web.token_of(contoso)
    body = {"displayName": "Robot", "web": {"redirectUris": ["https://robot.example/x"]}, "tags": ["a"]}
    made = (await web.post("/v1.0/applications", token, body)).json()
    assert (made["web"]["redirectUris"], made["tags"]) == (["https://robot.example/x"], ["a"])
    principal = (await web.get(f"/v1.0/servicePrincipals(appId='{made['appId']}')", token)).json()
    assert principal["appId"] == made["appId"]
    assert principal["id"] != made["id"]
    assert (await web.get(f"/v1.0/applications(appId='{made['appId']}')", token)).json()["id"] == made["id"]
    secret = (await web.post(f"/v1.0/applications/{made['id']}/addPassword", token, {})).json()
    form = {"grant_type": "client_credentials", "client_id": made["appId"], "client_secret": secret["secretText"]}
    signed = await web.post_token(contoso.id, scope=GRAPH, **form)
    assert signed.status_code == 200, signed.text
    its_own = signed.json()["access_token"]
    check_envelope(await web.get("/v1.0/users", its_own), 403, "Authorization_RequestDenied")

    graph = (await web.get("/v1.0/servicePrincipals?$filter=displayName eq 'Microsoft Graph'", token)).json()["value"][
        0
    ]
    role = next(each["id"] for each in graph["appRoles"] if each["value"] == "User.Read.All")
    given = {"principalId": principal["id"], "resourceId": graph["id"], "appRoleId": role}
    assigned = await web.post(f"/v1.0/servicePrincipals/{principal['id']}/appRoleAssignments", token, given)
    assert assigned.status_code == 201, assigned.text
    assert (await web.get("/v1.0/users", its_own)).status_code == 200, "the row decides, not the token"
    path = f"/v1.0/servicePrincipals/{principal['id']}/appRoleAssignments/{assigned.json()['id']}"
    assert (await web.delete(path, token)).status_code == 204
    check_envelope(await web.get("/v1.0/users", its_own), 403, "Authorization_RequestDenied")
    off = await web.patch(f"/v1.0/servicePrincipals/{principal['id']}", token, {"accountEnabled": False})
    assert off.status_code == 204
    check_envelope(await web.get("/v1.0/me", its_own), 401, "InvalidAuthenticationToken")
    removal = {"keyId": secret["keyId"]}
    assert (await web.post(f"/v1.0/applications/{made['id']}/removePassword", token, removal)).status_code == 204
    assert (await web.delete(f"/v1.0/applications/{made['id']}", token)).status_code == 204
    check_envelope(await web.get(f"/v1.0/servicePrincipals/{principal['id']}", token), 404, "Request_ResourceNotFound")


async def test_members_register_and_own_applications(web: Web, contoso):
    annie, bob = await contoso.add_person("annie"), await contoso.add_person("bob")
    hers, his = await web.sign_in(contoso, annie), await web.sign_in(contoso, bob)

    made = (await web.post("/v1.0/applications", hers, {"displayName": "Mine"})).json()
    owners = (await web.get(f"/v1.0/applications/{made['id']}/owners", his)).json()["value"]
    assert [each["id"] for each in owners] == [str(annie.id)]
    assert (await web.patch(f"/v1.0/applications/{made['id']}", hers, {"displayName": "Ours"})).status_code == 204
    refused = await web.patch(f"/v1.0/applications/{made['id']}", his, {"displayName": "His"})
    check_envelope(refused, 403, "Authorization_RequestDenied")
    ref = {"@odata.id": f"https://graph.microsoft.com/v1.0/directoryObjects/{bob.id}"}
    assert (await web.post(f"/v1.0/applications/{made['id']}/owners/$ref", hers, ref)).status_code == 204
    assert (await web.patch(f"/v1.0/applications/{made['id']}", his, {"displayName": "His"})).status_code == 204


async def test_a_template_is_instantiated(web: Web, contoso):
    token = await web.token_of(contoso)
    found = await web.get("/v1.0/applicationTemplates?$filter=displayName eq 'Custom'", token)
    assert len(found.json()["value"]) == 1
    made = await web.post(f"/v1.0/applicationTemplates/{SYNC}/instantiate", token, {"displayName": "Sharing"})
    body = made.json()
    assert made.status_code == 201
    assert body["application"]["appId"] == body["servicePrincipal"]["appId"]
    assert body["servicePrincipal"]["applicationTemplateId"] == SYNC
    assert body["servicePrincipal"]["appRoleAssignmentRequired"] is True
    assert [each["displayName"] for each in body["servicePrincipal"]["appRoles"]] == ["msiam_access"]
    missing = await web.post(f"/v1.0/applicationTemplates/{new_id()}/instantiate", token, {"displayName": "x"})
    check_envelope(missing, 404, "Request_ResourceNotFound")
