"""From a program's wish to its tokens, through the pages, with a browser that runs no script."""

from __future__ import annotations

import base64
import hashlib
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from joserfc import jwt

from comity.core.ids import PERSONAL_REALM
from comity.identity.grants.decide import CODE_LIFETIME, REFRESH_LIFETIME
from comity.identity.model import Application
from tests.support.world import Org
from tests.web.browser import Browser
from tests.web.client import Web, check_envelope
from tests.web.test_sign_in import check_refusal

REDIRECT = "http://localhost:5000/back"
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
PASSWORD = "correct horse"
SCOPE = "openid profile offline_access User.Read"


async def desktop_app(web: Web, org: Org, **wanted: Any) -> Application:
    """A public client that comes back to the device it runs on."""
    given: dict[str, Any] = {
        "name": "Desktop", "is_public": True, "permissions": (), "scopes": ("User.Read", "User.Read.All"),
        "redirect_uris": ["http://localhost/back"],
    }  # fmt: skip
    application, _ = await web.identity.register(org, secret=False, **{**given, **wanted})
    return application


def wish(tenant: object, client: Application, **changes: Any) -> str:
    """The address that a program opens in the browser."""
    query = {
        "client_id": client.app_id, "response_type": "code", "redirect_uri": REDIRECT, "scope": SCOPE, "state": "s1",
        "nonce": "n1", "code_challenge": CHALLENGE, "code_challenge_method": "S256", **changes,
    }  # fmt: skip
    kept = {name: value for name, value in query.items() if value is not None}
    return f"/{tenant}/oauth2/v2.0/authorize?{urlencode(kept)}"


async def give_name_and_password(browser: Browser, name: str | None, password: str = PASSWORD) -> httpx.Response:
    await browser.send({"name": name})
    return await browser.send({"password": password})


def came_back(browser: Browser) -> dict[str, str]:
    """What the program gets, in the query of the address that it was called back at."""
    assert browser.left_for is not None, browser.page and browser.page.text
    parts = urlsplit(browser.left_for)
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == REDIRECT
    return {name: values[0] for name, values in parse_qs(parts.query).items()}


async def redeem(web: Web, tenant: object, client: Application, code: str, **changes: Any) -> httpx.Response:
    form = {
        "grant_type": "authorization_code", "client_id": client.app_id, "code": code, "redirect_uri": REDIRECT,
        "code_verifier": VERIFIER, "client_info": 1, **changes,
    }  # fmt: skip
    return await web.post_token(tenant, **{name: value for name, value in form.items() if value is not None})


async def refresh(web: Web, tenant: object, client: Application, token: str, **changes: Any) -> httpx.Response:
    form = {"grant_type": "refresh_token", "client_id": client.app_id, "refresh_token": token, **changes}
    return await web.post_token(tenant, **form)


@pytest.fixture
async def annie(web: Web, contoso: Org):
    person = await contoso.add_person("annie")
    await web.identity.give_password(contoso, person, PASSWORD)
    return person


async def code_for(browser: Browser, org: Org, client: Application, person: Any) -> str:
    await browser.open(wish(org.id, client))
    if browser.left_for is None:
        await give_name_and_password(browser, person.user_principal_name)
    return came_back(browser)["code"]


async def claims_of(web: Web, token: str) -> dict[str, Any]:
    return dict(jwt.decode(token, await web.identity.keys.signing()).claims)


async def test_a_person_signs_in_and_the_program_acts_for_her(web: Web, browser: Browser, contoso, annie):
    """Without script: name, password, back to the program; its code gives tokens as Entra's do (graph-api §2)."""
    client = await desktop_app(web, contoso)

    page = await browser.open(wish(contoso.domain, client))
    assert page.status_code == 200
    assert "Desktop" in page.text
    await give_name_and_password(browser, annie.user_principal_name)
    back = came_back(browser)
    answer = await redeem(web, contoso.id, client, back["code"])
    body = answer.json()

    assert answer.status_code == 200, body
    assert back["state"] == "s1"
    about = await claims_of(web, body["id_token"])
    assert (about["aud"], about["nonce"], about["tid"], about["oid"]) == (
        str(client.app_id), "n1", str(contoso.id), str(annie.id),
    )  # fmt: skip
    assert about["iss"] == f"http://lab.example:8080/{contoso.id}/v2.0"
    access = await claims_of(web, body["access_token"])
    assert (access["scp"], access["ver"], access["idtyp"], access["azpacr"]) == ("User.Read", "2.0", "user", "0")
    assert (await web.get("/v1.0/me", body["access_token"])).json()["id"] == str(annie.id)
    assert body["refresh_token"]


