"""The ASGI application: all doors behind one boundary."""

from __future__ import annotations

from starlette.responses import Response

from comity.web.admin.routes import admin_routes
from comity.web.asking import Ask
from comity.web.boundary import Boundary, ErrorForm
from comity.web.gate import Gate
from comity.web.graph.routes import graph_refusal, graph_routes
from comity.web.metrics import Metrics
from comity.web.oauth.answers import oauth_refusal
from comity.web.oauth.routes import oauth_routes
from comity.web.probes import Probes
from comity.web.routing import Door, Router
from comity.web.services import Services
from comity.web.shell.problems import page_refusal
from comity.web.shell.routes import shell_routes


def build(services: Services) -> Boundary:
    """Everything this process serves, as one ASGI application; `router.routes` lists it."""
    metrics = Metrics()
    gate = Gate(
        requests_max=services.settings.requests_max,
        requests_per_tenant_max=services.settings.requests_per_tenant_max,
    )
    forms: dict[Door, ErrorForm] = {Door.OAUTH: oauth_refusal, Door.PAGES: page_refusal, Door.GRAPH: graph_refusal}
    boundary: Boundary

    async def serve(ask: Ask) -> Response:
        """A request within a batch."""
        return await boundary.serve(ask)

    router = Router(
        (*Probes(metrics).routes(), *shell_routes(), *oauth_routes(), *admin_routes(), *graph_routes(serve))
    )
    boundary = Boundary(router, services, gate=gate, metrics=metrics, forms=forms)
    return boundary
