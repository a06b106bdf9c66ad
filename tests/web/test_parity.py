"""What is served is said, and what is said is served (design D11)."""

from __future__ import annotations

import re

from comity.web.boundary import Boundary
from comity.web.routing import Door
from tests.docs.parity import parity_rows
from tools.reference import graph_operations, witness
from tools.sources import ROOT

NAME = re.compile(r"\{[^}]*\}")
VERSION = re.compile(r"^/(v1\.0|beta)(?=/)")


def test_parity_calls_done_just_what_is_served(app: Boundary):
    """A route that nobody is told of is not found; one that is told of and not there is a fake."""
    graph = {NAME.sub("{}", each.shown) for each in graph_operations()}
    routes = [(NAME.sub("{}", each.path), each.door) for each in app.router.routes if each.door is not Door.GRAPH]
    ours = {path for path, door in routes if door in {Door.PROBES, Door.PAGES}}
    served = graph | {path for path, _ in routes}
    told = {
        NAME.sub("{}", path)
        for what, state, _ in parity_rows()
        if state == "Done"
        for path in re.findall(r"`(/[^`]*)`", what)
    }

    assert served - ours <= told, "pages and probes are our own: nobody looks for them among Graph's routes"
    assert told - served == {"/beta", "/consumers"}


def test_nothing_is_served_that_is_not_declared(app: Boundary):
    """The routes of this door are made of its declarations, `/me` beside `/users/{user}`."""
    declared = {(each.method, NAME.sub("{}", each.path)) for each in graph_operations()}
    me = {(method, path.replace("/users/{}", "/me", 1)) for method, path in declared}
    for route in app.router.routes:
        if route.door is Door.GRAPH:
            assert (route.method, VERSION.sub("", NAME.sub("{}", route.path))) in declared | me


def test_each_route_has_a_witness():
    """The parity page names a test for each row; the test exists and asks for the resource."""
    for operation in graph_operations():
        page = ROOT / witness(operation)
        assert page.exists(), operation
