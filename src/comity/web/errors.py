"""The single table from an error's class to status and Graph code, and the envelope around it.

Source: graph-api §1.4. Whatever fails, the body is JSON with an `error` member: official clients fail to
parse anything else. Comity's own code stands in `details`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec
from starlette.responses import Response

from comity.core.catalogue import sentence
from comity.core.errors import (
    ComityError,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    PermissionMissing,
    Throttled,
    Unavailable,
)
from comity.db.errors import Duplicate
from comity.directory.model import UpnTaken
from comity.identity.errors import TokenRefused


class Unexpected(ComityError):
    """A bug; what it was stands in the log under the request id, and nowhere else."""

    code = "unexpected"


class RouteUnknown(NotFound):
    """Nothing is served there."""

    code = "route-unknown"


class MethodUnknown(Invalid):
    """The resource is there, and does not answer to that method; `allowed` does."""

    code = "method-unknown"


class PathUnreadable(Invalid):
    """The path is no UTF-8, or holds control characters."""

    code = "path-unreadable"


class HostUnreadable(Invalid):
    """The Host header is no host."""

    code = "host-unreadable"


class RequestUnreadable(Invalid):
    """Not HTTP, or a target beyond all bounds."""

    code = "request-unreadable"


class HeadersTooLarge(Invalid):
    """More headers than anybody needs."""

    code = "headers-too-large"


class BodyTooLarge(Invalid):
    """More body than the route takes."""

    code = "body-too-large"


class BodyTooSlow(Invalid):
    """The body did not arrive in time."""

    code = "body-too-slow"


class OptionUnreadable(Invalid):
    """A query option that cannot be understood."""

    code = "option-unreadable"


class OptionUnknown(Invalid):
    """No query option of that name."""

    code = "option-unknown"


class OptionUnsupported(Invalid):
    """A query option that this resource does not support."""

    code = "option-unsupported"


class SelectUnknown(Invalid):
    """No property of that name on the type."""

    code = "select-unknown"


class AdvancedNeeded(Invalid):
    """A filter or order that only the advanced query parameters allow; names the operator."""

    code = "advanced-needed"


class SearchNeedsHeader(Invalid):
    """`$search` without `ConsistencyLevel: eventual`."""

    code = "search-needs-header"


class CountNeedsHeader(Invalid):
    """The `$count` segment without `ConsistencyLevel: eventual`."""

    code = "count-needs-header"


class ExpandInvalid(Invalid):
    """`$expand` takes one navigation, with what is chosen of it."""

    code = "expand-invalid"


class TopInvalid(Invalid):
    """`$top` is out of bounds."""

    code = "top-invalid"


class PageTokenInvalid(Invalid):
    """The skip token is not ours, or was made for somebody else or another question."""

    code = "page-token-invalid"


class CastMissing(Invalid):
    """Deleted items are listed by type."""

    code = "cast-missing"


class ResyncRequired(Conflict):
    """The delta token is older than the feed goes back; `location` is where to start over."""

    code = "resync-required"


class DelegatedOnly(Invalid):
    """`/me` without a person."""

    code = "delegated-only"


class Overloaded(Unavailable):
    """As many requests are in work as this process takes on."""

    code = "overloaded"


class TenantBusy(Throttled):
    """The tenant has its share of requests in work."""

    code = "tenant-busy"


class NotReady(Unavailable):
    """A part of the installation is not in order; names it."""

    code = "not-ready"


@dataclass(frozen=True, slots=True)
class Shape:
    """How an error looks from outside. `say` is a sentence of Graph's own that clients may compare with."""

    status: int
    code: str
    say: str | None = None
    detail: str | None = None
    """A code of Graph's own among the details."""


