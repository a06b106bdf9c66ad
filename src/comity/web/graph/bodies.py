"""Bodies of requests: JSON of a declared form, and an error that says what to mend."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, TypeVar
from uuid import UUID

import msgspec

from comity.core.errors import Invalid
from comity.db.transaction import as_uuid
from comity.web.asking import Ask

B = TypeVar("B", bound=msgspec.Struct)

_UNKNOWN: Final = re.compile(r"Object contains unknown field `([^`]*)`")
_MISSING: Final = re.compile(r"Object missing required field `([^`]*)`")
_PATH: Final = re.compile(r"`\$\.?([^`]*)`$")
_LAST_GUID: Final = re.compile(r"([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})(?:'\))?/?$")
NESTING_MAX: Final = 64


class BodyUnreadable(Invalid):
    """The body is no JSON object."""

    code = "body-unreadable"


class BodyOfOtherKind(Invalid):
    """The body is declared to be something else than JSON."""

    code = "body-of-other-kind"


class BodyPropertyUnknown(Invalid):
    """The body holds a property that the resource does not take."""

    code = "body-property-unknown"


class PropertyMissing(Invalid):
    """The body lacks a property that is needed."""

    code = "body-property-missing"


class PropertyInvalid(Invalid):
    """A property has a value of the wrong form."""

    code = "body-property-invalid"


class ReferenceInvalid(Invalid):
    """A reference names no object of the directory."""

    code = "reference-invalid"


class Body(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, rename="camel"):
    """What a route takes. Names are Graph's; what is not given is `UNSET`."""


class Anything(msgspec.Struct):
    """A route that takes no body, or ignores what it holds."""


async def read_body(ask: Ask, form: type[B]) -> B:
    """The request's body in a declared form; `@odata.type` and `@odata.context` may stand everywhere.

    Raises:
        BodyTooLarge, BodyTooSlow, BodyOfOtherKind, BodyUnreadable, BodyPropertyUnknown, PropertyMissing,
        PropertyInvalid.
    """
    raw = await ask.body()
    kind = (ask.header("content-type") or "application/json").partition(";")[0].strip().lower()
    if raw and kind != "application/json":
        raise BodyOfOtherKind(kind=kind[:80])
    return decode(raw, form)


def decode(raw: bytes, form: type[B]) -> B:
    """The body in a declared form.

    Raises:
        As `read_body`.
    """
    try:
        given = msgspec.json.decode(raw or b"{}")
    except (msgspec.DecodeError, RecursionError) as fault:
        raise BodyUnreadable(fault=str(fault)[:120]) from fault
    if not isinstance(given, dict):
        raise BodyUnreadable(fault="no object")
    plain = _plain(given, 0)
    if form is Anything:
        return form()
    try:
        return msgspec.convert(plain, form)
    except msgspec.ValidationError as fault:
        raise _refusal(str(fault)) from fault


def given_of(body: msgspec.Struct) -> dict[str, Any]:
    """What was given, by field; null included."""
    return {
        name: value
        for name in body.__struct_fields__
        if (value := getattr(body, name)) is not msgspec.UNSET
    }  # fmt: skip


def read_reference(text: str) -> UUID:
    """The id that an `@odata.id` ends in, whatever host, version and collection stand before it.

    Raises:
        ReferenceInvalid.
    """
    match = _LAST_GUID.search(text)
    found = as_uuid(match[1]) if match else None
    if found is None:
        raise ReferenceInvalid(reference=text[:120])
    return found


class Reference(Body, kw_only=True):
    """What `$ref` takes."""

    id: str = msgspec.field(name="@odata.id")


def _plain(value: Any, depth: int) -> Any:
    """Without the annotations that clients may add and nobody needs; texts without what cannot be stored."""
    if depth > NESTING_MAX:
        raise BodyUnreadable(fault="too deep")
    if isinstance(value, Mapping):
        return {
            name: _plain(each, depth + 1)
            for name, each in value.items()
            if name not in {"@odata.type", "@odata.context", "@odata.etag"}
        }
    if isinstance(value, list):
        return [_plain(each, depth + 1) for each in value]
    if isinstance(value, str) and ("\x00" in value or any("\ud800" <= each <= "\udfff" for each in value)):
        raise BodyUnreadable(fault="a character that cannot be stored")
    return value


def _refusal(fault: str) -> Invalid:
    if unknown := _UNKNOWN.search(fault):
        return BodyPropertyUnknown(property=unknown[1])
    if missing := _MISSING.search(fault):
        return PropertyMissing(property=missing[1])
    path = _PATH.search(fault)
    return PropertyInvalid(property=path[1] if path else "", fault=fault.partition(" - at ")[0])
