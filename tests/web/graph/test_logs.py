"""Administrative changes over HTTP (graph-api §3.7)."""

from __future__ import annotations

from tests.web.client import Web, check_envelope

PATH = "/v1.0/auditLogs/directoryAudits"


async def test_changes_are_told_newest_first(web: Web, contoso, fabrikam):
    annie = await contoso.add_person("annie")
    await contoso.change(annie, city="Köln")
    await fabrikam.add_person("bob")
    token = await web.token_of(contoso)

    found = (await web.get(f"{PATH}?$filter=targetResources/any(t:t/id eq '{annie.id}')", token)).json()["value"]
    assert [each["activityDisplayName"] for each in found] == ["Update user", "Add user"]
    change = found[0]["targetResources"][0]["modifiedProperties"]
    assert change == [{"displayName": "city", "oldValue": None, "newValue": '"Köln"'}]
    one = (await web.get(f"{PATH}/{found[0]['id']}", token)).json()
    assert (one["category"], one["result"]) == ("UserManagement", "success")
    seen, path = [], f"{PATH}?$top=1"
    while path:
        page = (await web.get(path, token)).json()
        seen += [each["id"] for each in page["value"]]
        path = page.get("@odata.nextLink", "").removeprefix("http://lab.example:8080")
    assert len(seen) == len(set(seen)) >= 3
    assert seen == sorted(seen, reverse=True)
    other = (await web.get(PATH, await web.token_of(fabrikam))).json()["value"][0]["id"]
    check_envelope(await web.get(f"{PATH}/{other}", token), 404, "Request_ResourceNotFound")
