"""Where Graph is served: every resource under both versions, `/beta` being the same and more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from comity.web.graph.organization import get_organization, list_organizations
from comity.web.graph.paging import Pages
from comity.web.graph.users import Users
from comity.web.graph.visit import Handler, visiting
from comity.web.routing import Door, Route
from comity.web.services import Services

VERSIONS: Final = ("v1.0", "beta")


def graph_routes(services: Services) -> tuple[Route, ...]:
    """All routes of this door."""
    return tuple(
        Route(method, f"/{version}{path}", visiting(handler, version=version), Door.GRAPH)
        for version in VERSIONS
        for method, path, handler in _resources(services)
    )


def _resources(services: Services) -> Iterator[tuple[str, str, Handler]]:
    users = Users(Pages(services.sealer))
    yield "GET", "/organization", list_organizations
    yield "GET", "/organization/{organization}", get_organization
    yield "GET", "/users", users.list
    yield "GET", "/users/{user}", users.get
    yield "GET", "/me", users.me
