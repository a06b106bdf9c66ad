"""Where Graph is served: every resource under both versions, `/beta` being the same and more."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from comity.core.errors import ComityError
from comity.web.asking import Ask
from comity.web.errors import error_response
from comity.web.graph import (
    applications,
    assignments,
    comity_own,
    deleted_items,
    directory_objects,
    groups,
    invitations,
    logs,
    multitenant,
    organization,
    policies,
    roles,
    subscriptions,
    synchronization,
    teams,
    users,
)
from comity.web.graph.batch import RawBatch, Serve, batching
from comity.web.graph.errors import GRAPH_SHAPES
from comity.web.graph.openapi import openapi_route
from comity.web.graph.operation import Operation, routes_of
from comity.web.routing import Route

RESOURCES: Final[tuple[Operation, ...]] = (
    *organization.OPERATIONS,
    *users.OPERATIONS,
    *groups.OPERATIONS,
    *directory_objects.OPERATIONS,
    *deleted_items.OPERATIONS,
    *roles.OPERATIONS,
    *applications.OPERATIONS,
    *assignments.OPERATIONS,
    *multitenant.OPERATIONS,
    *policies.OPERATIONS,
    *synchronization.OPERATIONS,
    *logs.OPERATIONS,
    *invitations.OPERATIONS,
    *teams.OPERATIONS,
    *comity_own.OPERATIONS,
    *subscriptions.OPERATIONS,
)
"""Everything that is served, but `$batch`."""


def operations(serve: Serve) -> tuple[Operation, ...]:
    """Everything that is served; `serve` answers the requests within a batch."""
    batch = Operation(
        method="POST", path="/$batch", runner=batching(serve), says="Several requests in one", body=RawBatch
    )
    return (*RESOURCES, batch)


def graph_routes(serve: Serve) -> tuple[Route, ...]:
    """All routes of this door."""
    found = operations(serve)
    return (*routes_of(found), openapi_route(found))


def graph_refusal(error: ComityError, ask: Ask) -> Response:
    """How an error looks at this door."""
    return error_response(error, ask.trace, GRAPH_SHAPES)
