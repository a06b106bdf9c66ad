"""One Comity served over TLS, and how the official clients are told about it."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from comity.core.local_authority import authority_file, certify
from comity.core.settings import Settings
from comity.web.app import build
from comity.web.services import Services
from tests.support.sign_in import Identity
from tests.support.world import Org
from tests.web.browser import Browser
from tests.web.clients.site import PASSWORD, Site
from tests.web.test_server import served


@pytest.fixture(autouse=True)
def _no_other_trust(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine may name authorities in the environment, which `requests` prefers to what it is told."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def settings(tmp_path: Path, identity: Identity) -> Settings:
    return Settings(data=tmp_path, tls=True, tls_certificate_file=certify(tmp_path, [], now=identity.machine.now()))


@pytest.fixture
async def site(services: Services, settings: Settings, identity: Identity) -> AsyncIterator[Site]:
    ca = authority_file(settings.data)
    trusting = ssl.create_default_context(cafile=ca)
    async with (
        served(build(services), services) as (url, _, _),
        httpx.AsyncClient(verify=trusting, base_url=url) as client,
    ):
        yield Site(url, str(ca), identity, Browser(client))


@pytest.fixture
async def annie(identity: Identity, contoso: Org):
    person = await contoso.add_person("annie")
    await identity.give_password(contoso, person, PASSWORD)
    return person


@pytest.fixture
async def client(identity: Identity, contoso: Org):
    """A public client of Contoso, as MSAL's samples have it."""
    made, _ = await identity.register(
        contoso, secret=False, name="Sample", is_public=True, password_flow=True, permissions=(),
        scopes=("User.Read", "User.Read.All", "Organization.Read.All"), redirect_uris=["http://localhost/back"],
    )  # fmt: skip
    return made
