"""A device is signed in from elsewhere (RFC 8628): both grant names, patience, yes, no, and guesses."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest

from comity.core.ids import PERSONAL_REALM
from comity.core.settings import Settings
from comity.identity.devices.decide import CODE_LENGTH, INTERVAL_S, LIFETIME, normal_code
from comity.identity.model import Application
from tests.web.browser import Browser
from tests.web.client import Web
from tests.web.test_authorize import PASSWORD, SCOPE, claims_of, desktop_app, give_name_and_password
from tests.web.test_sign_in import check_refusal

URN = "urn:ietf:params:oauth:grant-type:device_code"


async def start(web: Web, tenant: object, client: Application, **changes: Any) -> dict[str, Any]:
    answer = await web.client.post(
        f"/{tenant}/oauth2/v2.0/devicecode", data={"client_id": str(client.app_id), "scope": SCOPE, **changes}
    )
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def poll(web: Web, tenant: object, client: Application, code: str, grant: str = URN) -> httpx.Response:
    return await web.post_token(tenant, grant_type=grant, client_id=client.app_id, device_code=code)


@pytest.fixture
async def annie(web: Web, contoso):
    person = await contoso.add_person("annie")
    await web.identity.give_password(contoso, person, PASSWORD)
    return person


@pytest.mark.parametrize("grant", [URN, "device_code"])
async def test_a_person_signs_a_device_in(web: Web, browser: Browser, contoso, annie, grant):
    """She types the code, signs in, and says yes; the device has its tokens with the next question."""
    client = await desktop_app(web, contoso)
    begun = await start(web, "organizations", client)

    assert begun["user_code"] in begun["message"]
    assert begun["verification_uri"] == "http://lab.example:8080/device"
    check_refusal(await poll(web, "organizations", client, begun["device_code"], grant), "authorization_pending", 70016)
    await browser.open(begun["verification_uri"])
    await browser.send({"code": f" {begun['user_code'][:3].lower()}-{begun['user_code'][3:]} "})
    page = await give_name_and_password(browser, annie.user_principal_name)
    assert "Desktop" in page.text
    assert begun["user_code"] in page.text
    page = await browser.send({"answer": "accept"})
    assert page.status_code == 200, page.text
    answer = await poll(web, "organizations", client, begun["device_code"], grant)

    assert answer.status_code == 200, answer.text
    assert (await claims_of(web, answer.json()["id_token"]))["oid"] == str(annie.id)
    assert answer.json()["refresh_token"]
    again = await poll(web, "organizations", client, begun["device_code"], grant)
    check_refusal(again, "bad_verification_code", 70018)


async def test_a_device_that_asks_too_often_is_told_so(web: Web, contoso):
    client = await desktop_app(web, contoso)
    begun = await start(web, contoso.id, client)
    code = begun["device_code"]

    check_refusal(await poll(web, contoso.id, client, code), "authorization_pending", 70016)
    check_refusal(await poll(web, contoso.id, client, code), "slow_down", 70016)
    web.identity.machine.offset = timedelta(seconds=2 * INTERVAL_S)
    check_refusal(await poll(web, contoso.id, client, code), "authorization_pending", 70016)


async def test_a_device_that_nobody_answers_for_in_time_begins_anew(web: Web, browser: Browser, contoso):
    client = await desktop_app(web, contoso)
    begun = await start(web, contoso.id, client)
    web.identity.machine.offset = LIFETIME

    check_refusal(await poll(web, contoso.id, client, begun["device_code"]), "expired_token", 70019)
    page = await browser.open(f"/device?code={begun['user_code']}")
    assert page.status_code == 400


async def test_a_no_is_a_no(web: Web, browser: Browser, contoso, annie):
    client = await desktop_app(web, contoso)
    begun = await start(web, contoso.id, client)

    await browser.open(f"/device?code={begun['user_code']}")
    await give_name_and_password(browser, annie.user_principal_name)
    await browser.send({"answer": "decline"})

    check_refusal(await poll(web, contoso.id, client, begun["device_code"]), "authorization_declined", 70020)


async def test_a_device_code_is_bound_to_its_client(web: Web, contoso):
    client, other = await desktop_app(web, contoso), await desktop_app(web, contoso, name="Other")
    begun = await start(web, contoso.id, client)

    check_refusal(await poll(web, contoso.id, other, begun["device_code"]), "bad_verification_code", 70018)
    for wrong in ("x", begun["device_code"][:-2], "ä"):
        check_refusal(await poll(web, contoso.id, client, wrong), "bad_verification_code", 70018)
    confidential, secret = await web.identity.register(contoso, scopes=("User.Read",))
    answer = await web.client.post(
        f"/{contoso.id}/oauth2/v2.0/devicecode",
        data={"client_id": str(confidential.app_id), "client_secret": secret, "scope": SCOPE},
    )
    check_refusal(answer, "unauthorized_client", 70001)


async def test_a_personal_account_signs_a_device_in_and_sees_what_it_allows(web: Web, browser: Browser, contoso):
    dana = await web.identity.add_personal("dana", password=PASSWORD)
    client = await desktop_app(web, contoso)
    begun = await start(web, "consumers", client)

    await browser.open(f"/device?code={begun['user_code']}")
    page = await give_name_and_password(browser, dana.mail)
    assert "User.Read" in page.text
    await browser.send({"answer": "accept"})
    answer = await poll(web, "consumers", client, begun["device_code"])

    assert (await claims_of(web, answer.json()["access_token"]))["tid"] == str(PERSONAL_REALM)


class TestGuessing:
    @pytest.fixture
    def settings(self, tmp_path) -> Settings:
        return Settings(data=tmp_path, sign_in_failures_per_address_max=3)

    async def test_who_guesses_codes_is_stopped(self, web: Web, browser: Browser, settings):
        """Whoever hits a code signs somebody else's device in as herself, or worse."""
        browser.client.headers["x-forwarded-for"] = "198.51.100.7"
        web.identity.machine.offset = timedelta(days=3650)  # a window that no other test counts in
        for _ in range(3):
            assert (await browser.open(f"/device?code={'B' * CODE_LENGTH}")).status_code == 400
        stopped = await browser.open(f"/device?code={'B' * CODE_LENGTH}")

        assert stopped.status_code == 429
        assert int(stopped.headers["retry-after"]) > 0


def test_a_code_is_read_as_people_type_it():
    assert normal_code(" bcd-fgh jkl ") == "BCDFGHJKL"
    for wrong in ("BCDFGHJK", "BCDFGHJKLM", "BCDFGHJK1", "ACDFGHJKL", ""):
        assert normal_code(wrong) is None
