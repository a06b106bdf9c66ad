"""The official clients, unpatched, over TLS and real sockets (feasibility §1): whoever has them changes an address."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msal
import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import CertificateCredential, ClientSecretCredential, DeviceCodeCredential
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from comity.identity.service import add_certificate
from tests.support.world import Org
from tests.web.clients.site import GRAPH, PASSWORD, REDIRECT, Site

READ = ["https://graph.microsoft.com/User.Read"]


async def aside(act: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    """The clients wait for the network; the server answers from our loop."""
    return await asyncio.to_thread(act, *arguments, **named)


def make_certificate(path: Path) -> Path:
    """A key and a certificate of an app's own, in one file, as one makes with openssl."""
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "robot")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=30))
        .sign(key, SHA256())
    )  # fmt: skip
    path.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + certificate.public_bytes(Encoding.PEM)
    )
    return path


async def test_azure_identity_with_a_secret(site: Site, contoso: Org):
    application, secret = await site.identity.register(contoso)
    for tenant in (str(contoso.id), contoso.domain):
        with ClientSecretCredential(tenant, str(application.app_id), secret, **site.azure) as credential:
            token = await aside(credential.get_token, GRAPH)
            assert await site.graph(token.token) == 200
    with (
        ClientSecretCredential(str(contoso.id), str(application.app_id), "wrong", **site.azure) as credential,
        pytest.raises(ClientAuthenticationError, match="AADSTS7000215"),
    ):
        await aside(credential.get_token, GRAPH)


async def test_azure_identity_and_msal_with_a_certificate(site: Site, contoso: Org, tmp_path: Path):
    """The app's public half is registered; the private one never leaves it."""
    application, _ = await site.identity.register(contoso, secret=False)
    pem = make_certificate(tmp_path / "robot.pem")
    stranger = make_certificate(tmp_path / "stranger.pem")
    async with contoso.db.tenant(contoso.id) as tx:
        at = site.identity.machine.now()
        await add_certificate(tx, contoso.operator, application.id, pem.read_bytes(), at=at)

    with CertificateCredential(str(contoso.id), str(application.app_id), str(pem), **site.azure) as credential:
        token = await aside(credential.get_token, GRAPH)
        assert await site.graph(token.token) == 200
    with (
        CertificateCredential(str(contoso.id), str(application.app_id), str(stranger), **site.azure) as credential,
        pytest.raises(ClientAuthenticationError, match="AADSTS700027"),
    ):
        await aside(credential.get_token, GRAPH)
    thumbprint = x509.load_pem_x509_certificate(pem.read_bytes()).fingerprint(SHA1()).hex()
    app = await aside(
        msal.ConfidentialClientApplication,
        str(application.app_id),
        client_credential={"private_key": pem.read_text(), "thumbprint": thumbprint},
        **site.msal(contoso.id),
    )
    answer = await aside(app.acquire_token_for_client, [GRAPH])
    assert await site.graph(answer["access_token"]) == 200


async def test_azure_identity_with_a_device_code(site: Site, contoso: Org, client, annie):
    """The code is shown by the credential, typed by the person, and the credential comes back for its token."""
    shown: list[str] = []
    loop, typed = asyncio.get_running_loop(), asyncio.Event()

    def show(uri: str, code: str, _: datetime) -> None:
        shown.extend((uri, code))
        loop.call_soon_threadsafe(typed.set)

    with DeviceCodeCredential(str(client.app_id), tenant_id=contoso.domain, prompt_callback=show, **site.azure) as it:
        waiting = asyncio.create_task(aside(it.get_token, *READ))
        await typed.wait()
        browser = site.browser
        await browser.open(shown[0])
        await browser.send({"code": shown[1]})
        await browser.send({"name": annie.user_principal_name})
        await browser.send({"password": PASSWORD})
        await browser.send({"answer": "accept"})
        token = await waiting
        assert await site.graph(token.token, "/v1.0/me") == 200


async def test_msal_with_an_authorization_code_and_refresh(site: Site, contoso: Org, client, annie):
    """Its own PKCE, state and nonce; then silently with the refresh token; then signed out."""
    app = await aside(msal.PublicClientApplication, str(client.app_id), **site.msal(contoso.id))
    with pytest.warns(UserWarning, match="form_post"):  # it says so to every program that is called back
        flow = await aside(
            app.initiate_auth_code_flow, READ, redirect_uri=REDIRECT, login_hint=annie.user_principal_name
        )

    await site.browser.open(flow["auth_uri"])
    assert site.browser.form().fields["name"] == annie.user_principal_name
    await site.browser.send()
    await site.browser.send({"password": PASSWORD})
    back = {name: values[0] for name, values in parse_qs(urlsplit(str(site.browser.left_for)).query).items()}
    answer = await aside(app.acquire_token_by_auth_code_flow, flow, back)

    assert "error" not in answer, answer
    assert answer["id_token_claims"]["preferred_username"] == annie.user_principal_name
    assert await site.graph(answer["access_token"], "/v1.0/me") == 200
    (account,) = app.get_accounts()
    assert account["username"] == annie.user_principal_name
    assert account["home_account_id"] == f"{annie.id}.{contoso.id}"
    renewed = await aside(app.acquire_token_silent, READ, account, force_refresh=True)
    assert renewed["access_token"] != answer["access_token"]
    more = await aside(app.acquire_token_silent, ["https://graph.microsoft.com/User.Read.All"], account)
    assert await site.graph(more["access_token"], "/v1.0/users") == 200


async def test_msal_with_a_device_code(site: Site, contoso: Org, client, annie):
    app = await aside(msal.PublicClientApplication, str(client.app_id), **site.msal("organizations"))
    flow = await aside(app.initiate_device_flow, READ)

    browser = site.browser
    await browser.open(flow["verification_uri"])
    await browser.send({"code": flow["user_code"]})
    await browser.send({"name": annie.user_principal_name})
    await browser.send({"password": PASSWORD})
    await browser.send({"answer": "accept"})
    answer = await aside(app.acquire_token_by_device_flow, flow)

    assert answer["id_token_claims"]["tid"] == str(contoso.id)


async def test_msal_with_a_web_app_that_has_a_secret(site: Site, contoso: Org, annie):
    application, secret = await site.identity.register(
        contoso, permissions=(), scopes=("User.Read",), redirect_uris=[REDIRECT]
    )
    app = await aside(
        msal.ConfidentialClientApplication, str(application.app_id), client_credential=secret, **site.msal(contoso.id)
    )
    flow = await aside(app.initiate_auth_code_flow, READ, redirect_uri=REDIRECT, response_mode="form_post")
    await site.browser.open(flow["auth_uri"])
    await site.browser.send({"name": annie.user_principal_name})
    await site.browser.send({"password": PASSWORD})
    answer = await aside(app.acquire_token_by_auth_code_flow, flow, dict(site.browser.form(REDIRECT).fields))

    assert await site.graph(answer["access_token"], "/v1.0/me") == 200
