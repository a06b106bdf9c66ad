"""HTTPS over real sockets, trusted through the local authority alone."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from comity.core.local_authority import authority_file, certify
from comity.core.settings import Settings
from comity.web.app import build
from comity.web.services import Services
from tests.support.sign_in import Identity
from tests.web.test_server import served


@pytest.fixture
def settings(tmp_path: Path, identity: Identity) -> Settings:
    """HTTPS with a certificate of the local authority."""
    return Settings(data=tmp_path, tls=True, tls_certificate_file=certify(tmp_path, [], now=identity.machine.now()))


async def test_who_trusts_the_local_authority_is_served_and_nobody_else(services: Services, settings: Settings):
    """Design §5.4: `ca.pem` is all a client needs; and addresses in answers say https."""
    trusting = ssl.create_default_context(cafile=authority_file(settings.data))
    async with served(build(services), services) as (url, _, _):
        port = httpx.URL(url).port
        async with httpx.AsyncClient(verify=trusting) as client:
            for host in ("127.0.0.1", "localhost"):
                address = f"https://{host}:{port}"
                document = (await client.get(f"{address}/common/v2.0/.well-known/openid-configuration")).json()
                assert document["token_endpoint"].startswith(f"{address}/common/")
        async with httpx.AsyncClient() as client:
            with pytest.raises(httpx.ConnectError, match="certificate"):
                await client.get(f"{url}/livez")

    assert url.startswith("https://127.0.0.1:")


async def test_cookies_over_https_are_bound_to_the_host(services: Services, settings: Settings):
    """Another host of the same domain can neither read nor plant them (RFC 6265bis §4.1.3.2)."""
    app = build(replace(services, settings=replace(settings, origin="https://comity.example")))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="https://comity.example") as client:
        cookie = (await client.post("/shell/language")).headers["set-cookie"]

    assert cookie.startswith("__Host-comity-visitor=")
    assert {"Secure", "HttpOnly", "SameSite=lax", "Path=/"} <= {each.strip() for each in cookie.split(";")}


async def test_a_stop_does_not_wait_for_idle_clients(services: Services, settings: Settings):
    """TLS ends with a goodbye from both sides; who keeps a connection for later says none."""
    trusting = ssl.create_default_context(cafile=authority_file(settings.data))
    began = services.machine.monotonic_s()
    async with served(build(services), services) as (url, _, _):
        address = httpx.URL(url)
        reader, writer = await asyncio.open_connection(address.host, address.port, ssl=trusting)
        writer.write(b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\n")
        await reader.readuntil(b"}")

    assert services.machine.monotonic_s() - began < services.settings.drain_s / 2
    writer.transport.abort()
