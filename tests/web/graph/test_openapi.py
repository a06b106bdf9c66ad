"""The OpenAPI document is made from the routes, and says of each what it does."""

from __future__ import annotations

from comity.web.boundary import Boundary
from comity.web.routing import Door
from tests.web.client import Web
from tools.reference import graph_operations


async def test_the_document_tells_of_every_route(web: Web, app: Boundary):
    answer = await web.get("/openapi.json")
    document = answer.json()

    assert answer.status_code == 200
    assert document["openapi"].startswith("3.1")
    told = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert told == {
        (each.method, f"/{version}{each.shown}")
        for each in graph_operations()
        for version in (("beta",) if each.beta else ("v1.0", "beta"))
    }
    served = {route for route in app.router.routes if route.door is Door.GRAPH}
    assert len(served) >= len(told)


async def test_every_reference_within_it_leads_somewhere(web: Web):
    document = (await web.get("/openapi.json")).json()
    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    found: set[str] = set()

    def walk(node: object) -> None:
        if isinstance(node, dict):
            found.update([node["$ref"]] if "$ref" in node else [])
            for each in node.values():
                walk(each)
        elif isinstance(node, list):
            for each in node:
                walk(each)

    walk(document["paths"])
    walk(document["components"])
    assert found
    assert found <= known
    ids = [one["operationId"] for methods in document["paths"].values() for one in methods.values()]
    assert len(ids) == len(set(ids))
