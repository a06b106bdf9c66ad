"""From a path to an endpoint, for the URL shapes that Graph's clients really send (graph-api §1.1).

Starlette's routes match a decoded path against one pattern after the other. Here each segment is
decoded exactly once, so that an encoded slash stays within its segment; `users('x')` is `users/x`,
`delta()` and `microsoft.graph.delta()` are `delta`, `f(b='2',a='1')` is `f/(a,b)/1/2`, a trailing slash is
nothing, and hundreds of routes cost one walk down a tree.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote_to_bytes

from starlette.responses import Response

from comity.web.errors import MethodUnknown, PathUnreadable, RouteUnknown

if TYPE_CHECKING:
    from comity.web.asking import Ask

Endpoint = Callable[["Ask"], Awaitable[Response]]

SEGMENTS_MAX: Final = 32
_CALL: Final = re.compile(r"^([A-Za-z][A-Za-z0-9.]*)\((?:'((?:[^']|'')*)')?\)$")
_NAMED: Final = re.compile(r"^([A-Za-z][A-Za-z0-9.]*)\((\w+=.*)\)$")
_ARGUMENT: Final = re.compile(r"\s*(\w+)=(?:'((?:[^']|'')*)'|([^',]*))\s*(?:,|$)")
_QUALIFIED: Final = re.compile(r"^(?:microsoft\.)?graph\.(?:[a-z]+\.)?([a-z]+)$")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


class Door(StrEnum):
    """Which door a route belongs to; decides how its errors look and how it is counted."""

    GRAPH = "graph"
    OAUTH = "oauth"
    PAGES = "pages"
    PROBES = "probes"
    DOCUMENTS = "documents"
    """What says how to ask, and nothing else."""


@dataclass(frozen=True, slots=True)
class Route:
    """One method on one path; `{name}` stands for a segment that becomes a parameter."""

    method: str
    path: str
    endpoint: Endpoint
    door: Door


@dataclass(slots=True)
class _Node:
    literal: dict[str, _Node] = field(default_factory=dict)
    parameter: _Node | None = None
    name: str = ""
    """What the parameter is called."""
    routes: dict[str, Route] = field(default_factory=dict)
    """By method."""


class Router:
    """Finds the route for a method and a path."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self.routes = tuple(routes)
        self._root = _Node()
        for route in self.routes:
            node = self._root
            for segment in route.path.strip("/").split("/"):
                node = _child(node, segment)
            if route.method in node.routes:
                raise ValueError(f"two routes for {route.method} {route.path}")
            node.routes[route.method] = route

    def find(self, method: str, raw_path: bytes) -> tuple[Route, dict[str, str]]:
        """The route and its parameters; a literal segment goes before a parameter.

        Raises:
            RouteUnknown: names the first segment that leads nowhere.
            MethodUnknown: lists the methods there are.
            PathUnreadable.
        """
        node, parameters = self._root, {}
        segments = split_path(raw_path)
        for segment in segments:
            literal = _literal(node, segment.lower())
            if literal is not None:
                node = literal
            elif node.parameter is not None:
                parameters[node.name] = segment
                node = node.parameter
            else:
                raise RouteUnknown(segment=segment)
        if not node.routes:
            raise RouteUnknown(segment=segments[-1] if segments else "")
        route = node.routes.get("GET" if method == "HEAD" else method)
        if route is None:
            allowed = sorted({*node.routes, *({"HEAD"} if "GET" in node.routes else ())})
            raise MethodUnknown(method=method, allowed=allowed)
        return route, parameters


def split_path(raw_path: bytes) -> list[str]:
    """The path's segments, each decoded once; keys in parentheses become segments of their own.

    Raises:
        PathUnreadable.
    """
    raw = raw_path.split(b"?")[0].strip(b"/")
    parts = raw.split(b"/") if raw else []
    if len(parts) > SEGMENTS_MAX:
        raise RouteUnknown(segment="")
    return [segment for part in parts for segment in _segments(part)]


def _segments(part: bytes) -> Iterator[str]:
    try:
        text = unquote_to_bytes(part).decode("utf-8")
    except UnicodeDecodeError as fault:
        raise PathUnreadable from fault
    if _CONTROL.search(text):
        raise PathUnreadable
    if call := _CALL.match(text):
        yield call[1]
        if call[2] is not None:
            yield call[2].replace("''", "'")
        return
    named = _NAMED.match(text)
    arguments = _arguments(named[2]) if named else None
    if named is None or arguments is None:
        yield text
        return
    yield named[1]
    yield f"({','.join(sorted(arguments))})"
    yield from (arguments[name] for name in sorted(arguments))


def _arguments(text: str) -> dict[str, str] | None:
    """Named arguments by their names in lower case; None if that is no list of them."""
    found: dict[str, str] = {}
    at = 0
    while at < len(text):
        match = _ARGUMENT.match(text, at)
        if match is None or match.end() == at:
            return None
        found[match[1].lower()] = match[3] if match[2] is None else match[2].replace("''", "'")
        at = match.end()
    return found


def _literal(node: _Node, segment: str) -> _Node | None:
    """Where a fixed segment leads; functions and type casts may come with their namespace."""
    found = node.literal.get(segment)
    if found is None and (qualified := _QUALIFIED.match(segment)):
        return node.literal.get(f"graph.{qualified[1]}") or node.literal.get(qualified[1])
    return found


def _child(node: _Node, segment: str) -> _Node:
    if not segment.startswith("{"):
        return node.literal.setdefault(segment.lower(), _Node())
    name = segment.strip("{}")
    if node.parameter is None:
        node.parameter, node.name = _Node(), name
    elif node.name != name:
        raise ValueError(f"one place, two names: {node.name} and {name}")
    return node.parameter
