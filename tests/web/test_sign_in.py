"""The token endpoint and what clients read before they turn to it (graph-api §2)."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from comity.core.ids import PERSONAL_REALM, new_id
from comity.identity.decide import TOKEN_LIFETIME_S
from comity.web.app import build
from tests.web.client import GRAPH, Web, check_envelope


def check_refusal(answer: httpx.Response, error: str, number: int, *, status: int = 400) -> None:
    """The answer is OAuth's error as MSAL reads it."""
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert body["error"] == error, body
    assert body["error_codes"] == [number]
    assert body["error_description"].startswith(f"AADSTS{number}: ")
    assert "{" not in body["error_description"]
    assert body["trace_id"] == answer.headers["request-id"]
    assert answer.headers["cache-control"] == "no-store"


async def test_an_app_gets_a_token_for_its_tenant_by_id_and_by_domain(web: Web, contoso):
    application, secret = await web.app_of(contoso)
    form = {"grant_type": "client_credentials", "client_id": application.app_id, "client_secret": secret}

    for tenant in (contoso.id, str(contoso.id).upper(), contoso.domain):
        for scope in (GRAPH, "http://lab.example:8080/.default", "http://lab.example/.default"):
            answer = await web.post_token(tenant, scope=scope, **form)
            assert answer.status_code == 200, answer.text
            body = answer.json()
            assert body["token_type"] == "Bearer"
            assert body["expires_in"] == TOKEN_LIFETIME_S - 1
            assert answer.headers["cache-control"] == "no-store"
            assert (await web.get("/v1.0/organization", body["access_token"])).status_code == 200


async def test_basic_credentials_do_as_well(web: Web, contoso):
    """RFC 6749 §2.3.1, form-encoded before base64."""
    application, secret = await web.app_of(contoso)
    path = f"/{contoso.id}/oauth2/v2.0/token"
    form = {"grant_type": "client_credentials", "scope": GRAPH}

    fine = await web.client.post(path, data=form, auth=(str(application.app_id), secret))
    wrong = await web.client.post(path, data=form, auth=(str(application.app_id), "wrong"))
    twice = await web.client.post(path, data={**form, "client_secret": secret}, auth=(str(application.app_id), secret))
    other = await web.client.post(
        path, data={**form, "client_id": str(new_id())}, auth=(str(application.app_id), secret)
    )
    garbled = await web.client.post(path, data=form, headers={"authorization": "Basic ???"})

    assert fine.status_code == 200
    check_refusal(wrong, "invalid_client", 7000215, status=401)
    assert wrong.headers["www-authenticate"].startswith("Basic")
    for answer in (twice, other, garbled):
        check_refusal(answer, "invalid_client", 7000218, status=401)


async def test_refusals_carry_the_codes_that_clients_branch_on(web: Web, contoso, fabrikam):
    application, secret = await web.app_of(contoso)
    good = {
        "grant_type": "client_credentials",
        "client_id": application.app_id,
        "client_secret": secret,
        "scope": GRAPH,
    }

    cases: list[tuple[object, dict[str, object], str, int, int]] = [
        (contoso.id, {"client_secret": "wrong"}, "invalid_client", 7000215, 401),
        (contoso.id, {"client_secret": ""}, "invalid_client", 7000218, 401),
        (contoso.id, {"client_id": new_id()}, "unauthorized_client", 700016, 400),
        (contoso.id, {"client_id": "\x00"}, "invalid_request", 0, 400),
        (contoso.id, {"client_id": ""}, "invalid_request", 900144, 400),
        (contoso.id, {"scope": "User.Read"}, "invalid_scope", 70011, 400),
        (contoso.id, {"scope": ""}, "invalid_request", 900144, 400),
        (contoso.id, {"scope": "https://vault.azure.net/.default"}, "invalid_resource", 500011, 400),
        (contoso.id, {"grant_type": ""}, "invalid_request", 900144, 400),
        (contoso.id, {"grant_type": "implicit"}, "unsupported_grant_type", 70003, 400),
        (fabrikam.id, {}, "unauthorized_client", 700016, 400),
        (new_id(), {}, "invalid_request", 90002, 400),
        ("nobody.example", {}, "invalid_request", 90002, 400),
        ("common", {}, "invalid_request", 50194, 400),
        ("organizations", {}, "invalid_request", 50194, 400),
        ("consumers", {}, "invalid_request", 9002332, 400),
        (PERSONAL_REALM, {}, "invalid_request", 9002332, 400),
    ]
    for tenant, change, error, number, status in cases:
        answer = await web.post_token(tenant, **{**good, **change})
        if number:
            check_refusal(answer, error, number, status=status)
        else:
            assert (answer.status_code, answer.json()["error"]) == (status, error)


