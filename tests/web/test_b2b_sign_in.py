"""B2B users sign in at home and act in the resource tenant (provisioning §2; mission M26)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from comity.directory.model import ExternalUserState
from comity.partners.service import create_partner, update_partner
from tests.support.world import Org
from tests.web.browser import Browser
from tests.web.client import Web, check_envelope
from tests.web.test_authorize import (
    PASSWORD,
    came_back,
    claims_of,
    desktop_app,
    give_name_and_password,
    redeem,
    refresh,
    wish,
)
from tests.web.test_sign_in import check_refusal


@pytest.fixture
async def annie(web: Web, contoso: Org):
    person = await contoso.add_person("annie")
    await web.identity.give_password(contoso, person, PASSWORD)
    return person


async def waive(one: Org, other: Org, *, outbound: bool = True, inbound: bool = True) -> None:
    """Automatic redemption: `one` says so outbound, `other` inbound."""
    from dataclasses import replace

    for org, partner, change in (
        (one, other, {"redeem_outbound": outbound}),
        (other, one, {"redeem_inbound": inbound}),
    ):
        async with org.db.tenant(org.id) as tx:
            await create_partner(tx, org.operator, partner.id)
            await update_partner(tx, org.operator, partner.id, lambda settings, c=change: replace(settings, **c))  # type: ignore[misc]


async def tokens_there(web: Web, browser: Browser, org: Org, client: Any, name: str) -> dict[str, Any]:
    """She signs in for a program of another tenant."""
    await browser.open(wish(org.id, client))
    if browser.left_for is None:
        await give_name_and_password(browser, name)
    answer = await redeem(web, org.id, client, came_back(browser)["code"])
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_annie_signs_in_at_home_and_is_a_guest_at_fabrikam(web: Web, browser: Browser, contoso, fabrikam, annie):
    """One password, at home; the token is Fabrikam's, and says where she comes from."""
    guest = await fabrikam.invite_guest(annie)
    client = await desktop_app(web, fabrikam)

    body = await tokens_there(web, browser, fabrikam, client, annie.user_principal_name)
    claims = await claims_of(web, body["access_token"])

    assert (claims["tid"], claims["oid"], claims["acct"]) == (str(fabrikam.id), str(guest.id), 1)
    assert claims["idp"] == f"http://lab.example:8080/{contoso.id}/v2.0"
    assert claims["preferred_username"] == annie.user_principal_name
    assert (await web.get("/v1.0/me", body["access_token"])).json()["id"] == str(guest.id)
    again = await refresh(web, fabrikam.id, client, body["refresh_token"])
    assert again.status_code == 200
    await browser.open(wish(fabrikam.id, client))
    assert came_back(browser)["code"], "signed in once, at home"


async def test_the_mangled_name_leads_home(web: Web, browser: Browser, fabrikam, annie):
    """annie_contoso.example#EXT#@fabrikam.example is what Fabrikam calls her; her password is at home."""
    guest = await fabrikam.invite_guest(annie)
    client = await desktop_app(web, fabrikam)

    body = await tokens_there(web, browser, fabrikam, client, guest.user_principal_name)

    assert (await claims_of(web, body["access_token"]))["oid"] == str(guest.id)


async def test_what_ends_at_home_ends_there(web: Web, browser: Browser, contoso, fabrikam, annie):
    """Disabled or revoked at home, she is out everywhere at once, without waiting for a drain."""
    await fabrikam.invite_guest(annie)
    client = await desktop_app(web, fabrikam)
    body = await tokens_there(web, browser, fabrikam, client, annie.user_principal_name)
    assert (await web.get("/v1.0/me", body["access_token"])).status_code == 200

    await contoso.change(annie, account_enabled=False)
    check_envelope(await web.get("/v1.0/me", body["access_token"]), 401, "InvalidAuthenticationToken")
    check_refusal(await refresh(web, fabrikam.id, client, body["refresh_token"]), "invalid_grant", 50173)
    await contoso.change(annie, account_enabled=True)
    assert (await web.get("/v1.0/me", body["access_token"])).status_code == 200
    web.identity.machine.offset = timedelta(seconds=2)
    await web.identity.give_password(contoso, annie, "another password")
    check_envelope(await web.get("/v1.0/me", body["access_token"]), 401, "InvalidAuthenticationToken")
    check_refusal(await refresh(web, fabrikam.id, client, body["refresh_token"]), "invalid_grant", 50173)


