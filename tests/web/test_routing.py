"""URL shapes that official clients send (graph-api §1.1), without a server."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.responses import Response

from comity.web.errors import MethodUnknown, PathUnreadable, RouteUnknown
from comity.web.routing import Door, Route, Router, split_path


async def nothing(_: object) -> Response:
    return Response()


ROUTER = Router(
    Route(method, path, nothing, Door.GRAPH)
    for method, path in [
        ("GET", "/v1.0/users"),
        ("GET", "/v1.0/users/{user}"),
        ("PATCH", "/v1.0/users/{user}"),
        ("GET", "/v1.0/users/delta"),
        ("GET", "/v1.0/chats/{chat}/messages"),
        ("POST", "/{tenant}/oauth2/v2.0/token"),
    ]
)


@pytest.mark.parametrize(
    ("path", "segments"),
    [
        ("/v1.0/users", ["v1.0", "users"]),
        ("/v1.0/users/", ["v1.0", "users"]),
        ("/v1.0/users('annie@a.example')", ["v1.0", "users", "annie@a.example"]),
        ("/v1.0/users(%27annie@a.example%27)", ["v1.0", "users", "annie@a.example"]),
        ("/v1.0/users('o''neill@a.example')/manager", ["v1.0", "users", "o'neill@a.example", "manager"]),
        ("/v1.0/users('$x@a.example')", ["v1.0", "users", "$x@a.example"]),
        ("/v1.0/users/delta()", ["v1.0", "users", "delta"]),
        ("/v1.0/users/a_b.com%23EXT%23@c.example", ["v1.0", "users", "a_b.com#EXT#@c.example"]),
        ("/v1.0/chats/19%3Ax%40thread.v2/messages", ["v1.0", "chats", "19:x@thread.v2", "messages"]),
        ("/v1.0/users/a%2Fb", ["v1.0", "users", "a/b"]),
        ("/v1.0/users/a%2523b", ["v1.0", "users", "a%23b"]),
        ("/", []),
    ],
)
def test_each_segment_is_decoded_exactly_once(path, segments):
    assert split_path(path.encode()) == segments


@pytest.mark.parametrize("path", [b"/v1.0/users/%00", b"/v1.0/users/a%0Ab", b"/v1.0/users/%ff", b"/\xff"])
def test_what_is_no_text_is_refused(path):
    with pytest.raises(PathUnreadable):
        split_path(path)


def test_literals_go_before_parameters_and_case_is_nothing():
    assert ROUTER.find("GET", b"/v1.0/users/delta")[0].path.endswith("/delta")
    assert ROUTER.find("GET", b"/v1.0/users/delta()")[0].path.endswith("/delta")
    assert ROUTER.find("GET", b"/V1.0/Users/x")[1] == {"user": "x"}
    assert ROUTER.find("HEAD", b"/v1.0/users")[0].method == "GET"
    assert ROUTER.find("POST", b"/contoso.example/oauth2/v2.0/token")[1] == {"tenant": "contoso.example"}


@pytest.mark.parametrize("path", [b"/", b"/v1.0", b"/v1.0/chats/x", b"/v1.0/nothing", b"/v1.0//users", b"/x" * 99])
def test_what_leads_nowhere_is_unknown(path):
    with pytest.raises(RouteUnknown):
        ROUTER.find("GET", path)


def test_a_method_that_is_not_there_names_those_that_are():
    with pytest.raises(MethodUnknown) as refusal:
        ROUTER.find("DELETE", b"/v1.0/users/x")
    assert refusal.value.parameters["allowed"] == ["GET", "HEAD", "PATCH"]


def test_a_table_of_routes_that_contradicts_itself_is_a_bug():
    twice = Route("GET", "/a/{b}", nothing, Door.GRAPH)
    with pytest.raises(ValueError, match="two routes"):
        Router([twice, twice])
    with pytest.raises(ValueError, match="two names"):
        Router([twice, Route("GET", "/a/{c}", nothing, Door.GRAPH)])


@given(st.binary(max_size=60), st.sampled_from(["GET", "POST", "PROPFIND", ""]))
def test_no_path_breaks_the_router(path, method):
    with suppress(RouteUnknown, MethodUnknown, PathUnreadable):
        route, parameters = ROUTER.find(method, b"/" + path)
        assert route.method == method
        assert "" not in parameters.values()


@pytest.mark.parametrize(
    ("path", "segment"),
    [("/nowhere", "nowhere"), ("/v1.0/nothing", "nothing"), ("/v1.0/chats/x", "x"), ("/a.example/oauth2", "oauth2")],
)
def test_an_unknown_route_names_the_segment_that_leads_nowhere(path, segment):
    """Also where the path ends before a route begins: the reader looks for what to mend (graph-api §1.4)."""
    with pytest.raises(RouteUnknown) as refused:
        ROUTER.find("GET", path.encode())
    assert refused.value.parameters == {"segment": segment}