async def test_a_form_is_a_form(web: Web, contoso):
    path = f"/{contoso.id}/oauth2/v2.0/token"
    kind = {"content-type": "application/x-www-form-urlencoded"}

    check_refusal(await web.client.post(path, json={"grant_type": "client_credentials"}), "invalid_request", 900144)
    check_refusal(await web.client.post(path), "invalid_request", 900144)
    for body in (b"grant_type=a&grant_type=b", b"\xff=%ff", b"a=b&" * 200, b"grant_type=%ff"):
        answer = await web.client.post(path, content=body, headers=kind)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request"), body
    check_envelope(await web.get(path), 405, "Request_BadRequest")


async def test_metadata_says_where_to_go_and_who_signs(web: Web, contoso):
    """graph-api §2: what MSAL for Python and JavaScript cannot do without."""
    document: dict[str, str] = {}
    for segment in (contoso.domain, contoso.id):
        document = (await web.get(f"/{segment}/v2.0/.well-known/openid-configuration")).json()
        assert document["issuer"] == f"http://lab.example:8080/{contoso.id}/v2.0"
        # MSAL takes the tenant of its cache from the endpoint's path.
        assert document["token_endpoint"] == f"http://lab.example:8080/{contoso.id}/oauth2/v2.0/token"
        assert document["authorization_endpoint"].startswith("http://lab.example:8080/")
    published = (await web.get(httpx.URL(document["jwks_uri"]).path)).json()
    claims = jwt.decode(await web.token_of(contoso), KeySet.import_key_set(published)).claims

    assert claims["iss"] == document["issuer"]
    assert all(each["use"] == "sig" and each["alg"] == "RS256" for each in published["keys"])
    several = (await web.get("/organizations/v2.0/.well-known/openid-configuration")).json()
    assert several["issuer"] == "http://lab.example:8080/{tenantid}/v2.0"
    consumers = (await web.get("/consumers/v2.0/.well-known/openid-configuration")).json()
    assert consumers["issuer"] == f"http://lab.example:8080/{PERSONAL_REALM}/v2.0"


async def test_metadata_of_nobody_is_refused(web: Web):
    for path in ("v2.0/.well-known/openid-configuration", "discovery/v2.0/keys"):
        check_refusal(await web.get(f"/nobody.example/{path}"), "invalid_request", 90002)


async def test_a_person_signs_in_with_name_and_password_in_a_lab(web: Web, contoso):
    """Design §5.4: the demo's public client, at the tenant or at /organizations, where the name says the rest."""
    annie = await contoso.add_person("annie")
    await web.identity.give_password(contoso, annie, "correct horse")
    client = await web.identity.register_public(contoso, "User.Read", "User.Read.All")
    form = {
        "grant_type": "password", "client_id": client.app_id, "username": annie.user_principal_name,
        "password": "correct horse", "scope": "openid User.Read User.Read.All", "client_info": 1, "nonce": "n",
    }  # fmt: skip

    for tenant in (contoso.id, "organizations", "common"):
        answer = await web.post_token(tenant, **form)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        info = json.loads(base64.urlsafe_b64decode(body["client_info"] + "=="))
        assert info == {"uid": str(annie.id), "utid": str(contoso.id)}
        assert body["scope"].split() == ["User.Read", "User.Read.All", "openid"]
        me = (await web.get("/v1.0/me", body["access_token"])).json()
        assert me["userPrincipalName"] == annie.user_principal_name
        for key in ("me-token-to-replace", annie.user_principal_name, annie.id):
            assert (await web.get(f"/v1.0/users/{key}", body["access_token"])).json()["id"] == str(annie.id)
        check_envelope(await web.get("/v1.0/users", body["id_token"]), 401, "InvalidAuthenticationToken")

    for wrong in ({"password": "wrong"}, {"username": f"nobody@{contoso.domain}"}, {"username": "x"}):
        for tenant in (contoso.id, "organizations"):
            check_refusal(await web.post_token(tenant, **{**form, **wrong}), "invalid_grant", 50126)
    check_refusal(await web.post_token(contoso.id, **{**form, "scope": "Mail.Read"}), "invalid_grant", 65001)


