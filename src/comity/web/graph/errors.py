"""From an error's class to what Graph says instead: statuses and codes of the directory's own workloads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from comity.core.criteria import CriterionUnsupported
from comity.core.errors import ComityError
from comity.directory.model import MemberExists, MemberMissing, NoManager, UpnTaken
from comity.web.errors import SHAPES, Shape
from comity.web.graph.batch import BatchInvalid, BatchOverfull
from comity.web.graph.bodies import BodyOfOtherKind, BodyUnreadable, PropertyInvalid
from comity.web.graph.odata.reading import FilterUnreadable

GRAPH_SHAPES: Final[Mapping[type[ComityError], Shape]] = {
    **SHAPES,
    BatchInvalid: Shape(400, "BadRequest"),
    BatchOverfull: Shape(400, "BadRequest"),
    BodyOfOtherKind: Shape(415, "UnsupportedMediaType"),
    BodyUnreadable: Shape(400, "BadRequest"),
    CriterionUnsupported: Shape(400, "Request_UnsupportedQuery"),
    FilterUnreadable: Shape(400, "BadRequest"),
    NoManager: Shape(404, "Request_ResourceNotFound", "graph-resource-not-found"),
    MemberExists: Shape(400, "Request_BadRequest", detail="ObjectConflict"),
    MemberMissing: Shape(404, "Request_ResourceNotFound", "graph-resource-not-found"),
    PropertyInvalid: Shape(400, "Request_BadRequest"),
    UpnTaken: Shape(400, "Request_BadRequest", detail="ObjectConflict"),
}
"""The nearest class of an error's ancestry counts."""
