"""Groups over HTTP: properties, members, owners (graph-api §3.3)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from comity.core.ids import new_id
from comity.tenancy.settings import change_settings
from tests.web.client import Web, check_envelope

DRAFT = {"displayName": "Sales", "mailNickname": "sales", "mailEnabled": False, "securityEnabled": True}


def ref(what: object) -> dict[str, str]:
    return {"@odata.id": f"https://graph.microsoft.com/v1.0/directoryObjects/{what}"}


async def make(web: Web, token: str, **more: object) -> str:
    answer = await web.post("/v1.0/groups", token, {**DRAFT, **more})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def test_a_group_is_made_changed_and_deleted(web: Web, contoso):
    token = await web.token_of(contoso)
    answer = await web.post(
        "/v1.0/groups", token,
        {
            **DRAFT, "description": "All of sales", "groupTypes": ["Unified"], "mailEnabled": True,
            "visibility": "Private",
        },
    )  # fmt: skip
    made = answer.json()
    assert answer.status_code == 201
    assert answer.headers["location"].endswith(f"/v1.0/groups/{made['id']}")
    assert made["groupTypes"] == ["Unified"]
    assert made["securityIdentifier"].startswith("S-1-12-1-")

    change = {"displayName": "Library", "description": None, "classification": "Low"}
    assert (await web.patch(f"/v1.0/groups/{made['id']}", token, change)).status_code == 204
    read = (await web.get(f"/v1.0/groups/{made['id']}", token)).json()
    assert (read["displayName"], read["description"], read["classification"]) == ("Library", None, "Low")
    assert read["visibility"] == "Private", "what is not named stays"
    assert (await web.delete(f"/v1.0/groups/{made['id']}", token)).status_code == 204
    check_envelope(await web.get(f"/v1.0/groups/{made['id']}", token), 404, "Request_ResourceNotFound")


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"mailNickname": "x", "mailEnabled": False, "securityEnabled": True}, "displayName"),
        ({**DRAFT, "displayName": " "}, "displayName"),
        ({**DRAFT, "displayName": 3}, "displayName"),
        ({**DRAFT, "mailNickname": "a b"}, "mailNickname"),
        ({**DRAFT, "securityEnabled": False}, "securityEnabled"),
        ({**DRAFT, "mailEnabled": True}, "mailEnabled"),
        ({**DRAFT, "groupTypes": ["DynamicMembership"]}, "groupTypes"),
        ({**DRAFT, "visibility": "Secret"}, "visibility"),
        ({**DRAFT, "isAssignableToRole": True}, "isAssignableToRole"),
        ({**DRAFT, "shoeSize": 3}, "shoeSize"),
        ({**DRAFT, "members@odata.bind": ["nonsense"]}, "nonsense"),
        ({**DRAFT, "description": "a\x00b"}, "stored"),
    ],
)
async def test_a_group_that_cannot_be_is_refused_with_what_to_mend(web: Web, contoso, body, told):
    answer = await web.post("/v1.0/groups", await web.token_of(contoso), body)

    assert answer.status_code == 400
    assert told in answer.json()["error"]["message"]
    assert answer.json()["error"]["code"] in {"Request_BadRequest", "BadRequest"}


async def test_members_come_and_go(web: Web, contoso, fabrikam):
    annie, bob, other = (
        await contoso.add_person("annie"), await contoso.add_person("bob"), await fabrikam.add_person("eve")
    )  # fmt: skip
    token = await web.token_of(contoso)
    group = await make(web, token, **{"members@odata.bind": [ref(annie.id)["@odata.id"]]})
    base = f"/v1.0/groups/{group}"

    assert (await web.post(f"{base}/members/$ref", token, ref(bob.id))).status_code == 204
    listed = (await web.get(f"{base}/members?$select=id,displayName", token)).json()["value"]
    assert [each["displayName"] for each in listed] == ["Annie", "Bob"]
    assert {each["@odata.type"] for each in listed} == {"#microsoft.graph.user"}
    assert (await web.get(f"{base}/members/microsoft.graph.user?$select=id", token)).json()["value"]
    assert (await web.get(f"{base}/members/$count", token, ConsistencyLevel="eventual")).text == "2"
    again = check_envelope(await web.post(f"{base}/members/$ref", token, ref(bob.id)), 400, "Request_BadRequest")
    assert again["message"].startswith("One or more added object references already exist")
    for stranger in (other.id, new_id()):
        check_envelope(await web.post(f"{base}/members/$ref", token, ref(stranger)), 404, "Request_ResourceNotFound")
    assert (await web.delete(f"{base}/members/{bob.id}/$ref", token)).status_code == 204
    check_envelope(await web.delete(f"{base}/members/{bob.id}/$ref", token), 404, "Request_ResourceNotFound")
    refused = await web.delete(f"{base}/members/{annie.id}", token)
    assert refused.status_code in {404, 405}, "without $ref it would delete the person"


async def test_groups_within_groups(web: Web, contoso):
    annie = await contoso.add_person("annie")
    token = await web.token_of(contoso)
    inner = await make(web, token, displayName="Inner", **{"members@odata.bind": [ref(annie.id)["@odata.id"]]})
    outer = await make(web, token, displayName="Outer")
    assert (await web.post(f"/v1.0/groups/{outer}/members/$ref", token, ref(inner))).status_code == 204

    direct = (await web.get(f"/v1.0/groups/{outer}/members", token)).json()["value"]
    assert [(each["@odata.type"], each["id"]) for each in direct] == [("#microsoft.graph.group", inner)]
    over = (await web.get(f"/v1.0/groups/{outer}/transitiveMembers/graph.user", token)).json()["value"]
    assert [each["id"] for each in over] == [str(annie.id)]
    above = (await web.get(f"/v1.0/users/{annie.id}/transitiveMemberOf/graph.group", token)).json()["value"]
    assert {each["id"] for each in above} == {inner, outer}
    assert [each["id"] for each in (await web.get(f"/v1.0/groups/{inner}/memberOf", token)).json()["value"]] == [outer]
    found = await web.post(f"/v1.0/users/{annie.id}/checkMemberGroups", token, {"groupIds": [outer, str(new_id())]})
    assert found.json()["value"] == [outer]
    for circle in (outer, inner):
        check_envelope(
            await web.post(f"/v1.0/groups/{inner}/members/$ref", token, ref(circle)), 400, "Request_BadRequest"
        )


async def test_owners_manage_their_groups_and_members_make_them(web: Web, contoso):
    """Provisioning §11: create and manage owned, unless the tenant says otherwise."""
    annie, bob = await contoso.add_person("annie"), await contoso.add_person("bob")
    hers, his = await web.sign_in(contoso, annie), await web.sign_in(contoso, bob)
    reader = await web.sign_in(contoso, annie, "Group.Read.All", "User.Read.All")

    group = await make(web, hers)
    owners = (await web.get(f"/v1.0/groups/{group}/owners", his)).json()["value"]
    assert [each["id"] for each in owners] == [str(annie.id)]
    assert (await web.patch(f"/v1.0/groups/{group}", hers, {"description": "mine"})).status_code == 204
    for refused in (
        await web.patch(f"/v1.0/groups/{group}", his, {"description": "not his"}),
        await web.patch(f"/v1.0/groups/{group}", reader, {"description": "the client may only read"}),
        await web.post(f"/v1.0/groups/{group}/members/$ref", his, ref(bob.id)),
        await web.delete(f"/v1.0/groups/{group}", his),
    ):
        check_envelope(refused, 403, "Authorization_RequestDenied")
    assert (await web.post(f"/v1.0/groups/{group}/owners/$ref", hers, ref(bob.id))).status_code == 204
    assert (await web.patch(f"/v1.0/groups/{group}", his, {"description": "his, too"})).status_code == 204
    assert (await web.delete(f"/v1.0/groups/{group}/owners/{annie.id}/$ref", his)).status_code == 204
    check_envelope(await web.delete(f"/v1.0/groups/{group}/owners/{bob.id}/$ref", his), 400, "Request_BadRequest")
    async with contoso.db.tenant(contoso.id) as tx:
        await change_settings(tx, contoso.operator, lambda now: replace(now, members_create_groups=False))
    check_envelope(await web.post("/v1.0/groups", hers, DRAFT), 403, "Authorization_RequestDenied")


async def test_a_guest_reads_a_group_that_she_can_name_and_lists_none(web: Web, contoso):
    token = await web.token_of(contoso)
    group = await make(web, token)
    greta = await contoso.add_person("greta", user_type="Guest")
    hers = await web.sign_in(contoso, greta)

    assert (await web.get(f"/v1.0/groups/{group}", hers)).status_code == 200
    for path in ("/v1.0/groups", "/v1.0/groups/delta"):
        check_envelope(await web.get(path, hers), 403, "Authorization_RequestDenied")
    for refused in (
        await web.post("/v1.0/groups", hers, DRAFT),
        await web.patch(f"/v1.0/groups/{group}", hers, {"description": "x"}),
    ):
        check_envelope(refused, 403, "Authorization_RequestDenied")
