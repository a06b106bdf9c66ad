"""Which external access policy people have, over HTTP (graph-api §8)."""

from __future__ import annotations

from comity.access.policies import new_policy
from tests.web.client import Web, check_envelope

T = "/v1.0/admin/teams"


async def test_a_policy_is_given_and_taken_back(web: Web, contoso):
    annie = await contoso.add_person("annie")
    async with contoso.db.tenant(contoso.id) as tx:
        await new_policy(tx, contoso.operator, "NoOutside", {})
    token = await web.token_of(contoso)
    found = await web.get(f"{T}/policy/getPolicyId(type='ExternalAccessPolicy',name='NoOutside')", token)
    assert [each["name"] for each in found.json()["value"]] == ["Tag:NoOutside"]
    policy = found.json()["value"][0]["policyId"]
    sdk = f"{T}/policy/microsoft.graph.teamsAdministration.getPolicyId(type='ExternalAccessPolicy',name='NoOutside')"
    assert (await web.get(sdk, token)).json()["value"][0]["policyId"] == policy

    one = {"userId": str(annie.id), "policyType": "ExternalAccessPolicy", "policyId": policy}
    path = f"{T}/policy/userAssignments"
    assert (await web.post(f"{path}/assign", token, {"value": [one]})).status_code == 204
    read = (await web.get(f"{T}/userConfigurations/{annie.id}", token)).json()
    assert read["effectivePolicyAssignments"][0]["policyAssignment"]["displayName"] == "NoOutside"
    assert (await web.post(f"{path}/unassign", token, {"value": [one]})).status_code == 204
    listed = (await web.get(f"{T}/userConfigurations", token)).json()["value"]
    assert listed[0]["effectivePolicyAssignments"] == []
    for wrong in ({**one, "policyType": "TeamsMeetingPolicy"}, {**one, "policyId": "x"}, {**one, "userId": "x"}):
        check_envelope(await web.post(f"{path}/assign", token, {"value": [wrong]}), 400, "Request_BadRequest")
