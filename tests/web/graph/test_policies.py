"""Cross-tenant access policies and the authorization policy over HTTP (graph-api §4.3, §4.4)."""

from __future__ import annotations

import pytest

from comity.core.ids import new_id
from tests.web.client import Web, check_envelope

BASE = "/v1.0/policies/crossTenantAccessPolicy"
B2B = {
    "usersAndGroups": {"accessType": "blocked", "targets": [{"target": "AllUsers", "targetType": "user"}]},
    "applications": {"accessType": "blocked", "targets": [{"target": "AllApplications", "targetType": "application"}]},
}


async def test_a_partner_is_declared_changed_and_removed(web: Web, contoso, fabrikam):
    token, other = await web.token_of(contoso), str(fabrikam.id)
    made = await web.post(f"{BASE}/partners", token, {"tenantId": other, "b2bCollaborationInbound": B2B})
    assert made.status_code == 201, made.text
    conflict = check_envelope(
        await web.post(f"{BASE}/partners", token, {"tenantId": other}), 409, "Request_MultipleObjectsWithSameKeyValue"
    )
    assert "ConflictingObjects" in [each["code"] for each in conflict["details"]]
    consent = {"inboundAllowed": True, "outboundAllowed": None}
    trust = {"isMfaAccepted": True, "isCompliantDeviceAccepted": None, "isHybridAzureADJoinedDeviceAccepted": None}
    change = {"automaticUserConsentSettings": consent, "inboundTrust": trust}
    assert (await web.patch(f"{BASE}/partners/{other}", token, change)).status_code == 204
    read = (await web.get(f"{BASE}/partners/{other}", token)).json()
    assert {name: read[name] for name in change} == change
    assert read["b2bCollaborationInbound"] == B2B, "kept, though nothing acts on it"
    cleared = {"inboundTrust": None, "b2bCollaborationInbound": None}
    assert (await web.patch(f"{BASE}/partners/{other}", token, cleared)).status_code == 204
    read = (await web.get(f"{BASE}/partners/{other}", token)).json()
    assert {name: read[name] for name in cleared} == cleared, "null inherits the default again"
    assert (await web.delete(f"{BASE}/partners/{other}", token)).status_code == 204
    check_envelope(await web.get(f"{BASE}/partners/{other}", token), 404, "Directory_ObjectNotFound")


async def test_what_a_partners_sync_may_do(web: Web, contoso, fabrikam):
    token = await web.token_of(contoso)
    await web.post(f"{BASE}/partners", token, {"tenantId": str(fabrikam.id)})
    path = f"{BASE}/partners/{fabrikam.id}/identitySynchronization"

    check_envelope(await web.patch(path, token, {"displayName": "x"}), 404, "Directory_ObjectNotFound")
    body = {"displayName": "Fabrikam", "userSyncInbound": {"isSyncAllowed": True}}
    assert (await web.put(path, token, body)).status_code == 204
    check_envelope(await web.put(path, token, body), 409, "Request_MultipleObjectsWithSameKeyValue")
    read = (await web.get(path, token)).json()
    assert {name: read[name] for name in body} == body
    expanded = (await web.get(f"{BASE}/partners/{fabrikam.id}?$expand=identitySynchronization", token)).json()
    assert expanded["identitySynchronization"]["userSyncInbound"] == {"isSyncAllowed": True}
    assert (await web.patch(path, token, {"userSyncInbound": {"isSyncAllowed": False}})).status_code == 204
    check_envelope(await web.delete(f"{BASE}/partners/{fabrikam.id}", token), 400, "Request_BadRequest")
    assert (await web.delete(path, token)).status_code == 204
    check_envelope(await web.get(path, token), 404, "Directory_ObjectNotFound")