@pytest.mark.parametrize(("outbound", "inbound"), [(False, False), (True, False), (False, True)])
async def test_an_invited_guest_is_asked_unless_both_tenants_waive_it(
    web: Web, browser: Browser, contoso, fabrikam, annie, outbound, inbound
):
    """provisioning §2: any other combination prompts; and the answer is remembered."""
    await waive(contoso, fabrikam, outbound=outbound, inbound=inbound)
    guest = await fabrikam.invite_guest(annie, home_known=False)
    client = await desktop_app(web, fabrikam)

    await browser.open(wish(fabrikam.id, client, prompt="none"))
    assert came_back(browser)["error"] == "login_required"
    await browser.open(wish(fabrikam.id, client))
    page = await give_name_and_password(browser, annie.user_principal_name)
    assert fabrikam.tenant.name in page.text
    await browser.send({"answer": "decline"})
    assert came_back(browser)["error"] == "access_denied"
    assert (await fabrikam.user(guest.id)).external_user_state is ExternalUserState.PENDING
    await browser.open(wish(fabrikam.id, client))
    await browser.send({"answer": "accept"})
    assert came_back(browser)["code"]

    redeemed = await fabrikam.user(guest.id)
    assert redeemed.external_user_state is ExternalUserState.ACCEPTED
    assert (redeemed.home_tenant_id, redeemed.home_user_id) == (contoso.id, annie.id)
    await browser.open(wish(fabrikam.id, client, prompt="none"))
    assert came_back(browser)["code"]


async def test_where_both_tenants_waive_it_nobody_is_asked(web: Web, browser: Browser, contoso, fabrikam, annie):
    await waive(contoso, fabrikam)
    guest = await fabrikam.invite_guest(annie, home_known=False)
    client = await desktop_app(web, fabrikam)

    await tokens_there(web, browser, fabrikam, client, annie.user_principal_name)

    assert (await fabrikam.user(guest.id)).external_user_state is ExternalUserState.ACCEPTED


async def test_an_invitation_is_not_redeemed_by_whoever_claims_the_address(
    web: Web, browser: Browser, contoso, fabrikam, tailspin, annie
):
    """A tenant's admin may write any mail address into an account; only domains of its own prove one."""
    await waive(tailspin, fabrikam)
    guest = await fabrikam.invite_guest(annie, home_known=False)
    mallory = await tailspin.add_person("mallory", mail=annie.mail)
    await web.identity.give_password(tailspin, mallory, PASSWORD)
    client = await desktop_app(web, fabrikam)

    await browser.open(wish(fabrikam.id, client))
    page = await give_name_and_password(browser, mallory.user_principal_name)

    assert "AADSTS50020" in page.text
    assert (await fabrikam.user(guest.id)).home_user_id is None
    assert contoso.domain in str(annie.mail)


async def test_who_is_deleted_or_disabled_there_does_not_get_in(web: Web, browser: Browser, fabrikam, annie):
    from comity.directory.service import delete_users

    guest = await fabrikam.invite_guest(annie)
    client = await desktop_app(web, fabrikam)
    body = await tokens_there(web, browser, fabrikam, client, annie.user_principal_name)
    async with fabrikam.db.tenant(fabrikam.id) as tx:
        await delete_users(tx, fabrikam.operator, [guest.id])

    check_envelope(await web.get("/v1.0/me", body["access_token"]), 401, "InvalidAuthenticationToken")
    check_refusal(await refresh(web, fabrikam.id, client, body["refresh_token"]), "invalid_grant", 50173)
    page = await browser.open(wish(fabrikam.id, client))
    assert "AADSTS50020" in page.text