async def test_who_is_signed_in_is_not_asked_again(web: Web, browser: Browser, contoso, annie):
    """One sign-in for all programs of the tenant; each has a code of its own."""
    one, other = await desktop_app(web, contoso), await desktop_app(web, contoso, name="Other")
    first = await code_for(browser, contoso, one, annie)

    await browser.open(wish("organizations", other))
    second = came_back(browser)["code"]

    assert first != second
    assert (await redeem(web, "organizations", other, second)).status_code == 200
    check_refusal(await redeem(web, contoso.id, other, first), "invalid_grant", 70000)


async def test_a_code_is_good_once_and_a_second_use_ends_what_came_of_it(web: Web, browser: Browser, contoso, annie):
    """RFC 6749 §4.1.2: two hold the code, and one of them is not its owner."""
    client = await desktop_app(web, contoso)
    code = await code_for(browser, contoso, client, annie)
    first = (await redeem(web, contoso.id, client, code)).json()

    check_refusal(await redeem(web, contoso.id, client, code), "invalid_grant", 54005)
    check_refusal(await refresh(web, contoso.id, client, first["refresh_token"]), "invalid_grant", 50173)


async def test_a_code_is_bound_to_its_client_address_and_verifier(web: Web, browser: Browser, contoso, fabrikam, annie):
    client, other = await desktop_app(web, contoso), await desktop_app(web, contoso, name="Other")
    code = await code_for(browser, contoso, client, annie)

    cases: list[tuple[dict[str, Any], int]] = [
        ({"code_verifier": "w" * 43}, 501481),
        ({"code_verifier": None}, 501481),
        ({"redirect_uri": "http://localhost/back"}, 70000),
        ({"redirect_uri": None}, 70000),
        ({"client_id": other.app_id}, 70000),
        ({"code": code[:-2]}, 70000),
        ({"code": "x"}, 70000),
        ({"code": "ä"}, 70000),
    ]
    for change, number in cases:
        changed: dict[str, Any] = {"code": code, **change}
        check_refusal(await redeem(web, contoso.id, client, **changed), "invalid_grant", number)
    check_refusal(await redeem(web, fabrikam.id, client, code), "invalid_grant", 70000)
    assert (await redeem(web, contoso.id, client, code)).status_code == 200, "and none of these has used it up"


async def test_an_old_code_is_refused(web: Web, browser: Browser, contoso, annie):
    client = await desktop_app(web, contoso)
    code = await code_for(browser, contoso, client, annie)
    web.identity.machine.offset = CODE_LIFETIME

    check_refusal(await redeem(web, contoso.id, client, code), "invalid_grant", 70008)


async def test_each_refresh_gives_a_new_token_and_the_old_one_ends_all(web: Web, browser: Browser, contoso, annie):
    """RFC 9700 §4.14.2: rotation with reuse detection."""
    client = await desktop_app(web, contoso)
    code = await code_for(browser, contoso, client, annie)
    first = (await redeem(web, contoso.id, client, code)).json()["refresh_token"]

    second = await refresh(web, contoso.id, client, first, scope="User.Read.All openid offline_access")
    third = await refresh(web, "organizations", client, second.json()["refresh_token"])

    assert (await claims_of(web, second.json()["access_token"]))["scp"] == "User.Read.All"
    assert (await claims_of(web, third.json()["access_token"]))["scp"] == "User.Read"
    assert len({first, second.json()["refresh_token"], third.json()["refresh_token"]}) == 3
    check_refusal(await refresh(web, contoso.id, client, first), "invalid_grant", 50173)
    check_refusal(await refresh(web, contoso.id, client, third.json()["refresh_token"]), "invalid_grant", 50173)