async def test_the_default_is_entras_until_it_is_changed(web: Web, contoso):
    token = await web.token_of(contoso)
    fresh = (await web.get(f"{BASE}/default", token)).json()
    assert fresh["isServiceDefault"] is True
    assert fresh["b2bCollaborationInbound"]["usersAndGroups"]["accessType"] == "allowed"
    assert fresh["b2bDirectConnectInbound"]["usersAndGroups"]["accessType"] == "blocked"
    assert (await web.patch(f"{BASE}/default", token, {"b2bCollaborationInbound": B2B})).status_code == 204
    changed = (await web.get(f"{BASE}/default", token)).json()
    assert (changed["isServiceDefault"], changed["b2bCollaborationInbound"]) == (False, B2B)
    assert (await web.post(f"{BASE}/default/resetToSystemDefault", token)).status_code == 204
    assert (await web.get(f"{BASE}/default", token)).json() == fresh
    assert (await web.patch(BASE, token, {"allowedCloudEndpoints": ["microsoftonline.us"]})).status_code == 204
    assert (await web.get(BASE, token)).json()["allowedCloudEndpoints"] == ["microsoftonline.us"]


async def test_templates_are_changed_and_reset(web: Web, contoso):
    token = await web.token_of(contoso)
    partner = f"{BASE}/templates/multiTenantOrganizationPartnerConfiguration"
    sync = f"{BASE}/templates/multiTenantOrganizationIdentitySynchronization"
    unconfigured = [(await web.get(each, token)).json() for each in (partner, sync)]
    consent = {"inboundAllowed": True, "outboundAllowed": True}
    change = {"automaticUserConsentSettings": consent, "templateApplicationLevel": "newPartners"}
    assert (await web.patch(partner, token, change)).status_code == 204
    assert (await web.patch(sync, token, {"userSyncInbound": {"isSyncAllowed": True}})).status_code == 204
    read = (await web.get(partner, token)).json()
    assert {name: read[name] for name in change} == change
    assert (await web.get(sync, token)).json()["userSyncInbound"] == {"isSyncAllowed": True}
    for each in (partner, sync):
        assert (await web.post(f"{each}/resetToDefaultSettings", token)).status_code == 204
    assert [(await web.get(each, token)).json() for each in (partner, sync)] == unconfigured


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("partners", {"tenantId": "nonsense"}),
        ("partners", {"tenantId": "9188040d-6c67-4c5b-b112-36a304b66dad"}),
        ("partners", {"b2bCollaborationInbound": B2B}),
        (
            "partners",
            {"tenantId": str(new_id()), "b2bCollaborationInbound": {"usersAndGroups": {"accessType": "maybe"}}},
        ),
        ("partners", {"tenantId": str(new_id()), "shoeSize": 3}),
    ],
)
async def test_what_cannot_be_declared_is_refused(web: Web, contoso, path, body):
    check_envelope(await web.post(f"{BASE}/{path}", await web.token_of(contoso), body), 400, "Request_BadRequest")


async def test_what_members_and_guests_may_do_is_the_tenants_to_say(web: Web, contoso):
    token, path = await web.token_of(contoso), "/v1.0/policies/authorizationPolicy"
    annie, bob = await contoso.add_person("annie"), await contoso.add_person("bob")
    hers = await web.sign_in(contoso, annie)
    assert (await web.get(f"/v1.0/users/{bob.id}", hers)).json()["displayName"] == "Bob"

    change = {
        "allowInvitesFrom": "none", "guestUserRoleId": "2af84b1e-32c8-42b7-82bc-daa82404023b",
        "defaultUserRolePermissions": {"allowedToReadOtherUsers": False},
    }  # fmt: skip
    assert (await web.patch(path, token, change)).status_code == 204
    read = (await web.get(path, token)).json()
    assert (read["allowInvitesFrom"], read["guestUserRoleId"]) == ("none", change["guestUserRoleId"])
    check_envelope(await web.get(f"/v1.0/users/{bob.id}", hers), 403, "Authorization_RequestDenied")
    invitation = {"invitedUserEmailAddress": "eve@nowhere.example", "inviteRedirectUrl": "https://x.example"}
    check_envelope(await web.post("/v1.0/invitations", token, invitation), 403, "Authorization_RequestDenied")
    for wrong in ({"allowInvitesFrom": "strangers"}, {"guestUserRoleId": str(new_id())}):
        check_envelope(await web.patch(path, token, wrong), 400, "Request_BadRequest")
    check_envelope(await web.patch(path, hers, {"allowInvitesFrom": "everyone"}), 403, "Authorization_RequestDenied")
