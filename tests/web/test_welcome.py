"""The one-time link of a first admin or an imported person."""

from __future__ import annotations

from datetime import timedelta

import pytest

from comity.core.ids import UserId
from comity.identity.model import LinkPurpose
from comity.identity.service import LINK_LIFETIME, create_link
from tests.support.world import Org
from tests.web.browser import Browser
from tests.web.client import Web


async def link_of(web: Web, org: Org, user_id: UserId) -> str:
    async with org.db.tenant(org.id) as tx:
        made = await create_link(
            tx, org.operator, user_id, purpose=LinkPurpose.INVITATION, at=web.identity.machine.now()
        )
    return f"/welcome/{made.token}"


async def test_an_imported_person_chooses_a_password_and_is_signed_in(web: Web, browser: Browser, contoso: Org):
    """Looking at the link does not use it up; using it does."""
    annie = await contoso.add_person("annie")
    link = await link_of(web, contoso, annie.id)

    page = await browser.open(link)
    assert contoso.tenant.name in page.text
    assert annie.user_principal_name in page.text
    await browser.open(link)
    await browser.send({"password": "correct horse", "again": "correct horse"})
    assert str(browser.at) == "/account"

    assert (await browser.open(link)).status_code == 400
    browser.client.cookies.clear()
    await browser.open("/signin")
    await browser.send({"name": annie.user_principal_name})
    await browser.send({"password": "correct horse"})
    assert str(browser.at) == "/account"


@pytest.mark.parametrize(
    ("one", "other", "said"), [("short", "short", "8"), ("correct horse", "correct house", "twice")]
)
async def test_a_password_that_does_not_do_is_said_and_the_link_stays(
    web: Web, browser: Browser, contoso: Org, one: str, other: str, said: str
):
    annie = await contoso.add_person("annie")
    await browser.open(await link_of(web, contoso, annie.id))

    page = await browser.send({"password": one, "again": other})
    assert page.status_code == 400
    assert said in page.text
    await browser.send({"password": "correct horse", "again": "correct horse"})
    assert str(browser.at) == "/account"


async def test_links_that_open_nothing_say_so(web: Web, browser: Browser, contoso: Org, fabrikam: Org):
    """Too old, of another tenant, garbled: one answer."""
    annie = await contoso.add_person("annie")
    link = await link_of(web, contoso, annie.id)
    parts = link.removeprefix("/welcome/").split(".")
    elsewhere = ".".join([fabrikam.id.hex, *parts[1:]])

    for wrong in ("x", "a.b.c", elsewhere, ".".join([*parts[:2], "x"])):
        page = await browser.open(f"/welcome/{wrong}")
        assert page.status_code == 400, wrong
        assert contoso.tenant.name not in page.text
    web.identity.machine.offset = LINK_LIFETIME + timedelta(seconds=1)
    assert (await browser.open(link)).status_code == 400


async def test_setting_a_first_password_ends_sessions_from_before(web: Web, browser: Browser, contoso: Org):
    annie = await contoso.add_person("annie")
    await web.identity.give_password(contoso, annie, "correct horse")
    await browser.open("/signin")
    await browser.send({"name": annie.user_principal_name})
    await browser.send({"password": "correct horse"})
    link = await link_of(web, contoso, annie.id)
    web.identity.machine.offset = timedelta(seconds=1)
    before = browser.client.cookies["comity-session"]
    await browser.open(link)
    await browser.send({"password": "another horse", "again": "another horse"})
    assert browser.client.cookies["comity-session"] != before

    browser.client.cookies.clear()
    answer = await browser.client.get("/account", headers={"cookie": f"comity-session={before}"})
    assert answer.status_code == 303, "to the sign-in page"
