"""A tenant whose people sign in at a service of their own: here, another Comity with a database of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from comity.core.clock import BusinessClock
from comity.core.listening import listen
from comity.core.settings import Settings
from comity.db.database import Address, Database
from comity.db.migrate import migrate
from comity.identity.errors import UpstreamInvalid
from comity.identity.model import Application
from comity.identity.upstream.service import get_provider, load_provider, open_secret, remove_provider, set_provider
from comity.tenancy.service import add_domain, ensure_personal_realm
from comity.web.app import build
from comity.web.boundary import Boundary
from comity.web.server import run
from comity.web.services import Services
from tests.support.postgres import Server, create_database
from tests.support.sign_in import Identity, make_identity
from tests.support.world import Org, make_org
from tests.web.browser import Browser
from tests.web.client import Web

PASSWORD = "correct horse"


@dataclass
class Elsewhere:
    """The other Comity: its tenant, and the client that ours is there."""

    url: str
    org: Org
    identity: Identity
    client: Application
    secret: str

    @property
    def issuer(self) -> str:
        return f"{self.url}/{self.org.id}/v2.0"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A lab: the other Comity runs on this machine."""
    return Settings(data=tmp_path, outbound_loopback=True)


@pytest.fixture
async def elsewhere(server: Server, worker_id: str, tmp_path: Path) -> AsyncIterator[Elsewhere]:
    """Another installation, served at localhost."""
    name = f"comity_elsewhere_{worker_id}"
    create_database(server, name)
    url = server.url(name)
    await migrate(url, now=datetime.now(UTC))
    async with Database(Address(url, url), clock=BusinessClock(), size=4) as db:
        await ensure_personal_realm(db)
        identity = make_identity(db)
        org = await make_org(db, "Fabrikam")
        listener = listen("localhost", 0)
        origin = f"http://localhost:{listener.socket.getsockname()[1]}"
        settings = Settings(data=tmp_path / "elsewhere", origin=origin)
        services = Services(
            db=db, settings=settings, machine=identity.machine, sealer=identity.sealer, keys=identity.keys,
            tokens=identity.tokens, passwords=identity.passwords,
        )  # fmt: skip
        client, secret = await identity.register(
            org, name="The other Comity", permissions=(), scopes=("User.Read",),
            redirect_uris=["https://lab.example/signin/callback"],
        )  # fmt: skip
        stop = asyncio.Event()
        serving = asyncio.create_task(run(build(services), settings, listener, stop=stop))
        try:
            yield Elsewhere(origin, org, identity, client, secret)
        finally:
            stop.set()
            await serving
            identity.passwords.close()


@pytest.fixture
async def browser(app: Boundary) -> AsyncIterator[Browser]:
    """At our Comity, https://lab.example; and at the other one over the network."""
    ours = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(
        mounts={"all://lab.example": ours}, base_url="https://lab.example", trust_env=False
    ) as client:
        yield Browser(client)


async def name(elsewhere: Elsewhere, org: Org, web: Web, **changes: Any) -> None:
    given: dict[str, Any] = {
        "display_name": "Fabrikam sign-in", "issuer": elsewhere.issuer, "client_id": str(elsewhere.client.app_id),
        "secret": elsewhere.secret, **changes,
    }  # fmt: skip
    async with org.db.tenant(org.id) as tx:
        await set_provider(tx, org.operator, web.identity.sealer, at=web.identity.machine.now(), **given)


async def arrive_there(browser: Browser, upn: str) -> httpx.Response:
    """Name at ours, on to the other Comity, which asks for name and password."""
    await browser.open("/signin")
    page = await browser.send({"name": upn})
    assert "Fabrikam sign-in" in page.text, page.text
    address = page.text.split('http-equiv="refresh" content="0;url=')[1].split('"')[0].replace("&amp;", "&")
    return await walk(browser, address)


async def walk(browser: Browser, address: str) -> httpx.Response:
    """Follow addresses of both."""
    answer = await browser.client.get(address)
    for _ in range(12):
        if not answer.is_redirect:
            break
        answer = await browser.client.get(answer.request.url.join(answer.headers["location"]))
    browser.page = answer
    return answer


async def sign_in_there(browser: Browser, upn: str) -> httpx.Response:
    """Fill in the other Comity's pages."""
    for values in ({"name": upn}, {"password": PASSWORD}):
        assert browser.page is not None
        form = browser.form()
        address = browser.page.request.url.join(form.action)
        answer = await browser.client.post(address, data={**form.fields, **values})
        browser.page = answer
        if answer.is_redirect:
            await walk(browser, str(answer.request.url.join(answer.headers["location"])))
    assert browser.page is not None
    return browser.page


