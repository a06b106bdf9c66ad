"""Every route, asked by everybody who has no business with what it is asked for (design §7)."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from comity.core.ids import PERSONAL_REALM
from comity.web.boundary import Boundary
from comity.web.routing import Door
from tests.web.client import GRAPH, Web, check_envelope

SCOPES = ("User.Read", "User.Read.All", "Directory.Read.All", "Organization.Read.All")


async def strangers(web: Web, contoso, fabrikam) -> AsyncIterator[tuple[str, str | None]]:
    """Nobody, a signed-in member of another tenant, a guest of one's own, and a personal account; with tokens."""
    yield "nobody", None
    bob = await fabrikam.add_person("bob")
    greta = await contoso.add_person("greta", user_type="Guest")
    for name, org, person in (("member elsewhere", fabrikam, bob), ("guest", contoso, greta)):
        await web.identity.give_password(org, person, "correct horse")
        client = await web.identity.register_public(org, *SCOPES)
        yield name, await sign_in(web, org.id, client.app_id, person.user_principal_name)
    dana = await web.identity.add_personal("dana", password="correct horse")
    client = await web.identity.register_public(contoso, *SCOPES)
    yield "personal account", await sign_in(web, PERSONAL_REALM, client.app_id, dana.mail)


async def sign_in(web: Web, tenant, client, name) -> str:
    form = {
        "grant_type": "password",
        "client_id": client,
        "username": name,
        "password": "correct horse",
        "scope": GRAPH,
    }
    answer = await web.post_token(tenant, **form)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


@pytest.mark.parametrize("spelling", ["id", "name"])
async def test_every_route_keeps_a_tenant_from_everybody_else(web: Web, app: Boundary, contoso, fabrikam, spelling):
    """The matrix of design §7: each route, filled with what is Contoso's; a route added later is in it."""
    annie = await contoso.add_person("annie", city="Köln", job_title="Chief of secrets")
    keys = {
        "id": {"organization": contoso.id, "user": annie.id},
        "name": {"organization": contoso.id, "user": annie.user_principal_name},
    }[spelling]
    secrets = {str(annie.id), annie.user_principal_name, "Chief of secrets", "Köln", contoso.tenant.name}
    routes = [route for route in app.router.routes if route.door is Door.GRAPH]
    assert len(routes) >= 10

    async for who, token in strangers(web, contoso, fabrikam):
        for route in routes:
            name = route.path.partition("{")[2].rstrip("}")
            key = str(keys.get(name, ""))
            path = route.path.replace(f"{{{name}}}", key)
            answer = await web.ask(route.method, path, token)
            if token is None:
                check_envelope(answer, 401, "InvalidAuthenticationToken")
            shown = answer.text.replace(key, "") if key else answer.text  # what was asked for may be repeated
            found = [each for each in secrets - {key} if each in shown]
            # A guest stands in Contoso and may read its name; its people she may not.
            assert [each for each in found if not (who == "guest" and each == contoso.tenant.name)] == [], (who, path)
            if who != "guest" and key:
                assert answer.status_code in {401, 403, 404}, (who, path)
