"""What is served is said, and what is said is served (design D11)."""

from __future__ import annotations

import re

from comity.web.boundary import Boundary
from comity.web.routing import Door
from tests.docs.parity import parity_rows

NAME = re.compile(r"\{[^}]*\}")
VERSION = re.compile(r"^/(v1\.0|beta)(?=/)")


def test_parity_calls_done_just_what_is_served(app: Boundary):
    """A route that nobody is told of is not found; one that is told of and not there is a fake."""
    routes = [(VERSION.sub("", NAME.sub("{}", each.path)), each.door) for each in app.router.routes]
    ours = {path for path, door in routes if door in {Door.PROBES, Door.PAGES}}
    served = {path for path, _ in routes}
    told = {
        NAME.sub("{}", path)
        for what, state, _ in parity_rows()
        if state == "Done"
        for path in re.findall(r"`(/[^`]*)`", what)
    }

    assert served - ours <= told, "pages and probes are our own: nobody looks for them among Graph's routes"
    assert told - served == {"/beta", "/consumers"}
