"""Every route, asked by everybody who has no business with what it is asked for (design §7)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from comity.core.ids import PERSONAL_REALM, new_id
from comity.directory import groups
from comity.directory.model import Attribute, GroupDraft, User
from comity.directory.service import list_users, update_user
from comity.identity.decide import DELEGATED_PERMISSIONS
from comity.identity.registrations import service as registrations
from comity.identity.registrations.service import SYNC_TEMPLATE
from comity.identity.sealing import Sealer
from comity.sync.configurations import service as configurations
from comity.sync.model import PrincipalKind
from comity.tenancy.settings import change_settings
from comity.web.boundary import Boundary
from comity.web.routing import Door, Route
from tests.support.sign_in import make_identity
from tests.support.world import Org
from tests.web.client import GRAPH, Web, check_envelope
from tests.web.graph.samples import BODIES
from tools.reference import graph_operations

REFUSED = {"an expired token", "a token of another key", "a token for another audience", "somebody just disabled"}
"""Whose token opens nothing at all."""


@dataclass
class Secrets:
    """What is Contoso's: by the names of path parameters, and what nobody else may ever read."""

    keys: Mapping[str, str]
    words: frozenset[str]


async def secrets_of(org: Org, spelling: str) -> Secrets:
    annie = await org.add_person("annie", city="Köln", job_title="Chief of secrets")
    async with org.db.tenant(org.id) as tx:
        team = await groups.create(tx, org.operator, GroupDraft("Secret team"), members=[annie.id], owners=[annie.id])
        made = await registrations.register(tx, org.operator, name="Secret program", template_id=SYNC_TEMPLATE)
        principal = made.application.id
        await configurations.prepare(tx, org.operator, principal, "Secret program")
        await configurations.assign(tx, org.operator, principal, annie.id, PrincipalKind.USER)
    user = str(annie.id) if spelling == "id" else annie.user_principal_name
    keys = {
        "organization": str(org.id), "user": user, "group": str(team.id), "member": str(annie.id),
        "owner": str(annie.id), "object": str(annie.id), "domain": org.domain,
        "principal": str(principal), "job": str(principal), "application": str(made.object_id),
        "appId": str(made.application.app_id), "configuration": str(annie.id), "item": str(annie.id),
    }  # fmt: skip
    words = {
        str(annie.id),
        annie.user_principal_name,
        "Chief of secrets",
        "Köln",
        str(team.id),
        "Secret team",
        "Secret program",
    }
    return Secrets(keys, frozenset(words))


async def strangers(web: Web, contoso: Org, fabrikam: Org) -> AsyncIterator[tuple[str, str | None]]:
    """Everybody who has no business with Contoso's people, with their tokens."""
    yield "nobody", None
    yield "member elsewhere", await web.sign_in(fabrikam, await fabrikam.add_person("bob"))
    yield "app elsewhere", await web.token_of(fabrikam)
    greta = await contoso.add_person("greta", user_type="Guest")
    yield "guest", await web.sign_in(contoso, greta)
    async with contoso.db.tenant(contoso.id) as tx:
        level = UUID("2af84b1e-32c8-42b7-82bc-daa82404023b")
        await change_settings(tx, contoso.operator, lambda now: replace(now, guest_level=level))
    yield "restricted guest", await web.sign_in(contoso, await contoso.add_person("gerda", user_type="Guest"))
    dana = await web.identity.add_personal("dana", password="correct horse")
    client = await web.identity.register_public(contoso, *DELEGATED_PERMISSIONS)
    form = {"grant_type": "password", "client_id": client.app_id, "username": dana.mail, "password": "correct horse"}
    answer = await web.post_token(PERSONAL_REALM, scope=GRAPH, **form)
    assert answer.status_code == 200, answer.text
    yield "personal account", str(answer.json()["access_token"])
    carl = await contoso.add_person("carl")
    token = await web.sign_in(contoso, carl)
    async with contoso.db.tenant(contoso.id) as tx:
        await update_user(tx, contoso.operator, carl.id, {Attribute.ACCOUNT_ENABLED: False})
    yield "somebody just disabled", token
    yield "a token of another key", await forged(web, contoso)
    own = await web.token_of(contoso)
    head, _, signature = own.rpartition(".")
    yield "a token for another audience", f"{head}x.{signature}"
    web.identity.machine.offset = timedelta(hours=2)
    yield "an expired token", own
    web.identity.machine.offset = timedelta(0)


async def forged(web: Web, org: Org) -> str:
    """A token in every respect like ours, but for the key: somebody's own Comity made it."""
    application, _ = await web.app_of(org)
    own = await web.token_of(org)
    assert application.tenant_id == org.id
    stranger = make_identity(web.identity.db)
    stranger.passwords.close()
    assert isinstance(stranger.sealer, Sealer)
    head, payload, _ = own.split(".")
    return f"{head}.{payload}.{'A' * 342}"


def filled(route: Route, keys: Mapping[str, str]) -> tuple[str, list[str]]:
    """The route's path with Contoso's keys in it, and which they are."""
    parts, used = [], []
    for part in route.path.split("/"):
        if part.startswith("{"):
            used.append(keys.get(part.strip("{}"), str(new_id())))
        parts.append(used[-1] if part.startswith("{") else part)
    return "/".join(parts), used


def sample(route: Route) -> Any:
    """A body that the route takes, so that a refusal is about who asks and not about what."""
    path = route.path.removeprefix("/v1.0").removeprefix("/beta")
    path = path.replace("/me/", "/users/{user}/") if path.startswith("/me/") and "changePassword" not in path else path
    for operation in graph_operations():
        if (operation.method, operation.path) == (route.method, path) and operation.body is not None:
            return BODIES.get(operation.body.__name__, {})
    return None if route.method in {"GET", "DELETE"} else {}


async def everything(org: Org) -> list[User]:
    async with org.db.tenant(org.id) as tx:
        return await list_users(tx, org.operator, at_most=1000)


@pytest.mark.parametrize("spelling", ["id", "name"])
async def test_every_route_keeps_a_tenant_from_everybody_else(web: Web, app: Boundary, contoso, fabrikam, spelling):
    """The matrix of design §7: each route, filled with what is Contoso's; a route added later is in it."""
    secrets = await secrets_of(contoso, spelling)
    routes = [route for route in app.router.routes if route.door is Door.GRAPH]
    assert len(routes) >= 10

    async for who, token in strangers(web, contoso, fabrikam):
        before = await everything(contoso)
        guest = "guest" in who
        for route in routes:
            path, used = filled(route, secrets.keys)
            answer = await web.ask(route.method, path, token, sample(route), ConsistencyLevel="eventual")
            if token is None or who in REFUSED:
                check_envelope(answer, 401, "InvalidAuthenticationToken")
            assert answer.status_code < 500, (who, route.method, path)
            shown = answer.text
            for each in used:  # what was asked for may be repeated
                shown = shown.replace(each, "")
            hidden = secrets.words - set(used)
            if who == "guest":  # she may name people and groups, and read who is in them; nothing more of anybody
                hidden = hidden & {"Chief of secrets", "Köln"}
            assert [each for each in hidden if each in shown] == [], (who, route.method, path)
            if not guest and used:
                assert answer.status_code in {400, 401, 403, 404, 409}, (who, route.method, path, answer.text)
        after = {each.id: each for each in await everything(contoso)}
        assert {each.id: after[each.id].version for each in before} == {each.id: each.version for each in before}, who
        assert all(after[each].is_external for each in after.keys() - {one.id for one in before}), "guests may invite"
