"""GET /organization in Graph's shape (graph-api §3.1), and the walls around it."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from comity.core.ids import PERSONAL_REALM, new_id
from comity.tenancy.service import add_domain
from comity.web.boundary import Boundary
from comity.web.graph import organization as organization_shape
from comity.web.graph import user_shape
from comity.web.routing import Door
from tests.web.client import Web, check_envelope

TYPES: dict[str, Any] = json.loads(Path(__file__).with_name("types.json").read_text(encoding="utf-8"))
"""The types involved, from Graph's metadata (spec graph/types.json)."""


def properties_of(name: str) -> dict[str, Any]:
    """A type's properties with those it inherits."""
    kind = TYPES[name]
    return {**(properties_of(kind["base"]) if "base" in kind else {}), **kind["properties"]}


def check_type(value: Any, name: str) -> None:
    """The object has no property that its type lacks, and each is of the right JSON type."""
    known = properties_of(name)
    for key, each in value.items():
        if not key.startswith("@odata."):
            assert key in known, f"{name} has no {key}"
            check_value(each, known[key], f"{name}.{key}")


def check_value(value: Any, about: dict[str, Any], where: str) -> None:
    if about["collection"]:
        assert isinstance(value, list), where
        for each in value:
            check_value(each, {**about, "collection": False, "nullable": False}, where)
        return
    if value is None:
        assert about["nullable"], f"{where} is never null"
        return
    match about["type"]:
        case "Edm.String":
            assert isinstance(value, str), where
        case "Edm.Boolean":
            assert isinstance(value, bool), where
        case "Edm.DateTimeOffset":
            assert datetime.fromisoformat(value).tzinfo is not None, where
            assert value.endswith("Z"), where
        case complex_type if complex_type in TYPES:
            check_type(value, complex_type)
        case other:
            raise AssertionError(f"{where} is a {other}, which nobody here can make")


async def test_a_user_is_of_graphs_type_with_everything_selected(web: Web, contoso, fabrikam):
    await contoso.add_person("annie", mobile_phone="+49 1", business_phone="+49 2", usage_location="DE")
    await contoso.invite_guest(await fabrikam.add_person("bob"))
    token = await web.token_of(contoso)

    everything = ",".join(sorted(user_shape.PROPERTIES))
    for query in ("", f"?$select={everything}"):
        users = (await web.get(f"/v1.0/users{query}", token)).json()["value"]
        assert len(users) == 2
        for user in users:
            check_type(user, user_shape.TYPE)


async def test_the_organization_is_of_graphs_type_and_exactly_one(web: Web, contoso):
    async with contoso.db.tenant(contoso.id) as tx:
        await add_domain(tx, contoso.operator, f"more.{contoso.domain}")
    token = await web.token_of(contoso)

    listed = (await web.get("/v1.0/organization", token)).json()
    one = (await web.get(f"/v1.0/organization/{contoso.id}", token)).json()
    assert listed["@odata.context"] == "http://lab.example:8080/v1.0/$metadata#organization"
    assert one.pop("@odata.context") == "http://lab.example:8080/v1.0/$metadata#organization/$entity"
    assert listed["value"] == [one]
    check_type(one, organization_shape.TYPE)
    assert one["id"] == str(contoso.id)
    assert one["displayName"] == contoso.tenant.name
    assert [(each["name"], each["isInitial"], each["isDefault"]) for each in one["verifiedDomains"]] == [
        (contoso.domain, True, True),
        (f"more.{contoso.domain}", False, False),
    ]
    chosen = (await web.get("/beta/organization?$select=id,displayName", token)).json()["value"]
    assert chosen == [{"id": str(contoso.id), "displayName": contoso.tenant.name}]
    error = check_envelope(await web.get("/v1.0/organization?$select=x", token), 400, "BadRequest")
    assert "microsoft.graph.organization" in error["message"]
    check_envelope(await web.get("/v1.0/organization?$top=1", token), 400, "Request_UnsupportedQuery")


async def test_every_route_shows_an_app_its_own_tenant_and_no_other(
    web: Web, app: Boundary, contoso, fabrikam, tailspin
):
    """The matrix of design §7: each route, filled with what is another tenant's, asked by each tenant's app."""
    orgs = [(org, await org.add_person("annie")) for org in (contoso, fabrikam, tailspin)]
    routes = [route for route in app.router.routes if route.door is Door.GRAPH and route.method == "GET"]
    assert len(routes) >= 10

    for asking, _ in orgs:
        token = await web.token_of(asking)
        for other, person in orgs:
            marks = {str(other.id), other.domain, other.tenant.name, str(person.id), person.user_principal_name}
            keys = {"organization": [other.id], "user": [person.id, person.user_principal_name]}
            for route in routes:
                name = route.path.partition("{")[2].rstrip("}")
                for key in keys.get(name, [None]):
                    path = route.path.replace(f"{{{name}}}", str(key))
                    answer = await web.get(path, token)
                    if other is asking:
                        assert answer.status_code == (400 if path.endswith("/me") else 200), path
                        continue
                    if key is not None:
                        check_envelope(answer, 404, "Request_ResourceNotFound")
                    shown = answer.text.replace(str(key), "")  # what was asked for may be repeated
                    assert not any(mark in shown for mark in marks - {str(key)}), path


async def test_another_organization_looks_like_none(web: Web, contoso, fabrikam):
    """Absence of permission and absence of the thing look alike across tenants (style §7)."""
    token = await web.token_of(contoso)

    bodies = []
    for key in (fabrikam.id, new_id(), PERSONAL_REALM, "nonsense", contoso.domain):
        error = check_envelope(await web.get(f"/v1.0/organization/{key}", token), 404, "Request_ResourceNotFound")
        bodies.append(str({**error, "innerError": None}).replace(str(key), "?"))
    assert len(set(bodies)) == 1
