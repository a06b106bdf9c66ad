"""The recycle bin over HTTP (graph-api §3.4)."""

from __future__ import annotations

from comity.directory import groups
from comity.directory.model import GroupDraft
from comity.directory.service import delete_users
from tests.web.client import Web, check_envelope

BIN = "/v1.0/directory/deletedItems"


async def test_a_user_comes_back_with_her_id(web: Web, contoso):
    annie, bob = await contoso.add_person("annie"), await contoso.add_person("bob")
    async with contoso.db.tenant(contoso.id) as tx:
        await delete_users(tx, contoso.operator, [annie.id, bob.id])
    token = await web.token_of(contoso)

    listed = (await web.get(f"{BIN}/microsoft.graph.user?$select=id,deletedDateTime", token)).json()["value"]
    assert {each["id"] for each in listed} == {str(annie.id), str(bob.id)}
    assert all(each["deletedDateTime"] for each in listed)
    assert (await web.get(f"{BIN}/{annie.id}", token)).json()["@odata.type"] == "#microsoft.graph.user"
    restored = await web.post(f"{BIN}/{annie.id}/restore", token)
    assert (restored.status_code, restored.json()["id"]) == (200, str(annie.id))
    assert (await web.get(f"/v1.0/users/{annie.id}", token)).status_code == 200
    assert (await web.delete(f"{BIN}/{bob.id}", token)).status_code == 204
    for gone in (annie.id, bob.id):
        check_envelope(await web.get(f"{BIN}/{gone}", token), 404, "Request_ResourceNotFound")
    check_envelope(await web.get(BIN, token), 400, "Request_BadRequest")


async def test_a_name_that_is_taken_meanwhile_is_given_anew(web: Web, contoso):
    annie = await contoso.add_person("annie")
    async with contoso.db.tenant(contoso.id) as tx:
        await delete_users(tx, contoso.operator, [annie.id])
    await contoso.add_person("annie")
    token = await web.token_of(contoso)

    check_envelope(await web.post(f"{BIN}/{annie.id}/restore", token), 400, "Request_BadRequest")
    body = {"newUserPrincipalName": f"annie2@{contoso.domain}"}
    restored = await web.post(f"{BIN}/{annie.id}/restore", token, body)
    assert restored.status_code == 200, restored.text
    assert restored.json()["userPrincipalName"] == f"annie2@{contoso.domain}"


async def test_groups_come_back_with_their_members(web: Web, contoso):
    annie = await contoso.add_person("annie")
    async with contoso.db.tenant(contoso.id) as tx:
        team = await groups.create(tx, contoso.operator, GroupDraft("Team"), members=[annie.id], owners=[annie.id])
        await groups.delete(tx, contoso.operator, team.id)
    token = await web.token_of(contoso)

    owned = await web.post(f"{BIN}/getUserOwnedObjects", token, {"userId": str(annie.id), "type": "Group"})
    assert [each["id"] for each in owned.json()["value"]] == [str(team.id)]
    assert (await web.get(f"{BIN}/graph.group", token)).json()["value"][0]["id"] == str(team.id)
    assert (await web.post(f"{BIN}/{team.id}/restore", token)).status_code == 200
    members = (await web.get(f"/v1.0/groups/{team.id}/members", token)).json()["value"]
    assert [each["id"] for each in members] == [str(annie.id)]