async def test_a_personal_account_signs_in_at_consumers_and_sees_herself_alone(web: Web, contoso):
    dana = await web.identity.add_personal("dana", password="correct horse")
    erin = await web.identity.add_personal("erin", password="correct horse")
    client = await web.identity.register_public(contoso, "User.Read", "User.Read.All", "Organization.Read.All")
    form = {
        "grant_type": "password", "client_id": client.app_id, "username": dana.mail, "password": "correct horse",
        "scope": GRAPH,
    }  # fmt: skip

    for authority in ("consumers", PERSONAL_REALM):
        answer = await web.post_token(authority, **form)
        assert answer.status_code == 200, answer.text
        token = answer.json()["access_token"]
        assert (await web.get("/v1.0/me", token)).json()["id"] == str(dana.id)
        for path in ("/v1.0/users", "/v1.0/organization", f"/v1.0/users/{erin.id}", f"/v1.0/users/{erin.mail}"):
            check_envelope(await web.get(path, token), 403, "Authorization_RequestDenied")
    check_refusal(await web.post_token("consumers", **{**form, "password": "wrong"}), "invalid_grant", 50126)


@pytest.mark.parametrize("path", ["/v1.0/organization", "/v1.0/users", "/v1.0/users/x", "/v1.0/me", "/beta/users"])
async def test_tokens_that_open_nothing(web: Web, contoso, path):
    """Missing, empty, garbled, expired, wrongly signed, for another audience: 401 in the envelope."""
    token = await web.token_of(contoso)
    key = await web.identity.keys.signing()
    header, claims = jwt.decode(token, key).header, jwt.decode(token, key).claims
    other = jwt.encode(header, {**claims, "aud": "https://vault.azure.net"}, key)
    stranger = jwt.encode(header, claims, type(key).generate_key(2048))
    early = {**claims, "nbf": claims["exp"], "exp": claims["exp"] + 99}

    for wrong in ("", "x", "a.b.c", token[:-9], token + "x", other, stranger, jwt.encode(header, early, key)):
        answer = await web.get(path, wrong)
        check_envelope(answer, 401, "InvalidAuthenticationToken")
        assert answer.headers["www-authenticate"].startswith("Bearer")
    check_envelope(await web.get(path), 401, "InvalidAuthenticationToken")
    basic = await web.client.get(path, headers={"authorization": f"Basic {token}"})
    check_envelope(basic, 401, "InvalidAuthenticationToken")
    web.identity.machine.offset = timedelta(seconds=TOKEN_LIFETIME_S)
    check_envelope(await web.get(path, token), 401, "InvalidAuthenticationToken")


async def test_where_the_address_is_fixed_it_is_used_whatever_the_host_header_says(
    identity, contoso, settings, services
):
    """Nobody gets tokens in the name of a host he made up."""
    fixed = replace(services, settings=replace(settings, origin="https://comity.example/"))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=build(fixed)), base_url="http://evil.example"
    ) as client:
        web = Web(client, identity)
        token = await web.token_of(contoso)
        claims = jwt.decode(token, await identity.keys.signing()).claims
        assert claims["iss"] == f"https://comity.example/{UUID(str(contoso.id))}/v2.0"
        page = (await web.get("/v1.0/organization", token)).json()
        assert page["@odata.context"].startswith("https://comity.example/v1.0/")