async def test_a_refresh_token_is_bound_to_client_and_tenant_and_ends_in_disuse(
    web: Web, browser: Browser, contoso, fabrikam, annie
):
    client, other = await desktop_app(web, contoso), await desktop_app(web, contoso, name="Other")
    code = await code_for(browser, contoso, client, annie)
    token = (await redeem(web, contoso.id, client, code)).json()["refresh_token"]

    check_refusal(await refresh(web, contoso.id, other, token), "invalid_grant", 70000)
    check_refusal(await refresh(web, fabrikam.id, client, token), "invalid_grant", 70000)
    check_refusal(await refresh(web, contoso.id, client, token[:-1]), "invalid_grant", 70000)
    check_refusal(await refresh(web, contoso.id, client, code), "invalid_grant", 70000)
    check_refusal(await refresh(web, contoso.id, client, token, scope="Mail.Read"), "invalid_grant", 65001)
    web.identity.machine.offset = REFRESH_LIFETIME
    check_refusal(await refresh(web, contoso.id, client, token), "invalid_grant", 700082)


async def test_disabling_or_a_new_password_ends_what_was_granted(web: Web, browser: Browser, contoso, annie):
    """Design §7: enabled state and tokens_valid_from come from the row."""
    client = await desktop_app(web, contoso)
    tokens = [
        (await redeem(web, contoso.id, client, await code_for(browser, contoso, client, annie))).json()
        for _ in range(2)
    ]
    web.identity.machine.offset = timedelta(seconds=2)

    await contoso.change(annie, account_enabled=False)
    check_refusal(await refresh(web, contoso.id, client, tokens[0]["refresh_token"]), "invalid_grant", 50173)
    assert "password" in (await browser.open("/account")).text.lower() or browser.form().action == "/signin"
    await contoso.change(annie, account_enabled=True)
    await web.identity.give_password(contoso, annie, "another password")

    check_refusal(await refresh(web, contoso.id, client, tokens[1]["refresh_token"]), "invalid_grant", 50173)
    check_envelope(await web.get("/v1.0/me", tokens[1]["access_token"]), 401, "InvalidAuthenticationToken")
    await browser.open(wish(contoso.id, client))
    assert browser.form().action == "/signin", "the browser's session has ended, too"


async def test_a_wrong_password_is_said_on_the_page(web: Web, browser: Browser, contoso, annie):
    """In the reader's language, and the same for a name that nobody has."""
    client = await desktop_app(web, contoso)
    for name in (annie.user_principal_name, f"nobody@{contoso.domain}", "nobody@nowhere.example"):
        await browser.open(wish(contoso.id, client), **{"accept-language": "de"})
        browser.client.headers["accept-language"] = "de"
        page = await give_name_and_password(browser, name, "wrong")
        assert page.status_code == 400
        assert "Konto oder Kennwort ist falsch." in page.text
        assert name in page.text


@pytest.mark.parametrize(
    "change", [{"redirect_uri": "http://evil.example/"}, {"client_id": "x"}, {"redirect_uri": None}]
)
async def test_nobody_is_sent_to_an_address_that_was_not_registered(web: Web, browser: Browser, contoso, change):
    """RFC 6749 §4.1.2.1: such a fault is said to the person, never to the address."""
    client = await desktop_app(web, contoso)

    page = await browser.open(wish(contoso.id, client, **change))

    assert browser.left_for is None
    assert page.status_code in {400, 403}
    assert "AADSTS" in page.text


@pytest.mark.parametrize(
    ("change", "error", "number"),
    [
        ({"response_type": "token"}, "unsupported_response_type", 700054),
        ({"code_challenge": None}, "invalid_request", 9002325),
        ({"code_challenge_method": "plain"}, "invalid_request", 501491),
        ({"code_challenge": "short"}, "invalid_request", 501491),
        ({"scope": "Mail.Read"}, "invalid_grant", 65001),
        ({"scope": "https://vault.azure.net/.default"}, "invalid_resource", 500011),
        ({"scope": None}, "invalid_request", 900144),
        ({"prompt": "none"}, "login_required", 50058),
    ],
)
async def test_other_faults_go_back_to_the_program(web: Web, browser: Browser, contoso, change, error, number):
    client = await desktop_app(web, contoso)

    await browser.open(wish(contoso.id, client, **change))
    back = came_back(browser)

    assert back["error"] == error
    assert back["error_description"].startswith(f"AADSTS{number}: ")
    assert back["state"] == "s1"


