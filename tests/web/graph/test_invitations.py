"""POST /invitations (graph-api §3.5)."""

from __future__ import annotations

from tests.web.client import Web, check_envelope

BODY = {"invitedUserEmailAddress": "eve.stone@nowhere.example", "inviteRedirectUrl": "https://myapp.contoso.example"}


async def test_somebody_is_invited_once(web: Web, contoso):
    token = await web.token_of(contoso)

    made = await web.post("/v1.0/invitations", token, BODY)
    assert (made.status_code, made.json()["status"]) == (201, "PendingAcceptance")
    guest = made.json()["invitedUser"]["id"]
    select = "userType,creationType,externalUserState,userPrincipalName"
    read = (await web.get(f"/v1.0/users/{guest}?$select={select}", token)).json()
    assert (read["userType"], read["creationType"], read["externalUserState"]) == (
        "Guest",
        "Invitation",
        "PendingAcceptance",
    )
    assert read["userPrincipalName"] == f"eve.stone_nowhere.example#EXT#@{contoso.domain}"
    again = await web.post("/v1.0/invitations", token, BODY)
    assert again.json()["invitedUser"]["id"] == guest
    own = {**BODY, "invitedUserEmailAddress": f"x@{contoso.domain}"}
    for wrong in (own, {**BODY, "invitedUserEmailAddress": "nonsense"}, {**BODY, "inviteRedirectUrl": "nonsense"}):
        check_envelope(await web.post("/v1.0/invitations", token, wrong), 400, "Request_BadRequest")


async def test_whoever_is_known_at_home_is_linked(web: Web, contoso, fabrikam):
    bob = await fabrikam.add_person("bob")
    made = await web.post(
        "/v1.0/invitations", await web.token_of(contoso), {**BODY, "invitedUserEmailAddress": bob.mail}
    )
    guest = await contoso.user(made.json()["invitedUser"]["id"])

    assert (guest.home_tenant_id, guest.home_user_id) == (fabrikam.id, bob.id)


async def test_who_may_invite_is_the_tenants_to_say(web: Web, contoso):
    """`allowInvitesFrom`, and the client's own permission."""
    annie = await contoso.add_person("annie")
    greta = await contoso.add_person("greta", user_type="Guest")
    admin = await web.token_of(contoso)
    hers, reader = await web.sign_in(contoso, annie), await web.sign_in(contoso, annie, "User.Read.All")
    guests = await web.sign_in(contoso, greta)

    for allowed, member, guest in [
        ("everyone", 201, 201),
        ("adminsGuestInvitersAndAllMembers", 201, 403),
        ("adminsAndGuestInviters", 403, 403),
        ("none", 403, 403),
    ]:
        await web.patch("/v1.0/policies/authorizationPolicy", admin, {"allowInvitesFrom": allowed})
        assert (await web.post("/v1.0/invitations", hers, BODY)).status_code == member, allowed
        assert (await web.post("/v1.0/invitations", guests, BODY)).status_code == guest, allowed
        assert (await web.post("/v1.0/invitations", reader, BODY)).status_code == 403, allowed