async def test_annie_signs_in_at_her_own_service_and_is_herself_here(
    web: Web, browser: Browser, contoso: Org, elsewhere: Elsewhere
):
    """Discovery, code with PKCE, id_token; her name there is the userPrincipalName here. She has no password here."""
    annie = await contoso.add_person("annie")
    there = await elsewhere.org.add_person("annie")
    await elsewhere.identity.give_password(elsewhere.org, there, PASSWORD)
    await name(elsewhere, contoso, web, claim="preferred_username")
    # The mapping: what she is called there has to be a name of this tenant's directory.
    async with contoso.db.tenant(contoso.id) as tx:
        await add_domain(tx, contoso.operator, elsewhere.org.domain)
    await contoso.change(annie, user_principal_name=there.user_principal_name)

    await arrive_there(browser, there.user_principal_name)
    page = await sign_in_there(browser, there.user_principal_name)

    assert page.request.url.host == "lab.example", page.text
    assert page.request.url.path == "/account"
    assert there.user_principal_name in page.text
    assert contoso.tenant.name in page.text


async def test_whom_the_tenant_does_not_know_is_not_let_in(
    web: Web, browser: Browser, contoso: Org, elsewhere: Elsewhere
):
    """The service vouches for names; who exists here says the tenant's own directory."""
    annie = await contoso.add_person("annie")
    bob = await elsewhere.org.add_person("bob")
    await elsewhere.identity.give_password(elsewhere.org, bob, PASSWORD)
    await name(elsewhere, contoso, web)

    await arrive_there(browser, annie.user_principal_name)
    page = await sign_in_there(browser, bob.user_principal_name)

    assert page.status_code == 403
    assert "AADSTS50107" in page.text
    assert bob.user_principal_name in page.text


async def test_an_answer_is_good_only_for_the_browser_that_asked(
    web: Web, browser: Browser, contoso: Org, elsewhere: Elsewhere
):
    """Nobody signs somebody else's browser in with an answer of his own."""
    annie = await contoso.add_person("annie")
    await name(elsewhere, contoso, web)
    await browser.open("/signin")
    page = await browser.send({"name": annie.user_principal_name})
    state = page.text.split("state=")[1].split("&amp;")[0]

    await browser.open("/signin/callback?code=x&state=garbled")
    assert browser.page is not None
    assert browser.page.status_code == 400
    refused = await browser.open(f"/signin/callback?error=access_denied&state={state}")
    assert "AADSTS50107" in refused.text
    browser.client.cookies.clear()
    assert (await browser.open(f"/signin/callback?code=x&state={state}")).status_code == 400


async def test_a_service_that_does_not_answer_is_said(web: Web, browser: Browser, contoso: Org, elsewhere: Elsewhere):
    annie = await contoso.add_person("annie")
    await name(elsewhere, contoso, web, issuer=f"{elsewhere.url}/nothing")

    await browser.open("/signin")
    page = await browser.send({"name": annie.user_principal_name})

    assert page.status_code == 503
    assert f"{elsewhere.url}/nothing" in page.text


async def test_whoever_has_a_password_here_may_use_it(web: Web, browser: Browser, contoso: Org, elsewhere: Elsewhere):
    """A first admin is not locked out by a service that is set up wrongly."""
    annie = await contoso.add_person("annie")
    await web.identity.give_password(contoso, annie, PASSWORD)
    await name(elsewhere, contoso, web)

    await browser.open("/signin")
    await browser.send({"name": annie.user_principal_name})
    await browser.send(form="/signin/with-password")
    page = await browser.send({"password": PASSWORD})

    assert annie.user_principal_name in page.text
    assert str(browser.at) == "/account"


async def test_a_services_settings_are_checked_sealed_and_removed(web: Web, contoso: Org):
    good = {"display_name": "X", "issuer": "https://login.example/v2.0/", "client_id": "c", "secret": "s3cret"}
    at = web.identity.machine.now()
    for wrong in ({"issuer": "login.example"}, {"client_id": " "}, {"claim": "a b"}, {"scopes": "email"}):
        async with contoso.db.tenant(contoso.id) as tx:
            with pytest.raises(UpstreamInvalid):
                await set_provider(tx, contoso.operator, web.identity.sealer, at=at, **{**good, **wrong})
    async with contoso.db.tenant(contoso.id) as tx:
        await set_provider(tx, contoso.operator, web.identity.sealer, at=at, **good)
        found = await load_provider(tx)
        assert found is not None
        assert found.issuer == "https://login.example/v2.0"
        assert b"s3cret" not in (found.sealed_secret or b"")
        assert open_secret(found, web.identity.sealer) == "s3cret"
        assert await get_provider(tx, contoso.operator) == found
        assert await remove_provider(tx, contoso.operator)
        assert not await remove_provider(tx, contoso.operator)