async def test_the_answer_comes_as_the_program_wants_it(web: Web, browser: Browser, contoso, annie):
    """Query, fragment, or a form that works without script."""
    client = await desktop_app(web, contoso)
    await code_for(browser, contoso, client, annie)

    await browser.open(wish(contoso.id, client, response_mode="fragment"))
    assert "code=" in urlsplit(str(browser.left_for)).fragment
    page = await browser.open(wish(contoso.id, client, response_mode="form_post"))
    form = browser.form(REDIRECT)
    assert set(form.fields) == {"code", "state"}
    assert "form-action 'self' http://localhost:5000" in page.headers["content-security-policy"]
    assert (await browser.open(wish(contoso.id, client, response_mode="web_message"))).status_code == 403


async def test_prompts_are_heeded(web: Web, browser: Browser, contoso, annie):
    """OpenID Connect Core §3.1.2.1."""
    client = await desktop_app(web, contoso)
    bob = await contoso.add_person("bob")
    await web.identity.give_password(contoso, bob, PASSWORD)
    await code_for(browser, contoso, client, annie)

    await browser.open(wish(contoso.id, client, prompt="none"))
    assert came_back(browser)["code"]
    await browser.open(wish(contoso.id, client, prompt="login", login_hint=annie.user_principal_name))
    assert browser.form().fields["name"] == annie.user_principal_name
    await give_name_and_password(browser, annie.user_principal_name)
    assert came_back(browser)["code"]
    page = await browser.open(wish(contoso.id, client, prompt="select_account"))
    assert annie.user_principal_name in page.text
    await browser.open(wish(contoso.id, client, login_hint=bob.user_principal_name))
    await give_name_and_password(browser, bob.user_principal_name)
    answer = await redeem(web, contoso.id, client, came_back(browser)["code"])
    assert (await claims_of(web, answer.json()["id_token"]))["oid"] == str(bob.id)
    await browser.open(wish(contoso.id, client, prompt="none", login_hint=annie.user_principal_name))
    assert came_back(browser)["error"] == "login_required"
    web.identity.machine.offset = timedelta(minutes=5)
    await browser.open(wish(contoso.id, client, max_age="60"))
    assert browser.form().action == "/signin"
    page = await browser.open(wish(contoso.id, client, prompt="consent"))
    await browser.send({"answer": "decline"})
    assert came_back(browser)["error"] == "access_denied"


async def test_a_hint_is_a_hint(web: Web, browser: Browser, contoso, annie):
    """Whoever signs in as somebody else than expected goes on as herself, and is not asked again and again."""
    client = await desktop_app(web, contoso)
    bob = await contoso.add_person("bob")

    await browser.open(wish(contoso.id, client, login_hint=bob.user_principal_name))
    assert browser.form().fields["name"] == bob.user_principal_name
    await give_name_and_password(browser, annie.user_principal_name)

    answer = await redeem(web, contoso.id, client, came_back(browser)["code"])
    assert (await claims_of(web, answer.json()["id_token"]))["oid"] == str(annie.id)


async def test_a_confidential_program_proves_itself_and_needs_no_pkce(web: Web, browser: Browser, contoso, annie):
    client, secret = await web.identity.register(
        contoso, name="Web app", permissions=(), scopes=("User.Read",), redirect_uris=[REDIRECT]
    )
    await browser.open(wish(contoso.id, client, code_challenge=None, code_challenge_method=None))
    await give_name_and_password(browser, annie.user_principal_name)
    code = came_back(browser)["code"]

    check_refusal(
        await redeem(web, contoso.id, client, code, code_verifier=None), "invalid_client", 7000218, status=401
    )
    answer = await redeem(web, contoso.id, client, code, code_verifier=None, client_secret=secret)

    assert (await claims_of(web, answer.json()["access_token"]))["azpacr"] == "1"
    token = answer.json()["refresh_token"]
    check_refusal(await refresh(web, contoso.id, client, token), "invalid_client", 7000218, status=401)
    assert (await refresh(web, contoso.id, client, token, client_secret=secret)).status_code == 200


