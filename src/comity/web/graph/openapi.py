"""The OpenAPI document of what is served, made from the declarations of the operations."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec
from starlette.responses import Response

from comity import __version__
from comity.web.asking import Ask
from comity.web.graph.bodies import Anything
from comity.web.graph.operation import VERSIONS, Operation
from comity.web.graph.shape import Shape
from comity.web.routing import Door, Route

PATH: Final = "/openapi.json"
_PARAMETER: Final = re.compile(r"\{([a-z]\w*)\}", re.IGNORECASE)
_ERROR: Final = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message"],
            "properties": {
                "code": {"type": "string"},
                "message": {"type": "string"},
                "details": {"type": "array", "items": {"type": "object"}},
                "innerError": {"type": "object"},
            },
        }
    },
}


def openapi_route(operations: Sequence[Operation]) -> Route:
    """The document at its address, for everybody: it says nothing about anybody's data."""
    document = msgspec.json.encode(describe(operations))

    async def show(_: Ask) -> Response:
        return Response(document, media_type="application/json")

    return Route("GET", PATH, show, Door.DOCUMENTS)


def describe(operations: Sequence[Operation]) -> dict[str, Any]:
    """The document: every operation under every version that has it."""
    forms = [each.body for each in operations if each.body is not None and each.body is not Anything]
    _, bodies = msgspec.json.schema_components(list(dict.fromkeys(forms)), ref_template="#/components/schemas/{name}")
    shapes = {each.shape.type: _schema_of(each.shape) for each in operations if each.shape is not None}
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        for version in VERSIONS[1:] if operation.beta else VERSIONS:
            path = f"/{version}{operation.shown}"
            paths.setdefault(path, {})[operation.method.lower()] = _operation(operation, version)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Comity: Microsoft Graph", "version": __version__, "license": {"name": "Apache-2.0"}},
        "paths": paths,
        "components": {
            "schemas": {**bodies, **shapes, "error": _ERROR},
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"bearer": []}],
    }


def _operation(operation: Operation, version: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "operationId": f"{version}.{operation.method.lower()}.{_PARAMETER.sub('by', operation.path).strip('/')}",
        "summary": operation.says,
        "tags": [operation.tag],
        "parameters": list(_parameters(operation)),
        "responses": {str(operation.status): _answer(operation), "default": _refusal()},
    }
    if operation.body is not None:
        needed = operation.body is not Anything
        schema = {"$ref": f"#/components/schemas/{operation.body.__name__}"} if needed else {"type": "object"}
        found["requestBody"] = {"required": needed, "content": {"application/json": {"schema": schema}}}
    return found


def _parameters(operation: Operation) -> Iterator[dict[str, Any]]:
    for name in _PARAMETER.findall(operation.path):
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
    for option in operation.options:
        schema = {"type": "integer", "minimum": 1, "maximum": 999} if option == "top" else {"type": "string"}
        yield {"name": f"${option}", "in": "query", "schema": schema}


def _answer(operation: Operation) -> dict[str, Any]:
    if operation.status == 204:
        return {"description": "Done."}
    if operation.path.endswith("/$count"):
        return {"description": "A number.", "content": {"text/plain": {"schema": {"type": "string"}}}}
    entity: dict[str, Any] = {"type": "object"}
    if operation.shape is not None:
        entity = {"$ref": f"#/components/schemas/{operation.shape.type}"}
    if operation.many:
        entity = {
            "type": "object",
            "required": ["value"],
            "properties": {
                "@odata.context": {"type": "string"},
                "@odata.nextLink": {"type": "string"},
                "@odata.deltaLink": {"type": "string"},
                "@odata.count": {"type": "integer"},
                "value": {"type": "array", "items": entity},
            },
        }
    return {"description": "What was asked for.", "content": {"application/json": {"schema": entity}}}


def _refusal() -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/error"}}}
    return {"description": "Why it was refused.", "content": content}


def _schema_of(shape: Shape[Any]) -> dict[str, Any]:
    properties = {}
    for name, each in shape.properties.items():
        schema = dict(each.edm.schema)
        if each.many:
            properties[name] = {"type": "array", "items": schema}
        else:
            properties[name] = {**schema, "type": [schema["type"], "null"]}
    return {"type": "object", "properties": properties}
