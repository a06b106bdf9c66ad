"""What can go wrong, as facts; words come from the catalogue.

    ComityError
    ├── Invalid        the request itself is wrong; says what to mend
    ├── NotFound       there is no such thing, or the caller may not know of it
    ├── Forbidden      the caller lacks a permission, or a rule refuses
    ├── Conflict       it collides with the state as it is
    ├── Throttled      too much at once; try again after `retry_after_s`
    └── Unavailable    a part we need does not answer; try again later

Rooms subclass with a `code` of their own and facts as fields. A code is stable and stands in
the catalogue with a sentence; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar


class ComityError(Exception):
    """Something a person can act on; carries a code and typed parameters, never prose.

    `parameters` are the fields that the catalogue's sentence for `code` may name.
    """

    code: ClassVar[str] = "error"

    def __init__(self, **parameters: object) -> None:
        super().__init__(self.code, parameters)
        self.parameters: Mapping[str, object] = parameters

    def __str__(self) -> str:
        facts = ", ".join(f"{name}={value!r}" for name, value in self.parameters.items())
        return f"{self.code}({facts})"


class Invalid(ComityError):
    """The request itself is wrong."""

    code = "invalid"


class NotFound(ComityError):
    """There is no such thing, or the caller may not know of it."""

    code = "not-found"


class Forbidden(ComityError):
    """The caller lacks a permission, or a rule refuses."""

    code = "forbidden"


class PermissionMissing(Forbidden):
    """The caller holds none of the permissions that the use case asks for."""

    code = "permission-missing"


class Conflict(ComityError):
    """It collides with the state as it is."""

    code = "conflict"


class Throttled(ComityError):
    """Too much at once; `retry_after_s` is a whole number of seconds, at least 1."""

    code = "throttled"

    def __init__(self, *, retry_after_s: int, **parameters: object) -> None:
        super().__init__(retry_after_s=retry_after_s, **parameters)
        self.retry_after_s = retry_after_s


class Unavailable(ComityError):
    """A part we need does not answer; `retry_after_s` is a whole number of seconds."""

    code = "unavailable"

    def __init__(self, *, retry_after_s: int = 1, **parameters: object) -> None:
        super().__init__(retry_after_s=retry_after_s, **parameters)
        self.retry_after_s = retry_after_s
