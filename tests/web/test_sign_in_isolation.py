"""Pages and endpoints of the sign-in, asked by everybody who has no business with a tenant (design §7)."""

from __future__ import annotations

import pytest

from comity.core.ids import new_id
from comity.identity.model import LinkPurpose
from comity.identity.service import create_link
from comity.web.boundary import Boundary
from comity.web.routing import Door
from tests.support.world import Org
from tests.web.browser import Browser
from tests.web.client import Web
from tests.web.test_authorize import PASSWORD, SCOPE, code_for, desktop_app, redeem

STRANGERS = ["nobody", "member elsewhere", "guest", "personal account"]


async def sign_in(web: Web, browser: Browser, who: str, contoso: Org, fabrikam: Org) -> None:
    """A browser in which a stranger is signed in."""
    if who == "nobody":
        return
    if who == "personal account":
        name = str((await web.identity.add_personal("dana", password=PASSWORD)).mail)
    else:
        org, changes = (fabrikam, {}) if who == "member elsewhere" else (contoso, {"user_type": "Guest"})
        person = await org.add_person("bob", **changes)
        await web.identity.give_password(org, person, PASSWORD)
        name = person.user_principal_name
    await browser.open("/signin")
    await browser.send({"name": name})
    await browser.send({"password": PASSWORD})
    assert name in str(browser.page and browser.page.text)


@pytest.mark.parametrize("who", STRANGERS)
async def test_every_page_keeps_a_person_from_everybody_else(
    web: Web, app: Boundary, browser: Browser, contoso: Org, fabrikam: Org, who: str
):
    """Each route of the sign-in, filled with what is Annie's or made up; a route added later is in it."""
    annie = await contoso.add_person("annie", job_title="Chief of secrets")
    await web.identity.give_password(contoso, annie, PASSWORD)
    await sign_in(web, browser, who, contoso, fabrikam)
    async with contoso.db.tenant(contoso.id) as tx:
        at = web.identity.machine.now()
        link = await create_link(tx, contoso.operator, annie.id, purpose=LinkPurpose.INVITATION, at=at)
    forged = ".".join([*link.token.split(".")[:2], "x" * 43])
    keys = {"tenant": str(contoso.id), "token": forged, "file": "x"}
    secrets = {str(annie.id), annie.user_principal_name, annie.display_name, "Chief of secrets"}
    form = {
        "session": new_id(), "grant": new_id(), "user": annie.id, "flow": "x", "question": "x", "name": "nobody@x",
        "client_id": new_id(), "grant_type": "refresh_token", "refresh_token": "x", "scope": "User.Read",
    }  # fmt: skip
    routes = [each for each in app.router.routes if each.door in {Door.OAUTH, Door.PAGES}]
    assert len(routes) >= 25

    for route in routes:
        path = route.path
        for key, value in keys.items():
            path = path.replace(f"{{{key}}}", value)
        answer = await browser.client.request(
            route.method, path, **({"data": form} if route.method == "POST" else {"params": {"client_id": new_id()}})
        )
        assert answer.status_code < 500, path
        assert [each for each in secrets if each in answer.text] == [], path


@pytest.mark.parametrize("who", STRANGERS[1:])
async def test_nobody_ends_somebody_elses_sessions_and_programs(
    web: Web, browser: Browser, contoso: Org, fabrikam: Org, who: str
):
    """With the ids at hand, which nobody shows them."""
    annie = await contoso.add_person("annie")
    await web.identity.give_password(contoso, annie, PASSWORD)
    client = await desktop_app(web, contoso)
    code = await code_for(browser, contoso, client, annie)
    tokens = (await redeem(web, contoso.id, client, code)).json()
    async with contoso.db.tenant(contoso.id) as tx:
        session = await tx.row("select id from sign_in_session where tenant_id = %(tenant_id)s")
        grant = await tx.row("select id from sign_in_grant where tenant_id = %(tenant_id)s")
    assert session is not None
    assert grant is not None
    browser.client.cookies.clear()
    await sign_in(web, browser, who, contoso, fabrikam)

    token = browser.page.text.split('name="form_token" value="')[1].split('"')[0] if browser.page else ""
    for what in ({"session": session[0]}, {"grant": grant[0]}):
        answer = await browser.client.post("/account/end", data={"form_token": token, **what})
        assert answer.status_code == 404
    form = {"grant_type": "refresh_token", "client_id": client.app_id, "refresh_token": tokens["refresh_token"]}
    assert (await web.post_token(contoso.id, **form, scope=SCOPE)).status_code == 200