SHAPES: Final[dict[type[ComityError], Shape]] = {
    ComityError: Shape(500, "InternalServerError"),
    Invalid: Shape(400, "Request_BadRequest"),
    NotFound: Shape(404, "Request_ResourceNotFound", "graph-resource-not-found"),
    Forbidden: Shape(403, "Forbidden"),
    PermissionMissing: Shape(403, "Authorization_RequestDenied", "graph-insufficient-privileges"),
    Conflict: Shape(409, "Conflict"),
    Duplicate: Shape(409, "Request_MultipleObjectsWithSameKeyValue"),
    Throttled: Shape(429, "TooManyRequests"),
    Unavailable: Shape(503, "ServiceNotAvailable"),
    TokenRefused: Shape(401, "InvalidAuthenticationToken"),
    UpnTaken: Shape(400, "Request_BadRequest"),
    Unexpected: Shape(500, "InternalServerError"),
    RouteUnknown: Shape(404, "ResourceNotFound"),
    MethodUnknown: Shape(405, "Request_BadRequest"),
    PathUnreadable: Shape(400, "BadRequest"),
    HostUnreadable: Shape(400, "BadRequest"),
    RequestUnreadable: Shape(400, "BadRequest"),
    HeadersTooLarge: Shape(431, "BadRequest"),
    BodyTooLarge: Shape(413, "RequestEntityTooLarge"),
    BodyTooSlow: Shape(408, "BadRequest"),
    OptionUnreadable: Shape(400, "BadRequest"),
    OptionUnknown: Shape(400, "BadRequest"),
    OptionUnsupported: Shape(400, "Request_UnsupportedQuery"),
    SelectUnknown: Shape(400, "BadRequest"),
    PageTokenInvalid: Shape(400, "Directory_ExpiredPageToken"),
    AdvancedNeeded: Shape(400, "Request_UnsupportedQuery"),
    SearchNeedsHeader: Shape(400, "Request_UnsupportedQuery"),
    CountNeedsHeader: Shape(400, "Request_BadRequest"),
    ExpandInvalid: Shape(400, "Request_BadRequest"),
    DelegatedOnly: Shape(400, "BadRequest"),
    ResyncRequired: Shape(410, "resyncRequired"),
}
"""The nearest class of an error's ancestry counts."""

Shapes = Mapping[type[ComityError], Shape]


def shape_of(error: ComityError, shapes: Shapes = SHAPES) -> Shape:
    """How this error looks from outside."""
    return next(shapes[kind] for kind in type(error).__mro__ if kind in shapes)


@dataclass(frozen=True, slots=True)
class Trace:
    """What an error body says about the request it belongs to."""

    request_id: str
    client_request_id: str | None
    at: datetime
    language: str


def envelope(error: ComityError, trace: Trace, shapes: Shapes = SHAPES) -> dict[str, Any]:
    """Graph's error body."""
    shape = shape_of(error, shapes)
    own = sentence(error.code, error.parameters, trace.language)
    subject = next((value for value in error.parameters.values() if value is not None), "")
    inner = {"date": f"{trace.at:%Y-%m-%dT%H:%M:%S}", "request-id": trace.request_id}
    if trace.client_request_id is not None:
        inner["client-request-id"] = trace.client_request_id
    message = sentence(shape.say, {"id": subject}, trace.language) if shape.say else own
    details = [{"code": error.code, "message": own}]
    if shape.detail is not None:
        details.append({"code": shape.detail, "message": message})
    return {"error": {"code": shape.code, "message": message, "details": details, "innerError": inner}}


def error_response(error: ComityError, trace: Trace, shapes: Shapes = SHAPES) -> Response:
    """Graph's answer to whatever went wrong."""
    return Response(
        msgspec.json.encode(envelope(error, trace, shapes)),
        status_code=shape_of(error, shapes).status,
        headers=error_headers(error),
        media_type="application/json",
    )


def error_headers(error: ComityError) -> dict[str, str]:
    """What an error says in headers, whichever door it comes out of."""
    headers = {"cache-control": "no-store"}
    if isinstance(error, Throttled | Unavailable):
        headers["retry-after"] = str(max(1, int(error.retry_after_s)))  # clients choke on fractions and on 0
    if isinstance(error, MethodUnknown):
        headers["allow"] = ", ".join(error.parameters["allowed"])  # type: ignore[arg-type]
    if isinstance(error, ResyncRequired):
        headers["location"] = str(error.parameters["location"])
    if isinstance(error, TokenRefused):
        headers["www-authenticate"] = 'Bearer realm="", error="invalid_token"'
    if isinstance(error, BodyTooLarge | BodyTooSlow | HeadersTooLarge):
        headers["connection"] = "close"  # the rest of the body would be taken for the next request
    return headers