async def test_a_personal_account_is_asked_before_a_program_acts_for_it(web: Web, browser: Browser, contoso):
    """No administrator vouches for its owner: she says yes once, and sees it in her account."""
    dana = await web.identity.add_personal("dana", password=PASSWORD)
    client = await desktop_app(web, contoso)
    tokens = []
    for authority in ("consumers", "common"):
        await browser.open(wish(authority, client))
        if browser.left_for is None:
            page = await give_name_and_password(browser, dana.mail)
            assert "User.Read" in page.text
            assert "Desktop" in page.text
            await browser.send({"answer": "accept"})
        answer = await redeem(web, authority, client, came_back(browser)["code"])
        assert answer.status_code == 200, answer.text
        claims = await claims_of(web, answer.json()["id_token"])
        assert (claims["tid"], claims["oid"]) == (str(PERSONAL_REALM), str(dana.id))
        tokens.append(answer.json()["refresh_token"])
    check_refusal(
        await refresh(web, "consumers", client, tokens[-1], scope="User.Read.All"),
        "invalid_grant", 65001,
    )  # fmt: skip
    await browser.open(wish("consumers", client, scope="User.Read User.Read.All", prompt="none"))
    assert came_back(browser)["error"] == "interaction_required"
    await browser.open(wish("consumers", client, scope="User.Read User.Read.All"))
    await browser.send({"answer": "decline"})
    assert came_back(browser)["error"] == "access_denied"


async def test_accounts_of_the_wrong_kind_are_told_so_on_a_page(web: Web, browser: Browser, contoso, fabrikam, annie):
    """AADSTS50020: and may use another account."""
    client, elsewhere = await desktop_app(web, contoso), await desktop_app(web, fabrikam)
    await code_for(browser, contoso, client, annie)

    for authority, app in (("consumers", client), (fabrikam.id, elsewhere)):
        page = await browser.open(wish(authority, app))
        assert browser.left_for is None
        assert page.status_code == 403
        assert "AADSTS50020" in page.text
    await browser.open(wish("organizations", elsewhere))
    assert "AADSTS700016" in came_back(browser)["error_description"]


async def test_signing_out_ends_the_browsers_session(web: Web, browser: Browser, contoso, annie):
    """At once with the id_token of whoever is signed in; else she is asked. Nobody is sent to a stranger."""
    client = await desktop_app(web, contoso)
    code = await code_for(browser, contoso, client, annie)
    id_token = (await redeem(web, contoso.id, client, code)).json()["id_token"]
    logout = f"/{contoso.id}/oauth2/v2.0/logout"

    await browser.open(f"{logout}?{urlencode({'post_logout_redirect_uri': 'http://evil.example/'})}")
    assert browser.form().action == "/signout"
    to = {"post_logout_redirect_uri": REDIRECT, "client_id": client.app_id, "state": "x"}
    await browser.open(f"{logout}?{urlencode(to)}")
    await browser.send()
    assert browser.left_for == f"{REDIRECT}?state=x"
    await browser.open("/account")
    assert browser.form().action == "/signin"

    await give_name_and_password(browser, annie.user_principal_name)
    hint = {"post_logout_redirect_uri": REDIRECT, "id_token_hint": id_token}
    await browser.open(f"{logout}?{urlencode(hint)}")
    assert browser.left_for == REDIRECT
    assert (await browser.open(logout)).status_code == 200
    assert "/signed-out" in str(browser.at)


async def test_the_account_page_shows_and_ends_sessions_and_programs(web: Web, browser: Browser, contoso, annie):
    client = await desktop_app(web, contoso)
    code = await code_for(browser, contoso, client, annie)
    token = (await redeem(web, contoso.id, client, code)).json()["refresh_token"]
    await browser.open("/account")
    page = browser.page
    assert page is not None
    assert "Desktop" in page.text
    assert annie.user_principal_name in page.text

    grant = page.text.split('name="grant" value="')[1].split('"')[0]
    visitor = page.text.split('name="form_token" value="')[1].split('"')[0]
    await browser.client.post("/account/end", data={"form_token": visitor, "grant": grant})
    check_refusal(await refresh(web, contoso.id, client, token), "invalid_grant", 50173)
    assert (await browser.client.post("/account/end", data={"form_token": visitor, "grant": grant})).status_code == 404

    web.identity.machine.offset = timedelta(seconds=2)
    await browser.client.post("/account/end", data={"form_token": visitor, "everything": "yes"})
    await browser.open("/account")
    assert browser.form().action == "/signin"
